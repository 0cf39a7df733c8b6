//! Maps of byte strings are made compact, and their leaves move between NUMA nodes, while threads use them.
//!
//! Properties:
//! - shrinking changes no answer. Afterwards a map takes little more than one built from its pairs, however many
//!   were removed, and no leaf is empty beside others;
//! - leaves go where a policy by keys says, move where they are told to, and come back;
//! - replicas follow.

use bskip_core::{
    BSkipBytesMap, BlockArena, BytesBulkLoad, BytesMigrateCursor, BytesShrinkCursor, Config, GlobalArena,
    KeyPrefix, NumaNodeId, Promotion, Refresh,
};
use numa_alloc::{NumaArena, PageSize, Policy};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tests::config::{CRUEL_PROMOTIONS, config, some_promotions};
use tests::rng::mix;

type Map<V = u64, A = GlobalArena> = BSkipBytesMap<[u8], V, A>;

/// A key of the set with this number, spread over all first bytes if the set is 0.
fn key(set: usize, i: u64) -> Vec<u8> {
    let r = mix(i);
    match set {
        0 => [&r.to_be_bytes()[..], i.to_string().as_bytes()].concat(),
        1 => format!("user{r:019}").into_bytes(),
        2 => format!(
            "https://www.{}.org/{}/{r:x}",
            mix(r % 97) % 1_000_000,
            "articles/".repeat(r as usize % 4)
        )
        .into_bytes(),
        3 => [&vec![b'p'; 70 + (r % 3) as usize][..], format!("{r:016x}").as_bytes()].concat(),
        _ => (0..60 + r % 40).map(|j| (mix(r ^ j) % 3) as u8).collect(),
    }
}

const SETS: usize = 5;

fn bytes<V, A: BlockArena>(map: &Map<V, A>) -> usize {
    map.usage().issued_bytes
}

/// What a map built from the same pairs takes.
fn built(map: &Map, promotion: Promotion) -> usize {
    let load =
        BytesBulkLoad::<[u8], u64>::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
    load.part(map.iter()).expect("ascending");
    bytes(&load.finish().expect("one part"))
}

/// Must hold 3: after 90 % removed and `shrink`, memory is proportional to what is left.
#[test]
fn memory_is_proportional_to_what_is_left() {
    const N: u64 = 20_000;
    for set in 0..SETS {
        for promotion in [Promotion::default(), Promotion::Overflow] {
            for one_in in [1, 2, 10, 100] {
                let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
                (0..N).for_each(|i| assert_eq!(map.insert(&key(set, i), i), None));
                let stays = |i: &u64| mix(i ^ 99).is_multiple_of(one_in);
                (0..N).filter(|i| !stays(i)).for_each(|i| assert_eq!(map.remove(&key(set, i)), Some(i)));
                let before = map.check_invariants();
                let mut cursor = BytesShrinkCursor::new();
                while map.shrink(&mut cursor, 7) {
                    assert_eq!(map.get(&key(set, 3)), stays(&3).then_some(3));
                }
                let after = map.check_invariants();
                let what = format!("set {set}, {promotion:?}, one in {one_in}: {before:?}, {after:?}");
                assert_eq!(
                    before.leaves + before.inners,
                    after.leaves + after.inners + cursor.freed_blocks()
                );
                assert!(cursor.is_done() && after.keys == before.keys, "{what}");
                let (ours, theirs) = (bytes(&map), built(&map, promotion));
                if !cfg!(small_nodes) {
                    assert!(ours < theirs * 5 / 4 + 20_000, "{what}: {ours} bytes, built {theirs}");
                }
                let model: BTreeMap<_, _> = (0..N).filter(stays).map(|i| (key(set, i), i)).collect();
                assert!(map.iter().eq(model.clone()), "{what}");
                // The map lives on.
                (0..N).for_each(|i| assert_eq!(map.insert(&key(set, i), i), stays(&i).then_some(i)));
                assert_eq!(map.check_invariants().keys as u64, N);
            }
        }
    }
}

