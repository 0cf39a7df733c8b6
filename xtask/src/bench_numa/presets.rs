//! What a sweep runs if no flag says otherwise. `--help` and the plan both read it here, so they agree.

use std::time::Duration;

use bench::maps::is_ours;

use super::names::{MAPS, WORKLOADS};

/// Keys of a sweep, of a quick one, and of one of byte strings.
pub(crate) const KEYS: u64 = 1_000_000;
pub(crate) const QUICK_KEYS: u64 = 500_000;
pub(crate) const STRINGS_KEYS: u64 = 2_000_000;
/// Rounds of a sweep, and of a quick one.
pub(crate) const REPEAT: usize = 3;
pub(crate) const QUICK_REPEAT: usize = 2;
/// Maps of a quick sweep.
pub(crate) const QUICK_MAPS: &[&str] =
    &["bskip", "bskip-numa", "artmap-arena", "arctic-map", "bplustree", "crossbeam-skiplist"];
/// Workloads of a quick sweep, and of one of byte strings.
pub(crate) const QUICK_WORKLOADS: &[&str] = &["load", "a", "b", "c", "e"];
pub(crate) const STRINGS_WORKLOADS: &[&str] = &["load", "c", "a", "x", "e"];
/// Shapes of keys of a sweep of byte strings.
pub(crate) const STRINGS_KEYS_LIKE: &[&str] = &["ycsb", "rand16", "url", "email", "word", "versions"];
/// How workers are pinned.
pub(crate) const PIN: &str = "compact";
/// Longest time for a cell.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(600);

/// What a kind of sweep runs.
pub(crate) struct Preset {
    pub(crate) maps: Vec<&'static str>,
    pub(crate) workloads: &'static [&'static str],
    pub(crate) keys_like: &'static [&'static str],
    pub(crate) keys: u64,
    pub(crate) repeat: usize,
}

impl Preset {
    /// The kind that the flags `--quick` and `--strings` ask for, of which at most one is given.
    pub(crate) fn of(quick: bool, strings: bool) -> Self {
        let sweep = Self {
            maps: default_maps(),
            workloads: WORKLOADS,
            keys_like: &["u64"],
            keys: KEYS,
            repeat: REPEAT,
        };
        match (quick, strings) {
            (true, _) => Self {
                maps: QUICK_MAPS.to_vec(),
                workloads: QUICK_WORKLOADS,
                keys: QUICK_KEYS,
                repeat: QUICK_REPEAT,
                ..sweep
            },
            (_, true) => Self {
                workloads: STRINGS_WORKLOADS,
                keys_like: STRINGS_KEYS_LIKE,
                keys: STRINGS_KEYS,
                ..sweep
            },
            _ => sweep,
        }
    }
}

/// The maps of a sweep that names none: the default map, the one on `NumaArena`, and every peer. The other
/// variants of our map answer special questions, so the user must ask for them.
fn default_maps() -> Vec<&'static str> {
    MAPS.iter().copied().filter(|map| ["bskip", "bskip-numa"].contains(map) || !is_ours(map)).collect()
}
