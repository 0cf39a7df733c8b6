//! A scene in which every answer is known: writers and handlers share a map, and each one knows its own keys.
//!
//! The map has three kinds of keys, side by side in its leaves: some stay, some belong to the writer of one CPU, some
//! to the handler of one CPU.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

use bskip_core::{BSkipMap, Platform, StaticArena};

use super::interrupting::{self, Done, Outcome, Refusal, Scene};
use crate::cpu::MOST;
use crate::random::Random;
use crate::team;

/// Numbers of keys.
const NUMBERS: usize = 150;
/// Keys of each number: one that stays, and two for each CPU.
const SLOTS: usize = 1 + 2 * MOST;
/// The slot of the keys that stay.
const STAYING: usize = 0;
/// Versions count to here, then from 1 again.
const MOST_VERSIONS: u32 = 1_000_000;

/// The slot of the keys of a CPU's writer.
fn slot_of_writer(cpu: usize) -> usize {
    1 + 2 * cpu
}

/// The slot of the keys of a CPU's handler.
fn slot_of_handler(cpu: usize) -> usize {
    2 + 2 * cpu
}

/// The key of a slot and a number.
fn key(slot: usize, number: usize) -> u64 {
    (number * SLOTS + slot) as u64
}

/// A value that tells its key.
fn value(key: u64, version: u32) -> u64 {
    key << 32 | u64::from(version)
}

/// The versions of the keys of one writer or handler, by their numbers; 0 for a key that is not there.
///
/// Only the writer or the handler uses them, on its own CPU, so Relaxed suffices. `team` orders what the first CPU does
/// with them afterwards.
struct Versions([AtomicU32; NUMBERS]);

impl Versions {
    const fn none() -> Self {
        Self([const { AtomicU32::new(0) }; NUMBERS])
    }

    /// The value of the key with this number.
    fn value(&self, slot: usize, number: usize) -> Option<u64> {
        match self.0[number].load(Ordering::Relaxed) {
            0 => None,
            version => Some(value(key(slot, number), version)),
        }
    }

    /// The version and the value that the key gets next.
    fn next(&self, slot: usize, number: usize) -> (u32, u64) {
        let version = self.0[number].load(Ordering::Relaxed) % MOST_VERSIONS + 1;
        (version, value(key(slot, number), version))
    }

    fn set(&self, number: usize, version: u32) {
        self.0[number].store(version, Ordering::Relaxed);
    }
}

static WRITERS: [Versions; MOST] = [const { Versions::none() }; MOST];
static HANDLERS: [Versions; MOST] = [const { Versions::none() }; MOST];

/// A map, as the scene uses it.
pub(super) type Map<P> = BSkipMap<u64, u64, &'static StaticArena<P>>;

/// How a handler uses the map: by `BSkipMap::handler`, if a scene does not say otherwise.
pub(super) trait Calls {
    type Platform: Platform;

    fn map() -> &'static Map<Self::Platform>;

    fn get(key: u64) -> Result<Option<u64>, Refusal> {
        Self::map().handler().try_get(&key).map_err(|_| Refusal::Busy)
    }

    fn floor(key: u64) -> Result<Option<(u64, u64)>, Refusal> {
        Self::map().handler().try_floor(&key).map_err(|_| Refusal::Busy)
    }

    fn insert(key: u64, value: u64) -> Result<Option<u64>, Refusal>;

    fn remove(key: u64) -> Result<Option<u64>, Refusal> {
        Self::map().handler().try_remove(&key).map_err(|_| Refusal::Busy)
    }

    /// As [`Scene::prepare`].
    fn prepare() {}
}

/// The scene, with these calls.
struct Known<C>(PhantomData<C>);

/// Runs the scene until the handlers have made `calls` calls. Checks every answer, and in the end every key.
pub(super) fn run<C: Calls>(calls: u64) -> Outcome {
    for number in 0..NUMBERS {
        let key = key(STAYING, number);
        assert_eq!(C::map().insert(key, value(key, 1)), None);
    }
    let outcome = interrupting::run::<Known<C>>(calls);
    check_all(C::map());
    outcome
}

impl<C: Calls> Scene for Known<C> {
    const MUST: &'static [Done] =
        &[Done::Get, Done::Floor, Done::Insert, Done::Replace, Done::Remove, Done::Nothing];

