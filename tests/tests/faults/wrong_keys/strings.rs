//! Keys of byte strings whose conversions are arbitrary, or panic.

use super::keys::{Blown, Counted, FUSE, Panicky};
use bskip_core::{BSkipBytesMap, BytesBulkLoad, BytesKey, GlobalArena, KeyReader, KeyWriter, Promotion};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::thread;
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::rng::mix;

/// What a [`Liar`] lies about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    /// `decode` makes another key of the bytes.
    NoInverse,
    /// `decode` reads nothing, and finds no key.
    NoKey,
    /// `decode` leaves bytes behind.
    Rest,
    /// All keys have the same bytes.
    OneString,
    /// `encode` writes any bytes.
    RandomBytes,
    /// `encode` writes any bytes, and `as_encoded` gives others.
    TwoStrings,
    /// `encode` sometimes writes more bytes than a map takes.
    TooLong,
    /// `decode` gives any key, or none.
    RandomKeys,
}

const LIES: [Lie; 8] = [
    Lie::NoInverse,
    Lie::NoKey,
    Lie::Rest,
    Lie::OneString,
    Lie::RandomBytes,
    Lie::TwoStrings,
    Lie::TooLong,
    Lie::RandomKeys,
];

thread_local! {
    static LIE: Cell<Lie> = const { Cell::new(Lie::NoInverse) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

fn random(below: u64) -> u64 {
    RANDOM.set(RANDOM.get() + 1);
    mix(RANDOM.get()) % below
}

/// The most bytes of a key.
const MOST: usize = BSkipBytesMap::<[u8], ()>::MAX_KEY_BYTES;

/// The most different strings that liars write.
const STRINGS: usize = 2000;

/// A number that lies.
#[derive(Clone, Copy, Debug)]
struct Liar(u64);

impl BytesKey for Liar {
    type Form = Self;
    type Owned = Self;

    fn encode(&self, out: &mut KeyWriter<'_>) {
        match LIE.get() {
            Lie::OneString => out.string(b"one"),
            Lie::RandomBytes | Lie::TwoStrings => (0..random(4)).for_each(|_| out.bytes(&[random(5) as u8])),
            Lie::TooLong if random(20) == 0 => (0..=MOST / 100).for_each(|_| out.bytes(&[7; 100])),
            _ => out.string(format!("the number {}", self.0 % 1000).as_bytes()),
        }
    }

    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        let lie = LIE.get();
        if lie == Lie::NoKey || lie == Lie::RandomKeys && random(4) == 0 {
            return None;
        }
        if lie == Lie::Rest {
            return Some(Self(random(1000)));
        }
        let string = input.string()?;
        let number = string.iter().fold(0, |number: u64, &digit| number.wrapping_mul(10) + u64::from(digit));
        Some(Self(if lie == Lie::RandomKeys { random(1000) } else { !number }))
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        const STRINGS: [&[u8]; 4] = [b"", b"\0", b"two", &[9; 90]];
        (LIE.get() == Lie::TwoStrings && random(2) == 0).then(|| STRINGS[random(4) as usize])
    }
}

type Map<V> = BSkipBytesMap<Liar, V>;

/// Calls `f`, which may panic because a conversion gave nothing, because the bounds are in the wrong order, or
/// because a key is too long. Returns whether it did not.
fn ends(f: impl FnOnce()) -> bool {
    expected_panics_are_silent();
    IS_SILENT.set(true);
    let ended = catch_unwind(AssertUnwindSafe(f));
    IS_SILENT.set(false);
    match ended {
        Ok(()) => true,
        Err(panic) if panic.is::<Blown>() => false,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
            let said = said.expect("a sentence");
            let of_the_user = ["decode", "range start", "bytes, but a map takes at most"];
            assert!(of_the_user.iter().any(|part| said.contains(part)), "the map's own panic: {said}");
            false
        }
    }
}

/// Runs every operation that shares the map, with keys around `i`.
fn everything(map: &Map<String>, i: u64) {
    let (key, value) = (Liar(i), || i.to_string());
    ends(|| drop(map.insert(&key, value())));
    let _ = (map.try_insert(&key, value()), map.try_insert_if_absent(&Liar(i + 1), value()));
    ends(|| _ = map.update(&key, |value| value.push('0')));
    let _ = (map.get_cloned(&key), map.get_with(&key, String::len), map.contains_key(&key), map.is_empty());
    ends(|| _ = (map.first_key_value_cloned(), map.last_key_value_cloned()));
    if i.is_multiple_of(16) {
        ends(|| assert!(map.iter().cloned().count() <= STRINGS));
        ends(|| assert!(map.range(key..).cloned().rev().count() <= STRINGS));
        ends(|| _ = map.range(key..Liar(i + 50)).cloned().count());
        ends(|| _ = (map.pop_first(), map.pop_last()));
        assert!(map.len() <= STRINGS);
        map.shrink_to_fit();
    }
    if !i.is_multiple_of(3) {
        drop(map.remove(&key));
    }
}

