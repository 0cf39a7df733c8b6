//! Maps that give wrong answers, each in one way, and the runs that find them.

use bench::cell;
use bench::keys::value_of;
use bench::maps::{Lack, OrderedMap};
use bench::protocol::{CellOutcome, CellSpec, TraceFiles, TraceKeys};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a map does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    /// One insert in 500 is lost.
    DropsInserts,
    /// One insert in 500 puts a second key in.
    InventsKeys,
    /// One read in 500 finds nothing.
    MissesReads,
    /// One read in 500 gives another key's value.
    MixesValues,
    /// The updates of one key in 32 are lost. A single lost update could go unnoticed: with two threads the
    /// check cannot tell it from one that another update of the same key has overwritten.
    LosesUpdates,
    /// One removal in 500 answers well and does nothing.
    KeepsRemoved,
    /// One removal in 500 says that the key was not there.
    DeniesRemovals,
    /// Two neighbours of a scan change places, in one scan of 50.
    SwapsPairs,
    /// A scan starts one key early, one in 50.
    StartsEarly,
    /// A scan starts one key late, one in 50.
    StartsLate,
    /// A scan ends one pair early, one in 50.
    EndsEarly,
    /// A scan gives one pair too many, one in 50.
    EndsLate,
    /// A scan leaves out a key in the middle, always the third.
    SkipsInside,
    /// A scan gives a wrong value, one in 50.
    MixesScans,
    /// Panics at the 500th read.
    Panics,
}

struct Liar {
    lie: Lie,
    calls: AtomicU64,
    map: Mutex<BTreeMap<u64, u64>>,
}

impl Liar {
    /// Whether this call is the one of `of` that lies in the way of `lie`.
    fn now(&self, lie: Lie, of: u64) -> bool {
        self.lie == lie && (self.calls.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(of)
    }
}

impl OrderedMap for Liar {
    fn insert(&self, key: u64, value: u64) {
        if self.now(Lie::DropsInserts, 500) {
            return;
        }
        let mut map = self.map.lock().unwrap();
        map.insert(key, value);
        if self.now(Lie::InventsKeys, 500) {
            map.insert(key ^ 1, value_of(key ^ 1, 0));
        }
    }

    fn get(&self, key: u64) -> Option<u64> {
        assert!(!self.now(Lie::Panics, 500), "the 500th read");
        if self.now(Lie::MissesReads, 500) {
            return None;
        }
        let value = self.map.lock().unwrap().get(&key).copied();
        if self.now(Lie::MixesValues, 500) { Some(value_of(key + 1, 0)) } else { value }
    }

    fn update(&self, key: u64, value: u64) {
        if self.lie != Lie::LosesUpdates || !key.is_multiple_of(32) {
            self.map.lock().unwrap().insert(key, value);
        }
    }

    fn remove(&self, key: u64) -> Option<u64> {
        let mut map = self.map.lock().unwrap();
        if self.now(Lie::KeepsRemoved, 500) {
            return map.get(&key).copied();
        }
        let value = map.remove(&key);
        if self.now(Lie::DeniesRemovals, 500) { None } else { value }
    }

    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let map = self.map.lock().unwrap();
        let extra = usize::from(self.now(Lie::EndsLate, 50));
        let mut pairs: Vec<(u64, u64)> =
            map.range(start..).take(limit.saturating_add(extra)).map(|(k, v)| (*k, *v)).collect();
        if pairs.len() > 4 {
            if self.now(Lie::SwapsPairs, 50) {
                pairs.swap(1, 2);
            }
            if self.now(Lie::StartsEarly, 50)
                && let Some((k, v)) = map.range(..start).next_back()
            {
                pairs.insert(0, (*k, *v));
                pairs.truncate(limit);
            }
            if self.now(Lie::StartsLate, 50) {
                pairs.remove(0);
            }
            if self.now(Lie::EndsEarly, 50) {
                pairs.pop();
            }
            if self.now(Lie::MixesScans, 50) {
                pairs[3].1 = value_of(pairs[3].0 + 1, 0);
            }
            if self.lie == Lie::SkipsInside && limit < usize::MAX {
                pairs.remove(2);
            }
        }
        pairs.into_iter().for_each(|(key, value)| visit(key, value));
    }
}

/// A map that only grows.
#[derive(Default)]
struct Grows(Mutex<BTreeMap<u64, u64>>);

