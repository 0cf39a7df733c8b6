//! Random sequences of operations for [`model`](crate::model). If one fails, the shortest failing one is
//! found.

use crate::arena::ArenaKind;
use crate::config::CRUEL_PROMOTIONS;
use crate::keys::TestKey;
use crate::model::{Op, replay};
use crate::read::Read;
use bskip_core::Promotion;
use core::fmt::Debug;
use core::ops::Bound;
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

/// Numbers of keys. Most are small, so that keys repeat.
fn numbers() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 0..4u32, 4 => 0..300u32, 4 => 0..6000u32, 1 => any::<u32>()]
}

fn bounds() -> impl Strategy<Value = Bound<u32>> {
    prop_oneof![
        1 => Just(Bound::Unbounded),
        3 => numbers().prop_map(Bound::Included),
        3 => numbers().prop_map(Bound::Excluded),
    ]
}

/// One step.
pub fn ops() -> impl Strategy<Value = Op> {
    // Even steps visit keys close together in order, odd ones scattered keys.
    let run = || (numbers(), prop_oneof![0..40u16, 0..1500u16], 1..8u8);
    prop_oneof![
        8 => (numbers(), any::<u32>()).prop_map(|(k, v)| Op::Insert(k, v)),
        3 => (numbers(), any::<u32>()).prop_map(|(k, v)| Op::TryInsert(k, v)),
        6 => numbers().prop_map(Op::Get),
        8 => numbers().prop_map(Op::Remove),
        4 => (numbers(), any::<u32>()).prop_map(|(k, v)| Op::Update(k, v)),
        4 => (numbers(), any::<u32>()).prop_map(|(k, v)| Op::GetOrInsert(k, v)),
        8 => (numbers(), 0..1000u32).prop_map(|(k, v)| Op::OnPair(k, v)),
        2 => any::<u32>().prop_map(Op::Sweep),
        2 => Just(Op::Ends),
        2 => (any::<bool>(), 0..100u16).prop_map(|(back, n)| Op::Pop(back, n)),
        6 => (bounds(), bounds(), prop_oneof![Just(0), Just(u64::MAX), any::<u64>()], 0..800u16)
            .prop_map(|(lo, hi, turns, n)| Op::Range(lo, hi, turns, n)),
        5 => run().prop_map(|(k, n, step)| Op::InsertRun(k, n, step)),
        4 => run().prop_map(|(k, n, step)| Op::RemoveRun(k, n, step)),
        2 => prop_oneof![0..20u16, Just(u16::MAX)].prop_map(Op::Shrink),
        2 => prop_oneof![Just(None), (0..20u16).prop_map(Some), Just(Some(u16::MAX))].prop_map(Op::Migrate),
        1 => Just(Op::Clear),
        4 => Just(Op::Check),
    ]
}

/// Runs random sequences over every arena and promotion policy. `R` is the way to read; `value` makes the
/// values.
///
/// `PROPTEST_CASES` sets how many sequences (40).
///
/// # Panics
/// With the shortest sequence found, if map and model differ.
pub fn check<K: TestKey, V: Clone + PartialEq + Debug, R: Read<V>>(value: impl Fn(u32) -> V) {
    search(&|arena, promotion, seed, ops| replay::<K, V, R>(arena, promotion, seed, ops, &value));
}

/// [`replay`] for one type of keys and values: arena, policy, seed of the map, steps.
type Replay<'a> = dyn Fn(ArenaKind, Promotion, u64, &[Op]) + 'a;

/// Looks for a sequence for which `replay` panics. It is not generic, so it is compiled once.
fn search(replay: &Replay<'_>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let settings = RunnerConfig { cases, failure_persistence: None, ..RunnerConfig::default() };
    let arenas = proptest::sample::select(&ArenaKind::ALL[..]);
    let promotions = proptest::sample::select(&CRUEL_PROMOTIONS[..]);
    let input = (arenas, promotions, any::<u64>(), proptest::collection::vec(ops(), 0..150));
    let outcome = TestRunner::new(settings).run(&input, |(arena, promotion, seed, ops)| {
        replay(arena, promotion, seed, &ops);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
