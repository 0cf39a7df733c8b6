//! A thousand maps in one process: they leave addresses to the process, each of them can still grow, and a
//! map of one key takes little memory.
//!
//! A process cannot take limits back, so each test runs itself again in its own process.
#![cfg(all(target_os = "linux", not(tsan)))]

mod support;

use bskip_core::BSkipMap;
use bskip_core::arena::{AllocErrorKind, BlockArena, BlockKind, BlockPool, Placement};
use numa_alloc::{Builder, NumaArena, PageSize};
use support::linux::{alone, read};
use support::{LEAF, Owned, leaf_pool};

type Map = BSkipMap<u64, u64, NumaArena>;

const MAPS: u64 = 1000;
const GIB: u64 = 1 << 30;

fn on_two_nodes() -> Builder {
    NumaArena::builder().pretend_nodes(2).replicate_inner(true)
}

/// Limits the address space of the process to `bytes`.
fn limit_address_space(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the pointer is to a live structure of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

/// A field of `/proc/self/status`, in bytes.
fn status(field: &str) -> usize {
    let text = read("/proc/self/status");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Takes what the rest of a program needs while there are a thousand maps.
fn threads_and_memory(threads: usize) {
    let sum: usize = std::thread::scope(|scope| {
        let worker = || std::thread::Builder::new().stack_size(8 << 20).spawn_scoped(scope, || 1);
        let workers: Vec<_> = (0..threads).map(|_| worker().expect("a thread")).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(sum, threads);
    let mut large = Vec::<u8>::new();
    large.try_reserve_exact(GIB as usize).expect("1 GiB from the global allocator");
}

/// Makes a thousand maps on the given arenas, together with threads and a large allocation. Two of the maps
/// then grow.
fn a_thousand_maps(arena: impl Fn(u64) -> NumaArena) {
    let maps: Vec<Map> = (0..MAPS)
        .map(|i| {
            let map = Map::with_arena(arena(i)).expect("a map");
            map.insert(i, i);
            map
        })
        .collect();
    threads_and_memory(20);
    for map in [&maps[0], &maps[MAPS as usize - 1]] {
        (0..300_000).for_each(|key| assert!(map.try_insert(key * 7, key).is_ok()));
    }
    threads_and_memory(20);
    for (i, map) in (0..).zip(&maps) {
        assert!(map.get(&i).is_some());
    }
    let report = maps[0].arena().verify_placement();
    assert!(report.refused.is_some() || report.nodes.len() != 2 || report.is_as_requested(), "{report}");
    println!("{} mappings", read("/proc/self/maps").lines().count());
}

#[test]
fn a_thousand_maps_leave_room_for_the_rest() {
    alone("a_thousand_maps_leave_room_for_the_rest", || {
        let arena = NumaArena::new().unwrap();
        a_thousand_maps(|_| arena.clone());
    });
}

#[test]
fn a_thousand_maps_with_replicas_leave_room_for_the_rest() {
    alone("a_thousand_maps_with_replicas_leave_room_for_the_rest", || {
        let arena = on_two_nodes().build().unwrap();
        a_thousand_maps(|_| arena.clone());
    });
}

#[test]
fn a_thousand_arenas_leave_room_for_the_rest() {
    alone("a_thousand_arenas_leave_room_for_the_rest", || {
        a_thousand_maps(|_| on_two_nodes().build().unwrap())
    });
}

#[test]
fn a_thousand_maps_with_replicas_fit_in_64_gib_of_addresses() {
    alone("a_thousand_maps_with_replicas_fit_in_64_gib_of_addresses", || {
        limit_address_space(64 * GIB);
        let arena = on_two_nodes().build().unwrap();
        a_thousand_maps(|_| arena.clone());
    });
}

#[test]
fn a_thousand_maps_fit_in_8_gib_of_addresses() {
    alone("a_thousand_maps_fit_in_8_gib_of_addresses", || {
        limit_address_space(8 * GIB);
        // If the hugetlb pool has no pages, the last kind differs from the first in only one way: each map
        // takes a whole slab.
        for pages in [PageSize::Transparent, PageSize::Small, PageSize::Hugetlb2M] {
            let arena = NumaArena::builder().page_size(pages).build().unwrap();
            a_thousand_maps(|_| arena.clone());
        }
    });
}

/// What each of a thousand maps of one key takes: resident bytes, bytes of addresses under a limit, and bytes
/// of the arena's budget.
fn of_one_key(builder: Builder) -> (usize, usize, usize) {
    limit_address_space(64 * GIB);
    let arena = builder.build().unwrap();
    let before = (status("VmRSS:"), status("VmSize:"));
    let maps: Vec<Map> = (0..MAPS).map(|_| Map::with_arena(arena.clone()).unwrap()).collect();
    for map in &maps {
        map.insert(1, 1);
    }
    let each = |now: usize, before: usize| (now - before) / MAPS as usize;
    let stats = arena.stats();
    let budget =
        stats.total().reserved_bytes + stats.nodes.iter().map(|node| node.replica_bytes).sum::<usize>();
    let figures = (each(status("VmRSS:"), before.0), each(status("VmSize:"), before.1), each(budget, 0));
    println!("{figures:?}");
    figures
}

#[test]
fn a_map_of_one_key_takes_little() {
    alone("a_map_of_one_key_takes_little", || {
        let (resident, addresses, budget) = of_one_key(NumaArena::builder());
        assert!(resident <= 32 << 10, "{resident} bytes of memory");
        assert!(addresses <= 64 << 10, "{addresses} bytes of addresses");
        // Now and then a key is put into an inner node at once.
        assert!(budget <= 36 << 10, "{budget} bytes count against a limit");
    });
}

#[test]
fn a_map_of_one_key_with_replicas_takes_little() {
    alone("a_map_of_one_key_with_replicas_takes_little", || {
        let (resident, addresses, budget) = of_one_key(on_two_nodes());
        assert!(resident <= 48 << 10, "{resident} bytes of memory");
        assert!(addresses <= 128 << 10, "{addresses} bytes of addresses");
        // Now and then a key is put into an inner node at once.
        assert!(budget <= 36 << 10, "{budget} bytes count against a limit");
    });
}

/// Large maps are on huge pages, except for the part in front of the first huge page.
#[test]
fn a_growing_map_gets_huge_pages() {
    alone("a_growing_map_gets_huge_pages", || {
        let modes = read("/sys/kernel/mm/transparent_hugepage/enabled");
        if !modes.contains("[always]") && !modes.contains("[madvise]") {
            return println!("left out: huge pages are off");
        }
        let arena = NumaArena::new().unwrap();
        let pool = leaf_pool(&arena);
        let take = |blocks: usize| {
            for _ in 0..blocks {
                let block = Owned::acquire(&pool, Placement::Policy).unwrap();
                block.words(&pool, LEAF)[0].store(2, std::sync::atomic::Ordering::Relaxed);
            }
        };
        take(200);
        assert_eq!(arena.huge_page_bytes(), Some(0));
        take(5800);
        println!("{:?} of {} bytes", arena.huge_page_bytes(), pool.usage().reserved_bytes);
        // The machine may have no huge page left now.
        assert!(
            arena.huge_page_bytes().is_some_and(|huge| huge <= pool.usage().reserved_bytes - (256 << 10))
        );
    });
}

/// Makes and drops maps, some of them large, and checks that nothing is used up.
fn made_and_dropped(rounds: u64) {
    let arena = on_two_nodes().build().unwrap();
    let mut kept = std::collections::VecDeque::new();
    let mut after_warming = None;
    for round in 0..rounds {
        let map = Map::with_arena(arena.clone()).expect("a map");
        let keys = if round % 512 == 0 { 50_000 } else { 1 };
        (0..keys).for_each(|key| assert!(map.try_insert(key, key).is_ok()));
        kept.push_back(map);
        if kept.len() > 8 {
            kept.pop_front();
        }
        if round == rounds / 2 {
            after_warming = Some((status("VmSize:"), read("/proc/self/maps").lines().count()));
        }
    }
    let (bytes, mappings) = after_warming.unwrap();
    assert!(status("VmSize:") <= bytes + (64 << 20), "{} after {bytes} bytes", status("VmSize:"));
    let now = read("/proc/self/maps").lines().count();
    assert!(now <= mappings + 100, "{now} after {mappings} mappings");
}

#[test]
fn maps_made_and_dropped_use_nothing_up() {
    alone("maps_made_and_dropped_use_nothing_up", || made_and_dropped(20_000));
}

#[test]
fn maps_made_and_dropped_under_a_limit_use_nothing_up() {
    alone("maps_made_and_dropped_under_a_limit_use_nothing_up", || {
        limit_address_space(4 * GIB);
        made_and_dropped(20_000);
    });
}

/// Under a limit on addresses, one map can use nearly all of them, and gives them back when it drops.
#[test]
fn one_pool_can_use_the_addresses_of_the_process() {
    alone("one_pool_can_use_the_addresses_of_the_process", || {
        limit_address_space(GIB);
        let arena = on_two_nodes().build().unwrap();
        for kind in [BlockKind::Leaf, BlockKind::Inner] {
            let pool = arena.pool(LEAF, kind).unwrap();
            let before = status("VmSize:");
            // No block is touched.
            let mut blocks = 0;
            let error = loop {
                match pool.acquire(Placement::Policy) {
                    Ok(_) => blocks += 1,
                    Err(error) => break error,
                }
            };
            let (usage, left) = (pool.usage(), GIB as usize - status("VmSize:"));
            drop(pool);
            println!("{blocks} blocks, {usage:?}, {left} bytes left");
            assert_eq!(error.kind, AllocErrorKind::AddressSpaceExhausted);
            assert!(blocks * LEAF.size() >= 200 << 20, "{usage:?}");
            assert!(left >= 32 << 20, "{left} bytes are left to the rest of the process");
            assert!(status("VmSize:") <= before, "all is given back");
        }
    });
}

/// `mlockall` counts reserved addresses against `RLIMIT_MEMLOCK`.
#[test]
fn a_process_that_locks_its_memory_has_maps() {
    alone("a_process_that_locks_its_memory_has_maps", || {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the pointer is to a live structure of the right type.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) }, 0);
        limit.rlim_cur = limit.rlim_max.min(64 << 20);
        // SAFETY: the pointer is to a live structure of the right type.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) }, 0);
        // SAFETY: the call has no preconditions.
        if unsafe { libc::mlockall(libc::MCL_FUTURE) } != 0 {
            return println!("left out: {}", std::io::Error::last_os_error());
        }
        let maps: Vec<Map> =
            (0..100).map(|_| Map::with_arena(on_two_nodes().build().unwrap()).unwrap()).collect();
        for map in &maps {
            assert!(map.try_insert(1, 1).is_ok());
        }
    });
}