impl OrderedMap for Grows {
    fn lacks(&self) -> &'static [Lack] {
        &[Lack::Updates, Lack::Removals]
    }

    fn insert(&self, key: u64, value: u64) {
        self.0.lock().unwrap().insert(key, value);
    }

    fn get(&self, key: u64) -> Option<u64> {
        self.0.lock().unwrap().get(&key).copied()
    }

    fn update(&self, _: u64, _: u64) {
        unreachable!("cells with updates are skipped");
    }

    fn remove(&self, _: u64) -> Option<u64> {
        unreachable!("cells with removals are skipped");
    }

    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        self.0.lock().unwrap().range(start..).take(limit).for_each(|(key, value)| visit(*key, *value));
    }
}

#[test]
fn only_workloads_that_need_what_a_map_lacks_are_skipped() {
    let run = |spec: &CellSpec| cell::run_with(spec, || Ok(Box::<Grows>::default())).unwrap();
    for workload in ["load", "a", "b", "c", "e", "u", "x", "s", "m", "n"] {
        let (map, workload) = ("grows".to_owned(), workload.to_owned());
        let spec = CellSpec { map, workload, keys: 1000, ops: 1000, ..CellSpec::default() };
        match (run(&spec), spec.workload.as_str()) {
            (CellOutcome::Skipped { reason }, "u") => assert_eq!(reason, "grows has no updates"),
            (CellOutcome::Skipped { reason }, "x") => assert_eq!(reason, "grows has no removals"),
            (CellOutcome::Measured(_), other) if !["u", "x"].contains(&other) => {}
            (outcome, workload) => panic!("{workload}: {outcome:?}"),
        }
    }
    let file = std::env::temp_dir().join(format!("bench-lacks-{}", std::process::id()));
    std::fs::write(&file, "INSERT 1\nUPDATE 1\n").unwrap();
    let path = file.to_str().unwrap().to_owned();
    let trace = Some(TraceFiles { load: path.clone(), run: path, keys: TraceKeys::Numbers });
    let traced =
        run(&CellSpec { map: "grows".into(), workload: "trace".into(), trace, ..CellSpec::default() });
    std::fs::remove_file(&file).unwrap();
    assert_eq!(traced, CellOutcome::Skipped { reason: "grows has no updates".into() });
}

fn outcome(lie: Lie, workload: &str, threads: usize) -> CellOutcome {
    let spec = CellSpec {
        map: "liar".into(),
        workload: workload.into(),
        threads,
        keys: 4000,
        ops: 4000,
        ..CellSpec::default()
    };
    cell::run_with(&spec, || Ok(Box::new(Liar { lie, calls: AtomicU64::new(0), map: Mutex::default() })))
        .unwrap()
}

#[test]
fn an_honest_map_passes() {
    for workload in ["load", "a", "b", "c", "e", "u", "x", "s", "m", "n"] {
        for threads in [1, 2] {
            let got = outcome(Lie::None, workload, threads);
            assert!(matches!(got, CellOutcome::Measured(_)), "{workload}: {got:?}");
        }
    }
}

#[test]
fn every_lie_is_caught_and_named() {
    // The reason must contain these words. If chance decides which error comes first, a bar separates
    // alternatives.
    let cases = [
        (Lie::DropsInserts, "load", "full scan"),
        (Lie::DropsInserts, "c", "got nothing"),
        (Lie::InventsKeys, "load", "full scan"),
        (Lie::InventsKeys, "a", "full scan"),
        (Lie::MissesReads, "c", "got nothing"),
        (Lie::MixesValues, "c", "got value"),
        (Lie::MissesReads, "m", "got nothing"),
        (Lie::MixesValues, "m", "got value"),
        (Lie::DropsInserts, "n", "full scan"),
        (Lie::LosesUpdates, "u", "read after the run"),
        (Lie::KeepsRemoved, "x", "expected nothing|full scan"),
        (Lie::DeniesRemovals, "x", "remove"),
        (Lie::SwapsPairs, "e", "expected ascending keys"),
        (Lie::StartsEarly, "e", "expected ascending keys"),
        (Lie::StartsLate, "e", "expected that key first"),
        (Lie::EndsEarly, "e", "expected at least"),
        (Lie::EndsLate, "e", "no more pairs"),
        (Lie::MixesScans, "e", "with their values"),
        (Lie::SkipsInside, "c", "scan after the run"),
        (Lie::Panics, "c", "panicked: the 500th read"),
    ];
    for (lie, workload, words) in cases {
        for threads in [1, 2] {
            match outcome(lie, workload, threads) {
                CellOutcome::Failed { reason } => {
                    assert!(
                        words.split('|').any(|w| reason.contains(w)),
                        "{lie:?} on {workload}, {threads} threads: {reason}"
                    );
                }
                other => panic!("{lie:?} on {workload}, {threads} threads went unnoticed: {other:?}"),
            }
        }
    }
}