fn map_of<K: BytesKey, V>(promotion: Promotion) -> BSkipBytesMap<K, V> {
    BSkipBytesMap::with_config(GlobalArena::new(), config(promotion, 7)).expect("an empty map")
}

/// Checks that the map is whole. Whatever conversions give, an iterator comes to its end: it goes on after a pair
/// whose key could not be read.
fn is_whole(map: &mut Map<String>) {
    let keys = map.check_invariants().keys;
    assert_eq!(map.len(), keys);
    for back in [false, true] {
        let mut pairs = map.iter().cloned();
        let mut seen = 0;
        loop {
            let mut is_done = false;
            let next = || is_done = if back { pairs.next_back() } else { pairs.next() }.is_none();
            ends(next);
            if is_done {
                break;
            }
            seen += 1;
        }
        assert_eq!(seen, keys, "backwards: {back}");
    }
}

thread_local! {
    /// Whether panics of this thread are expected.
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
}

fn expected_panics_are_silent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_SILENT.get() {
                report(panic);
            }
        }));
    });
}

#[test]
fn liars_get_answers() {
    let policies = || CRUEL_PROMOTIONS.into_iter().step_by(2);
    for lie in LIES {
        for promotion in policies() {
            LIE.set(lie);
            let mut map = map_of(promotion);
            (0..400).for_each(|i| everything(&map, i));
            is_whole(&mut map);
            let mut lent = 0;
            let numbers = map_of::<Liar, u64>(promotion);
            (0..300).for_each(|i| _ = numbers.try_insert(&Liar(i), i));
            let _ = numbers.try_for_each_in::<Liar, ()>(.., |_, _| {
                lent += 1;
                ControlFlow::Continue(())
            });
            assert_eq!(lent, numbers.len());
            let load =
                || Map::from_sorted((0..300).map(|i| (Liar(i), i))).map(|mut map| map.check_invariants());
            ends(|| _ = load());
            let mut other: Map<String> = map_of(promotion);
            (0..300).for_each(|i| _ = other.try_insert(&Liar(i), i.to_string()));
            map.append(&mut other);
            is_whole(&mut map);
            assert!(other.is_empty());
            map.clear();
            assert!(map.is_empty());

            // The same by two threads.
            thread::scope(|threads| {
                for thread in 0..2 {
                    let map = &map;
                    threads.spawn(move || {
                        LIE.set(lie);
                        (0..400).for_each(|i| everything(map, i + 100 * thread));
                    });
                }
            });
            is_whole(&mut map);
        }
    }
}

/// A string whose conversions panic when the fuse has burned down.
struct Fused(u64);

impl BytesKey for Fused {
    type Form = Self;
    type Owned = Self;

    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.string(b"fused");
        Panicky::converted();
        out.bytes(&(self.0 / 2).to_be_bytes());
        (0..self.0 % 2).for_each(|_| out.bytes(&[0]));
    }

    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        let string = input.string()?;
        Panicky::converted();
        let (half, end) = string.strip_prefix(b"fused")?.split_first_chunk()?;
        Some(Self(2 * u64::from_be_bytes(*half) + end.len() as u64))
    }
}

/// At the start of an operation, the map's keys are the even numbers below twice this.
const KEYS: u64 = 120;

type FusedMap<'a> = BSkipBytesMap<Fused, Counted<'a>>;
type Operation = for<'a> fn(&mut FusedMap<'a>, &mut FusedMap<'a>);

