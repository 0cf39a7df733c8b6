//! If any allocation of an operation fails, the operation happens completely or not at all.
//!
//! Properties. In each test the n-th request for memory of an operation fails, alone or with all that follow,
//! for every n. The operations split leaves, promote tall keys, make levels, and enter split nodes into the
//! level above, under every promotion policy:
//! - `try_insert` gives the same pair back, and the map is as before (keys, blocks, live values). Or it has
//!   inserted the pair, and only entries of the index are missing;
//! - the invariants hold. The same insert succeeds when there is memory again, and all keys are found;
//! - the panics of `insert` and `get_or_insert_with` leave the map as before and drop what was not inserted;
//! - if a map cannot be made, the call returns an error and leaves nothing behind;
//! - the same for byte strings that are too long for a node: their cells are given back, too;
//! - the same if the program's own allocator fails, under the arena and under the hint table;
//! - with several threads and refusals at random, exactly what was accepted is there;
//! - all this holds for keys that are byte strings (`strings`).

mod strings;

use bskip_core::{
    BSkipBlobMap, BSkipBytesMap, BSkipMap, BlockArena, BytesInsertErrorKind, GlobalArena, Promotion,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::counted::{Counted, Ledger};
use tests::keys::NumberedKey;
use tests::rationed::{Ration, Rationed, Refuse};
use tests::rng::mix;
use tests::threads;

/// The system's allocator. It fails for a thread if that thread says so.
struct Failing;

/// Not counting.
const OFF: isize = -1;

thread_local! {
    /// Allocations of this thread until one fails, and what the count becomes then.
    static LEFT: Cell<(isize, isize)> = const { Cell::new((OFF, OFF)) };
    /// Allocations that failed.
    static FAILED: Cell<usize> = const { Cell::new(0) };
}

/// Whether this allocation fails.
fn fails() -> bool {
    match LEFT.get() {
        (OFF, _) => false,
        (0, then) => {
            LEFT.set((then, then));
            FAILED.set(FAILED.get() + 1);
            true
        }
        (left, then) => {
            LEFT.set((left - 1, then));
            false
        }
    }
}

// SAFETY: every call is the system's own, whose contract is the same, or a failure, which is allowed.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Nodes of eight slots, so that a few hundred keys need every kind of allocation.
type Wide = [u8; 64];
type Map<'a, A> = BSkipMap<Wide, Counted<'a>, A>;

/// All policies, and the coin that makes most keys tall.
fn promotions() -> impl Iterator<Item = Promotion> {
    CRUEL_PROMOTIONS.into_iter().chain([Promotion::Coin { one_in: 2 }])
}

/// Makes requests fail, and counts those that did.
trait Fault {
    type Arena: BlockArena;
    fn new() -> Self;
    fn arena(&self) -> Self::Arena;
    fn set(&self, refuse: Refuse);
    fn refused(&self) -> usize;
}

/// The arena refuses.
struct InTheArena(Rationed);

impl Fault for InTheArena {
    type Arena = Rationed;
    fn new() -> Self {
        Self(Rationed::all_nodes())
    }
    fn arena(&self) -> Rationed {
        self.0.clone()
    }
    fn set(&self, refuse: Refuse) {
        Ration::set(&self.0.ration, refuse);
    }
    fn refused(&self) -> usize {
        self.0.ration.refused()
    }
}

/// The program's allocator fails, for this thread.
struct InTheAllocator;

impl Fault for InTheAllocator {
    type Arena = GlobalArena;
    fn new() -> Self {
        Self
    }
    fn arena(&self) -> GlobalArena {
        GlobalArena::new()
    }
    fn set(&self, refuse: Refuse) {
        FAILED.set(0);
        LEFT.set(match refuse {
            Refuse::Once(n) => (n as isize, OFF),
            Refuse::After(n) => (n as isize, 0),
            Refuse::Every(n) => (n as isize, n as isize),
            Refuse::Nothing => (OFF, OFF),
        });
    }
    fn refused(&self) -> usize {
        FAILED.get()
    }
}

/// The outcome of all inserts.
#[derive(Debug, Default)]
struct Tried {
    /// Inserts that were refused when their request number n failed.
    refused_at: [usize; 8],
    /// Inserts that succeeded without it.
    did_without: usize,
}

impl Tried {
    /// Requests that failed.
    fn faults(&self) -> usize {
        self.refused_at.iter().sum::<usize>() + self.did_without
    }
}

/// Inserts the keys one by one. It tries each insert on fresh maps again and again: the first request fails,
/// then the second, and so on, until the insert makes no more requests.
fn every_request<F: Fault>(promotion: Promotion, keys: &[Wide], tried: &mut Tried) {
    for present in 0..keys.len() {
        for (n, forever) in (0..).flat_map(|n| [(n, false), (n, true)]) {
            let ledger = Ledger::new(2 * keys.len() + 8);
            let fault = F::new();
            let map: Result<Map<'_, _>, _> = BSkipMap::with_config(fault.arena(), config(promotion, 11));
            let mut map = map.expect("an empty map");
            (0..present).for_each(|i| assert!(map.insert(keys[i], ledger.value(i as u64)).is_none()));
            let (key, value) = (keys[present], ledger.value(present as u64));
            let before = map.check_invariants();

            fault.set(if forever { Refuse::After(n) } else { Refuse::Once(n) });
            let outcome = map.try_insert(key, value);
            let refused = fault.refused();
            fault.set(Refuse::Nothing);

            let what = format!("{promotion:?}, key {present}, request {n}, forever {forever}");
            match outcome {
                Ok(old) => {
                    assert!(old.is_none(), "{what}");
                    tried.did_without += usize::from(refused > 0);
                }
                Err(error) => {
                    assert!(refused > 0, "{what}: refused though there was memory");
                    assert!(error.key == key && error.value.checked() == present as u64, "{what}");
                    assert!(!map.contains_key(&key), "{what}: refused and there");
                    // If the head of a new level could be made, it stays. Otherwise there are as many nodes
                    // as before.
                    let after = map.check_invariants();
                    assert_eq!((after.keys, after.leaves), (before.keys, before.leaves), "{what}");
                    let new_levels = after.levels - before.levels;
                    assert_eq!(after.inners, before.inners + new_levels, "{what}: nodes lost");
                    tried.refused_at[n.min(7)] += 1;
                    assert!(map.try_insert(key, error.value).expect("memory").is_none(), "{what}");
                }
            }
            assert_eq!(map.check_invariants().keys, present + 1, "{what}");
            ledger.expect_live(present + 1);
            if refused > 0 {
                for (i, key) in keys[..=present].iter().enumerate() {
                    assert_eq!(map.get_with(key, Counted::checked), Some(i as u64), "{what}");
                }
                // Later operations find the map in order, too.
                let (rest, added) = (&keys[present + 1..], keys.len() - present - 1);
                rest.iter().for_each(|key| assert!(map.insert(*key, ledger.value(0)).is_none()));
                assert_eq!(map.check_invariants().keys, present + 1 + added, "{what}");
                keys.iter().for_each(|key| assert!(map.remove(key).is_some(), "{what}"));
                ledger.expect_live(0);
            }
            if refused == 0 {
                break;
            }
        }
    }
}

fn orders(keys: u64) -> [Vec<Wide>; 2] {
    [(0..keys).map(|i| Wide::of(mix(i) >> 8)).collect(), (0..keys).map(Wide::of).collect()]
}

#[test]
fn nth_block_of_every_insert() {
    for promotion in promotions() {
        let mut tried = Tried::default();
        orders(160).iter().for_each(|keys| every_request::<InTheArena>(promotion, keys, &mut tried));
        println!("{promotion:?}: {tried:?}\nverify: {} faults", tried.faults());
        assert!(tried.refused_at[0] > 0, "{promotion:?}: no leaf split");
        if promotion == (Promotion::Coin { one_in: 2 }) {
            assert!(tried.refused_at[3] > 0, "no tall insert took four blocks: {tried:?}");
        }
        if promotion == Promotion::Overflow {
            assert!(tried.did_without > 0, "no entry went missing: {tried:?}");
        }
    }
}

#[test]
fn nth_call_of_the_allocator() {
    let (mut refused, mut did_without) = (0, 0);
    for promotion in promotions() {
        let mut tried = Tried::default();
        every_request::<InTheAllocator>(promotion, &orders(160)[0], &mut tried);
        println!("{promotion:?}: {tried:?}\nverify: {} faults", tried.faults());
        refused += tried.refused_at.iter().sum::<usize>();
        did_without += tried.did_without;
    }
    assert!(refused > 0 && did_without > 0, "{refused} refused, {did_without} did without");
}

/// Keys that are too long for a node: with a common start of 1000 bytes, and different ones of many lengths.
fn long_keys(keys: u64) -> Vec<Vec<u8>> {
    let long = |i: u64| match mix(i) % 4 {
        0 | 1 => [&[b'p'; 1000][..], &mix(i).to_be_bytes()].concat(),
        2 => [&mix(i).to_be_bytes()[..], &vec![b'x'; mix(i + 7) as usize % 3000]].concat(),
        _ => mix(i).to_be_bytes().to_vec(),
    };
    (0..keys).map(long).collect()
}

/// Inserts long keys one by one. Each insertion is tried again and again: the first request fails, then the
/// second, and so on, until it makes no more requests.
fn every_request_of_long_keys<F: Fault>(promotion: Promotion, tried: &mut Tried) {
    const KEYS: u64 = 400;
    let fault = F::new();
    // Leaves of eight slots.
    let map: Result<BSkipBytesMap<[u8], [u64; 20], _>, _> =
        BSkipBytesMap::with_config(fault.arena(), config(promotion, 11));
    let mut map = map.expect("an empty map");
    for (present, key) in long_keys(KEYS).iter().enumerate() {
        let value = [present as u64; 20];
        for n in 0.. {
            let before = (map.check_invariants(), map.usage());
            fault.set(if n % 2 == 0 { Refuse::Once(n / 2) } else { Refuse::After(n / 2) });
            let outcome = map.try_insert(&key[..], value);
            let refused = fault.refused();
            fault.set(Refuse::Nothing);
            let what = format!("{promotion:?}, key {present}, request {n}");
            if refused == 0 {
                assert_eq!(outcome, Ok(None), "{what}");
                break;
            }
            match outcome {
                Ok(old) => {
                    assert_eq!(old, None, "{what}");
                    tried.did_without += 1;
                    assert_eq!(map.remove(&key[..]), Some(value), "{what}");
                }
                Err(error) => {
                    assert_eq!(error.value, value, "{what}");
                    assert!(!map.contains_key(&key[..]), "{what}: refused and there");
                    tried.refused_at[(n / 2).min(7)] += 1;
                    // The head of a new level may stay. Cells of the key or of a fence do not.
                    let after = (map.check_invariants(), map.usage());
                    let new_levels = after.0.levels - before.0.levels;
                    assert_eq!(after.0.leaves, before.0.leaves, "{what}");
                    assert_eq!(after.1.issued_blocks, before.1.issued_blocks + new_levels, "{what}");
                }
            }
            assert_eq!(map.check_invariants().keys, present, "{what}");
        }
    }
    assert!(long_keys(KEYS).iter().zip(0..).all(|(key, i)| map.get(&key[..]) == Some([i; 20])));
    assert_eq!(map.check_invariants().keys as u64, KEYS);
    map.clear();
    assert_eq!((map.check_invariants().keys, map.usage().issued_blocks), (0, 1));
}

#[test]
fn every_request_of_every_long_key() {
    let (mut refused, mut did_without) = (0, 0);
    for promotion in promotions() {
        let mut tried = Tried::default();
        every_request_of_long_keys::<InTheArena>(promotion, &mut tried);
        every_request_of_long_keys::<InTheAllocator>(promotion, &mut tried);
        println!("{promotion:?}: {tried:?}\nverify: {} faults", tried.faults());
        refused += tried.refused_at.iter().sum::<usize>();
        did_without += tried.did_without;
    }
    assert!(refused > 0 && did_without > 0, "{refused} refused, {did_without} did without");
}

/// Under a map of byte-string values there are the blocks of cells and the directory of these blocks, too.
#[test]
fn nth_call_of_the_allocator_for_values() {
    let mut map: BSkipBlobMap<[u8]> = BSkipBlobMap::new();
    let mut refused = 0;
    for i in 0..300u64 {
        let (key, value) = (mix(i).to_be_bytes(), vec![i as u8; 40 * i as usize]);
        for (n, forever) in (0..).flat_map(|n| [(n, false), (n, true)]) {
            let before = (map.check_invariants(), map.cells_usage().issued_blocks);
            InTheAllocator.set(if forever { Refuse::After(n) } else { Refuse::Once(n) });
            let outcome = map.try_insert(&key[..], &value);
            InTheAllocator.set(Refuse::Nothing);
            match outcome {
                Ok(new) => {
                    assert!(new);
                    break;
                }
                Err(error) => {
                    assert!(matches!(error, BytesInsertErrorKind::Alloc(_)), "{error}");
                    assert!(!map.contains_key(&key[..]));
                    assert_eq!(map.check_invariants().keys, before.0.keys);
                    assert_eq!(map.cells_usage().issued_blocks, before.1);
                    refused += 1;
                }
            }
        }
    }
    println!("{refused} refused\nverify: {refused} faults");
    assert!(refused > 8, "{refused}");
    for i in 0..300u64 {
        let value = map.take(&mix(i).to_be_bytes()[..]);
        assert_eq!(value, Some(vec![i as u8; 40 * i as usize]));
    }
    assert_eq!((map.check_invariants().keys, map.cells_usage().issued_blocks), (0, 0));
}

#[test]
fn inserts_that_panic_for_lack_of_memory() {
    for promotion in promotions() {
        let keys = &orders(300)[0];
        let ledger = Ledger::new(4096);
        let fault = InTheArena::new();
        let mut map: Map<'_, _> = BSkipMap::with_config(fault.arena(), config(promotion, 2)).expect("a map");
        let mut panics = 0;
        for (i, key) in keys.iter().enumerate() {
            for which in 0..2 {
                let live = ledger.live();
                fault.set(Refuse::After(0));
                let outcome = catch_unwind(AssertUnwindSafe(|| match which {
                    0 => drop(map.insert(*key, ledger.value(0))),
                    _ => drop(map.get_or_insert_with(*key, || ledger.value(0))),
                }));
                fault.set(Refuse::Nothing);
                match outcome {
                    Ok(()) => assert_eq!(map.remove(key).map(|value| value.checked()), Some(0)),
                    Err(payload) => {
                        panics += 1;
                        let message = payload.downcast_ref::<String>().expect("a message");
                        let fallible = ["`try_insert`", "`try_get_or_insert_with`"][which];
                        assert!(
                            message.contains(&format!("{fallible} returns this as an error")),
                            "{message}"
                        );
                    }
                }
                ledger.expect_live(live);
                assert_eq!(map.check_invariants().keys, i);
            }
            assert!(map.insert(*key, ledger.value(i as u64)).is_none());
        }
        assert!(panics > 0, "{promotion:?}: no insert needed memory");
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn maps_that_cannot_be_made() {
    let refused_at = |n| {
        let arena = Rationed::all_nodes();
        arena.ration.set(Refuse::Once(n));
        BSkipMap::<u64, String, _>::with_arena(arena).is_err()
    };
    // Two pools and the first leaf.
    assert_eq!([0, 1, 2, 3].map(refused_at), [true, true, true, false]);
    // Slabs: the pool asks for less and less, and even the least is refused.
    let made = |n| {
        InTheAllocator.set(Refuse::After(n));
        let map = BSkipMap::<u64, String>::with_arena(GlobalArena::new());
        InTheAllocator.set(Refuse::Nothing);
        map.is_ok()
    };
    assert!(!made(0) && made(10));
}

#[test]
fn threads_with_refusals_strewn_in() {
    const THREADS: u64 = 8;
    for promotion in promotions() {
        let arena = Rationed::all_nodes();
        let ration = arena.ration.clone();
        let mut map = BSkipMap::<Wide, u64, _>::with_config(arena, config(promotion, 5)).expect("a map");
        let mut total = 0;
        for round in 0..3 {
            ration.set(Refuse::Every(3));
            let mine = threads::run(THREADS as usize, |t| {
                let mut mine = Vec::new();
                for i in 0..1500 {
                    let number = (i * THREADS + t as u64) << 4 | round;
                    match map.try_insert(Wide::of(number), number) {
                        Ok(old) => {
                            assert_eq!(old, None);
                            mine.push(number);
                        }
                        Err(refused) => {
                            assert_eq!((refused.key, refused.value), (Wide::of(number), number));
                        }
                    }
                    if i % 7 == 0
                        && let Some(gone) = mine.pop()
                    {
                        assert_eq!(map.remove(&Wide::of(gone)), Some(gone));
                    }
                }
                mine
            });
            let refused = ration.refused();
            ration.set(Refuse::Nothing);
            assert!(refused > 10, "{promotion:?}: only {refused} refusals");
            let mut accepted = mine.concat();
            accepted.sort_unstable();
            let there = map.iter().filter(|(_, number)| number & 15 == round);
            assert!(there.map(|(_, number)| number).eq(accepted.iter().copied()), "{promotion:?}");
            total += accepted.len();
            assert_eq!(map.check_invariants().keys, total);
        }
    }
}
