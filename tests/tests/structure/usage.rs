//! What a map reports about its blocks.
//!
//! Properties:
//! - if the pool does not count, `usage` returns the same blocks and bytes as with a pool that does, for
//!   every promotion policy and at every size on the way up and down;
//! - while other threads write, `usage` returns, and counts nothing that never existed.

use bskip_core::{
    AllocError, BSkipMap, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalArena,
    GlobalHints, Placement, Promotion,
};
use core::alloc::Layout;
use core::ptr::NonNull;
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::rng::mix;

/// A [`GlobalArena`] whose pools do not count.
struct Uncounted;

struct UncountedPool(<GlobalArena as BlockArena>::Pool);

// SAFETY: the pools are those of `GlobalArena`.
unsafe impl BlockArena for Uncounted {
    type Pool = UncountedPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<UncountedPool, AllocError> {
        Ok(UncountedPool(GlobalArena::new().pool(layout, kind)?))
    }
}

// SAFETY: every call goes to a pool of `GlobalArena`, which keeps the contract.
unsafe impl BlockPool for UncountedPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        self.0.acquire(placement)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: by the caller's promise.
        unsafe { self.0.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise.
        unsafe { self.0.address(block) }
    }
}

fn map<A: BlockArena>(arena: A, promotion: Promotion) -> BSkipMap<u64, u64, A> {
    BSkipMap::with_config(arena, config(promotion, 4)).expect("memory for an empty map")
}

#[test]
fn counted_by_the_map_as_by_the_pool() {
    for promotion in CRUEL_PROMOTIONS {
        let (counted, mut uncounted) = (map(GlobalArena::new(), promotion), map(Uncounted, promotion));
        let expect_same = |uncounted: &BSkipMap<u64, u64, Uncounted>| {
            let (expected, usage) = (counted.usage(), uncounted.usage());
            assert_eq!(usage.issued_blocks, expected.issued_blocks, "{promotion:?}");
            assert_eq!(usage.issued_bytes, expected.issued_bytes, "{promotion:?}");
            assert_eq!(usage.reserved_bytes, usage.issued_bytes);
        };
        expect_same(&uncounted);
        for i in 0..5000 {
            assert_eq!(counted.insert(mix(i), i), uncounted.insert(mix(i), i));
            if i % 100 == 0 {
                expect_same(&uncounted);
            }
        }
        for i in 0..5000 {
            assert_eq!(counted.remove(&mix(i)), uncounted.remove(&mix(i)));
            if i % 100 == 0 {
                expect_same(&uncounted);
            }
        }
        uncounted.check_invariants();
    }
}

#[test]
fn counted_while_others_write() {
    for promotion in CRUEL_PROMOTIONS {
        let map = &map(Uncounted, promotion);
        (0..5000).for_each(|i| assert_eq!(map.insert(mix(i) | 1, i), None));
        let blocks = map.usage().issued_blocks;
        tests::threads::run(3, |t| {
            for i in 0..3000 {
                if t == 0 {
                    let now = map.usage().issued_blocks;
                    assert!((1..4 * blocks).contains(&now), "{now}, after {blocks}");
                    if i == 100 {
                        return;
                    }
                } else {
                    let key = mix(10_000 * t as u64 + i) & !1;
                    map.insert(key, i);
                    map.remove(&(mix(i) | 1));
                }
            }
        });
    }
}
