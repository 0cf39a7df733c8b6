//! The shapes of keys by name, and the maps that take byte strings.

use crate::maps::names::known;
use crate::protocol::CellSpec;

/// What [`CellSpec::keys_like`] may say: numbers, then the shapes of byte strings.
pub const KEYS_LIKE: &[&str] =
    &["u64", "ycsb", "rand16", "rand32", "url", "email", "word", "path", "versions"];

/// The maps that take byte strings, ours first.
pub const BYTE_MAPS: &[&str] = &[
    "bskip",
    "bskip-numa",
    "arctic-map",
    "artmap",
    "artmap-arena",
    "bplustree",
    "crossbeam-skiplist",
    "ferntree",
    "masstree",
    "scc-tree-index",
    "rwlock-btreemap",
];

/// The shapes that have a string for every number. The others leave bits of it out.
const OF_EVERY_NUMBER: &[&str] = &["u64", "rand16", "rand32", "versions"];

/// Checks that the map, the distribution and the workload of a cell go with the shape of its keys.
///
/// # Errors
/// The shape is unknown; the map has no byte strings; the trace has byte strings itself; or the shape cannot
/// spell the numbers of the distribution or trace. The message says what to use.
pub fn check(spec: &CellSpec) -> Result<(), String> {
    let like = known("shape of keys", &spec.keys_like, KEYS_LIKE)?;
    let is_trace_of_strings = spec.trace.as_ref().is_some_and(|trace| trace.keys.are_strings());
    if is_trace_of_strings && like != "u64" {
        return Err(format!("the trace has byte strings itself: leave out keys like {like}"));
    }
    if spec.has_strings() && !BYTE_MAPS.contains(&&*spec.map) {
        let what = if is_trace_of_strings { "such trace".into() } else { format!("keys like {like}") };
        return Err(format!(
            "{} takes no byte strings, so no {what}; maps that do are {}",
            spec.map,
            BYTE_MAPS.join(", ")
        ));
    }
    if OF_EVERY_NUMBER.contains(&like) {
        return Ok(());
    }
    let strings = "rand16, rand32 and versions";
    match (&*spec.workload, &*spec.dist) {
        ("trace", _) => Err(format!("keys like {like} cannot spell every number of a trace; {strings} can")),
        (_, "uniform" | "zipfian") => Ok(()),
        (_, dist) => {
            let why = format!("keys like {like} come in random order only, not {dist}");
            Err(format!("{why}: use uniform or zipfian, or keys like {strings}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::NAMES;
    use crate::protocol::{TraceFiles, TraceKeys};

    fn cell(map: &str, keys_like: &str, dist: &str, workload: &str) -> CellSpec {
        let [map, keys_like, dist, workload] = [map, keys_like, dist, workload].map(str::to_owned);
        CellSpec { map, keys_like, dist, workload, ..CellSpec::default() }
    }

    #[test]
    fn every_map_of_byte_strings_is_a_map() {
        assert!(BYTE_MAPS.iter().all(|map| NAMES.contains(map)));
    }

    #[test]
    fn cells_that_make_no_sense_are_refused_with_a_way_out() {
        for (map, like, dist, workload, hint) in [
            ("bskip", "uuid", "uniform", "c", "known are u64, ycsb"),
            ("congee", "url", "uniform", "c", "maps that do are bskip"),
            ("bskip", "url", "sequential", "c", "use uniform or zipfian"),
            ("bskip", "email", "uniform", "trace", "rand16, rand32 and versions can"),
        ] {
            let error = check(&cell(map, like, dist, workload)).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
        let of_strings = |map: &str, like: &str| {
            let files = TraceFiles { load: "l".into(), run: "r".into(), keys: TraceKeys::Ycsb };
            check(&CellSpec { trace: Some(files), ..cell(map, like, "uniform", "trace") })
        };
        assert_eq!(of_strings("bskip", "u64"), Ok(()));
        assert!(of_strings("congee", "u64").unwrap_err().contains("no such trace; maps that do are bskip"));
        assert!(of_strings("bskip", "rand16").unwrap_err().contains("leave out keys like rand16"));
        for (map, like, dist, workload) in [
            ("congee", "u64", "sequential", "trace"),
            ("bskip", "url", "zipfian", "c"),
            ("bskip", "rand16", "sequential", "c"),
            ("bskip", "versions", "uniform", "trace"),
        ] {
            assert_eq!(check(&cell(map, like, dist, workload)), Ok(()));
        }
    }
}
