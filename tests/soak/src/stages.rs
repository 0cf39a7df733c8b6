//! Threads work on one map after another, for as long as asked, and every answer is checked.
//!
//! A *stage* is one map, on the next of the plan's arenas and with the next of its policies. Its keys are of the
//! next kind: words, or byte strings, the last with numbers or byte strings as values. Three classes of keys lie side by side in it. Each thread has its own keys,
//! which it knows exactly ([`Owner`]). All threads share counters ([`shared`]). The calls on a sample of keys are
//! recorded.
//!
//! A stage consists of *rounds* of a fixed number of steps, so that the records stay small. After each round
//! the soak checks the history of the sample and the invariants of the whole map. It also plays a case with
//! all operations, pops included, on a small map. At the end of a stage it accounts for every key and removes
//! it. The map must then be as small as an empty one.

use bskip_core::{BSkipMap, PoolUsage, Promotion, Structure};
use core::fmt;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};
use tests::arena::{AnyArena, ArenaKind};
use tests::config::config;
use tests::history::case::{self, Case, Keys};
use tests::history::play::{Clock, LAST_COUNT, Phase, Player, Watched};
use tests::history::{Checked, History};
use tests::numbered::{InAnyArena, NumberedMap, SpelledMap};
use tests::numbered_blobs::SpelledBlobs;
use tests::owner::{COUNT_BITS, Owner, Space, token};
use tests::rng::Rng;
use tests::shared::{self, Sum, count_of};
use tests::spelled::{Far, Shared, Short};
use tests::tally::Tally;
use tests::threads::{self, Stop};
use tests::values::NumberedValue;

/// What to soak.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How long the soak runs. A stage that has begun is finished.
    pub(crate) time: Duration,
    /// How long a stage works.
    pub(crate) stage: Duration,
    /// Threads, each the owner of a class of keys.
    pub(crate) threads: usize,
    /// Keys of each owner, and shared keys.
    pub(crate) keys: u64,
    /// Seed of the operations and of the maps.
    pub(crate) seed: u64,
    /// Promotion policies, one after the other.
    pub(crate) promotions: Vec<Promotion>,
    /// Arenas, one after the other.
    pub(crate) arenas: Vec<ArenaKind>,
    /// Kinds of keys and values, one after the other.
    pub(crate) kinds: Vec<Kind>,
}

/// What the keys and values of a map are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Keys and values are `u64`.
    Words,
    /// Keys are byte strings.
    Strings,
    /// Keys and values are byte strings.
    Blobs,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Words, Self::Strings, Self::Blobs];
}

/// The results of a stage, or of all stages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Stages.
    pub(crate) stages: u64,
    /// Rounds.
    pub(crate) rounds: u64,
    /// Walks over all invariants.
    pub(crate) walks: u64,
    /// What the threads did on their own keys and on the shared ones.
    pub(crate) tally: Tally,
    /// What was checked of the recorded keys.
    pub(crate) checked: Checked,
    /// The structure of the last stage's map at the end of its work.
    pub(crate) structure: Structure,
    /// The pools' usage at that time.
    pub(crate) full: PoolUsage,
    /// The pools' usage after every key was removed.
    pub(crate) emptied: PoolUsage,
}

impl Report {
    fn add(&mut self, other: &Self) {
        self.stages += other.stages;
        self.rounds += other.rounds;
        self.walks += other.walks;
        self.tally += &other.tally;
        self.checked += other.checked;
        (self.structure, self.full, self.emptied) = (other.structure, other.full, other.emptied);
    }

    /// Operations of all kinds.
    #[must_use]
    pub(crate) fn operations(&self) -> u64 {
        self.tally.total() + self.checked.events + self.checked.calls
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.tally)?;
        writeln!(f, "recorded     {}", self.checked)?;
        writeln!(f, "the last map {:?}, {:?}", self.structure, self.full)?;
        writeln!(f, "emptied      {:?}", self.emptied)?;
        let Self { stages, rounds, walks, .. } = self;
        write!(f, "total        {} operations, {} histories, ", self.operations(), self.checked.histories)?;
        write!(f, "{walks} walks, {rounds} rounds, {stages} stages")
    }
}

/// Blocks that an empty map may keep.
const FEW_BLOCKS: usize = 40;
/// Steps of a thread in a round, at most.
const ROUND: u64 = 20_000;
/// Steps of a thread of the small map in a round.
const SMALL_ROUND: u64 = 4_000;
/// Keys whose calls are recorded, at most.
const SAMPLE: u64 = 400;

