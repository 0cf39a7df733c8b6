//! The scene of the checks of interrupt handlers: every CPU writes a map, and its timer and the other CPUs interrupt it.
//! The handler uses the same map.
//!
//! The map has three kinds of keys, side by side in its leaves: some stay, some belong to the writer of one CPU, some
//! to the handler of one CPU. Writer and handler each know the values of their own keys, so each answer about these
//! is checked.

use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use bskip_core::{BSkipMap, Platform, StaticArena};

use crate::cpu::{self, MOST};
use crate::interrupts;
use crate::random::Random;
use crate::team;

/// Numbers of keys.
const NUMBERS: usize = 150;
/// Keys of each number: one that stays, and two for each CPU.
const SLOTS: usize = 1 + 2 * MOST;
/// Calls of a handler, each time it runs.
const BURST: u64 = 32;
/// Turns of a writer between two interrupts of the other CPUs.
const WRITES: u64 = 20;
/// The least and the most nanoseconds until a CPU's timer interrupts it.
const PAUSE: core::ops::Range<u64> = 10_000..60_000;

/// A map, as the scene uses it.
pub(super) type Map<P> = BSkipMap<u64, u64, &'static StaticArena<P>>;

/// What a call in a handler came to.
pub(super) enum Answer {
    /// The value that was there.
    Old(Option<u64>),
    /// Another CPU, or the interrupted writer, is at work there. Nothing has changed.
    Busy,
    /// The leaf has no room. Nothing has changed.
    Full,
}

/// How a handler uses the map.
pub(super) trait Calls {
    fn get(key: u64) -> Answer;
    fn insert(key: u64, value: u64) -> Answer;
    fn remove(key: u64) -> Answer;
    /// What a writer does from time to time, so that its CPU's handler can work.
    fn prepare() {}
}

/// The versions of the keys of one writer or handler, by their numbers; 0 for a key that is not there. Only its own
/// CPU uses them.
struct Versions([AtomicU32; NUMBERS]);

impl Versions {
    const fn none() -> Self {
        Self([const { AtomicU32::new(0) }; NUMBERS])
    }

    /// The value of the key with this number.
    fn value(&self, slot: usize, number: usize) -> Option<u64> {
        // Relaxed, here and below: one CPU uses them, and `team` orders what the first CPU does with them.
        match self.0[number].load(Ordering::Relaxed) {
            0 => None,
            version => Some(value(key(slot, number), version)),
        }
    }

    /// The value that the key gets next.
    fn next(&self, slot: usize, number: usize) -> (u32, u64) {
        let version = self.0[number].load(Ordering::Relaxed) % 1_000_000 + 1;
        (version, value(key(slot, number), version))
    }

    fn set(&self, number: usize, version: u32) {
        self.0[number].store(version, Ordering::Relaxed);
    }
}

/// The key of a slot and a number.
fn key(slot: usize, number: usize) -> u64 {
    (number * SLOTS + slot) as u64
}

/// A value that tells its key.
fn value(key: u64, version: u32) -> u64 {
    key << 32 | u64::from(version)
}

/// The slots of the keys that stay, of a CPU's writer, and of its handler.
const STAYING: usize = 0;

fn slot_of_writer(cpu: usize) -> usize {
    1 + 2 * cpu
}

fn slot_of_handler(cpu: usize) -> usize {
    2 + 2 * cpu
}

static WRITERS: [Versions; MOST] = [const { Versions::none() }; MOST];
static HANDLERS: [Versions; MOST] = [const { Versions::none() }; MOST];
/// What the handler of each CPU has counted.
static COUNTS: [Counts; MOST] = [const { Counts::new() }; MOST];
/// Calls that are left to the handler of each CPU.
static LEFT: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
/// CPUs whose handlers have made all their calls.
static FINISHED: AtomicUsize = AtomicUsize::new(0);

/// What a handler counts.
#[derive(Default)]
pub(super) struct Counts {
    interrupts: AtomicU64,
    calls: AtomicU64,
    busy: AtomicU64,
    full: AtomicU64,
}

impl Counts {
    const fn new() -> Self {
        Self {
            interrupts: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            full: AtomicU64::new(0),
        }
    }

    /// All counts, which are 0 afterwards.
    fn take(&self) -> [u64; 4] {
        [&self.interrupts, &self.calls, &self.busy, &self.full].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

/// What came of a scene.
pub(super) struct Outcome {
    interrupts: u64,
    pub(super) calls: u64,
    pub(super) busy: u64,
    pub(super) full: u64,
    writers: team::Counts,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interrupts, calls, busy, full, writers } = self;
        let share = |part: &u64| *part as f64 * 100.0 / *calls as f64;
        write!(
            f,
            "{calls} calls in {interrupts} interrupts, {:.2} % busy, {:.2} % full; {} calls of writers, {writers}",
            share(busy),
            share(full),
            writers.sum()
        )
    }
}