/// Full leaves with long prefixes, with an empty one between them: it cannot merge with either.
#[test]
fn an_empty_leaf_goes() {
    for promotion in some_promotions() {
        let group = |g: u64, i: u64| format!("{}{i:04}", ["a", "b", "c"][g as usize].repeat(80)).into_bytes();
        let map = Map::with_config(GlobalArena::new(), config(promotion, 2)).expect("memory");
        let all = || (0..3).flat_map(|g| (0..300).map(move |i| (g, i)));
        all().for_each(|(g, i)| assert_eq!(map.insert(&group(g, i), i), None));
        (0..300).for_each(|i| assert_eq!(map.remove(&group(1, i)), Some(i)));
        map.shrink_to_fit();
        let mut map = map;
        let left = map.check_invariants();
        map.shrink_to_fit();
        let again = map.check_invariants();
        // A second time finds next to nothing. Of many small leaves it may merge some more.
        assert!(left.leaves <= again.leaves + 1 + left.leaves / 50, "{left:?}, {again:?}");
        let load = BytesBulkLoad::<[u8], u64>::with_config(GlobalArena::new(), config(promotion, 2));
        let load = load.expect("memory");
        load.part(map.iter()).expect("ascending");
        let built = load.finish().expect("one part").check_invariants();
        if !matches!(promotion, Promotion::Coin { .. }) && !cfg!(small_nodes) {
            assert!(again.leaves <= built.leaves + 3, "{promotion:?}: {again:?}, built {built:?}");
        }
        assert!(all().all(|(g, i)| map.get(&group(g, i)) == (g != 1).then_some(i)));
    }
}

/// Two threads shrink, two insert and remove, one scans.
#[test]
fn shrinking_beside_writers() {
    const N: u64 = 6000;
    for (promotion, set) in CRUEL_PROMOTIONS.into_iter().zip((0..SETS).cycle()) {
        let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        let stop = AtomicBool::new(false);
        // Every fourth key stays throughout.
        let staying: BTreeMap<_, _> = (0..N).step_by(4).map(|i| (key(set, i), i)).collect();
        staying.iter().for_each(|(key, &i)| assert_eq!(map.insert(key, i), None));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Relaxed) {
                        let mut cursor = BytesShrinkCursor::new();
                        while map.shrink(&mut cursor, 20) {}
                    }
                });
            }
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    let seen: Vec<_> = map.iter().filter(|pair| pair.1 % 4 == 0).collect();
                    assert!(seen.iter().map(|(key, value)| (key, value)).eq(&staying));
                }
            });
            let writers: Vec<_> = (1..3)
                .map(|writer| {
                    let map = &map;
                    scope.spawn(move || {
                        let mine = || (0..N).filter(move |i| i % 4 == writer);
                        for _ in 0..3 {
                            mine().for_each(|i| assert_eq!(map.insert(&key(set, i), i), None));
                            assert!(mine().all(|i| map.get(&key(set, i)) == Some(i)));
                            mine().for_each(|i| assert_eq!(map.remove(&key(set, i)), Some(i)));
                        }
                    })
                })
                .collect();
            let done: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            stop.store(true, Relaxed);
            done.into_iter().for_each(|writer| writer.expect("writers find what is theirs"));
        });
        assert_eq!(map.check_invariants().keys, staying.len());
        map.shrink_to_fit();
        assert_eq!(map.check_invariants().keys, staying.len());
        assert!(map.iter().eq(staying));
    }
}

const NODES: u32 = 3;
const N: u64 = 20_000;

fn arena(policy: Policy) -> NumaArena {
    let arena = NumaArena::builder().pretend_nodes(NODES).policy(policy).page_size(PageSize::Small);
    arena.replicate_inner(true).build().expect("pretended nodes")
}

fn numa_map(policy: Policy, config: Config) -> Map<u64, NumaArena> {
    Map::with_config(arena(policy), config).expect("memory")
}

/// Keys below "U" belong to node 2, those up to "\xAA" to node 1, the others to node 0.
fn thirds() -> Policy {
    let word = |bytes: &[u8]| KeyPrefix::of_bytes(bytes).to_bits();
    Policy::Range(vec![(0, NumaNodeId(2)), (word(b"U"), NumaNodeId(1)), (word(b"\xAA"), NumaNodeId(0))])
}

fn node_of(low: &[u8]) -> NumaNodeId {
    NumaNodeId(if low < b"U".as_slice() { 2 } else { u32::from(low < b"\xAA".as_slice()) })
}

/// The low fence and the node of each leaf but the first.
fn homes(map: &Map<u64, NumaArena>) -> Vec<(Vec<u8>, NumaNodeId)> {
    let mut homes = Vec::new();
    map.migrate(&mut BytesMigrateCursor::new(), usize::MAX, |low, home| {
        homes.extend(low.map(|low| (low.to_vec(), home)));
        None
    });
    homes
}

fn misplaced(map: &Map<u64, NumaArena>) -> usize {
    homes(map).iter().filter(|(low, home)| *home != node_of(low)).count()
}

