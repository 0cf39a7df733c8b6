//! Uses the index where there is no operating system's library: no std, no libc, a static array for memory.
//!
//! Exits with 0 when every answer was right and it ended where it must: waiting, in the function that it named for
//! that. With 101 or another number otherwise.
#![no_std]
#![no_main]

extern crate alloc;

mod runtime;

use alloc::string::{String, ToString};
use bskip_core::{BSkipMap, GlobalArena, BlockArena, set_relax};

const KEYS: u64 = 50_000;

/// Fills, reads, scans and empties a map.
fn exercise<A: BlockArena>(map: &BSkipMap<u64, u64, A>) {
    // Odd, so that the product visits every key once in a scattered order.
    let key = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for i in 0..KEYS {
        assert_eq!(map.insert(key(i), i), None);
    }
    assert_eq!(map.insert(key(3), 4), Some(3));
    assert!(map.update(&key(3), |value| *value = 3));
    assert_eq!(map.len() as u64, KEYS);
    for i in 0..KEYS {
        assert_eq!(map.get(&key(i)), Some(i));
        assert_eq!(map.get(&key(i + KEYS)), None);
    }
    assert!(map.iter().map(|(key, _)| key).is_sorted_by(|a, b| a < b));
    assert_eq!(map.range(1 << 63..).count() + map.range(..1 << 63).rev().count(), KEYS as usize);
    for i in (0..KEYS).step_by(2) {
        assert_eq!(map.remove(&key(i)), Some(i));
    }
    while map.pop_first().is_some() {}
    assert!(map.is_empty());
}

/// Values that own memory of the allocator.
fn exercise_owned() {
    let map: BSkipMap<[u8; 3], String> = BSkipMap::new();
    for i in 0..1000u32 {
        assert!(map.insert([(i >> 8) as u8, i as u8, 7], i.to_string()).is_none());
    }
    assert_eq!(map.last_key_value_cloned().map(|(_, value)| value).as_deref(), Some("999"));
}

/// Comes to a leaf that this one thread has locked. Without threads to tell apart, nothing but the function
/// given to `set_relax` can end that.
fn wait_for_itself() -> ! {
    fn relax(attempts: u32) {
        if attempts == 1000 {
            runtime::exit(0);
        }
    }
    set_relax(relax);
    let map = BSkipMap::new();
    assert_eq!(map.insert(1u64, 1u64), None);
    map.update(&1, |_| assert_eq!(map.get(&1), None));
    runtime::exit(102)
}

/// Called by the runtime.
extern "C" fn main() -> ! {
    exercise(&BSkipMap::<u64, u64, GlobalArena>::new());
    exercise_owned();
    #[cfg(feature = "bump")]
    {
        use bskip_core::BumpArena;
        let map = BSkipMap::<u64, u64, _>::with_arena(BumpArena::with_limit(8 << 20));
        exercise(&map.expect("room for an empty map"));
        let small =
            BSkipMap::<u64, u64, _>::with_arena(BumpArena::with_limit(100_000)).expect("room for a start");
        let refused = (0..KEYS).find_map(|i| small.try_insert(i, i).err()).expect("the limit holds");
        assert_eq!(refused.key, small.len() as u64);
    }
    wait_for_itself()
}
