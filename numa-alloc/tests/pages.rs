//! Hugetlb pages, and memory that is touched in advance. The tests pass whether the hugetlb pool has many
//! pages, few or none, and print what they found. `echo 8 > /proc/sys/vm/nr_hugepages` reserves some.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::Placement;
use numa_alloc::{Fallback, NumaArena, NumaPool, PageSize, Policy};
use support::linux::{alone, refuse};
use support::{LEAF, Owned, leaf_pool};

const MIB: usize = 1 << 20;

/// Acquires blocks, checks that they are zero, and writes into all of each.
fn touch(pool: &NumaPool, blocks: usize) -> Vec<Owned> {
    let touched = |_| {
        let block = Owned::acquire(pool, Placement::Policy).unwrap();
        assert!(block.words(pool, LEAF).iter().all(|word| word.swap(1, Relaxed) == 0));
        block
    };
    (0..blocks).map(touched).collect()
}

/// The refusals of the hugetlb pool that the arena recorded.
fn refusals(arena: &NumaArena) -> Vec<(usize, i32)> {
    let refusal = |fallback: &Fallback| match *fallback {
        Fallback::HugetlbRefused { bytes, errno } => Some((bytes, errno)),
        _ => None,
    };
    arena.fallbacks().iter().filter_map(refusal).collect()
}

#[test]
fn the_hugetlb_pool_gives_pages_or_its_refusal_is_reported_once() {
    for (pages, page) in [(PageSize::Hugetlb2M, 2 * MIB), (PageSize::Hugetlb1G, 1024 * MIB)] {
        for builder in [
            NumaArena::builder(),
            NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave),
            NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave).prefault(true),
        ] {
            let arena = builder.page_size(pages).build().unwrap();
            let pools = [leaf_pool(&arena), leaf_pool(&arena)];
            pools.iter().for_each(|pool| drop(touch(pool, 8000)));
            let committed = arena.stats().total().reserved_bytes;
            let huge = arena.huge_page_bytes().unwrap();
            println!("{huge} of {committed} bytes on huge pages; refused: {:?}", refusals(&arena));
            assert!(huge <= committed);
            match refusals(&arena)[..] {
                // All memory is hugetlb pages.
                [] => assert_eq!((huge, committed % page), (committed, 0)),
                [(bytes, errno)] => assert!(bytes == page && errno != 0),
                ref several => panic!("reported more than once: {several:?}"),
            }
            let report = arena.verify_placement();
            if report.nodes.len() == 1 && report.refused.is_none() {
                assert!(report.is_as_requested(), "{report}");
            }
        }
    }
}

#[test]
fn near_the_limit_there_are_small_pages() {
    const LIMIT: usize = 5 * MIB;
    for pages in [PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
        let arena = NumaArena::builder().page_size(pages).limit(LIMIT).build().unwrap();
        let pool = leaf_pool(&arena);
        let blocks = touch(&pool, (LIMIT - 64) / LEAF.size());
        assert_eq!(pool.usage().reserved_bytes, LIMIT);
        assert!(Owned::acquire(&pool, Placement::Policy).is_err());
        drop(blocks);
    }
}

/// If the hugetlb pages are refused after the mapping was made, the range becomes ordinary memory again.
#[test]
fn refused_advice_leaves_ordinary_memory() {
    alone("refused_advice_leaves_ordinary_memory", || {
        refuse(&[libc::SYS_madvise]);
        for pages in [PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
            let arena =
                NumaArena::builder().page_size(pages).prefault(true).pretend_nodes(2).build().unwrap();
            touch(&leaf_pool(&arena), 5000);
            let [(_, errno)] = refusals(&arena)[..] else { panic!("{:?}", arena.fallbacks()) };
            // A kernel without pages of this size refuses before it is asked for advice.
            assert!([libc::EPERM, libc::EINVAL, libc::ENODEV].contains(&errno), "{errno}");
        }
    });
}

/// A write after a fork must not copy a page, because the hugetlb pool may have none left.
#[test]
fn a_parent_can_write_after_a_fork() {
    alone("a_parent_can_write_after_a_fork", || {
        let arena = NumaArena::builder().page_size(PageSize::Hugetlb2M).build().unwrap();
        let pool = leaf_pool(&arena);
        // All pages of the hugetlb pool, and some more.
        let mut blocks = touch(&pool, 1000);
        while refusals(&arena).is_empty() && blocks.len() < 500_000 {
            blocks.extend(touch(&pool, 1000));
        }
        let mut pipe = [0; 2];
        // SAFETY: the pointer is to an array of two.
        assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
        // SAFETY: the child waits until the pipe is closed, and exits.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut byte = 0_u8;
            // SAFETY: the child closes its own copy, so that it does not wait for itself.
            unsafe { libc::close(pipe[1]) };
            // SAFETY: the pointer is to one live byte.
            unsafe { libc::read(pipe[0], (&raw mut byte).cast(), 1) };
            // SAFETY: the call has no preconditions.
            unsafe { libc::_exit(0) };
        }
        assert!(child > 0);
        for block in &blocks {
            block.words(&pool, LEAF)[0].store(2, Relaxed);
        }
        // SAFETY: this test owns the file.
        assert_eq!(unsafe { libc::close(pipe[1]) }, 0);
        let mut status = 0;
        // SAFETY: the child is this process's own, and the pointer is to a live integer.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        println!("{} blocks, {} bytes on huge pages", blocks.len(), arena.huge_page_bytes().unwrap_or(0));
    });
}

/// Acquires one block and checks that all memory that was committed for it is resident.
fn prefaulted() {
    for pages in [PageSize::Small, PageSize::Transparent] {
        let builder = NumaArena::builder().page_size(pages).prefault(true);
        let arena = builder.pretend_nodes(2).policy("node:1".parse().unwrap()).build().unwrap();
        let pool = leaf_pool(&arena);
        touch(&pool, 1);
        let report = arena.verify_placement();
        if report.refused.is_some() {
            continue;
        }
        let node = &report.nodes[1];
        let there = node.placed + node.misplaced();
        assert_eq!(there * report.page_bytes, pool.usage().reserved_bytes, "{report}");
        assert_eq!(report.nodes.iter().map(|node| node.untouched).sum::<usize>(), 0, "{report}");
        assert!(arena.report().contains("prefaulted, no limit"), "{}", arena.report());
        touch(&pool, 3000);
    }
}

#[test]
fn prefaulted_memory_is_there_before_it_is_used() {
    prefaulted();
}

#[test]
fn memory_is_prefaulted_without_the_system_call() {
    alone("memory_is_prefaulted_without_the_system_call", || {
        refuse(&[libc::SYS_madvise]);
        prefaulted();
    });
}