#[test]
fn everything_moves_and_comes_back() {
    for (promotion, seed) in CRUEL_PROMOTIONS.into_iter().zip(1..) {
        let mut map = numa_map(thirds(), config(promotion, seed));
        (0..N).for_each(|i| assert_eq!(map.insert(&key(0, i), i), None));
        let before = map.check_invariants();
        assert_eq!(misplaced(&map), 0, "leaves are born on the node of their keys");
        let stats = map.arena().stats();
        assert!(stats.nodes.iter().all(|node| node.usage.issued_blocks > before.leaves / 4), "{stats}");
        let mut cursor = BytesMigrateCursor::new();
        while map.migrate(&mut cursor, 10, |_, _| Some(NumaNodeId(1))) {}
        // The first leaf stays where it is.
        assert!(cursor.refused_leaves() <= 1 && cursor.moved_leaves() > before.leaves / 2, "{cursor:?}");
        assert!(homes(&map).iter().all(|(_, home)| *home == NumaNodeId(1)));
        let stats = map.arena().stats();
        assert!(stats.nodes[1].usage.issued_blocks >= before.leaves - 1, "{stats}");
        let after = map.check_invariants();
        assert_eq!((after.keys, after.leaves, after.inners), (before.keys, before.leaves, before.inners));
        assert!((0..N).all(|i| map.get(&key(0, i)) == Some(i)));
        let mut back = BytesMigrateCursor::new();
        assert!(!map.rebalance(&mut back, usize::MAX));
        assert_eq!(misplaced(&map), 0);
        assert!(back.is_done() && back.moved_leaves() > before.leaves / 2);
        map.check_invariants();
        assert!((0..N).all(|i| map.get(&key(0, i)) == Some(i)));
    }
    let load = BytesBulkLoad::<[u8], u64, _>::with_arena(arena(thirds())).expect("memory");
    let sorted: BTreeMap<_, _> = (0..N).map(|i| (key(0, i), i)).collect();
    load.part(sorted).expect("ascending");
    let map = load.finish().expect("memory");
    assert!(homes(&map).len() as u64 > N / 64 && misplaced(&map) == 0);
}

#[test]
fn leaves_move_under_writers() {
    for (promotion, seed) in some_promotions().zip(1..) {
        let mut map = numa_map(Policy::Local, config(promotion, seed));
        let stop = AtomicBool::new(false);
        (0..N).step_by(2).for_each(|i| assert_eq!(map.insert(&key(2, i), i), None));
        let moved = std::thread::scope(|scope| {
            let mover = scope.spawn(|| {
                let mut moved = 0;
                for round in 0.. {
                    if stop.load(Relaxed) {
                        break;
                    }
                    let mut cursor = BytesMigrateCursor::new();
                    while map.migrate(&mut cursor, 20, |_, _| Some(NumaNodeId(round % NODES))) {}
                    moved += cursor.moved_leaves();
                }
                moved
            });
            let writer = scope.spawn(|| {
                let mine = || (1..N).step_by(2);
                for _ in 0..2 {
                    mine().for_each(|i| assert_eq!(map.insert(&key(2, i), i), None));
                    assert_eq!(map.iter().filter(|pair| pair.1 % 2 == 0).count() as u64, N / 2);
                    mine().for_each(|i| assert_eq!(map.remove(&key(2, i)), Some(i)));
                }
            });
            let written = writer.join();
            stop.store(true, Relaxed);
            written.expect("the writer finds what is its own");
            mover.join().expect("movers do not fail")
        });
        assert!(moved > 100, "{moved}");
        assert_eq!(map.check_invariants().keys as u64, N / 2);
        assert!((0..N).all(|i| map.get(&key(2, i)) == (i % 2 == 0).then_some(i)));
    }
}

#[test]
fn replicas_follow() {
    for promotion in some_promotions() {
        for refresh in [Refresh::Synchronous, Refresh::Lazy] {
            let config = Config::new().promotion(promotion).refresh(refresh).seed(7);
            let mut map = numa_map(Policy::Hash, config);
            assert_eq!(map.refresh(), refresh);
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let map = &map;
                    scope.spawn(move || {
                        let mine = || (0..N).filter(move |i| i % 3 == thread);
                        mine().for_each(|i| assert_eq!(map.insert(&key(1, i), i), None));
                        mine().step_by(4).for_each(|i| assert_eq!(map.remove(&key(1, i)), Some(i)));
                        for (n, i) in mine().enumerate() {
                            assert_eq!(map.get(&key(1, i)), (n % 4 > 0).then_some(i));
                        }
                    });
                }
            });
            map.shrink_to_fit();
            let stale = map.check_invariants().stale_replicas;
            assert!(stale == 0 || refresh == Refresh::Lazy);
            assert_eq!(map.refresh_replicas(), stale);
            assert_eq!(map.check_invariants().stale_replicas, 0);
        }
    }
}
