//! Every map of byte strings passes small runs with every answer checked; and maps of byte strings that give
//! wrong answers do not.

use bench::cell;
use bench::maps::is_placed;
use bench::protocol::{CellOutcome, CellSpec, Measurement, TraceFiles, TraceKeys};
use bench::strings::names::{BYTE_MAPS, KEYS_LIKE};
use bench::strings::{ByteMap, KeysLike, Spelling, Strings};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

fn spec(map: &str, keys_like: &str, workload: &str) -> CellSpec {
    let [map, keys_like, workload] = [map, keys_like, workload].map(str::to_owned);
    CellSpec { map, keys_like, workload, keys: 1500, ops: 1500, ..CellSpec::default() }
}

fn measured(spec: &CellSpec) -> Option<Measurement> {
    match cell::run(spec).unwrap() {
        CellOutcome::Measured(m) => Some(*m),
        CellOutcome::Skipped { reason } => {
            let lacks = spec.map == "masstree" && reason.starts_with("masstree has no exact scans");
            assert!(lacks || reason.contains("feature `peers`"), "{}: {reason}", spec.map);
            None
        }
        CellOutcome::Failed { reason } => panic!("{spec:?}: {reason}"),
    }
}

#[test]
fn every_map_passes_every_workload_with_every_shape_on_one_thread() {
    for map in BYTE_MAPS {
        for like in &KEYS_LIKE[1..] {
            for workload in ["load", "a", "b", "c", "e", "u", "x", "s", "m", "n"] {
                if let Some(m) = measured(&spec(map, like, workload)) {
                    assert_eq!(m.ops, 1500, "{map} {like} {workload}");
                    assert!(m.checked >= 1500, "{map} {like} {workload}");
                }
            }
        }
    }
}

#[test]
fn every_map_passes_with_two_threads() {
    for map in BYTE_MAPS {
        // As with numbers, some peers give wrong answers while other threads write.
        let ours = map.starts_with("bskip");
        let racing: &[&str] = if ours { &["load", "a", "e", "u", "x"] } else { &["load", "c"] };
        for like in &KEYS_LIKE[1..] {
            for workload in racing {
                measured(&CellSpec { threads: 2, ..spec(map, like, workload) });
            }
        }
    }
}

#[test]
fn our_map_counts_its_bytes_and_the_arena_places_it() {
    let load = measured(&spec("bskip", "ycsb", "load")).unwrap();
    assert_eq!(load.bytes_source, "arena");
    assert_eq!(load.key_bytes, Some(23.0));
    assert!(load.bytes_per_key.unwrap() > 23.0 + 8.0);
    assert_eq!(measured(&spec("bskip", "u64", "load")).unwrap().key_bytes, Some(8.0));
    for map in BYTE_MAPS.iter().filter(|map| is_placed(map)) {
        let placed = measured(&CellSpec { placement: "node:0".into(), ..spec(map, "url", "x") }).unwrap();
        assert!(placed.local_blocks.is_some(), "{map}");
    }
}

