//! What the kernel did with the memory, and what happens if it refuses address space, `mbind` or `madvise`.
//!
//! A process cannot take limits and filters back, so each such test runs itself again in its own process.
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
fn touched_and_untouched_pages_are_counted_apart() {
    for builder in [
        NumaArena::builder().page_size(PageSize::Small),
        NumaArena::builder().page_size(PageSize::Small).pretend_nodes(2).policy(Policy::Interleave),
    ] {
        let arena = builder.build().unwrap();
        let pool = leaf_pool(&arena);
        assert!(arena.verify_placement().nodes.iter().all(|node| node.placed + node.untouched == 0));
        touch(&pool, 3000);
        let report = arena.verify_placement();
        if report.refused.is_some() {
            assert!(!report.is_as_requested());
            continue;
        }
        let (mut touched, mut untouched) = (0, 0);
        for node in &report.nodes {
            touched += node.placed + node.misplaced();
            untouched += node.untouched;
        }
        assert!(touched >= 3000 * LEAF.size() / report.page_bytes, "{report}");
        assert!(untouched > 0, "{report}");
        let reserved = pool.usage().reserved_bytes;
        assert_eq!((touched + untouched) * report.page_bytes, reserved, "{report}");
        assert_eq!(arena.huge_page_bytes(), Some(0));
    }
}

#[test]
fn huge_pages_are_counted_within_what_was_touched() {
    let arena = NumaArena::new().unwrap();
    let pool = leaf_pool(&arena);
    touch(&pool, 4000);
    let huge = arena.huge_page_bytes().unwrap();
    assert_eq!(huge % (2 << 20), 0);
    assert!(huge <= pool.usage().reserved_bytes);
    if arena.fallbacks().contains(&Fallback::HugePagesOff) {
        assert_eq!(huge, 0);
    }
}

/// Limits the address space of the process to what it uses now and `bytes` more.
fn leave_address_space(bytes: u64) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let used: u64 = statm.split_whitespace().next().unwrap().parse().unwrap();
    // SAFETY: no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    let limit = used * page + bytes;
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the pointer is to a live structure of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
}

#[test]
fn little_address_space_is_reported() {
    alone("little_address_space_is_reported", || {
        let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
        let before = arena.fallbacks().len();
        leave_address_space(1 << 30);
        let pools = [leaf_pool(&arena), leaf_pool(&arena)];
        for pool in &pools {
            touch(pool, 5000);
        }
        // The machine may lack huge pages as well.
        let fallbacks = arena.fallbacks();
        let [Fallback::SmallAddressRange { bytes }] = fallbacks[before..] else { panic!("{fallbacks:?}") };
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
            // The small rest stays for the process.
            let error = leaf_pool(&arena).acquire(Placement::Policy).unwrap_err();
            assert_eq!(error.kind, AllocErrorKind::AddressSpaceExhausted);
        }
        // The limit does not affect what was reserved before.
        touch(&pool, 5000);
    });
}

/// Limits the writable memory of the process, within what it may have at all.
fn limit_data(bytes: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live structure of the right type.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_DATA, &raw mut limit) }, 0);
    limit.rlim_cur = bytes.min(limit.rlim_max);
    // SAFETY: the pointer is to a live structure of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &raw const limit) }, 0);
}

/// Acquires blocks until an acquisition fails. Returns the last block and the error.
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
fn a_pool_survives_memory_that_the_system_refuses() {
    alone("a_pool_survives_memory_that_the_system_refuses", || {
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
        // The arena's own limit was not charged for what the system refused.
        limit_data(libc::RLIM_INFINITY);
        assert_eq!(exhaust(&pool).1, AllocErrorKind::LimitReached);
        assert_eq!(pool.usage().reserved_bytes, LIMIT);
    });
}

#[test]
fn refused_placement_is_reported_once() {
    alone("refused_placement_is_reported_once", || {
        refuse(&[libc::SYS_mbind, libc::SYS_move_pages, libc::SYS_madvise]);
        let arena = NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave).build().unwrap();
        let before = arena.fallbacks().len();
        for _ in 0..2 {
            touch(&leaf_pool(&arena), 5000);
        }
        let errno = libc::EPERM;
        let balancing = std::fs::read_to_string("/proc/sys/kernel/numa_balancing");
        let mut expected = vec![Fallback::MbindRefused { errno }];
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
            // 600 pools at a time would not fit into the address space of x86-64.
            touch(&leaf_pool(&arena), 1);
        }
        assert_eq!(size(), before);
    });
}