    fn write(cpu: usize, random: &mut Random) -> u64 {
        let (map, slot, versions) = (C::map(), slot_of_writer(cpu), &WRITERS[cpu]);
        let number = random.below(NUMBERS as u64) as usize;
        let (mine, old) = (key(slot, number), versions.value(slot, number));
        assert_eq!(map.get(&mine), old);
        match random.below(8) {
            0 => {
                // A range of two numbers has two keys that stay.
                let number = number.min(NUMBERS - 2);
                let range = map.range(key(STAYING, number)..key(STAYING, number + 2));
                assert_eq!(range.filter(|(key, _)| key % SLOTS as u64 == 0).count(), 2);
            }
            1..=3 => {
                assert_eq!(map.remove(&mine), old);
                versions.set(number, 0);
            }
            _ => {
                let (version, value) = versions.next(slot, number);
                assert_eq!(map.insert(mine, value), old);
                versions.set(number, version);
            }
        }
        2
    }

    fn prepare() {
        C::prepare();
    }

    fn handle(cpu: usize, random: &mut Random) -> Result<Done, Refusal> {
        let (slot, versions) = (slot_of_handler(cpu), &HANDLERS[cpu]);
        let number = random.below(NUMBERS as u64) as usize;
        let (mine, old) = (key(slot, number), versions.value(slot, number));
        match random.below(10) {
            0 => {
                let staying = key(STAYING, number);
                assert_eq!(C::get(staying)?, Some(value(staying, 1)));
                Ok(Done::Get)
            }
            1 => floor::<C>(number, random.below(2) == 0, mine, old),
            2 => {
                // The writer may be about to change this value, so only its key is certain.
                let foreign = key(slot_of_writer(cpu), number);
                assert!(C::get(foreign)?.is_none_or(|value| value >> 32 == foreign));
                Ok(Done::Get)
            }
            3 | 4 => {
                assert_eq!(C::get(mine)?, old);
                Ok(if old.is_some() { Done::Get } else { Done::Nothing })
            }
            5 | 6 => {
                assert_eq!(C::remove(mine)?, old);
                versions.set(number, 0);
                Ok(if old.is_some() { Done::Remove } else { Done::Nothing })
            }
            _ => {
                let (version, value) = versions.next(slot, number);
                assert_eq!(C::insert(mine, value)?, old);
                versions.set(number, version);
                Ok(if old.is_some() { Done::Replace } else { Done::Insert })
            }
        }
    }
}

/// A handler's floor query: for a key that stays, or for one that is never there. `mine` is a key of the handler, with
/// its value.
fn floor<C: Calls>(
    number: usize,
    is_there: bool,
    mine: u64,
    value_of_mine: Option<u64>,
) -> Result<Done, Refusal> {
    let staying = key(STAYING, number);
    if is_there || team::cpus() == MOST {
        assert_eq!(C::floor(staying)?, Some((staying, value(staying, 1))));
    } else {
        let unused = key(slot_of_writer(team::cpus()), number);
        // Keys of other writers and handlers may come and go there, so the nearest key that is certain is a bound.
        let certain = if value_of_mine.is_some() { mine } else { staying };
        let found = C::floor(unused)?;
        let is_right = |(key, value): (u64, u64)| (certain..unused).contains(&key) && value >> 32 == key;
        assert!(found.is_some_and(is_right), "the floor of {unused} is {found:?}, with {certain} there");
    }
    Ok(Done::Floor)
}

/// Every key is there with its value, or is not there, as its writer or handler knows. The next scene begins without
/// them.
fn check_all<P: Platform>(map: &Map<P>) {
    let mut expected = 0;
    for number in 0..NUMBERS {
        let staying = key(STAYING, number);
        assert_eq!(map.get(&staying), Some(value(staying, 1)));
        expected += 1;
        for cpu in 0..team::cpus() {
            let of_writer = (slot_of_writer(cpu), &WRITERS[cpu]);
            for (slot, versions) in [of_writer, (slot_of_handler(cpu), &HANDLERS[cpu])] {
                let value = versions.value(slot, number);
                assert_eq!(map.get(&key(slot, number)), value);
                expected += usize::from(value.is_some());
                versions.set(number, 0);
            }
        }
    }
    assert_eq!(map.iter().count(), expected);
}
