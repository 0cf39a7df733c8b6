//! The generator against a model map: every expectation that it writes into an operation comes true.

use super::*;
use std::collections::BTreeMap;

fn generator(dist: &str, threads: usize, keys: u64) -> Generator {
    let mut g = Generator::new(dist.parse().unwrap(), 11, threads, keys).unwrap();
    let load = g.load(keys);
    assert_eq!(load.iter().map(|s| s.ops.len() as u64).sum::<u64>(), keys);
    g
}

fn shares(stripes: &[Stripe]) -> HashMap<String, f64> {
    let mut seen = HashMap::new();
    let total: usize = stripes.iter().map(|s| s.ops.len()).sum();
    for op in stripes.iter().flat_map(|s| &s.ops) {
        *seen.entry(op.kind.to_string()).or_insert(0.0) += 100.0 / total as f64;
    }
    seen
}

#[test]
fn mixes_have_the_shares_they_promise() {
    let wanted: [(Workload, &[(&str, f64)]); 6] = [
        (Workload::A, &[("read", 50.0), ("insert", 50.0)]),
        (Workload::B, &[("read", 95.0), ("insert", 5.0)]),
        (Workload::C, &[("read", 100.0)]),
        (Workload::E, &[("scan", 95.0), ("insert", 5.0)]),
        (Workload::U, &[("read", 50.0), ("update", 50.0)]),
        (Workload::X, &[("read", 50.0), ("insert", 25.0), ("remove", 25.0)]),
    ];
    for (workload, shares_wanted) in wanted {
        let got = shares(&generator("uniform", 2, 50_000).run(workload, 40_000));
        assert_eq!(got.len(), shares_wanted.len(), "{workload:?}: {got:?}");
        for (kind, share) in shares_wanted {
            assert!((got[*kind] - share).abs() < 1.0, "{workload:?} {kind}: {got:?}");
        }
    }
}

#[test]
fn scans_are_one_to_a_hundred_long() {
    let stripes = generator("uniform", 1, 1000).run(Workload::E, 50_000);
    let lengths: Vec<u32> =
        stripes[0].ops.iter().filter(|op| op.kind == Kind::Scan).map(|op| op.arg).collect();
    assert_eq!((lengths.iter().min(), lengths.iter().max()), (Some(&1), Some(&100)));
    let mean = lengths.iter().map(|&l| f64::from(l)).sum::<f64>() / lengths.len() as f64;
    assert!((mean - 50.5).abs() < 1.0, "{mean}");
}

#[test]
fn the_same_seed_gives_the_same_operations() {
    for dist in crate::protocol::DISTRIBUTIONS {
        let (mut a, mut b) = (generator(dist, 3, 5000), generator(dist, 3, 5000));
        assert_eq!(a.run(Workload::X, 9000), b.run(Workload::X, 9000));
        assert_eq!(a.run(Workload::U, 9000), b.run(Workload::U, 9000));
        let mut other = Generator::new(dist.parse().unwrap(), 12, 3, 5000).unwrap();
        other.load(5000);
        assert_ne!(a.run(Workload::A, 9000), other.run(Workload::A, 9000), "{dist}");
    }
}

/// Runs stripes on a model, one thread's piece after the other's in turns of `turn` operations.
fn replay(model: &mut BTreeMap<u64, u64>, stripes: &[Stripe], checks: &Checks, turn: usize) {
    let rounds = stripes.iter().map(|s| s.ops.len().div_ceil(turn)).max().unwrap_or(0);
    for round in 0..rounds {
        for stripe in stripes {
            for op in stripe.ops.iter().skip(round * turn).take(turn) {
                check(model, stripe, op, checks);
            }
        }
    }
}

