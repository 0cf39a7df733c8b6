//! The contract of `BlockPool`, written for any arena and run on every kind of `NumaArena`.

mod support;

use std::alloc::Layout;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{BlockArena, BlockKind, BlockPool, NumaNodeId, Placement};
use numa_alloc::{NumaArena, PageSize, Policy, RemoteFrees};
use support::{LEAF, Owned, address, layout, leaf_pool, words};

/// Every kind of arena that this machine can have.
fn each_arena(test: impl Fn(NumaArena)) {
    let first = NumaArena::new().unwrap().nodes()[0];
    let builders = [
        NumaArena::builder(),
        NumaArena::builder().page_size(PageSize::Small),
        NumaArena::builder().policy(Policy::Node(first)),
        NumaArena::builder().limit(64 << 20),
        NumaArena::builder().pretend_nodes(2),
        NumaArena::builder().pretend_nodes(3).policy(Policy::Interleave),
        NumaArena::builder()
            .pretend_nodes(3)
            .policy(Policy::PreferredMany(vec![NumaNodeId(2), NumaNodeId(1)])),
        NumaArena::builder()
            .pretend_nodes(3)
            .policy(Policy::WeightedInterleave(vec![(NumaNodeId(2), 5), (NumaNodeId(1), 2)])),
        NumaArena::builder().pretend_nodes(2).policy(Policy::NearestRemote).inner_policy(Policy::Interleave),
        NumaArena::builder().pretend_nodes(2).node_limit(NumaNodeId(1), 1 << 20),
        NumaArena::builder().pretend_nodes(3).remote_frees(RemoteFrees::Adopt),
        NumaArena::builder().pretend_nodes(2).prefault(true).page_size(PageSize::Hugetlb2M),
        NumaArena::builder().pretend_nodes(2).pretend_cpuless_nodes(2).policy(Policy::MemoryOnly),
    ];
    for builder in builders {
        println!("{builder:?}");
        test(builder.build().unwrap());
    }
}

fn placement(i: usize) -> Placement {
    match i % 4 {
        0 => Placement::NumaNode(NumaNodeId(1)),
        1 => Placement::NumaNode(NumaNodeId(99)),
        _ => Placement::Policy,
    }
}

/// Threads acquire, hand over and release blocks at random. Checks that a block never has two owners.
fn one_owner<A: BlockArena<Pool: Sync> + Sync>(arena: &A, threads: usize, steps: usize) {
    let pool = leaf_pool(arena);
    let handed_over = Mutex::new(Vec::<Owned>::new());
    let claim = |block: &Owned, owner: u64| {
        let words = block.words(&pool, LEAF);
        for word in [&words[0], &words[LEAF.size() / 8 - 1]] {
            assert_eq!(word.swap(owner, Relaxed), 0, "two owners");
        }
    };
    let let_go = |block: &Owned, owner: u64| {
        let words = block.words(&pool, LEAF);
        for word in [&words[0], &words[LEAF.size() / 8 - 1]] {
            assert_eq!(word.swap(0, Relaxed), owner, "two owners");
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (pool, handed_over) = (&pool, &handed_over);
            scope.spawn(move || {
                let owner = thread as u64 + 1;
                let mut held = Vec::new();
                let mut random = owner.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for step in 0..steps {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    match random % 8 {
                        0..4 if held.len() < 200 => {
                            let block = Owned::acquire(pool, placement(step)).unwrap();
                            claim(&block, owner);
                            held.push(block);
                        }
                        4 if !held.is_empty() => {
                            let block = held.swap_remove(random as usize % held.len());
                            let_go(&block, owner);
                            handed_over.lock().unwrap().push(block);
                        }
                        5 => {
                            let block = handed_over.lock().unwrap().pop();
                            held.extend(block.inspect(|block| claim(block, owner)));
                        }
                        _ if !held.is_empty() => {
                            let block = held.swap_remove(random as usize % held.len());
                            let_go(&block, owner);
                            block.release(pool);
                        }
                        _ => {}
                    }
                }
                for block in held {
                    let_go(&block, owner);
                    block.release(pool);
                }
            });
        }
    });
    let left = handed_over.into_inner().unwrap();
    let usage = pool.usage().expect("it counts");
    assert_eq!((usage.issued_blocks, usage.issued_bytes), (left.len(), left.len() * LEAF.size()));
    for block in left {
        block.release(&pool);
    }
    assert_eq!(pool.usage().expect("it counts").issued_blocks, 0);
}

#[test]
fn a_block_has_one_owner() {
    each_arena(|arena| one_owner(&arena, 8, 20_000));
}

