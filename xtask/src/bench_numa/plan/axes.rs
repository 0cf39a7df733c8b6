//! The axes of a sweep: what the flags say, and the defaults where they say nothing. Expands them to cells.

use bench::memory::likely;
use bench::protocol::{CellSpec, TraceFiles};

use super::super::args::Args;
use super::super::machine::Machine;
use super::super::names;
use super::super::presets::{Placements, Preset};
use super::cells::{Skip, Trace};
use super::unfit::unfit;

/// Placement and pages of a map that takes whatever the system gives.
const UNPLACED: &str = "default";

/// The values of each dimension, defaults filled in.
pub(super) struct Axes {
    maps: Vec<String>,
    pub(super) workloads: Vec<String>,
    dists: Vec<String>,
    keys_like: Vec<String>,
    pub(super) threads: Vec<usize>,
    placements: Vec<String>,
    /// Placements among the defaults that this machine cannot run. The plan lists them with the reason.
    impossible: Vec<(String, String)>,
    pub(super) pins: Vec<String>,
    pages: Vec<String>,
    keys: u64,
    ops: u64,
    seed: u64,
    pub(super) repeat: usize,
    open_loop: bool,
    counters: bool,
    trace: Option<TraceFiles>,
}

impl Axes {
    pub(super) fn new(args: &Args, trace: Option<Trace>, machine: &Machine) -> Self {
        let preset = args.preset();
        let Preset { maps, workloads, dists, keys_like, pins, pages, repeat, .. } = preset.clone();
        let keys = args.keys.unwrap_or_else(|| preset.keys.fitting(|keys| fits(&preset, keys, machine)));
        let (keys, ops) = trace.as_ref().map_or((keys, args.ops.unwrap_or(keys)), |trace| trace.lines);
        let workloads = match trace {
            Some(_) => vec!["trace".to_owned()],
            None => args.workloads.clone().unwrap_or_else(|| owned(workloads)),
        };
        let (default_placements, impossible) = placements(preset.placements, machine);
        let keys_like = args.keys_like.clone().unwrap_or_else(|| owned(keys_like));
        let mut maps = maps;
        let is_of_strings = trace.as_ref().is_some_and(|trace| trace.files.keys.are_strings());
        if is_of_strings || keys_like.iter().any(|like| like != "u64") {
            maps.retain(|map| names::takes_strings(map));
        }
        Self {
            maps: args.maps.clone().unwrap_or_else(|| owned(&maps)),
            keys_like,
            workloads,
            dists: args.dists.clone().unwrap_or_else(|| owned(dists)),
            threads: args.threads.clone().unwrap_or_else(|| preset.threads.on(machine.cpus.len())),
            impossible: if args.placements.is_some() { Vec::new() } else { impossible },
            placements: args.placements.clone().unwrap_or(default_placements),
            pins: args.pins.clone().unwrap_or_else(|| owned(pins)),
            pages: args.pages.clone().unwrap_or_else(|| owned(pages)),
            keys,
            ops,
            seed: args.seed,
            repeat,
            open_loop: args.open_loop,
            counters: args.counters,
            trace: trace.map(|trace| trace.files),
        }
    }

    /// The distributions and shapes of the keys.
    pub(super) fn key_sets(&self) -> impl Iterator<Item = (&str, &str)> {
        let with = |dist| self.keys_like.iter().map(move |like: &String| (dist, like.as_str()));
        self.dists.iter().map(String::as_str).flat_map(with)
    }

    /// The cells of one setting, those that can run and those that cannot.
    pub(super) fn group(
        &self,
        workload: &str,
        (dist, keys_like): (&str, &str),
        threads: usize,
        pin: &str,
        machine: &Machine,
    ) -> (Vec<CellSpec>, Vec<Skip>) {
        let cell = |map: &str, placement: &str, pages: &str| CellSpec {
            map: map.into(),
            workload: workload.into(),
            dist: dist.into(),
            keys_like: keys_like.into(),
            threads,
            keys: self.keys,
            ops: self.ops,
            seed: self.seed,
            placement: placement.into(),
            pin: pin.into(),
            pages: pages.into(),
            open_loop: self.open_loop,
            counters: self.counters,
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
                    match unfit(placement, pages, machine) {
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

/// The placements of a preset, and those that need more nodes than this machine has, each with the reason.
fn placements(of: Placements, machine: &Machine) -> (Vec<String>, Vec<(String, String)>) {
    let last = *machine.nodes.last().expect("a machine has a node");
    let more: &[&str] = match of {
        Placements::Usual => &["interleave"],
        Placements::Every => &["interleave", "hash", "nearest"],
        Placements::Named(names) => return (owned(names), Vec::new()),
    };
    if machine.nodes.len() > 1 {
        let with_nodes = [owned(&["local"]), owned(more), vec![format!("node:{last}")]];
        return (with_nodes.concat(), Vec::new());
    }
    let reason = format!("this machine has {}", machine.nodes_in_words());
    let same = |name: &&str| ((*name).to_owned(), format!("{reason}: it would be the same as local"));
    let remote = (format!("node:{}", last + 1), format!("no remote node: {reason}"));
    (vec!["local".into()], more.iter().map(same).chain([remote]).collect())
}

/// Whether all cells of a preset fit into memory with `keys` keys.
fn fits(preset: &Preset, keys: u64, machine: &Machine) -> bool {
    let cells =
        preset.maps.iter().flat_map(|map| preset.workloads.iter().map(move |workload| (map, workload)));
    let mut needed = cells.map(|(map, workload)| {
        let (map, workload) = ((*map).into(), (*workload).into());
        likely(&CellSpec { map, workload, keys, ops: keys, ..CellSpec::default() })
    });
    needed.all(|bytes| bytes <= machine.memory_available)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
