//! Sections around locks: an "interrupt" comes at each edge of a section, which is where a real one would come first
//! if sections turn interrupts off.
//!
//! Properties:
//! - every section that begins ends, the innermost first, also if a closure panics;
//! - at the outer edge of a section the thread holds no lock, so a handler there is never busy, and its answers are
//!   right;
//! - closures under a lock run inside a section, and a thread waits for a holder outside of all sections.

use bskip_core::{BSkipMap, Config, GlobalArena, Platform, Promotion};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use tests::config::scaled;
use tests::rng::Rng;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static SECTIONS: Cell<u64> = const { Cell::new(0) };
    /// The map that interrupts use, while there is one.
    static INTERRUPTED: Cell<*const Map> = const { Cell::new(std::ptr::null()) };
    static INTERRUPTS: RefCell<Interrupts> = RefCell::new(Interrupts::new());
}

type Map = BSkipMap<u64, u64, GlobalArena<Edges>>;

/// What interrupts do to odd keys.
struct Interrupts {
    model: BTreeMap<u64, u64>,
    rng: Rng,
    made: u64,
    full: u64,
}

impl Interrupts {
    fn new() -> Self {
        Self { model: BTreeMap::new(), rng: Rng::new(77), made: 0, full: 0 }
    }

    fn make(&mut self, map: &Map) {
        let handler = map.handler();
        let (key, value) = (self.rng.below(2000) | 1, self.made);
        self.made += 1;
        match self.rng.below(4) {
            0 => match handler.try_insert(key, value) {
                Ok(old) => assert_eq!(old, self.model.insert(key, value)),
                Err(error) => {
                    assert_eq!(error.cause, bskip_core::TryInsertCause::Full, "no lock is held");
                    self.full += 1;
                }
            },
            1 => assert_eq!(handler.try_remove(&key), Ok(self.model.remove(&key))),
            2 => {
                let (found, value) = handler.try_ceiling(&key).expect("no lock is held").unwrap_or((2001, 0));
                let odd = self.model.range(key..).next();
                assert!(found <= odd.map_or(2001, |(&key, _)| key));
                assert!(found % 2 == 0 || found == 2001 || odd == Some((&found, &value)));
            }
            _ => assert_eq!(handler.try_get(&key), Ok(self.model.get(&key).copied())),
        }
    }
}

/// An interrupt, if there is a map and no section around it.
fn interrupt() {
    let map = INTERRUPTED.replace(std::ptr::null());
    if !map.is_null() && DEPTH.get() == 0 {
        // SAFETY: `with_interrupts` keeps the map alive as long as the pointer is there.
        INTERRUPTS.with_borrow_mut(|interrupts| interrupts.make(unsafe { &*map }));
    }
    INTERRUPTED.set(map);
}

struct Edges;

impl Platform for Edges {
    fn relax(attempts: u32) {
        assert!(attempts < 32 || DEPTH.get() == 0, "a thread waits for a holder within a section");
        thread::yield_now();
    }

    fn enter() -> usize {
        interrupt();
        SECTIONS.set(SECTIONS.get() + 1);
        DEPTH.set(DEPTH.get() + 1);
        DEPTH.get()
    }

    fn leave(token: usize) {
        assert_eq!(token, DEPTH.get(), "the innermost section ends first");
        DEPTH.set(token - 1);
        interrupt();
    }
}

fn map(promotion: Promotion) -> Map {
    let config = Config::new().promotion(promotion).seed(9);
    BSkipMap::with_config(GlobalArena::new().platform(), config).expect("memory")
}

/// Runs `code`, which uses the map, with interrupts. Returns what they have left in the map.
fn with_interrupts(map: &Map, code: impl FnOnce()) -> Interrupts {
    INTERRUPTED.set(map);
    code();
    INTERRUPTED.set(std::ptr::null());
    INTERRUPTS.replace(Interrupts::new())
}

#[test]
fn an_interrupt_at_the_edge_of_a_section_is_never_busy() {
    for promotion in [Promotion::Overflow, Promotion::CoinAndOverflow { one_in: 8 }] {
        let mut map = map(promotion);
        let mut model = BTreeMap::new();
        let mut rng = Rng::new(1);
        let interrupts = with_interrupts(&map, || {
            for step in 0..scaled(100_000) {
                let inserts = if step / 10_000 % 2 == 0 { 7 } else { 3 };
                let key = rng.below(2000) & !1;
                match rng.below(12) {
                    dice if dice < inserts => assert_eq!(map.insert(key, step), model.insert(key, step)),
                    3..8 => assert_eq!(map.remove(&key), model.remove(&key)),
                    8 => assert_eq!(
                        map.update(&key, |value| core::mem::replace(value, step)),
                        model.get_mut(&key).map(|value| core::mem::replace(value, step)),
                    ),
                    9 => assert_eq!(map.get_cloned(&key), model.get(&key).copied()),
                    10 => map.for_each_with(key..key + 40, |_, _| assert!(DEPTH.get() > 0)),
                    _ => assert_eq!(map.get(&key), model.get(&key).copied()),
                }
            }
            _ = map.range_snapshot(..);
        });
        assert_eq!(DEPTH.get(), 0);
        assert!(interrupts.made > scaled(50_000) && interrupts.full * 2 < interrupts.made);
        model.extend(interrupts.model);
        map.check_invariants();
        assert!(map.iter().eq(model));
        println!("interrupts at edges of sections: {} calls", interrupts.made);
    }
}