/// Runs the scene until the handlers of all CPUs have made `calls` calls together. Checks every answer, and in the
/// end every key.
pub(super) fn run<P: Platform, C: Calls>(map: &'static Map<P>, calls: u64) -> Outcome {
    for number in 0..NUMBERS {
        let key = key(STAYING, number);
        assert_eq!(map.insert(key, value(key, 1)), None);
    }
    FINISHED.store(0, Ordering::Relaxed);
    LEFT.iter().for_each(|left| left.store(calls.div_ceil(team::cpus() as u64), Ordering::Relaxed));
    interrupts::on_tick(handle::<C>);
    let writers = team::all(&|cpu| {
        let mut random = Random::new(cpu);
        let mut calls = 0;
        C::prepare();
        interrupts::tick_after(PAUSE.start as u32);
        // Acquire pairs with the Release in `handle`: the first CPU sees what the handlers have counted.
        while FINISHED.load(Ordering::Acquire) < team::cpus() {
            (0..WRITES).for_each(|_| calls += write(map, cpu, &mut random));
            C::prepare();
            interrupts::tick_others();
        }
        calls
    });
    let mut sums = [0; 4];
    for counts in &COUNTS[..team::cpus()] {
        let counts = counts.take();
        assert!(counts[1] > 0, "a CPU whose handler made no call");
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    check_all(map);
    let [interrupts, calls, busy, full] = sums;
    Outcome { interrupts, calls, busy, full, writers }
}

/// A few calls of the writer of a CPU. Returns how many.
fn write<P: Platform>(map: &Map<P>, cpu: usize, random: &mut Random) -> u64 {
    let (slot, versions) = (slot_of_writer(cpu), &WRITERS[cpu]);
    let number = random.below(NUMBERS as u64) as usize;
    let (key, old) = (key(slot, number), versions.value(slot, number));
    assert_eq!(map.get(&key), old);
    match random.below(8) {
        0 => {
            let first = self::key(STAYING, number);
            let staying = map.range(first..).take(SLOTS).filter(|(key, _)| key % SLOTS as u64 == 0);
            assert!(staying.count() > 0, "keys that stay are in every range of that length");
            2
        }
        1..=3 => {
            assert_eq!(map.remove(&key), old);
            versions.set(number, 0);
            2
        }
        _ => {
            let (version, value) = versions.next(slot, number);
            assert_eq!(map.insert(key, value), old);
            versions.set(number, version);
            2
        }
    }
}

/// The interrupt handler.
fn handle<C: Calls>() {
    let cpu = cpu::number();
    let left = LEFT[cpu].load(Ordering::Relaxed);
    if left == 0 {
        // An interrupt that came late.
        return;
    }
    let counts = &COUNTS[cpu];
    counts.interrupts.fetch_add(1, Ordering::Relaxed);
    let mut random = Random::new(left as usize * MOST + cpu);
    let calls = left.min(BURST);
    (0..calls).for_each(|_| call::<C>(cpu, counts, &mut random));
    counts.calls.fetch_add(calls, Ordering::Relaxed);
    LEFT[cpu].store(left - calls, Ordering::Relaxed);
    if left > calls {
        interrupts::tick_after((PAUSE.start + random.below(PAUSE.end - PAUSE.start)) as u32);
    } else {
        // Release pairs with the Acquire in `run`.
        FINISHED.fetch_add(1, Ordering::Release);
    }
}

/// One call of a handler.
fn call<C: Calls>(cpu: usize, counts: &Counts, random: &mut Random) {
    let (slot, versions) = (slot_of_handler(cpu), &HANDLERS[cpu]);
    let number = random.below(NUMBERS as u64) as usize;
    let mine = key(slot, number);
    let old = versions.value(slot, number);
    let answer = match random.below(8) {
        0 => {
            let staying = key(STAYING, number);
            let answer = C::get(staying);
            assert!(!matches!(answer, Answer::Old(old) if old != Some(value(staying, 1))));
            answer
        }
        1 => {
            // The writer may be about to change this value, so only its key is certain.
            let foreign = key(slot_of_writer(cpu), number);
            let answer = C::get(foreign);
            assert!(!matches!(answer, Answer::Old(Some(value)) if value >> 32 != foreign));
            answer
        }
        2 | 3 => {
            let answer = C::get(mine);
            assert!(!matches!(answer, Answer::Old(now) if now != old));
            answer
        }
        4 | 5 => {
            let answer = C::remove(mine);
            if let Answer::Old(removed) = answer {
                assert_eq!(removed, old);
                versions.set(number, 0);
            }
            answer
        }
        _ => {
            let (version, value) = versions.next(slot, number);
            let answer = C::insert(mine, value);
            if let Answer::Old(replaced) = answer {
                assert_eq!(replaced, old);
                versions.set(number, version);
            }
            answer
        }
    };
    match answer {
        Answer::Old(_) => {}
        Answer::Busy => drop(counts.busy.fetch_add(1, Ordering::Relaxed)),
        Answer::Full => drop(counts.full.fetch_add(1, Ordering::Relaxed)),
    }
}

/// Every key is there with its value, or is not there, as its writer or handler knows.
fn check_all<P: Platform>(map: &Map<P>) {
    let mut expected = 0;
    for number in 0..NUMBERS {
        let staying = key(STAYING, number);
        assert_eq!(map.get(&staying), Some(value(staying, 1)));
        expected += 1;
        for cpu in 0..team::cpus() {
            for (slot, versions) in
                [(slot_of_writer(cpu), &WRITERS[cpu]), (slot_of_handler(cpu), &HANDLERS[cpu])]
            {
                let value = versions.value(slot, number);
                assert_eq!(map.get(&key(slot, number)), value);
                expected += usize::from(value.is_some());
                // The next scene begins without them.
                versions.set(number, 0);
            }
        }
    }
    assert_eq!(map.iter().count(), expected);
}
