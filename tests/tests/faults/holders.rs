//! Threads that hold a leaf and stop: suspended in a closure, or dead.
//!
//! Properties:
//! - while a closure is suspended under its leaf's lock, all operations on keys of other leaves go on.
//!   Operations on its leaf wait, and then see the whole value;
//! - if a thread dies by a panic in a closure, a clone or a drop, it leaves no lock behind, and no value is
//!   lost or dropped twice, while other threads work on the same keys;
//! - a closure may use another map. The closure of `get_or_insert_with` runs without a lock and may use the
//!   same map;
//! - if a closure would wait for its own thread, it panics, whatever it does with the map and however deeply
//!   nested, and leaves the map intact;
//! - a thread sleeps if the holder that it waits for does not go on.

use bskip_core::{BSkipMap, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{OnceLock, mpsc};
use std::thread;
use tests::config::{CRUEL_PROMOTIONS, map_of};
use tests::counted::{Counted, Ledger};
use tests::rng::Rng;

/// Keys of many leaves; the suspended thread holds the leaf of the first.
const KEYS: u64 = 4_000;
/// Two leaves hold fewer keys than this. So keys from here on are neither in the leaf of key 0 nor in its
/// neighbour.
const FAR: u64 = 200;

type Wide = [u64; 5];

#[test]
fn a_suspended_holder_delays_only_its_leaf() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, Wide>(promotion);
        (0..KEYS).for_each(|key| assert_eq!(map.insert(key, [key; 5]), None));
        let (entered, has_entered) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let (map, released) = (&map, released);
            scope.spawn(move || {
                assert!(
                    map.update(&0, |value| {
                        value[..2].fill(7);
                        entered.send(()).expect("the test waits");
                        released.recv().expect("the test lets it go on");
                        value[2..].fill(7);
                    })
                    .is_some()
                );
            });
            has_entered.recv().expect("the closure runs");

            // On other leaves everything goes on. If these operations waited for the closure, the test would
            // never end.
            for key in FAR..KEYS {
                assert_eq!(map.get(&key), Some([key; 5]));
                assert_eq!(map.insert(key, [key + 1; 5]), Some([key; 5]));
                assert!(map.update(&key, |value| *value = [key; 5]).is_some());
                assert_eq!(map.get_with(&key, |value| value[0]), Some(key));
            }
            assert!(map.range(FAR..).map(|(key, _)| key).eq(FAR..KEYS));
            assert!(map.range(FAR..).rev().map(|(key, _)| key).eq((FAR..KEYS).rev()));
            assert_eq!(map.last_key_value(), Some((KEYS - 1, [KEYS - 1; 5])));
            for key in KEYS..2 * KEYS {
                assert_eq!(map.insert(key, [key; 5]), None);
            }
            for key in (FAR..2 * KEYS).rev() {
                assert_eq!(map.remove(&key), Some([key; 5]));
            }

            // Operations on its leaf wait. When they go on, they see the whole value that the closure left.
            let waiting: Vec<_> = (0..9)
                .map(|i| {
                    scope.spawn(move || match i {
                        0 => map.get(&0),
                        1 => map.get_with(&0, |value| *value),
                        2 => map.first_key_value().map(|(_, value)| value),
                        3 => map.iter().next().map(|(_, value)| value),
                        4 => map.range(..=0).next_back().map(|(_, value)| value),
                        5 => map.get_cloned(&0),
                        6 => Some(map.get_or_insert_with(0, || unreachable!())),
                        7 if map.is_empty() => None,
                        _ => {
                            assert!(map.update(&0, |value| assert_eq!(*value, [7; 5])).is_some());
                            map.get(&0)
                        }
                    })
                })
                .collect();
            release.send(()).expect("the closure waits");
            for (i, reader) in waiting.into_iter().enumerate() {
                let value = reader.join().expect("a reader panicked").expect("key 0 is there");
                assert_eq!(value, [7; 5], "{promotion:?}, reader {i}");
            }
        });
        assert_eq!(map.check_invariants().keys as u64, FAR);
    }
}