#[test]
fn sequences_and_traces_run_with_shapes_that_spell_every_number() {
    let dir = std::env::temp_dir().join(format!("bench-strings-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (load, run) = (dir.join("load"), dir.join("run"));
    std::fs::write(&load, "INSERT 0\nINSERT 18446744073709551615\nINSERT 7\nINSERT 255\nINSERT 8\n").unwrap();
    std::fs::write(&run, "READ 0\nREAD 1\nREMOVE 0\nREAD 0\nREAD 18446744073709551615\nINSERT 0\nUPDATE 7\n")
        .unwrap();
    let [load, run] = [load, run].map(|file| file.to_str().unwrap().to_owned());
    for map in BYTE_MAPS {
        for like in ["rand16", "rand32", "versions"] {
            let keys = TraceKeys::Numbers;
            let trace = Some(TraceFiles { load: load.clone(), run: run.clone(), keys });
            if let Some(m) = measured(&CellSpec { trace, ..spec(map, like, "trace") }) {
                assert_eq!(m.ops, 7, "{map}");
            }
            measured(&CellSpec { dist: "sequential".into(), ..spec(map, like, "a") });
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

/// A load and a run of lines, in files of their own.
fn trace(name: &str, keys: TraceKeys, load: &str, run: &str) -> TraceFiles {
    let [load, run] = [("load", load), ("run", run)].map(|(part, text)| {
        let path = std::env::temp_dir().join(format!("bench-{name}-{part}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    });
    TraceFiles { load, run, keys }
}

#[test]
fn traces_of_byte_strings_run_on_every_map() {
    // `masstree` leaves keys out of scans, so it has a trace without them.
    let load = "INSERT b\nINSERT \"a b\"\nINSERT \"a\\x00\"\nINSERT \"\\xff\"\nINSERT caf\u{e9}\nINSERT a\n";
    let run = "READ a\nREAD nothing\nREMOVE a\nREAD a\nUPDATE \"a\\x00\"\nREAD \"a\\x00\"\nREAD caf\u{e9}\n";
    let scans = "SCAN \"\" 100\nSCAN a 2\nSCAN between 3\nSCAN z 9\n";
    let with_scans = trace("scans", TraceKeys::Strings, load, &format!("{run}{scans}"));
    let without = trace("points", TraceKeys::Strings, load, run);
    for map in BYTE_MAPS {
        for threads in [1, 2] {
            let files = if *map == "masstree" { &without } else { &with_scans };
            let cell = CellSpec { threads, trace: Some(files.clone()), ..spec(map, "u64", "trace") };
            if let Some(m) = measured(&cell) {
                assert_eq!(m.ops, if *map == "masstree" { 7 } else { 11 }, "{map}");
                assert_eq!(m.key_bytes, Some(13.0 / 6.0), "{map}");
            }
        }
    }
}

#[test]
fn the_longest_keys_of_a_trace_run_on_our_map() {
    let long = |last: char| format!("{}{last}", "x".repeat(70_000));
    let load = format!("INSERT {}\nINSERT {}\nINSERT \"\"\n", long('b'), long('a'));
    let run = format!("READ {}\nSCAN {} 9\nREMOVE {}\n", long('a'), long('a'), long('b'));
    let files = trace("long", TraceKeys::Strings, &load, &run);
    let m = measured(&CellSpec { trace: Some(files), ..spec("bskip", "u64", "trace") }).unwrap();
    assert_eq!(m.ops, 3);
}

#[test]
fn a_wrong_answer_names_the_key_as_the_trace_has_it() {
    let load: String = (0..600).map(|i| format!("INSERT usertable user{i} [ x]\n")).collect();
    let run: String = (0..600).map(|i| format!("READ usertable user{i} [ x]\n")).collect();
    let files = trace("ycsb", TraceKeys::Ycsb, &load, &run);
    let cell = CellSpec { trace: Some(files.clone()), ..spec("bskip", "u64", "trace") };
    assert_eq!(measured(&cell).unwrap().ops, 600);
    let liar = || Liar { lie: Lie::MissesReads, calls: AtomicU64::new(0), map: Mutex::default() };
    let [load, run] = [&files.load, &files.run].map(std::path::Path::new);
    let keys = Arc::new(bench::trace::read_strings(load, run, TraceKeys::Ycsb).unwrap().keys);
    let outcome =
        cell::run_with(&cell, || Ok(Box::new(Strings::spelt(Spelling::Listed(keys), liar())))).unwrap();
    let CellOutcome::Failed { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.ends_with("got nothing; the key is \"user499\""), "{reason}");
}

#[test]
fn cells_that_make_no_sense_are_refused() {
    let refused = |spec: CellSpec| cell::run(&spec).unwrap_err();
    assert!(refused(spec("congee", "url", "c")).contains("congee takes no byte strings"));
    assert!(refused(spec("bskip", "uuid", "c")).contains("unknown shape of keys 'uuid'"));
    assert!(refused(CellSpec { dist: "bitrev".into(), ..spec("bskip", "url", "c") }).contains("use uniform"));
}

/// What a map of byte strings does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    /// One insert in 500 is lost.
    DropsInserts,
    /// Keys that agree in all bytes but the last are one key.
    IgnoresLastByte,
    /// A scan gives a key of another number, one pair in 500.
    MixesKeys,
    /// A scan leaves out one pair in 500.
    SkipsPairs,
    /// One removal in 500 answers well and does nothing.
    KeepsRemoved,
    /// One read in 500 finds nothing.
    MissesReads,
}

struct Liar {
    lie: Lie,
    calls: AtomicU64,
    map: Mutex<BTreeMap<Vec<u8>, u64>>,
}

impl Liar {
    fn now(&self, lie: Lie) -> bool {
        self.lie == lie && (self.calls.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(500)
    }

    fn stored(&self, key: &[u8]) -> Vec<u8> {
        let mut key = key.to_vec();
        if self.lie == Lie::IgnoresLastByte
            && let Some(last) = key.last_mut()
        {
            *last &= !1;
        }
        key
    }
}

impl ByteMap for Liar {
    fn insert(&self, key: &[u8], value: u64) {
        if !self.now(Lie::DropsInserts) {
            self.map.lock().unwrap().insert(self.stored(key), value);
        }
    }

    fn get(&self, key: &[u8]) -> Option<u64> {
        if self.now(Lie::MissesReads) {
            return None;
        }
        self.map.lock().unwrap().get(&self.stored(key)).copied()
    }

    fn remove(&self, key: &[u8]) -> Option<u64> {
        let mut map = self.map.lock().unwrap();
        if self.now(Lie::KeepsRemoved) {
            return map.get(&self.stored(key)).copied();
        }
        map.remove(&self.stored(key))
    }

    fn scan(&self, start: &[u8], limit: usize, mut visit: impl FnMut(&[u8], u64)) {
        let map = self.map.lock().unwrap();
        for (key, &value) in map.range(start.to_vec()..).take(limit) {
            if self.now(Lie::MixesKeys) {
                visit(KeysLike::Versions.key(3).as_bytes(), value);
            } else if !self.now(Lie::SkipsPairs) {
                visit(key, value);
            }
        }
    }
}

fn outcome(lie: Lie, workload: &str) -> CellOutcome {
    let liar = Liar { lie, calls: AtomicU64::new(0), map: Mutex::default() };
    // A liar lies now and then, so it must be asked often.
    let cell = CellSpec { threads: 2, keys: 5000, ops: 5000, ..spec("bskip", "versions", workload) };
    cell::run_with(&cell, || Ok(Box::new(Strings::new(KeysLike::Versions, liar)))).unwrap()
}

#[test]
fn an_honest_map_passes_and_every_lie_is_caught() {
    for workload in ["load", "a", "c", "e", "x"] {
        assert!(matches!(outcome(Lie::None, workload), CellOutcome::Measured(_)), "{workload}");
    }
    for (lie, workload) in [
        (Lie::DropsInserts, "c"),
        (Lie::IgnoresLastByte, "c"),
        (Lie::MixesKeys, "e"),
        (Lie::SkipsPairs, "load"),
        (Lie::KeepsRemoved, "x"),
        (Lie::MissesReads, "c"),
    ] {
        let outcome = outcome(lie, workload);
        assert!(matches!(outcome, CellOutcome::Failed { .. }), "{lie:?} on {workload}: {outcome:?}");
    }
}
