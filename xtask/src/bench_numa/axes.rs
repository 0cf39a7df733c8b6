//! The dimensions of a sweep: what the flags say, and the defaults where they say nothing.

use bench::protocol::{CellSpec, TraceFiles};

use super::args::Args;
use super::machine::Machine;
use super::names;
use super::plan::{Skip, Trace};

/// Defaults of a sweep, here so that `--help` and the plan cannot disagree.
pub(crate) mod defaults {
    use std::time::Duration;

    /// Keys of a sweep, and of a quick one.
    pub(crate) const KEYS: u64 = 1_000_000;
    pub(crate) const QUICK_KEYS: u64 = 500_000;
    /// Rounds of a sweep, and of a quick one.
    pub(crate) const REPEAT: usize = 3;
    pub(crate) const QUICK_REPEAT: usize = 2;
    /// Maps of a quick sweep.
    pub(crate) const QUICK_MAPS: &[&str] =
        &["bskip", "bskip-numa", "artmap-arena", "arctic-map", "bplustree", "crossbeam-skiplist"];
    /// Workloads of a quick sweep.
    pub(crate) const QUICK_WORKLOADS: &[&str] = &["load", "a", "b", "c", "e"];
    /// How workers are pinned.
    pub(crate) const PIN: &str = "compact";
    /// Longest time for a cell.
    pub(crate) const TIMEOUT: Duration = Duration::from_secs(600);
}

/// Placement and pages of a map that takes what the system gives.
const UNPLACED: &str = "default";

/// The values of each dimension, defaults filled in.
pub(crate) struct Axes {
    pub(crate) maps: Vec<String>,
    pub(crate) workloads: Vec<String>,
    pub(crate) dists: Vec<String>,
    pub(crate) threads: Vec<usize>,
    placements: Vec<String>,
    /// Placements that the defaults name only to say that they cannot run here.
    impossible: Vec<(String, String)>,
    pub(crate) pins: Vec<String>,
    pages: Vec<String>,
    keys: u64,
    ops: u64,
    seed: u64,
    pub(crate) repeat: usize,
    trace: Option<TraceFiles>,
}

impl Axes {
    pub(crate) fn new(args: &Args, trace: Option<Trace>, machine: &Machine) -> Self {
        let (maps, workloads, keys, repeat) = match args.quick {
            true => (
                defaults::QUICK_MAPS.to_vec(),
                defaults::QUICK_WORKLOADS,
                defaults::QUICK_KEYS,
                defaults::QUICK_REPEAT,
            ),
            false => (names::default_maps(), names::WORKLOADS, defaults::KEYS, defaults::REPEAT),
        };
        let keys = args.keys.unwrap_or(keys);
        let (keys, ops) = trace.as_ref().map_or((keys, args.ops.unwrap_or(keys)), |trace| trace.lines);
        let workloads = match trace {
            Some(_) => vec!["trace".to_owned()],
            None => args.workloads.clone().unwrap_or_else(|| owned(workloads)),
        };
        let (default_placements, impossible) = default_placements(machine);
        Self {
            maps: args.maps.clone().unwrap_or_else(|| owned(&maps)),
            workloads,
            dists: args.dists.clone().unwrap_or_else(|| owned(&["uniform"])),
            threads: args.threads.clone().unwrap_or_else(|| vec![machine.cpus.len()]),
            impossible: if args.placements.is_some() { Vec::new() } else { impossible },
            placements: args.placements.clone().unwrap_or(default_placements),
            pins: args.pins.clone().unwrap_or_else(|| owned(&[defaults::PIN])),
            pages: args.pages.clone().unwrap_or_else(|| owned(&["thp"])),
            keys,
            ops,
            seed: args.seed.unwrap_or(1),
            repeat,
            trace: trace.map(|trace| trace.files),
        }
    }

    /// The cells of one setting, and those of them that cannot run.
    pub(crate) fn group(
        &self,
        workload: &str,
        dist: &str,
        threads: usize,
        pin: &str,
        machine: &Machine,
    ) -> (Vec<CellSpec>, Vec<Skip>) {
        let cell = |map: &str, placement: &str, pages: &str| CellSpec {
            map: map.into(),
            workload: workload.into(),
            dist: dist.into(),
            threads,
            keys: self.keys,
            ops: self.ops,
            seed: self.seed,
            placement: placement.into(),
            pin: pin.into(),
            pages: pages.into(),
            trace: self.trace.clone(),
        };
        let (mut cells, mut skipped) = (Vec::new(), Vec::new());
        for map in &self.maps {
            if !names::is_placed(map) {
                cells.push(cell(map, UNPLACED, UNPLACED));
                continue;
            }
            for pages in &self.pages {
                for placement in &self.placements {
                    let spec = cell(map, placement, pages);
                    match missing_node(placement, machine) {
                        None => cells.push(spec),
                        Some(reason) => skipped.push(Skip { spec, reason }),
                    }
                }
                for (placement, reason) in &self.impossible {
                    skipped.push(Skip { spec: cell(map, placement, pages), reason: reason.clone() });
                }
            }
        }
        (cells, skipped)
    }
}

/// The placements of a sweep that names none, and those that this machine is too small for.
fn default_placements(machine: &Machine) -> (Vec<String>, Vec<(String, String)>) {
    let last = *machine.nodes.last().expect("a machine has a node");
    if machine.nodes.len() > 1 {
        return (vec!["local".into(), "interleave".into(), format!("node:{last}")], Vec::new());
    }
    let reason = format!("this machine has {}", machine.nodes_in_words());
    let impossible = [
        ("interleave".to_owned(), format!("{reason}: it would be the same as local")),
        (format!("node:{}", last + 1), format!("no remote node: {reason}")),
    ];
    (vec!["local".into()], impossible.into())
}

/// Why `placement` cannot be had, if so.
fn missing_node(placement: &str, machine: &Machine) -> Option<String> {
    let nodes = names::placed_on(placement).unwrap_or_default();
    let missing =
        nodes.iter().find(|node| !machine.nodes.contains(node) && !machine.memory_alone.contains(node))?;
    Some(format!("node {missing} is missing, this machine has {}", machine.nodes_in_words()))
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
