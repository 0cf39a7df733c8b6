//! What the kernel did with the memory, and what happens when it refuses: address space, `mbind`, `madvise`.
//!
//! Limits and filters cannot be taken back, so each such test runs itself again in a process of its own.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{AllocErrorKind, BlockPool, Placement};
use numa_alloc::{Fallback, NumaArena, NumaPool, PageSize, Policy};
use support::linux::{alone, refuse};
use support::{LEAF, Owned, leaf_pool};

fn touch(pool: &NumaPool, blocks: usize) {
    for _ in 0..blocks {
        let block = Owned::acquire(pool, Placement::Policy).unwrap();
        block.words(pool, LEAF).iter().for_each(|word| word.store(1, Relaxed));
    }
}

#[test]
fn touched_pages_are_told_from_untouched_ones() {
    for builder in [
        NumaArena::builder().pages(PageSize::Small),
        NumaArena::builder().pages(PageSize::Small).pretend_nodes(2).policy(Policy::Interleave),
    ] {
        let arena = builder.build().unwrap();
        let pool = leaf_pool(&arena);
        assert!(arena.verify_placement().nodes.iter().all(|node| node.placed + node.untouched == 0));
        touch(&pool, 3000);
        let report = arena.verify_placement();
        if report.refused.is_some() {
            assert!(!report.is_as_asked());
            continue;
        }
        let (mut touched, mut untouched) = (0, 0);
        for node in &report.nodes {
            touched += node.placed + node.elsewhere.iter().map(|(_, pages)| pages).sum::<usize>();
            untouched += node.untouched;
        }
        assert!(touched >= 3000 * LEAF.size() / report.page_bytes, "{report}");
        assert!(untouched > 0, "{report}");
        let reserved = pool.usage().reserved_bytes;
        assert_eq!((touched + untouched) * report.page_bytes, reserved, "{report}");
        assert_eq!(arena.huge_pages(), Some(0));
    }
}

#[test]
fn huge_pages_are_counted_within_what_was_touched() {
    let arena = NumaArena::new().unwrap();
    let pool = leaf_pool(&arena);
    touch(&pool, 4000);
    let huge = arena.huge_pages().unwrap();
    assert_eq!(huge % (2 << 20), 0);
    assert!(huge <= pool.usage().reserved_bytes);
    if arena.fallbacks().contains(&Fallback::HugePagesOff) {
        assert_eq!(huge, 0);
    }
}

/// Leaves the process so many bytes of address space beyond what it uses now.
fn leave_address_space(bytes: u64) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let used: u64 = statm.split_whitespace().next().unwrap().parse().unwrap();
    // SAFETY: no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    let limit = used * page + bytes;
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the structure is alive.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

#[test]
fn little_address_space_is_told() {
    alone("little_address_space_is_told", || {
        let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
        let before = arena.fallbacks().len();
        leave_address_space(1 << 30);
        let pools = [leaf_pool(&arena), leaf_pool(&arena)];
        for pool in &pools {
            touch(pool, 5000);
        }
        // Beside it the machine may lack huge pages.
        let fallbacks = arena.fallbacks();
        let [Fallback::SmallRange { bytes }] = fallbacks[before..] else { panic!("{fallbacks:?}") };
        assert!((1 << 30..3 << 29).contains(&bytes), "{bytes}");
    });
}

#[test]
fn no_address_space_is_an_error() {
    alone("no_address_space_is_an_error", || {
        let arena = NumaArena::new().unwrap();
        let pool = leaf_pool(&arena);
        leave_address_space(2 << 20);
        for _ in 0..3 {
            // The little that there is stays for the rest of the process.
            let error = leaf_pool(&arena).acquire(Placement::Policy).unwrap_err();
            assert_eq!(error.kind, AllocErrorKind::AddressSpaceExhausted);
        }
        // What was reserved before is not touched by it.
        touch(&pool, 5000);
    });
}

/// Lets the process have so many bytes of writable memory, at most what it may have at all.
fn limit_data(bytes: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is alive.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_DATA, &raw mut limit) }, 0);
    limit.rlim_cur = bytes.min(limit.rlim_max);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &raw const limit) }, 0);
}

/// Takes all blocks that can be had; the last of them, and why there are no more.
fn exhaust(pool: &NumaPool) -> (Option<Owned>, AllocErrorKind) {
    let mut last = None;
    loop {
        match Owned::acquire(pool, Placement::Policy) {
            Ok(block) => last = Some(block),
            Err(error) => return (last, error.kind),
        }
    }
}

#[test]
fn memory_that_the_system_refuses_is_an_error_and_not_the_end() {
    alone("memory_that_the_system_refuses_is_an_error_and_not_the_end", || {
        const LIMIT: usize = 48 << 20;
        let arena = NumaArena::builder().limit(LIMIT).build().unwrap();
        let pool = leaf_pool(&arena);
        limit_data(24 << 20);
        let (last, why) = exhaust(&pool);
        assert_eq!(why, AllocErrorKind::OutOfMemory);
        let usage = pool.usage();
        assert!(usage.reserved_bytes - usage.issued_bytes < 2 * 4096, "{usage:?}");
        let released = last.unwrap().release(&pool);
        assert_eq!(Owned::acquire(&pool, Placement::Policy).unwrap().id, released);
        // What was refused was not charged to the arena's own limit.
        limit_data(libc::RLIM_INFINITY);
        assert_eq!(exhaust(&pool).1, AllocErrorKind::LimitReached);
        assert_eq!(pool.usage().reserved_bytes, LIMIT);
    });
}

#[test]
fn refused_placement_is_survived_and_told_once() {
    alone("refused_placement_is_survived_and_told_once", || {
        refuse(&[libc::SYS_mbind, libc::SYS_move_pages, libc::SYS_madvise]);
        let arena = NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave).build().unwrap();
        let before = arena.fallbacks().len();
        for _ in 0..2 {
            touch(&leaf_pool(&arena), 5000);
        }
        let errno = libc::EPERM;
        let balancing = std::fs::read_to_string("/proc/sys/kernel/numa_balancing");
        let mut expected = vec![Fallback::BindRefused { errno }];
        expected.extend(balancing.is_ok_and(|mode| mode.trim() != "0").then_some(Fallback::PagesMayMove));
        expected.push(Fallback::HugePagesRefused { errno });
        assert_eq!(arena.fallbacks()[before..], expected);
        let pool = leaf_pool(&arena);
        touch(&pool, 1);
        assert_eq!(arena.verify_placement().refused, Some(errno));
        let report = arena.report();
        assert!(report.contains("fallback: mbind was refused (Operation not permitted"), "{report}");
    });
}

#[test]
fn a_dropped_pool_is_unmapped() {
    alone("a_dropped_pool_is_unmapped", || {
        let size =
            || std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').next().map(str::to_owned);
        let arena = NumaArena::new().unwrap();
        drop(leaf_pool(&arena));
        let before = size();
        for _ in 0..600 {
            // So many at a time would not fit into the address space of x86-64.
            touch(&leaf_pool(&arena), 1);
        }
        assert_eq!(size(), before);
    });
}
