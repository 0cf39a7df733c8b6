//! The columns of a CSV file that say which cell a line is about.

use bench::protocol::CellSpec;
use serde::Serialize;

/// One cell. In CSV, it is the first part of a line; in JSON, its fields stand among the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct CellColumns {
    pub(crate) map: String,
    pub(crate) workload: String,
    pub(crate) dist: String,
    pub(crate) keys_like: String,
    pub(crate) threads: usize,
    pub(crate) placement: String,
    pub(crate) pin: String,
    pub(crate) pages: String,
    pub(crate) keys: u64,
    pub(crate) ops: u64,
    pub(crate) seed: u64,
}

impl CellColumns {
    pub(crate) fn of(spec: &CellSpec) -> Self {
        Self {
            map: spec.map.clone(),
            workload: spec.workload.clone(),
            dist: spec.dist.clone(),
            keys_like: keys_like(spec),
            threads: spec.threads,
            placement: spec.placement.clone(),
            pin: spec.pin.clone(),
            pages: spec.pages.clone(),
            keys: spec.keys,
            ops: spec.ops,
            seed: spec.seed,
        }
    }
}

/// The shape of the keys. The keys of a trace of byte strings have their own.
fn keys_like(spec: &CellSpec) -> String {
    let own = spec.trace.as_ref().is_some_and(|trace| trace.keys.are_strings());
    if own { "trace".into() } else { spec.keys_like.clone() }
}

/// A CSV file with these lines, and its headings.
pub(crate) fn csv(lines: impl IntoIterator<Item: Serialize>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    lines.into_iter().for_each(|line| writer.serialize(line).expect("memory takes every line"));
    let bytes = writer.into_inner().expect("memory takes every line");
    String::from_utf8(bytes).expect("all columns are text")
}
