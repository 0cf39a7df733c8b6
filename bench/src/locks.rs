//! What the operations of a cell lock and write that other threads may be looking at. Our maps count it themselves if
//! this program was built with the feature `stats`, which makes them slower.

use serde::{Deserialize, Serialize};

/// Counts an operation of the run, over all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Locks {
    /// Nodes locked.
    pub locks: f64,
    /// Failed attempts to lock a node, each of which makes the operation search again.
    pub failed_locks: f64,
    /// Words of shared memory written.
    pub shared_writes: f64,
    /// Blocks that the arena was asked for or got back.
    pub pool_calls: f64,
}

/// What one thread counted, or several.
#[cfg(feature = "stats")]
pub(crate) use bskip_core::stats::Counts;

/// Without the feature `stats`, nothing.
#[cfg(all(feature = "cell", not(feature = "stats")))]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts;

/// Does `f`, and counts meanwhile.
#[cfg(feature = "stats")]
pub(crate) fn counted<R>(f: impl FnOnce() -> R) -> (R, Counts) {
    bskip_core::stats::counted(f)
}

/// Does `f`, and counts nothing.
#[cfg(all(feature = "cell", not(feature = "stats")))]
#[inline(always)]
pub(crate) fn counted<R>(f: impl FnOnce() -> R) -> (R, Counts) {
    (f(), Counts)
}

/// The counts of all threads, an operation, if `map` is one of ours. Other maps do not count.
#[cfg(feature = "cell")]
pub(crate) fn per_op(map: &str, counts: &[Counts], ops: u64) -> Option<Locks> {
    #[cfg(feature = "stats")]
    if map.starts_with("bskip") {
        let all = counts.iter().fold(Counts::default(), |all, &one| all + one);
        let each = |count: u64| count as f64 / ops.max(1) as f64;
        return Some(Locks {
            locks: each(all.locks),
            failed_locks: each(all.failed_locks),
            shared_writes: each(all.shared_writes),
            pool_calls: each(all.pool_calls),
        });
    }
    let _ = (map, counts, ops);
    None
}

#[cfg(all(test, feature = "cell"))]
mod tests {
    use super::*;
    use crate::protocol::{CellOutcome, CellSpec};

    #[test]
    fn our_maps_count_if_they_were_built_to() {
        let run = |map: &str, workload: &str| -> Option<Locks> {
            let (map, workload) = (map.into(), workload.into());
            let spec = CellSpec { map, workload, keys: 10_000, ops: 10_000, ..CellSpec::default() };
            match crate::cell::run(&spec).unwrap() {
                CellOutcome::Measured(measurement) => measurement.locks,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(run("rwlock-btreemap", "c"), None);
        let [reads, load] = ["c", "load"].map(|workload| run("bskip", workload));
        if cfg!(feature = "stats") {
            assert_eq!(reads, Some(Locks::default()), "a lookup locks and writes nothing");
            let load = load.unwrap();
            assert!(load.locks >= 1.0 && load.shared_writes > 1.0 && load.failed_locks == 0.0, "{load:?}");
        } else {
            assert_eq!((reads, load), (None, None));
        }
    }
}
