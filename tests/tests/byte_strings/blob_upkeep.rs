//! Maps of byte-string values are made compact, their leaves move between NUMA nodes, and replicas follow,
//! while threads use them. Values stay what they are, wherever their word goes.

use bskip_core::{
    BSkipBlobMap, BlobBulkLoad, BlockArena, BytesMigrateCursor, BytesShrinkCursor, Config, GlobalArena,
    KeyPrefix, NumaNodeId, Refresh,
};
use numa_alloc::{NumaArena, PageSize, Policy};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use tests::arena::ArenaKind;
use tests::blobs::{LENGTHS, check, value};
use tests::config::{CRUEL_PROMOTIONS, config, scaled, some_promotions};
use tests::rng::{Rng, mix};
use tests::threads::Stop;

type Map<A = GlobalArena> = BSkipBlobMap<[u8], A>;

/// Spread over all first bytes.
fn key(i: u64) -> Vec<u8> {
    [&mix(i).to_be_bytes()[..], i.to_string().as_bytes()].concat()
}

fn some(i: u64, seed: u64) -> Vec<u8> {
    value(&key(i), seed as u8, LENGTHS[mix(i ^ seed) as usize % 30])
}

/// All pairs are those of these numbers, with values of any seed.
fn expect<A: BlockArena>(map: &mut Map<A>, numbers: impl Iterator<Item = u64>) {
    let keys: std::collections::BTreeSet<_> = numbers.map(key).collect();
    assert_eq!(map.check_invariants().keys, keys.len());
    assert!(map.iter().map(|pair| pair.0).eq(keys));
    map.iter().for_each(|(key, value)| check(&key, &value));
}

#[test]
fn shrinking_keeps_the_values() {
    const N: u64 = 10_000;
    for promotion in some_promotions() {
        for one_in in [2, 10, 100] {
            let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
            (0..N).for_each(|i| assert!(map.insert(&key(i), &some(i, 1))));
            let stays = |i: &u64| i.is_multiple_of(one_in);
            (0..N).filter(|i| !stays(i)).for_each(|i| assert!(map.remove(&key(i))));
            let (before, cells) = (map.check_invariants(), map.cells_usage().issued_blocks);
            let mut cursor = BytesShrinkCursor::new();
            while map.shrink(&mut cursor, 7) {
                assert_eq!(map.get(&key(0)), Some(some(0, 1)));
            }
            let after = map.check_invariants();
            assert_eq!(before.leaves + before.inners, after.leaves + after.inners + cursor.freed_blocks());
            assert!(cursor.freed_blocks() > 0 && map.cells_usage().issued_blocks == cells);
            assert!((0..N).all(|i| map.get(&key(i)) == stays(&i).then(|| some(i, 1))));
            // Of many small leaves, a second time may merge some more.
            assert!(cfg!(small_nodes) || map.shrink_to_fit() <= 1 + after.leaves / 50);
        }
    }
}

/// One thread shrinks, two write, one reads. Keys of every fourth number stay.
#[test]
fn shrinking_beside_writers() {
    let n = scaled(4000);
    for promotion in CRUEL_PROMOTIONS {
        let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        (0..n).step_by(4).for_each(|i| assert!(map.insert(&key(i), &some(i, 0))));
        let stop = Stop::default();
        std::thread::scope(|scope| {
            let (map, stop) = (&map, &stop);
            let raise = stop.raise_on_drop();
            scope.spawn(move || {
                while !stop.raised() {
                    let mut cursor = BytesShrinkCursor::new();
                    while map.shrink(&mut cursor, 20) {}
                }
            });
            scope.spawn(move || {
                while !stop.raised() {
                    let (mut cursor, mut copy, mut staying) = (map.cursor(), Vec::new(), 0);
                    while cursor.next() {
                        if cursor.value_into(&mut copy) {
                            check(cursor.key().expect("valid"), &copy);
                        }
                        let number = &cursor.key().expect("valid")[8..];
                        let number: u64 =
                            std::str::from_utf8(number).expect("digits").parse().expect("digits");
                        staying += u64::from(number.is_multiple_of(4));
                    }
                    assert_eq!(staying, n.div_ceil(4));
                }
            });
            let writers = [1, 2].map(|writer| {
                scope.spawn(move || {
                    for round in 0..3 {
                        for i in (0..n).filter(|i| i % 4 == writer) {
                            assert!(map.insert(&key(i), &some(i, round)));
                            assert!(!map.insert(&key(i - writer), &some(i - writer, round * 2 + writer)));
                        }
                        for i in (0..n).filter(|i| i % 4 == writer) {
                            assert_eq!(map.take(&key(i)), Some(some(i, round)));
                        }
                    }
                })
            });
            let done = writers.map(|writer| writer.join());
            drop(raise);
            done.into_iter().for_each(|writer| writer.expect("writers find what is theirs"));
        });
        expect(&mut map, (0..n).step_by(4));
        map.clear();
        assert_eq!(map.cells_usage().issued_blocks, 0);
    }
}

const NODES: u32 = 3;

/// Keys below "U" belong to node 2, those up to "\xAA" to node 1, the others to node 0.
fn thirds() -> Policy {
    let word = |bytes: &[u8]| KeyPrefix::of_bytes(bytes).to_bits();
    Policy::Range(vec![(0, NumaNodeId(2)), (word(b"U"), NumaNodeId(1)), (word(b"\xAA"), NumaNodeId(0))])
}