/// Operations that convert keys, run once or several times. They may use a second map.
fn operations() -> Vec<(&'static str, Operation)> {
    /// A value that is counted with the map's own.
    fn value<'a>(map: &FusedMap<'a>) -> Counted<'a> {
        map.first_key_value_cloned().expect("a pair").1
    }
    vec![
        ("insert", |map, _| {
            let value = value(map);
            (0..KEYS).for_each(|i| drop(map.insert(&Fused(2 * i + 1), value.clone())));
        }),
        ("replace", |map, _| {
            let value = value(map);
            (0..30).for_each(|i| drop(map.try_insert(&Fused(4 * i), value.clone())));
        }),
        ("insert_if_absent", |map, _| {
            let value = value(map);
            (0..30).for_each(|i| drop(map.insert_if_absent(&Fused(3 * i), value.clone())));
        }),
        ("remove", |map, _| (0..KEYS).for_each(|i| drop(map.remove(&Fused(2 * i))))),
        ("get", |map, _| {
            for i in 0..20 {
                let _ = (map.get_cloned(&Fused(2 * i)), map.contains_key(&Fused(i)));
                assert!(
                    map.update(&Fused(2 * i), |_| ()).is_some()
                        && map.get_with(&Fused(2 * i), |_| ()).is_some()
                );
            }
        }),
        ("range", |map, _| {
            drop(map.range(Fused(7)..Fused(101)).cloned().collect::<Vec<_>>());
            drop(map.range(Fused(50)..=Fused(150)).cloned().rev().collect::<Vec<_>>());
        }),
        ("ends", |map, _| {
            let _ = (map.first_key_value_cloned(), map.last_key_value_cloned());
            (0..KEYS / 2).for_each(|_| drop((map.pop_first(), map.pop_last())));
        }),
        ("bulk", |map, other| {
            let value = value(map);
            let load = BytesBulkLoad::new().fill(0.7);
            load.part((0..50).map(|i| (Fused(i), value.clone()))).unwrap_or_else(|_| panic!("sorted"));
            load.part((50..90).map(|i| (Fused(i), value.clone()))).unwrap_or_else(|_| panic!("sorted"));
            assert!(load.part((91..95).rev().map(|i| (Fused(i), value.clone()))).is_err());
            *other = load.finish().unwrap_or_else(|_| panic!("sorted"));
        }),
        ("collect", |map, other| {
            let value = value(map);
            *other = (0..60).rev().chain(0..30).map(|i| (Fused(i), value.clone())).collect();
            other.extend((40..80).map(|i| (Fused(i), value.clone())));
        }),
        ("append", |map, other| {
            let value = value(map);
            (0..40).for_each(|i| drop(other.insert(&Fused(2 * KEYS + i), value.clone())));
            map.append(other);
            (0..40).for_each(|i| drop(other.insert(&Fused(2 * i + 1), value.clone())));
            map.append(other);
            map.shrink_to_fit();
        }),
    ]
}

#[test]
fn the_pairs_behind_a_panic_keep_their_values() {
    let map: BSkipBytesMap<Fused, u64> = BSkipBytesMap::new();
    let mut pairs: Vec<_> = (0..30).map(|i| (Fused(i), (i != 4).then_some(i))).collect();
    FUSE.set(10);
    assert!(!ends(|| map.insert_many(&mut pairs)), "a conversion panics");
    FUSE.set(u64::MAX);
    let done = pairs.iter().position(|pair| pair.1.is_some()).expect("a pair that was not reached");
    assert!((9..=11).contains(&done) && map.len() == done - 1, "{done} pairs");
    assert!(pairs[done..].iter().all(|pair| pair.1 == Some(pair.0.0)), "the others keep their values");
    map.insert_many(&mut pairs);
    assert_eq!(map.len(), 29);
    assert!(pairs.iter().all(|pair| pair.1.is_none()));
}

/// Runs each operation once for each of its conversions, which then panics, and once without a panic. Each time,
/// the map is whole, other threads go on, and every value is dropped once.
#[test]
fn panics_leave_the_map_whole() {
    let live = AtomicI64::new(0);
    let policies = CRUEL_PROMOTIONS.into_iter().step_by(if cfg!(thorough) { 2 } else { 4 });
    for (promotion, (name, operation)) in
        policies.flat_map(|policy| operations().into_iter().map(move |o| (policy, o)))
    {
        for fuse in 1.. {
            let (mut map, mut other): (FusedMap<'_>, FusedMap<'_>) = (map_of(promotion), map_of(promotion));
            (0..KEYS).for_each(|i| drop(map.insert(&Fused(2 * i), Counted::new(&live))));
            FUSE.set(fuse);
            let has_ended = ends(|| operation(&mut map, &mut other));
            FUSE.set(u64::MAX);
            let who = format!("{promotion:?}, {name}, conversion {fuse}");
            for map in [&mut map, &mut other] {
                let keys = map.check_invariants().keys;
                assert_eq!(map.len(), keys, "{who}");
            }
            thread::scope(|threads| {
                threads.spawn(|| {
                    (0..2 * KEYS).for_each(|i| drop(map.insert(&Fused(i), Counted::new(&live))));
                    (0..2 * KEYS).for_each(|i| assert!(map.remove(&Fused(i)).is_some(), "{who}: {i} went"));
                });
            });
            map.check_invariants();
            drop((map, other));
            assert_eq!(live.load(Relaxed), 0, "{who}: values leaked, or dropped twice");
            if has_ended {
                assert!(fuse > 1, "{who}: nothing was converted");
                println!("verify: {} faults", fuse - 1);
                break;
            }
        }
    }
}