/// Runs the plan. It calls `after_stage` for each stage, after the stage's map was dropped.
///
/// # Panics
/// At the first wrong answer, key not accounted for, broken invariant, or leaked block.
pub(crate) fn run(
    plan: &Plan,
    mut after_stage: impl FnMut(u64, Kind, ArenaKind, Promotion, &Report),
) -> Report {
    let begun = Instant::now();
    let mut report = Report::default();
    for number in 0.. {
        let left = plan.time.saturating_sub(begun.elapsed());
        if number > 0 && left.is_zero() {
            break;
        }
        let arena = plan.arenas[number as usize % plan.arenas.len()];
        let turn = number as usize / plan.arenas.len();
        let promotion = plan.promotions[turn % plan.promotions.len()];
        // Each arena and each policy meets each kind.
        let kind = plan.kinds[(number as usize + turn) % plan.kinds.len()];
        let seed = plan.seed.wrapping_add(number);
        let stage = Stage { plan, arena, promotion, seed, time: plan.stage.min(left) };
        report.add(&match kind {
            Kind::Words => stage.run::<BSkipMap<u64, u64, AnyArena>>(),
            Kind::Strings => stage.run::<SpelledMap<Shared, u64>>(),
            Kind::Blobs => stage.run::<SpelledBlobs<Shared>>(),
        });
        after_stage(number, kind, arena, promotion, &report);
    }
    report
}

/// One map's work.
struct Stage<'a> {
    plan: &'a Plan,
    arena: ArenaKind,
    promotion: Promotion,
    seed: u64,
    time: Duration,
}

/// What a thread keeps from round to round.
struct Worker<C> {
    owner: Owner,
    rng: Rng,
    sum: Sum,
    phase: Phase,
    /// Moves leaves between nodes, if there are several.
    cursor: C,
}