fn check(model: &mut BTreeMap<u64, u64>, stripe: &Stripe, op: &Op, checks: &Checks) {
    let value = value_of(op.key, op.arg);
    let right = |found: Option<u64>| found.is_some_and(|v| (v ^ value) & checks.mask == 0);
    match op.kind {
        Kind::Insert => assert_eq!(model.insert(op.key, value), None, "inserted keys are new"),
        Kind::Update => assert!(model.insert(op.key, value).is_some(), "updated keys are there"),
        Kind::Read => assert!(right(model.get(&op.key).copied())),
        Kind::ReadAbsent => assert_eq!(model.get(&op.key), None),
        Kind::ReadMaybe => assert!(model.get(&op.key).is_none_or(|&v| right(Some(v)))),
        Kind::Remove => assert!(right(model.remove(&op.key))),
        Kind::Scan => {
            let got: Vec<u64> = model.range(op.key..).map(|(k, _)| *k).take(op.arg as usize).collect();
            assert_eq!(got[0], op.key);
            assert!(got.len() >= checks.at_least(op.key, op.arg as usize));
            assert!(checks.tail.len() >= 100, "{}", checks.tail.len());
        }
        Kind::ScanExact => {
            let scan = stripe.scans[op.arg as usize];
            assert_eq!(model.len() as u64, scan.count);
            let sum = model.keys().fold(0, |a: u64, &k| a.wrapping_add(fingerprint(k)));
            assert_eq!(sum, scan.checksum);
        }
        other => panic!("{other:?} is for traces"),
    }
}

#[test]
fn every_expectation_comes_true_however_threads_take_turns() {
    for dist in crate::protocol::DISTRIBUTIONS {
        for (threads, turn) in [(1, 1), (3, 1), (3, 1000), (2, 1_000_000)] {
            let mut g = Generator::new(dist.parse().unwrap(), 5, threads, 3000).unwrap();
            let mut model = BTreeMap::new();
            for _ in 0..2 {
                let part = g.load(1500);
                replay(&mut model, &part, &g.checks(Workload::Load), turn);
            }
            use Workload::{A, B, C, E, S, U, X};
            for workload in [A, B, C, E, U, X, S, C, E, U, X, A] {
                let stripes = g.run(workload, 2000);
                let checks = g.checks(workload);
                replay(&mut model, &stripes, &checks, turn);
                assert_eq!(g.count(), model.len() as u64);
            }
            let expected = g.expected();
            let sum = model.keys().fold(0, |a: u64, &k| a.wrapping_add(fingerprint(k)));
            assert_eq!(expected.checksum, Some(sum));
            for probe in expected.probes {
                match probe.answer {
                    Answer::Absent => assert_eq!(model.get(&probe.key), None),
                    Answer::Value(v) => assert_eq!(model.get(&probe.key), Some(&v)),
                    Answer::OneOf(vs) => assert!(vs.contains(&model[&probe.key])),
                    Answer::Like(_) => panic!("for traces"),
                }
            }
        }
    }
}

#[test]
fn removals_go_on_when_the_loaded_keys_run_out() {
    let mut g = generator("uniform", 2, 100);
    let stripes = g.run(Workload::X, 10_000);
    let got = shares(&stripes);
    assert!((got["remove"] - 25.0).abs() < 1.5, "{got:?}");
}

#[test]
fn sequential_keys_are_loaded_and_read_in_order() {
    let mut g = Generator::new("sequential".parse().unwrap(), 1, 2, 1000).unwrap();
    let load = g.load(1000);
    assert!(load.iter().all(|s| s.ops.is_sorted_by_key(|op| op.key)));
    let reads = g.run(Workload::C, 400);
    assert_eq!(reads[0].ops[0].key, 0);
    assert_eq!(reads[1].ops[0].key, 500);
    assert!(reads[1].ops.is_sorted_by_key(|op| op.key));
}

#[test]
fn nonsense_is_refused() {
    let dist: Distribution = "uniform".parse().unwrap();
    assert!(Generator::new(dist, 1, 0, 10).is_err());
    assert!(Generator::new(dist, 1, 1, 0).is_err());
    assert!(Generator::new("shift24".parse().unwrap(), 1, 1, 1 << 41).is_err());
}