/// Fresh blocks are zero and do not overlap. Blocks that were released and acquired again hold their old
/// contents. Doing so neither adds nor loses memory.
fn zeroed_once_then_left_alone<A: BlockArena>(arena: &A) {
    const BLOCKS: usize = 5000;
    let pool = leaf_pool(arena);
    assert_eq!(pool.usage().expect("it counts").reserved_bytes, 0);
    let blocks: Vec<Owned> = (0..BLOCKS).map(|i| Owned::acquire(&pool, placement(i)).unwrap()).collect();
    let mut addresses: Vec<usize> = blocks.iter().map(|block| block.address(&pool)).collect();
    addresses.sort_unstable();
    assert!(addresses.windows(2).all(|pair| pair[1] - pair[0] >= LEAF.size()), "blocks overlap");
    for block in &blocks {
        let id = u64::from(block.id.0.get());
        for (i, word) in block.words(&pool, LEAF).iter().enumerate() {
            assert_eq!(word.swap(id << 32 | i as u64, Relaxed), 0, "not zeroed");
        }
    }
    let full = pool.usage().expect("it counts");
    assert_eq!((full.issued_blocks, full.issued_bytes), (BLOCKS, BLOCKS * LEAF.size()));
    assert!(full.reserved_bytes >= full.issued_bytes);

    let before: HashSet<_> = blocks.into_iter().map(|block| block.release(&pool)).collect();
    assert_eq!(before.len(), BLOCKS);
    let empty = pool.usage().expect("it counts");
    assert_eq!((empty.issued_blocks, empty.issued_bytes, empty.reserved_bytes), (0, 0, full.reserved_bytes));

    let mut again = HashSet::new();
    for i in 0..BLOCKS {
        let block = Owned::acquire(&pool, placement(i)).unwrap();
        assert!(again.insert(block.id), "issued twice");
        if before.contains(&block.id) {
            let id = u64::from(block.id.0.get());
            let words = block.words(&pool, LEAF);
            assert!(words.iter().enumerate().all(|(i, word)| word.load(Relaxed) == id << 32 | i as u64));
        }
    }
    assert_eq!(pool.usage(), Some(full));
}

#[test]
fn blocks_are_zeroed_once_and_then_left_alone() {
    each_arena(|arena| zeroed_once_then_left_alone(&arena));
}

/// Released blocks stay where they are, mapped and writable, even if the pool moves.
fn type_stable<A: BlockArena<Pool: 'static>>(arena: &A) {
    let pool = leaf_pool(arena);
    let blocks: Vec<Owned> = (0..3000).map(|i| Owned::acquire(&pool, placement(i)).unwrap()).collect();
    let places: Vec<_> = blocks.iter().map(|block| (block.id, block.address(&pool))).collect();
    for block in blocks {
        block.release(&pool);
    }
    let moved = Box::new(pool);
    std::thread::spawn(move || {
        for &(id, place) in &places {
            assert_eq!(address(&*moved, id), place);
            let words = words(&*moved, id, LEAF);
            words[0].store(place as u64, Relaxed);
        }
        let sum = places.iter().map(|&(id, _)| words(&*moved, id, LEAF)[0].load(Relaxed));
        assert!(sum.eq(places.iter().map(|&(_, place)| place as u64)));
    })
    .join()
    .unwrap();
}

#[test]
fn released_blocks_stay_and_moving_the_pool_moves_none() {
    each_arena(|arena| type_stable(&arena));
}

/// Blocks of many layouts are aligned and do not overlap.
fn aligned<A: BlockArena>(arena: &A, shape: Layout) {
    let pool = arena.pool(shape, BlockKind::Inner).unwrap();
    let mut addresses: Vec<usize> = (0..100)
        .map(|i| {
            let block = Owned::acquire(&pool, placement(i)).unwrap();
            block.words(&pool, shape)[0].store(1, Relaxed);
            block.address(&pool)
        })
        .collect();
    addresses.sort_unstable();
    assert!(addresses.iter().all(|address| address % shape.align() == 0), "{shape:?}");
    assert!(addresses.windows(2).all(|pair| pair[1] - pair[0] >= shape.size()), "{shape:?}");
}

#[test]
fn blocks_are_aligned() {
    for shape in [
        layout(64, 64),
        layout(896, 64),
        layout(896, 128),
        layout(1152, 128),
        layout(4096, 64),
        layout(8192, 4096),
        layout(40_000 / 64 * 64, 64),
    ] {
        each_arena(|arena| aligned(&arena, shape));
    }
    aligned(&NumaArena::builder().page_size(PageSize::Small).build().unwrap(), layout(3 << 20, 1 << 20));
}

/// A pool outlives the handles of its arena.
#[test]
fn a_pool_needs_no_handle() {
    let arena = NumaArena::new().unwrap();
    let pool = leaf_pool(&arena);
    drop(arena);
    let block = Owned::acquire(&pool, Placement::Policy).unwrap();
    assert_eq!(block.words(&pool, LEAF)[143].load(Relaxed), 0);
}

#[test]
fn pools_are_apart_and_give_everything_back() {
    let arena = NumaArena::new().unwrap();
    let (leaves, inners) = (leaf_pool(&arena), arena.pool(layout(896, 64), BlockKind::Inner).unwrap());
    let leaf = Owned::acquire(&leaves, Placement::Policy).unwrap();
    let inner = Owned::acquire(&inners, Placement::Policy).unwrap();
    assert_ne!(leaf.address(&leaves) >> 21, inner.address(&inners) >> 21);
    let total = arena.stats().total();
    assert_eq!((total.issued_blocks, total.issued_bytes), (2, 1152 + 896));
    assert_eq!(total, leaves.usage().plus(inners.usage()));
    drop(leaves);
    assert_eq!(arena.stats().total(), inners.usage());
}