impl Stage<'_> {
    /// One class for each owner, one that all share, and one that is recorded.
    fn space(&self) -> Space {
        Space { classes: self.plan.threads as u64 + 2, per_class: self.plan.keys }
    }

    /// The recorded class.
    fn sampled(&self) -> Watched {
        let classes = self.space().classes;
        Watched { modulus: classes, rest: classes - 1 }
    }

    /// A key of the sample: spread over all keys.
    fn sample(&self, i: u64) -> u64 {
        let keys = self.sample_size();
        i * (self.plan.keys / keys) * self.space().classes + self.sampled().rest
    }

    fn sample_size(&self) -> u64 {
        SAMPLE.min(self.plan.keys)
    }

    fn run<M: InAnyArena + Sync>(&self) -> Report {
        let mut map = M::made(self.arena, config(self.promotion, self.seed));
        let mut report = Report { stages: 1, ..Report::default() };
        let mut workers: Vec<Worker<M::Cursor>> =
            (0..self.plan.threads as u64).map(|t| self.worker(t)).collect();
        let stop = Stop::default();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _raise = stop.raise_on_drop();
                let begun = Instant::now();
                while begun.elapsed() < self.time && !stop.raised() {
                    thread::sleep(Duration::from_millis(20).min(self.time));
                }
            });
            // A round that fails ends the timer too.
            let _raise = stop.raise_on_drop();
            while !stop.raised() {
                report.rounds += 1;
                report.checked += self.round(&map, &mut workers, &stop);
                map.check_invariants();
                report.checked += self.small_map(report.rounds);
                report.walks += 2;
            }
        });

        workers.iter().for_each(|worker| report.tally += &worker.owner.tally);
        self.account_for(&map, &workers);
        report.structure = map.check_invariants();
        report.full = map.usage();
        // `check_invariants` has compared the pools' blocks with the nodes, and the cells with what refers to them.
        assert_eq!(report.structure.keys, map.len());

        let keys: Vec<u64> = map.numbers().map(|(key, _)| key).collect();
        threads::run(self.plan.threads, |t| {
            keys.iter()
                .skip(t)
                .step_by(self.plan.threads)
                .for_each(|&key| assert!(map.remove(key).is_some(), "lost {key}"));
        });
        let empty = map.check_invariants();
        report.emptied = map.usage();
        report.walks += 2;
        assert_eq!((empty.keys, map.numbers().next()), (0, None));
        let left = report.emptied.issued_blocks;
        assert!(left <= FEW_BLOCKS, "an empty map of {:?}", report.emptied);
        report
    }

    fn worker<C: Default>(&self, t: u64) -> Worker<C> {
        Worker {
            owner: Owner::new(t, self.space(), self.seed),
            rng: Rng::new(!self.seed ^ t),
            sum: Sum::default(),
            phase: Phase::Growing,
            cursor: C::default(),
        }
    }

    /// Every thread runs the steps of a round. Then the history of the sample is checked.
    fn round<M: NumberedMap + Sync>(
        &self,
        map: &M,
        workers: &mut [Worker<M::Cursor>],
        stop: &Stop,
    ) -> Checked {
        // No thread runs now. This replaces the values of earlier rounds, so that the round reads only values
        // that were written now or later.
        let sample = (0..self.sample_size()).map(|i| self.sample(i));
        let there = sample.filter(|&key| map.contains_key(key));
        let initial: BTreeMap<u64, u64> = there.map(|key| (key, token(key, LAST_COUNT))).collect();
        initial
            .iter()
            .for_each(|(&key, &value)| assert!(map.insert(key, M::Value::of(value)).is_some(), "lost {key}"));

        let clock = Clock::default();
        let counts = LAST_COUNT / workers.len() as u64;
        let mut history = History::new(initial);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..)
                .zip(&mut *workers)
                .map(|(t, worker)| {
                    let mut player = Player::new(map, &clock, self.sampled(), t * counts);
                    scope.spawn(move || {
                        for _ in 0..ROUND.min(counts) {
                            if stop.raised() {
                                break;
                            }
                            self.step(map, worker, &mut player);
                        }
                        player.log
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| history.add(thread.join().expect("a thread failed")));
        });
        let mut last = Player::new(map, &clock, self.sampled(), LAST_COUNT);
        (0..self.sample_size()).for_each(|i| last.get(self.sample(i)));
        history.add(last.log);
        history.expect(format_args!("{:?}, {:?}, seed {}", self.arena, self.promotion, self.seed))
    }

    /// A thread's step: mostly its own keys, then a shared one and a recorded one.
    fn step<M: NumberedMap>(&self, map: &M, worker: &mut Worker<M::Cursor>, player: &mut Player<'_, M>) {
        let (space, rng) = (self.space(), &mut worker.rng);
        if rng.below(16) == 0 {
            map.move_leaves(&mut worker.cursor);
        }
        (0..7).for_each(|_| worker.owner.step(map));
        let number = rng.below(space.per_class) * space.classes + self.plan.threads as u64;
        shared::step(map, number, rng, &mut worker.sum, &mut worker.owner.tally);
        let number = self.sample(rng.below(self.sample_size()));
        if rng.below(4 * self.sample_size()) == 0 {
            worker.phase = worker.phase.other();
        }
        match rng.below(16) {
            0 => {
                let reach = rng.below(300);
                player.play_range(rng, number, number + reach, 100);
            }
            _ => player.play_on_key(rng, worker.phase, number),
        }
    }

    /// All operations on a map of few keys.
    fn small_map(&self, round: u64) -> Checked {
        let seed = self.seed.wrapping_mul(1000).wrapping_add(round);
        let keys = match round % 4 {
            0 => Keys::Few(12),
            1 => Keys::Few(100),
            2 => Keys::Ascending(80),
            _ => Keys::Multiples(500),
        };
        let case = Case { threads: self.plan.threads, steps: SMALL_ROUND, keys };
        let (arena, promotion) = (self.arena, self.promotion);
        match round % 7 {
            0 => case::run::<u64, u64>(arena, promotion, case, seed),
            1 => case::run::<[u8; 64], u64>(arena, promotion, case, seed),
            2 => case::run::<[u8; 64], String>(arena, promotion, case, seed),
            3 => case::run_on::<SpelledMap<Shared, u64>>(arena, promotion, case, seed),
            4 => case::run_on::<SpelledMap<Short, String>>(arena, promotion, case, seed),
            5 => case::run_on::<SpelledMap<Far, u64>>(arena, promotion, case, seed),
            _ => case::run_on::<SpelledBlobs<Far>>(arena, promotion, case, seed),
        }
    }

    /// Every key of the map is in a model, shared or recorded. Every key of a model is in the map. The sums
    /// add up. The last round's history looked up the recorded keys.
    fn account_for<M: NumberedMap>(&self, map: &M, workers: &[Worker<M::Cursor>]) {
        let owners = self.plan.threads as u64;
        let class = |key: &u64| key % self.space().classes;
        let all = || map.numbers().inspect(|(key, value)| assert_eq!(value >> COUNT_BITS, *key));
        let union: BTreeMap<u64, u64> =
            workers.iter().flat_map(|worker| worker.owner.model().clone()).collect();
        let own = all().filter(|(key, _)| class(key) < owners);
        assert!(own.eq(union), "the map is not the union of the models");
        let added: u64 = workers.iter().map(|worker| worker.sum.added).sum();
        let removed: u64 = workers.iter().map(|worker| worker.sum.removed).sum();
        let shared = all().filter(|(key, _)| class(key) == owners);
        let left: u64 = shared.map(|(_, value)| count_of(value)).sum();
        assert_eq!(added, removed + left, "increments of shared keys lost or doubled");
    }
}
