//! The parts of a plan: settings, cells that are left out, and how they are named.

use bench::protocol::{CellSpec, TraceFiles};
use serde::{Deserialize, Serialize};

use super::super::names;

/// Cells that differ only in the map and its memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// The cells, in the order of the table.
    pub(crate) cells: Vec<CellSpec>,
}

/// A cell that is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Skip {
    /// What would have run.
    #[serde(flatten)]
    pub(crate) spec: CellSpec,
    /// Why it does not.
    pub(crate) reason: String,
}

/// What a plan needs to know of a trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    /// The files.
    pub(crate) files: TraceFiles,
    /// Lines of the load and of the run.
    pub(crate) lines: (u64, u64),
}

impl Group {
    /// The setting in words, for a heading.
    pub(crate) fn title(&self) -> String {
        let cell = &self.cells[0];
        let threads = if cell.threads == 1 { "thread" } else { "threads" };
        let CellSpec { workload, dist, pin, .. } = cell;
        let like = match &*cell.keys_like {
            "u64" => String::new(),
            like => format!(", keys like {like}"),
        };
        match &cell.trace {
            Some(trace) => {
                let of = if trace.keys.are_strings() { " of byte strings" } else { "" };
                format!("trace{of}{like}, {} {threads}, pin {pin}", cell.threads)
            }
            None => format!("{workload}, {dist}{like}, {} {threads}, pin {pin}", cell.threads),
        }
    }
}

/// The name of a cell's row: the map, and where its memory is if the map can be placed.
pub(crate) fn row_name(spec: &CellSpec) -> String {
    match names::is_placed(&spec.map) {
        true => format!("{} {} {}", spec.map, spec.placement, spec.pages),
        false => spec.map.clone(),
    }
}
