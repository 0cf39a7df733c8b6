//! What a sweep runs if no flag says otherwise: the defaults, and the named sets of `--preset`. `--help` and the
//! plan both read this table, so they agree.

use std::time::Duration;

use bench::maps::is_ours;
use bench::protocol::PAGES;

use super::names::{MAPS, WORKLOADS};

/// Keys of a sweep, of a quick one, and of one of byte strings.
pub(crate) const KEYS: u64 = 1_000_000;
pub(crate) const QUICK_KEYS: u64 = 500_000;
pub(crate) const STRINGS_KEYS: u64 = 2_000_000;
/// Keys that no cache of today holds.
const MANY_KEYS: u64 = 10_000_000;
/// Keys and threads of the paper.
const PAPER_KEYS: u64 = 100_000_000;
const PAPER_THREADS: usize = 128;
/// The name of the preset that `--quick` stands for.
pub(crate) const QUICK: &str = "quick";
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

/// A named set of axes, or the defaults.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    /// What `--preset` calls it; empty for the defaults.
    pub(crate) name: &'static str,
    /// One line for `--help`.
    pub(crate) what: &'static str,
    pub(crate) maps: Vec<&'static str>,
    pub(crate) workloads: &'static [&'static str],
    pub(crate) dists: &'static [&'static str],
    pub(crate) keys_like: &'static [&'static str],
    pub(crate) threads: Threads,
    pub(crate) placements: Placements,
    pub(crate) pins: &'static [&'static str],
    pub(crate) pages: &'static [&'static str],
    pub(crate) keys: Keys,
    pub(crate) repeat: usize,
}

/// Numbers of worker threads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Threads {
    /// One for each CPU.
    OnePerCpu,
    /// 1, 2, 4 and so on, up to the CPUs and this number.
    Doubled(usize),
    /// One, two and four for each CPU.
    Crowded,
}

/// Placements of the maps that can be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placements {
    /// Local; with several nodes also interleave and a remote node.
    Usual,
    /// The usual ones, the nearest other node, and by hash.
    Every,
    /// These.
    Named(&'static [&'static str]),
}

/// Numbers of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    Exactly(u64),
    /// This many, or the largest of 50, 20, 10 % and so on of them that fits into memory.
    AtMost(u64),
}

/// The defaults.
pub(crate) fn defaults() -> Preset {
    Preset {
        name: "",
        what: "",
        maps: default_maps(),
        workloads: WORKLOADS,
        dists: &["uniform"],
        keys_like: &["u64"],
        threads: Threads::OnePerCpu,
        placements: Placements::Usual,
        pins: &[PIN],
        pages: &["thp"],
        keys: Keys::Exactly(KEYS),
        repeat: REPEAT,
    }
}

/// Every preset, in the order of `--help`.
pub(crate) fn all() -> Vec<Preset> {
    let ours = vec!["bskip", "bskip-numa"];
    let placed = vec!["bskip-numa"];
    vec![
        Preset {
            name: QUICK,
            what: "a real sweep with peers, in about 45 s on 2 cores (--quick)",
            maps: QUICK_MAPS.to_vec(),
            workloads: QUICK_WORKLOADS,
            keys: Keys::Exactly(QUICK_KEYS),
            repeat: QUICK_REPEAT,
            ..defaults()
        },
        Preset {
            name: "paper",
            what: "YCSB as in the B-skiplist paper, up to 128 threads; its figures stand beside ours",
            maps: vec!["bskip", "bskip-numa", "bplustree", "masstree", "crossbeam-skiplist"],
            workloads: QUICK_WORKLOADS,
            dists: &["uniform", "zipfian"],
            threads: Threads::Doubled(PAPER_THREADS),
            placements: Placements::Named(&["local"]),
            keys: Keys::AtMost(PAPER_KEYS),
            ..defaults()
        },
        Preset {
            name: "placement",
            what: "local, interleaved, hashed, nearest other and remote memory; two pinnings",
            maps: ours.clone(),
            workloads: &["load", "a", "c", "e"],
            placements: Placements::Every,
            pins: &["compact", "scatter"],
            keys: Keys::AtMost(MANY_KEYS),
            ..defaults()
        },
        Preset {
            name: "scaling",
            what: "1, 2, 4 threads and so on up to the CPUs; two pinnings",
            maps: ours.clone(),
            workloads: &["load", "a", "c", "e"],
            threads: Threads::Doubled(usize::MAX),
            placements: Placements::Named(&["local"]),
            pins: &["compact", "scatter"],
            ..defaults()
        },
        Preset {
            name: "hugepages",
            what: "every page size that this machine has",
            maps: placed.clone(),
            workloads: &["load", "c", "e"],
            placements: Placements::Named(&["local"]),
            pages: PAGES,
            keys: Keys::AtMost(MANY_KEYS),
            ..defaults()
        },
        Preset {
            name: "contention",
            what: "few keys, some of them hot; 1, 2 and 4 threads for each CPU",
            workloads: &["a", "u", "x"],
            dists: &["zipfian"],
            threads: Threads::Crowded,
            keys: Keys::Exactly(100_000),
            ..defaults()
        },
        Preset {
            name: "tiered",
            what: "leaves, or all, on the nodes of memory alone (CXL, HBM), against local memory",
            maps: placed,
            workloads: &["load", "a", "c", "e"],
            placements: Placements::Named(&["local", "tiered", "tiered+local"]),
            keys: Keys::AtMost(MANY_KEYS),
            ..defaults()
        },
        Preset {
            name: "strings",
            what: "byte strings of six shapes, every map that takes them (--strings)",
            workloads: STRINGS_WORKLOADS,
            keys_like: STRINGS_KEYS_LIKE,
            keys: Keys::Exactly(STRINGS_KEYS),
            ..defaults()
        },
    ]
}

