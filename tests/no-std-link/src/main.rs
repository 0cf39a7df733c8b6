//! Uses the map without an operating system's library: no std, no libc, and a static array for memory.
//!
//! Exits with 0 if every answer is right and the program ends where it must: in its own function for waiting.
//! Otherwise it exits with 101 or another number.
#![no_std]
#![no_main]

extern crate alloc;

#[path = "../../../bskip-core/examples/own_arena/region.rs"]
mod region;

mod builtins;
mod runtime;

use alloc::string::{String, ToString};
use core::arch::global_asm;

use bskip_core::{BSkipMap, BlockArena, GlobalArena, Platform};

// The kernel enters here with the stack aligned to 16. A function expects the stack as it is after a call.
global_asm!(".globl _start", "_start:", "call {main}", "ud2", main = sym main);

const KEYS: u64 = 50_000;

/// Memory for a map, from the example of an arena.
static REGION: region::Region<{ 4 << 14 }> = region::Region::new();

/// Fills, reads, scans and empties a map.
fn exercise<A: BlockArena>(map: &BSkipMap<u64, u64, A>) {
    // Odd, so that the product visits every key once, in scattered order.
    let key = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for i in 0..KEYS {
        assert_eq!(map.insert(key(i), i), None);
    }
    assert_eq!(map.insert(key(3), 4), Some(3));
    assert!(map.update(&key(3), |value| *value = 3).is_some());
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

/// Values that own memory from the allocator.
fn exercise_owned() {
    let map: BSkipMap<[u8; 3], String> = BSkipMap::new();
    for i in 0..1000u32 {
        assert!(map.insert([(i >> 8) as u8, i as u8, 7], i.to_string()).is_none());
    }
    assert_eq!(map.last_key_value_cloned().map(|(_, value)| value).as_deref(), Some("999"));
}

/// Ends the program after the thread has waited for the same thing long enough.
struct GiveUp;

impl Platform for GiveUp {
    fn relax(attempts: u32) {
        if attempts == 1000 {
            runtime::exit(0);
        }
    }
}

/// Reaches a leaf that its only thread has locked. The thread waits for itself, so only its way of waiting
/// can end that.
fn wait_for_itself() -> ! {
    let map = BSkipMap::with_arena(GlobalArena::new().platform::<GiveUp>()).expect("room for an empty map");
    assert_eq!(map.insert(1u64, 1u64), None);
    map.update(&1, |_| assert_eq!(map.get(&1), None));
    runtime::exit(102)
}

/// Called by the runtime.
extern "C" fn main() -> ! {
    exercise(&BSkipMap::<u64, u64, GlobalArena>::new());
    exercise(&BSkipMap::with_arena(&REGION).expect("room for an empty map"));
    assert!(REGION.taken() > KEYS as usize * 16);
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
