//! Maps of byte strings on every arena.
//!
//! Properties:
//! - on each arena, answers are a model's, and the invariants hold;
//! - an arena at its byte limit refuses a pair and gives it back; nothing is lost, and after removals there is room
//!   again. `usage` stays within the limit;
//! - building from sorted pairs at the limit fails, and gives the memory back;
//! - the figures of an arena's NUMA nodes add up to the map's.

use bskip_core::{BSkipBytesMap, BlockArena, BumpArena, BytesBulkLoad, BytesInsertErrorKind, NumaNodeId};
use numa_alloc::{NumaArena, PageSize, Policy};
use std::collections::BTreeMap;
use tests::arena::ArenaKind;
use tests::config::{config, some_promotions};
use tests::rng::{Rng, mix};

type Map<V, A> = BSkipBytesMap<[u8], V, A>;

fn key(i: u64) -> Vec<u8> {
    let r = mix(i);
    match r % 4 {
        0 => format!("user{r:019}").into_bytes(),
        1 => format!("https://www.{}.org/articles/{r:x}", r % 50).into_bytes(),
        2 => (0..r % 90).map(|j| (mix(r ^ j) % 4) as u8).collect(),
        _ => r.to_be_bytes().to_vec(),
    }
}

#[test]
fn answers_are_those_of_a_btreemap_on_every_arena() {
    for kind in ArenaKind::ALL {
        for (promotion, seed) in some_promotions().zip(1..) {
            let mut map: Map<u64, _> =
                Map::with_config(kind.make(), config(promotion, seed)).expect("memory");
            let mut model = BTreeMap::new();
            let mut rng = Rng::new(seed);
            for step in 0..12_000 {
                let key = key(rng.below(3000));
                let grows = step / 3000 % 2 == 0;
                match rng.below(10) {
                    0..=4 if grows => assert_eq!(map.insert(&key, step), model.insert(key, step)),
                    0..=5 => assert_eq!(map.remove(&key), model.remove(&key)),
                    6..=7 => assert_eq!(map.get(&key), model.get(&key).copied()),
                    8 => {
                        let theirs =
                            model.range(key.clone()..).take(5).map(|(key, &value)| (key.clone(), value));
                        assert!(map.range(key..).take(5).eq(theirs));
                    }
                    _ if grows => assert_eq!(map.contains_key(&key), model.contains_key(&key)),
                    _ => assert_eq!(map.pop_first(), model.pop_first()),
                }
                if step % 3000 == 0 {
                    map.shrink_to_fit();
                    map.rebalance(&mut bskip_core::BytesMigrateCursor::new(), usize::MAX);
                    assert_eq!(map.check_invariants().keys, model.len(), "{kind:?}");
                }
            }
            let structure = map.check_invariants();
            assert_eq!(map.usage().issued_blocks, structure.leaves + structure.inners, "{kind:?}");
            assert!(map.iter().eq(model), "{kind:?}");
        }
    }
}

/// Fills a map in an arena with a byte limit, empties half of it, and fills it again.
fn fill_up<A: BlockArena>(arena: A, limit: usize) {
    let mut map: Map<String, A> = Map::with_arena(arena).expect("memory");
    let mut model = BTreeMap::new();
    let mut next = 0..;
    let mut fill = |map: &Map<String, A>, model: &mut BTreeMap<Vec<u8>, String>| {
        let before = model.len();
        for i in &mut next {
            match map.try_insert(&key(i), i.to_string()) {
                Ok(old) => assert_eq!(old, model.insert(key(i), i.to_string())),
                Err(error) => {
                    assert_eq!(error.value, i.to_string());
                    assert!(matches!(error.kind, BytesInsertErrorKind::Alloc(_)));
                    break;
                }
            }
        }
        model.len() - before
    };
    let first = fill(&map, &mut model);
    for _ in 0..3 {
        assert!(
            map.usage().issued_bytes <= limit && map.usage().issued_bytes > limit / 3,
            "{:?}",
            map.usage()
        );
        assert_eq!(map.check_invariants().keys, model.len());
        let half: Vec<_> = model.keys().step_by(2).cloned().collect();
        half.iter().for_each(|key| assert_eq!(map.remove(key), model.remove(key)));
        map.shrink_to_fit();
        assert!(fill(&map, &mut model) > first / 8, "there is room again");
        assert!(model.iter().all(|(key, value)| map.get_with(key, |v| v == value) == Some(true)));
    }
    assert_eq!(map.check_invariants().keys, model.len());
    assert!(map.iter().cloned().eq(model));
}

fn numa(limit: usize) -> NumaArena {
    let arena = NumaArena::builder().pretend_nodes(2).page_size(PageSize::Small).policy(Policy::Interleave);
    arena.limit(limit).build().expect("pretended nodes")
}

#[test]
fn a_full_arena_gives_the_pair_back() {
    fill_up(BumpArena::with_limit(300_000), 300_000);
    fill_up(numa(4 << 20), 4 << 20);
}

#[test]
fn building_in_a_full_arena_fails() {
    fn build<A: BlockArena>(arena: A, some: u64) {
        let all: BTreeMap<_, _> = (0..100_000).map(|i| (key(i), i)).collect();
        let load = BytesBulkLoad::<[u8], u64, A>::with_arena(arena).expect("memory");
        assert!(load.part(all.clone()).is_err());
        load.part(all.clone().into_iter().take(some as usize)).expect("the memory has come back");
        let mut map = load.finish().expect("memory");
        assert_eq!(map.check_invariants().keys as u64, some);
        assert!(map.iter().eq(all.into_iter().take(some as usize)));
    }
    // Few enough for one leaf: the blocks of leaves that came back are not for inner nodes.
    build(BumpArena::with_limit(300_000), 2);
    build(numa(2 << 20), 2);
}

#[test]
fn the_nodes_figures_add_up() {
    let arena = NumaArena::builder().pretend_nodes(3).page_size(PageSize::Small).policy(Policy::Interleave);
    let map: Map<u64, _> = Map::with_arena(arena.build().expect("pretended nodes")).expect("memory");
    for i in 0..20_000 {
        map.insert(&key(i), i);
    }
    let stats = map.arena().stats();
    let sum: usize = stats.nodes.iter().map(|node| node.usage.issued_bytes).sum();
    assert_eq!((sum, stats.misses), (map.usage().issued_bytes, 0));
    let least = stats.nodes.iter().map(|node| node.usage.issued_blocks).min().expect("three");
    assert!(least * 4 > map.usage().issued_blocks, "{stats}");
    let mut cursor = bskip_core::BytesMigrateCursor::new();
    map.migrate(&mut cursor, usize::MAX, |_, _| Some(NumaNodeId(2)));
    let after = map.arena().stats();
    let gained = after.nodes[2].usage.issued_blocks - stats.nodes[2].usage.issued_blocks;
    assert_eq!(gained, cursor.moved_leaves());
}