/// Threads that really die: `join` returns their panic.
#[test]
fn threads_that_die_leave_no_lock() {
    const DEATHS: u64 = 60;
    let keys = 300;
    for promotion in [Promotion::Coin { one_in: 3 }, Promotion::default(), Promotion::Overflow] {
        let ledger = Ledger::new(1 << 19);
        let mut map: BSkipMap<u64, Counted<'_>> = map_of(promotion);
        (0..keys).for_each(|key| assert!(map.insert(key, ledger.value(key)).is_none()));
        thread::scope(|scope| {
            let (map, ledger) = (&map, &ledger);
            let workers: Vec<_> = (0..3)
                .map(|t| {
                    scope.spawn(move || {
                        let mut rng = Rng::new(t);
                        for _ in 0..8_000 {
                            let key = rng.below(keys);
                            match rng.below(4) {
                                0 => drop(map.insert(key, ledger.value(key))),
                                1 => drop(map.remove(&key)),
                                2 => drop(map.get_with(&key, |value| assert_eq!(value.checked(), key))),
                                _ => drop(map.update(&key, |value| *value = ledger.value(value.checked()))),
                            }
                        }
                    })
                })
                .collect();
            for death in 0..DEATHS {
                // The key is inserted before. It may be gone when the thread reaches it; then the thread dies
                // anyway.
                let key = death * 7 % keys;
                drop(map.insert(key, ledger.value(key)));
                let dying = scope.spawn(move || {
                    match death % 5 {
                        0 => drop(map.update(&key, |_| panic!("died in update"))),
                        1 => drop(map.get_with(&key, |_| panic!("died in get_with"))),
                        2 => drop(map.update(&key, |value| {
                            *value = ledger.value(key);
                            panic!("died in update, after a change");
                        })),
                        3 => drop(map.get_or_insert_with(keys + death, || panic!("died in make"))),
                        _ => map.iter().cloned().for_each(|(key, _)| assert!(key < 150, "died in a loop")),
                    }
                    panic!("died because the key was not there");
                });
                assert!(dying.join().is_err(), "it should have died");
            }
            workers.into_iter().for_each(|worker| worker.join().expect("a worker was hurt"));
        });
        // Every leaf can be locked and changed.
        ledger.expect_live(map.check_invariants().keys);
        (0..keys).for_each(|key| drop(map.insert(key, ledger.value(key))));
        assert_eq!(map.check_invariants().keys as u64, keys);
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn closures_may_use_another_map() {
    let (a, b) = (BSkipMap::<u64, u64>::new(), BSkipMap::<u64, u64>::new());
    (0..1000).for_each(|key| assert_eq!((a.insert(key, key), b.insert(key, 0)), (None, None)));
    for key in 0..1000 {
        assert!(
            a.update(&key, |value| {
                assert!(b.update(&key, |other| *other += *value).is_some());
                *value += b.get(&key).expect("there");
            })
            .is_some()
        );
        assert_eq!(
            a.get_with(&key, |value| b.range(key..).next().map(|(k, v)| (k, v, *value))),
            Some(Some((key, key, 2 * key)))
        );
    }
}

#[test]
fn make_may_use_the_same_map() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, u64>(promotion);
        for key in 0..500 {
            let got = map.get_or_insert_with(key, || {
                // These are neighbours in the same leaf. One of them is the key itself; its new value stays.
                let _ = map.insert(key + 1000, 1);
                let _ = map.remove(&(key + 999));
                if key % 3 == 0 { map.get_or_insert_with(key, || 2) + 1 } else { 1 }
            });
            assert_eq!(got, if key % 3 == 0 { 2 } else { 1 });
        }
        assert_eq!(map.check_invariants().keys, 501);
    }
}

/// The message of the panic with which `f` ends.
fn panic_of(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it should have panicked");
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).expect("a message").to_owned()
}

