//! What a cell needs, as far as its specification tells: the map, the arrays of operations, the latencies.

use super::room::{Room, read};
use crate::protocol::CellSpec;
use crate::workload::Workload;

/// An operation with its expected answer.
const OPERATION: u128 = 16;
/// A pair of a key and a value, without anything around it.
const PAIR: u128 = 16;
/// A recorded latency. It takes a place among the reads and one among the writes, and the latencies of all
/// threads are put together.
const LATENCY: u128 = 4 * 8;
/// The last version of an updated key, in a hash map of each thread.
const VERSION: u128 = 40;
/// What a line of a trace takes in addition to its operation: the line itself, and the key's places in the
/// model of the map and in the sets of inserted and removed keys.
const LINE: u128 = 16 + 96;
/// A byte string, the map's copies of it included.
const STRING: u128 = 128;
/// The program itself, and slabs that are used only in part.
const PROGRAM: u128 = 64 << 20;

/// Bytes that a map takes for a key, rounded up from the measurements of sweeps (`bench/results`). A map that
/// is not in this list counts as the largest of them.
const BYTES_PER_KEY: [(&str, u128); 4] =
    [("bskip", 64), ("bplustree", 64), ("ferntree", 64), ("arctic-map", 100)];
const MOST_BYTES_PER_KEY: u128 = 150;

/// Bytes that a cell may need at worst, for a plan.
#[must_use]
pub fn likely(spec: &CellSpec) -> u64 {
    let (keys, ops) = (u128::from(spec.keys), u128::from(operations(spec)));
    let known = BYTES_PER_KEY.iter().find(|(map, _)| spec.map.starts_with(map));
    let string = if spec.has_strings() { STRING } else { 0 };
    let per_key = known.map_or(MOST_BYTES_PER_KEY, |(_, bytes)| *bytes) + string;
    let bytes = match spec.workload.parse::<Workload>() {
        // Each line of a trace may be a new key, and the whole trace stays in memory.
        Err(_) => (keys + ops) * (per_key + OPERATION + LINE) + ops / 64 * LATENCY,
        Ok(workload) => {
            let mix = workload.mix();
            let new = if workload == Workload::Load { 0 } else { ops * u128::from(mix.insert) / 100 };
            // Three more runs, of 2.1 times as many operations together.
            let new = if spec.open_loop { new * 31 / 10 } else { new };
            let timed = ops / (workload.timed_every() * workload.batch()) as u128;
            let versions = ops * u128::from(mix.update) / 100;
            // The operations of the load are dropped before those of the run are generated.
            (keys + new) * per_key + keys.max(ops) * OPERATION + timed * LATENCY + versions * VERSION
        }
    };
    (bytes + PROGRAM).try_into().unwrap_or(u64::MAX)
}

/// Bytes that a cell needs at least: its pairs, and its operations or those of its load.
#[must_use]
pub fn at_least(spec: &CellSpec) -> u64 {
    let (keys, ops) = (u128::from(spec.keys), u128::from(operations(spec)));
    (keys * PAIR + keys.max(ops) * OPERATION).try_into().unwrap_or(u64::MAX)
}

/// Operations that a cell keeps in memory for its run: none for `load`, one for each scan of the whole map
/// for `s`.
#[must_use]
pub fn operations(spec: &CellSpec) -> u64 {
    match spec.workload.as_str() {
        "load" => 0,
        "s" => (spec.ops / spec.keys.max(1)).saturating_add(spec.threads as u64),
        _ => spec.ops,
    }
}

/// Checks that a cell fits into the memory that this process may have.
///
/// # Errors
/// The cell does not fit. The message says what it needs, what there is, and what limits that.
pub fn check(spec: &CellSpec) -> Result<(), String> {
    let (needed, room) = (at_least(spec), Room::of(&read));
    if needed <= room.bytes {
        return Ok(());
    }
    let CellSpec { keys, .. } = spec;
    let (ops, mib) = (operations(spec), |bytes: u64| bytes.div_ceil(1 << 20));
    Err(format!(
        "{keys} keys and {ops} operations need at least {} MiB of memory, and {} leaves {} MiB: use fewer",
        mib(needed),
        room.source,
        mib(room.bytes),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(map: &str, workload: &str, keys: u64, ops: u64) -> CellSpec {
        CellSpec { map: map.into(), workload: workload.into(), keys, ops, ..CellSpec::default() }
    }

    const M: u64 = 1_000_000;

    #[test]
    fn operations_count_beside_keys() {
        let few = likely(&cell("bskip", "c", M, M));
        let many = likely(&cell("bskip", "c", M, 1000 * M));
        assert!(many - few >= 999 * M * 16, "{few} {many}");
        assert!(likely(&cell("bskip", "n", M, M)) > few + M * 60, "new keys are keys");
        assert!(likely(&cell("bskip", "u", M, M)) > few, "versions are kept");
        assert_eq!(likely(&cell("bskip", "load", M, 1000 * M)), likely(&cell("bskip", "load", M, 1)));
        assert!(likely(&cell("bskip", "s", M, 1000 * M)) < few + M, "scans are few");
        assert!(likely(&cell("masstree", "c", M, M)) > few + M * 80, "maps differ");
        assert!(likely(&cell("bskip", "trace", M, M)) > few + M * 150, "a trace is there all the time");
    }

    #[test]
    fn the_ends_of_the_types_do_not_overflow() {
        for workload in ["load", "a", "s", "u", "n", "trace"] {
            for (keys, ops) in [(0, 0), (0, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX)] {
                let spec = CellSpec { threads: usize::MAX >> 1, ..cell("x", workload, keys, ops) };
                assert!(at_least(&spec) <= likely(&spec), "{spec:?}");
            }
        }
        assert_eq!(likely(&cell("x", "c", u64::MAX, 1)), u64::MAX);
    }
}
