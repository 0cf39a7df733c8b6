//! A case: threads play on one map, and then their history is checked.

use super::play::{Clock, Phase, Player, Watched};
use super::{Checked, History};
use crate::arena::{AnyArena, ArenaKind};
use crate::config::config;
use crate::keys::NumberedKey;
use crate::numbered::{InAnyArena, NumberedMap};
use crate::owner::COUNT_BITS;
use crate::rng::Rng;
use crate::threads;
use crate::values::NumberedValue;
use bskip_core::{BSkipMap, Promotion};
use core::ops::Bound;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The keys of a case.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// This many, all alike.
    Few(u64),
    /// Multiples of 2^24, which have equal low bits.
    Multiples(u64),
    /// A window of this many keys that moves upwards: new keys come at its end, old keys stay behind.
    Ascending(u64),
}

impl Keys {
    /// A key, after all threads together have made this many steps.
    fn pick(self, rng: &mut Rng, steps: u64) -> u64 {
        match self {
            Self::Few(keys) => rng.below(keys),
            Self::Multiples(keys) => rng.below(keys) << 24,
            Self::Ascending(window) => steps / 16 + rng.below(window),
        }
    }

    /// About how many keys there are at once.
    fn count(self) -> u64 {
        match self {
            Self::Few(keys) | Self::Multiples(keys) | Self::Ascending(keys) => keys,
        }
    }
}

/// How many threads there are, how many steps each makes, and on which keys.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Threads.
    pub threads: usize,
    /// Steps of each thread.
    pub steps: u64,
    /// Their keys.
    pub keys: Keys,
}

/// What a thread plays. `also` makes one step in three, if there is one.
fn play<M: NumberedMap>(
    player: &mut Player<'_, M>,
    case: Case,
    seed: u64,
    steps: &AtomicU64,
    also: Option<impl Fn(&mut Player<'_, M>, &mut Rng, Phase, u64)>,
) {
    let mut rng = Rng::new(seed);
    let mut phase = Phase::Growing;
    let mut cursor = M::Cursor::default();
    for _ in 0..case.steps {
        let made = steps.fetch_add(1, Ordering::Relaxed);
        // If the arena has several NUMA nodes, leaves move from node to node, and no answer may change.
        if made.is_multiple_of(16) {
            player.map.move_leaves(&mut cursor);
        }
        if rng.below(4 * case.keys.count()) == 0 {
            phase = phase.other();
        }
        if let Some(also) = &also
            && made.is_multiple_of(3)
        {
            let number = case.keys.pick(&mut rng, made);
            also(player, &mut rng, phase, number);
            continue;
        }
        let (number, other) = (case.keys.pick(&mut rng, made), case.keys.pick(&mut rng, made));
        match rng.below(10) {
            0 => player.play_on_map(&mut rng, phase, number, other),
            _ => player.play_on_key(&mut rng, phase, number),
        }
    }
}

/// Plays a case on a new map, then checks the history and the invariants.
///
/// # Panics
/// If the map's documentation does not allow the history, or an invariant does not hold.
#[must_use]
pub fn run<K: NumberedKey, V: NumberedValue>(
    arena: ArenaKind,
    promotion: Promotion,
    case: Case,
    seed: u64,
) -> Checked
where
    BSkipMap<K, V, AnyArena>: Sync,
{
    run_on::<BSkipMap<K, V, AnyArena>>(arena, promotion, case, seed)
}

/// As [`run`], on a map of any kind.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_on<M: InAnyArena + Sync>(
    arena: ArenaKind,
    promotion: Promotion,
    case: Case,
    seed: u64,
) -> Checked {
    run_steps(arena, promotion, case, seed, None::<fn(&mut Player<'_, M>, &mut Rng, Phase, u64)>)
}

/// As [`run_on`], but one step in three is what `also` does about a key.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_playing<M: InAnyArena + Sync>(
    arena: ArenaKind,
    promotion: Promotion,
    case: Case,
    seed: u64,
    also: impl Fn(&mut Player<'_, M>, &mut Rng, Phase, u64) + Sync,
) -> Checked {
    run_steps(arena, promotion, case, seed, Some(also))
}

fn run_steps<M: InAnyArena + Sync>(
    arena: ArenaKind,
    promotion: Promotion,
    case: Case,
    seed: u64,
    also: Option<impl Fn(&mut Player<'_, M>, &mut Rng, Phase, u64) + Sync>,
) -> Checked {
    let mut map = M::made(arena, config(promotion, seed));
    let (clock, steps) = (Clock::default(), AtomicU64::new(0));
    let counts = (1 << COUNT_BITS) / (case.threads as u64 + 1);
    let logs = threads::run(case.threads, |t| {
        let mut player = Player::new(&map, &clock, Watched::ALL, t as u64 * counts);
        play(&mut player, case, seed << 8 ^ t as u64, &steps, also.as_ref());
        player.log
    });
    let mut history = History::new(BTreeMap::new());
    logs.into_iter().for_each(|log| history.add(log));
    // The end is part of the history: it looks up every key that was touched, and lists all keys.
    let mut last = Player::new(&map, &clock, Watched::ALL, 0);
    history.numbers().for_each(|number| last.get(number));
    last.scan(Bound::Unbounded, Bound::Unbounded, 0, usize::MAX);
    last.len();
    history.add(last.log);
    let keys = map.numbers().count();
    assert_eq!(map.check_invariants().keys, keys, "{arena:?}, {promotion:?}, {case:?}");
    history.expect(format_args!("{arena:?}, {promotion:?}, {case:?}, seed {seed}"))
}