fn arena(policy: Policy) -> NumaArena {
    let arena = NumaArena::builder().pretend_nodes(NODES).policy(policy).page_size(PageSize::Small);
    arena.replicate_inner(true).build().expect("pretended nodes")
}

/// How many leaves there are besides the first, and how many of them are not where `thirds` puts them.
fn homes(map: &Map<NumaArena>) -> (usize, usize) {
    let (mut leaves, mut misplaced) = (0, 0);
    map.migrate(&mut BytesMigrateCursor::new(), usize::MAX, |low, home| {
        if let Some(low) = low {
            let node = if low < b"U".as_slice() { 2 } else { u32::from(low < b"\xAA".as_slice()) };
            leaves += 1;
            misplaced += usize::from(home != NumaNodeId(node));
        }
        None
    });
    (leaves, misplaced)
}

#[test]
fn leaves_move_and_come_back() {
    const N: u64 = 8000;
    for promotion in CRUEL_PROMOTIONS {
        let mut map = Map::with_config(arena(thirds()), config(promotion, 3)).expect("memory");
        (0..N).for_each(|i| assert!(map.insert(&key(i), &some(i, 1))));
        let (leaves, misplaced) = homes(&map);
        assert!(leaves as u64 > N / 64 && misplaced == 0, "leaves are born on the node of their keys");
        let mut cursor = BytesMigrateCursor::new();
        while map.migrate(&mut cursor, 10, |_, _| Some(NumaNodeId(1))) {}
        assert!(cursor.is_done() && cursor.moved_leaves() > leaves / 2);
        assert!(homes(&map).1 > leaves / 2);
        expect(&mut map, 0..N);
        let mut back = BytesMigrateCursor::new();
        while map.rebalance(&mut back, 100) {}
        assert!(homes(&map).1 == 0 && back.moved_leaves() > leaves / 2);
        expect(&mut map, 0..N);
    }
    let load = BlobBulkLoad::<[u8], _>::with_arena(arena(thirds())).expect("memory");
    let sorted: BTreeMap<_, _> = (0..N).map(|i| (key(i), some(i, 1))).collect();
    load.part(sorted).expect("ascending");
    let mut map = load.finish().expect("one part");
    assert!(homes(&map).0 as u64 > N / 64 && homes(&map).1 == 0);
    expect(&mut map, 0..N);
}

/// Values are read and overwritten while their leaves move.
#[test]
fn leaves_move_under_writers() {
    let n = scaled(4000);
    for refresh in [Refresh::Synchronous, Refresh::Lazy] {
        let config = Config::new().refresh(refresh).seed(7);
        let mut map = Map::with_config(arena(Policy::Local), config).expect("memory");
        assert_eq!(map.refresh(), refresh);
        (0..n).for_each(|i| assert!(map.insert(&key(i), &some(i, 0))));
        let stop = Stop::default();
        let moved = std::thread::scope(|scope| {
            let (map, stop) = (&map, &stop);
            let raise = stop.raise_on_drop();
            let mover = scope.spawn(move || {
                let mut moved = 0;
                for round in 0.. {
                    if stop.raised() {
                        break;
                    }
                    let mut cursor = BytesMigrateCursor::new();
                    while map.migrate(&mut cursor, 20, |_, _| Some(NumaNodeId(round % NODES))) {}
                    moved += cursor.moved_leaves();
                }
                moved
            });
            scope.spawn(move || {
                let mut rng = Rng::new(1);
                while !stop.raised() {
                    let i = rng.below(n);
                    assert_eq!(map.get_with(&key(i), |value| check(&key(i), value)), Some(()));
                    let _ = map.try_for_each_in(key(i).., |key, value| {
                        check(key, value);
                        if rng.below(50) == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                    });
                }
            });
            for round in 1..4 {
                (0..n).for_each(|i| assert!(!map.insert(&key(i), &some(i, round))));
            }
            drop(raise);
            mover.join().expect("movers do not fail")
        });
        assert!(moved > 0);
        map.refresh_replicas();
        assert_eq!(map.check_invariants().stale_replicas, 0);
        expect(&mut map, 0..n);
    }
}

#[test]
fn answers_on_every_arena() {
    for kind in ArenaKind::ALL {
        let mut map = Map::with_config(kind.make(), config(CRUEL_PROMOTIONS[0], 3)).expect("memory");
        let mut model = BTreeMap::new();
        let mut rng = Rng::new(5);
        for step in 0..scaled(6000) {
            let i = rng.below(1000);
            match rng.below(4) {
                0 | 1 if step / 1500 % 2 == 0 => {
                    assert_eq!(map.replace(&key(i), &some(i, step)), model.insert(key(i), some(i, step)));
                }
                0..=2 => assert_eq!(map.take(&key(i)), model.remove(&key(i))),
                _ => assert_eq!(map.get(&key(i)), model.get(&key(i)).cloned()),
            }
            if step % 2000 == 1999 {
                map.shrink_to_fit();
                map.rebalance(&mut BytesMigrateCursor::new(), usize::MAX);
                assert_eq!(map.check_invariants().keys, model.len(), "{kind:?}");
            }
        }
        assert!(map.iter().eq(model), "{kind:?}");
    }
}