/// The preset of this name.
///
/// # Errors
///
/// One line with all names.
pub(crate) fn named(name: &str) -> Result<Preset, String> {
    let all = all();
    let names = all.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|preset| preset.name == name)
        .ok_or_else(|| format!("no preset {name:?}; there are {names}"))
}

impl Threads {
    /// The numbers of threads on a machine with `cpus` CPUs.
    pub(crate) fn on(self, cpus: usize) -> Vec<usize> {
        match self {
            Self::OnePerCpu => vec![cpus],
            Self::Doubled(most) => {
                let most = cpus.min(most);
                let mut counts: Vec<usize> = std::iter::successors(Some(1), |count| Some(count * 2))
                    .take_while(|&count| count < most)
                    .collect();
                counts.push(most);
                counts
            }
            Self::Crowded => [1, 2, 4].map(|times| times * cpus).to_vec(),
        }
    }
}

impl Keys {
    /// The number of keys. `fits` says whether a number of keys fits into memory.
    pub(crate) fn fitting(self, fits: impl Fn(u64) -> bool) -> u64 {
        match self {
            Self::Exactly(keys) => keys,
            Self::AtMost(most) => {
                let steps = [1, 2, 5].into_iter();
                let parts = (0..)
                    .map(|power| 10_u64.pow(power))
                    .flat_map(|ten| steps.clone().map(move |step| step * ten));
                // At the end a number that does not fit, so that the check of memory says why.
                parts
                    .map(|part| most / part)
                    .take_while(|&keys| keys > KEYS / 10)
                    .find(|&keys| fits(keys))
                    .unwrap_or(KEYS)
            }
        }
    }
}

/// The maps of a sweep that names none: the default map, the one on `NumaArena`, and every peer. The other
/// variants of our map answer special questions, so the user must ask for them.
fn default_maps() -> Vec<&'static str> {
    MAPS.iter().copied().filter(|map| ["bskip", "bskip-numa"].contains(map) || !is_ours(map)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_double_up_to_the_cpus() {
        let doubled = Threads::Doubled(128);
        assert_eq!(doubled.on(1), [1]);
        assert_eq!(doubled.on(2), [1, 2]);
        assert_eq!(doubled.on(12), [1, 2, 4, 8, 12]);
        assert_eq!(doubled.on(448), [1, 2, 4, 8, 16, 32, 64, 128]);
        assert_eq!(Threads::Crowded.on(3), [3, 6, 12]);
    }

    #[test]
    fn keys_are_cut_to_what_fits() {
        let keys = |room: u64| Keys::AtMost(PAPER_KEYS).fitting(|keys| keys <= room);
        assert_eq!(
            [1 << 40, 99_000_000, 30_000_000, 7_000_000, 2_000_000].map(keys),
            [100_000_000, 50_000_000, 20_000_000, 5_000_000, 2_000_000]
        );
        assert_eq!(keys(0), KEYS, "the check of memory refuses it");
    }
}