#[test]
fn a_closure_that_waits_for_its_own_thread_panics() {
    type Map = BSkipMap<u64, u64>;
    type Use<'a> = (&'static str, &'a dyn Fn(&Map));
    let other = Map::new();
    assert_eq!(other.insert(0, 0), None);
    let uses: [Use<'_>; 14] = [
        ("get", &|map| _ = map.get(&5)),
        ("contains_key", &|map| _ = map.contains_key(&6)),
        ("get_with", &|map| _ = map.get_with(&5, |_| ())),
        ("insert a neighbour", &|map| _ = map.insert(4, 1)),
        ("overwrite", &|map| _ = map.insert(5, 1)),
        ("remove", &|map| _ = map.remove(&6)),
        ("update", &|map| _ = map.update(&6, |_| ())),
        ("get_or_insert_with", &|map| _ = map.get_or_insert_with(7, || 1)),
        ("first", &|map| _ = map.first_key_value()),
        ("pop_first", &|map| _ = map.pop_first()),
        ("iter", &|map| _ = map.iter().next()),
        ("range backwards", &|map| _ = map.range(..9).next_back()),
        ("len", &|map| _ = map.len()),
        ("through another map", &|map| {
            other.update(&0, |_| _ = map.get(&5));
        }),
    ];
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, u64>(promotion);
        for (name, use_map) in uses {
            let _ = (map.insert(5, 50), map.insert(6, 60));
            for under_update in [true, false] {
                let said = panic_of(|| match under_update {
                    true => _ = map.update(&5, |_| use_map(&map)),
                    false => _ = map.get_with(&5, |_| use_map(&map)),
                });
                assert!(said.contains("wait for itself for ever"), "{name}: {said}");
                // The map is as if the call had not been made, and the locks are free.
                assert_eq!((map.get(&5), map.get(&6), map.len()), (Some(50), Some(60), 2), "{name}");
                assert!(other.update(&0, |value| *value += 1).is_some());
            }
        }
        assert_eq!(map.check_invariants().keys, 2);
    }
}

/// A value whose clone reads the map that holds it.
struct Nosy;

static NOSY: OnceLock<BSkipMap<u64, Nosy>> = OnceLock::new();

impl Clone for Nosy {
    fn clone(&self) -> Self {
        assert!(NOSY.get().expect("made below").contains_key(&1));
        Nosy
    }
}

#[test]
fn so_does_a_clone() {
    let map = NOSY.get_or_init(BSkipMap::new);
    assert!(map.insert(1, Nosy).is_none());
    let clones: [fn(&BSkipMap<u64, Nosy>); 2] =
        [|map| _ = map.get_cloned(&1), |map| _ = map.iter().cloned().next()];
    for clone in clones {
        assert!(panic_of(|| clone(map)).contains("wait for itself for ever"));
    }
    assert!(map.remove(&1).is_some());
}

/// If waiting threads only yielded, they would keep the processors busy for as long as the holder stays away.
#[cfg(target_os = "linux")]
#[test]
fn waiters_sleep() {
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;

    let map = &BSkipMap::<u64, u64>::new();
    assert_eq!(map.insert(1, 0), None);
    let uses: [fn(&BSkipMap<u64, u64>); 4] = [
        |map| _ = map.get(&1),
        |map| _ = map.insert(2, 2),
        |map| assert!(map.update(&1, |value| *value += 1).is_some()),
        |map| _ = map.iter().count(),
    ];
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel::<PathBuf>();
        assert!(
            map.update(&1, |_| {
                for use_map in uses {
                    let tell = tell.clone();
                    scope.spawn(move || {
                        let this = fs::canonicalize("/proc/thread-self").expect("Linux knows its threads");
                        tell.send(this.join("stat")).expect("the test waits");
                        use_map(map);
                    });
                    let stat = told.recv().expect("the waiter told");
                    // A sleeping waiter wakes for a moment now and then, so most samples find it asleep.
                    let sleeps = || {
                        let stat = fs::read_to_string(&stat).expect("the waiter lives");
                        stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('S'))
                    };
                    let asleep = |_: &u32| {
                        thread::sleep(Duration::from_millis(1));
                        sleeps()
                    };
                    let looks = (0..10_000).filter(asleep).take(100).count();
                    assert_eq!(looks, 100, "a waiter is awake");
                }
            })
            .is_some()
        );
    });
    assert_eq!(map.get(&1), Some(1));
}