/// A read of `Copy` values and keys is no section. Everything that locks is one.
#[test]
fn what_is_a_section() {
    let map = map(Promotion::Overflow);
    (0..1000).for_each(|key| _ = map.insert(key, key));
    let sections = |code: &dyn Fn()| {
        let before = SECTIONS.get();
        code();
        assert_eq!(DEPTH.get(), 0);
        SECTIONS.get() - before
    };
    assert_eq!(sections(&|| _ = map.get(&7)), 0);
    assert_eq!(sections(&|| _ = map.iter().count()), 0);
    assert_eq!(sections(&|| _ = map.contains_key(&7)), 0);
    assert_eq!(sections(&|| _ = map.first_key_value()), 0);
    assert_eq!(sections(&|| _ = map.range_snapshot(..)), 0);
    assert_eq!(sections(&|| _ = map.handler().try_get(&7)), 0);
    assert_eq!(sections(&|| _ = map.insert(7, 8)), 1);
    assert_eq!(sections(&|| _ = map.get_cloned(&7)), 1);
    assert_eq!(sections(&|| _ = map.first_key_value_cloned()), 1);
    assert_eq!(sections(&|| _ = map.range(..).cloned().count()), 1000);
    assert_eq!(sections(&|| _ = map.handler().try_insert(7, 9)), 1);
    assert_eq!(sections(&|| _ = map.update(&7, |_| assert_eq!(DEPTH.get(), 1))), 1);
}

#[test]
fn a_section_ends_if_a_closure_panics() {
    let map = map(Promotion::Overflow);
    map.insert(1, 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| map.update(&1, |_| panic!("a test's panic"))));
    assert!(panicked.is_err());
    assert_eq!((DEPTH.get(), map.get(&1)), (0, Some(1)));
    let panicked =
        catch_unwind(AssertUnwindSafe(|| map.compute(2, |_| -> bskip_core::Operation<u64, ()> { panic!() })));
    assert!(panicked.is_err());
    assert_eq!((DEPTH.get(), map.get(&2)), (0, None));
}

/// Threads that wait for each other. `Edges::relax` and `leave` check each wait and each section.
#[test]
fn threads_wait_outside_of_sections() {
    let map = &map(Promotion::CoinAndOverflow { one_in: 16 });
    let logs = tests::threads::run(4, |t| {
        let mut rng = Rng::new(t as u64);
        let mut sum = 0u64;
        for step in 0..scaled(50_000) {
            let key = rng.below(300);
            match rng.below(8) {
                0..3 => sum = sum.wrapping_sub(map.insert(key, step).unwrap_or(0)).wrapping_add(step),
                3..6 => sum = sum.wrapping_sub(map.remove(&key).unwrap_or(0)),
                6 => assert!(map.get_cloned(&key).is_none_or(|value| value < scaled(50_000))),
                _ => {
                    let pairs = map.range_snapshot(key..key + 100);
                    assert!(pairs.is_sorted_by_key(|(key, _)| *key));
                }
            }
        }
        assert_eq!(DEPTH.get(), 0);
        sum
    });
    let left: u64 = map.iter().map(|(_, value)| value).sum();
    assert_eq!(logs.into_iter().fold(0u64, u64::wrapping_add), left);
}

/// The platform's seed is used unless the configuration gives one.
#[test]
fn the_seed_is_the_platforms() {
    thread_local! { static SEEDS: Cell<u64> = const { Cell::new(0) }; }
    struct Seeds;
    impl Platform for Seeds {
        fn relax(_: u32) {
            thread::yield_now();
        }
        fn seed() -> u64 {
            SEEDS.set(SEEDS.get() + 1);
            5
        }
    }
    let make = |config| BSkipMap::<u64, u64, _>::with_config(GlobalArena::new().platform::<Seeds>(), config);
    assert!(make(Config::new().seed(1)).is_ok());
    assert_eq!(SEEDS.get(), 0);
    assert!(make(Config::new()).is_ok());
    assert_eq!(SEEDS.get(), 1);
}
