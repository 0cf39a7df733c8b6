//! The soak: owners and shared keys on one map for as long as wanted, and then every key accounted for.

use crate::arena::ArenaKind;
use crate::config::config;
use crate::owner::{Owner, Space, token};
use crate::rng::Rng;
use crate::shared::{self, Sum, count_of};
use crate::tally::Tally;
use crate::threads::{self, Stop};
use bskip_core::{BSkipMap, NodeArena, PoolUsage, Promotion, Structure};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// What to soak.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long the threads work.
    pub time: Duration,
    /// Threads, each the owner of a class of keys.
    pub threads: usize,
    /// Keys of each owner, and shared keys.
    pub keys: u64,
    /// Seed of the operations and of the map.
    pub seed: u64,
    /// The map's promotion policy.
    pub promotion: Promotion,
    /// The map's arena.
    pub arena: ArenaKind,
}

/// What a soak found, everything being right.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the threads did.
    pub tally: Tally,
    /// The structure at the end of the work.
    pub structure: Structure,
    /// What the map held then.
    pub full: PoolUsage,
    /// What it held after every key was removed.
    pub emptied: PoolUsage,
}

/// Blocks that an empty map may keep.
const FEW_BLOCKS: usize = 40;

/// Runs the plan.
///
/// # Panics
/// At the first wrong answer, key not accounted for, broken invariant, or leaked block.
#[must_use]
pub fn run(plan: Plan) -> Report {
    let map = BSkipMap::<u64, u64, _>::with_config(plan.arena.make(), config(plan.promotion, plan.seed));
    let mut map = map.expect("an empty map");
    // One class for each owner and one that all share.
    let space = Space { classes: plan.threads as u64 + 1, per_class: plan.keys };
    let stop = Stop::default();
    let workers = thread::scope(|scope| {
        scope.spawn(|| {
            let _raise = stop.raise_on_drop();
            thread::sleep(plan.time);
        });
        threads::run(plan.threads, |t| work(&map, space, t as u64, plan.seed, &stop))
    });

    let mut tally = Tally::default();
    workers.iter().for_each(|(owner, _)| tally += &owner.tally);
    account_for(&map, space, &workers);
    let structure = map.check_invariants();
    let full = map.usage();
    assert_eq!(structure.keys, map.len());
    assert_eq!(
        full.issued_blocks,
        structure.leaves + structure.inners,
        "blocks that are not in the structure"
    );

    let keys: Vec<u64> = map.iter().map(|(key, _)| key).collect();
    threads::run(plan.threads, |t| {
        keys.iter()
            .skip(t)
            .step_by(plan.threads)
            .for_each(|key| assert!(map.remove(key).is_some(), "lost {key}"));
    });
    let empty = map.check_invariants();
    let emptied = map.usage();
    assert_eq!((empty.keys, map.iter().next()), (0, None));
    assert_eq!(emptied.issued_blocks, empty.leaves + empty.inners, "blocks that are not in the structure");
    assert!(emptied.issued_blocks <= FEW_BLOCKS, "an empty map of {emptied:?}");
    Report { tally, structure, full, emptied }
}

/// One thread: mostly its own keys, every eighth step a shared one.
fn work<A: NodeArena>(
    map: &BSkipMap<u64, u64, A>,
    space: Space,
    t: u64,
    seed: u64,
    stop: &Stop,
) -> (Owner, Sum) {
    // A thread that fails stops the others, so that the soak ends with its message.
    let raise = stop.raise_on_drop();
    let mut owner = Owner::new(t, space, seed);
    let mut rng = Rng::new(!seed ^ t);
    let mut sum = Sum::default();
    while !stop.raised() {
        for _ in 0..7 {
            owner.step(map);
        }
        let number = rng.below(space.per_class) * space.classes + space.classes - 1;
        shared::step(map, number, &mut rng, &mut sum, &mut owner.tally);
    }
    drop(raise);
    (owner, sum)
}

/// Every key of the map is in a model or shared, every key of a model is in the map, the sums add up.
fn account_for<A: NodeArena>(map: &BSkipMap<u64, u64, A>, space: Space, workers: &[(Owner, Sum)]) {
    let is_shared = |key: &u64| key % space.classes == space.classes - 1;
    let (shared, own): (Vec<_>, Vec<_>) = map.iter().partition(|(key, _)| is_shared(key));
    let union: BTreeMap<u64, u64> = workers.iter().flat_map(|(owner, _)| owner.model().clone()).collect();
    assert!(own.into_iter().eq(union), "the map is not the union of the models");
    assert!(shared.iter().all(|(key, value)| token(*key, *value) == *value), "a value of another key");
    let added: u64 = workers.iter().map(|(_, sum)| sum.added).sum();
    let removed: u64 = workers.iter().map(|(_, sum)| sum.removed).sum();
    let left: u64 = shared.iter().map(|(_, value)| count_of(*value)).sum();
    assert_eq!(added, removed + left, "increments of shared keys lost or doubled");
}
