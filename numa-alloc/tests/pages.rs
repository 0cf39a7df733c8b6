//! Pages of the hugetlb pool, and memory touched in advance. The tests hold whether the pool has many pages,
//! few or none; they say how many. (`echo 8 > /proc/sys/vm/nr_hugepages` reserves some.)
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::Placement;
use numa_alloc::{Fallback, NumaArena, NumaPool, PageSize, Policy};
use support::linux::{alone, refuse};
use support::{LEAF, Owned, leaf_pool};

const MIB: usize = 1 << 20;

/// Takes so many blocks, which must be zero, and writes into all of each.
fn touch(pool: &NumaPool, blocks: usize) -> Vec<Owned> {
    let touched = |_| {
        let block = Owned::acquire(pool, Placement::Policy).unwrap();
        assert!(block.words(pool, LEAF).iter().all(|word| word.swap(1, Relaxed) == 0));
        block
    };
    (0..blocks).map(touched).collect()
}

/// The refusals of the hugetlb pool.
fn refusals(arena: &NumaArena) -> Vec<(usize, i32)> {
    let refusal = |fallback: &Fallback| match *fallback {
        Fallback::HugetlbRefused { bytes, errno } => Some((bytes, errno)),
        _ => None,
    };
    arena.fallbacks().iter().filter_map(refusal).collect()
}

#[test]
fn the_hugetlb_pool_gives_pages_or_its_refusal_is_told_once() {
    for (pages, page) in [(PageSize::Hugetlb2M, 2 * MIB), (PageSize::Hugetlb1G, 1024 * MIB)] {
        for builder in [
            NumaArena::builder(),
            NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave),
            NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave).prefault(true),
        ] {
            let arena = builder.pages(pages).build().unwrap();
            let pools = [leaf_pool(&arena), leaf_pool(&arena)];
            pools.iter().for_each(|pool| drop(touch(pool, 8000)));
            let committed = arena.stats().total().reserved_bytes;
            let huge = arena.huge_pages().unwrap();
            println!("{huge} of {committed} bytes on huge pages; refused: {:?}", refusals(&arena));
            assert!(huge <= committed);
            match refusals(&arena)[..] {
                // All there is is the pool's.
                [] => assert_eq!((huge, committed % page), (committed, 0)),
                [(bytes, errno)] => assert!(bytes == page && errno != 0),
                ref several => panic!("told more than once: {several:?}"),
            }
            let report = arena.verify_placement();
            if report.nodes.len() == 1 && report.refused.is_none() {
                assert!(report.is_as_asked(), "{report}");
            }
        }
    }
}

#[test]
fn near_the_limit_there_are_small_pages() {
    const LIMIT: usize = 5 * MIB;
    for pages in [PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
        let arena = NumaArena::builder().pages(pages).limit(LIMIT).build().unwrap();
        let pool = leaf_pool(&arena);
        let blocks = touch(&pool, (LIMIT - 64) / LEAF.size());
        assert_eq!(pool.usage().reserved_bytes, LIMIT);
        assert!(Owned::acquire(&pool, Placement::Policy).is_err());
        drop(blocks);
    }
}

/// What was mapped for the pool's pages is memory again when the pages cannot be had.
#[test]
fn refused_advice_is_survived() {
    alone("refused_advice_is_survived", || {
        refuse(&[libc::SYS_madvise]);
        for pages in [PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
            let arena = NumaArena::builder().pages(pages).prefault(true).pretend_nodes(2).build().unwrap();
            touch(&leaf_pool(&arena), 5000);
            let [(_, errno)] = refusals(&arena)[..] else { panic!("{:?}", arena.fallbacks()) };
            // Without pages of this size in the kernel it does not come to the advice.
            assert!([libc::EPERM, libc::EINVAL, libc::ENODEV].contains(&errno), "{errno}");
        }
    });
}

/// A write after a fork copies no page, for which the pool might have none.
#[test]
fn a_parent_can_write_after_a_fork() {
    alone("a_parent_can_write_after_a_fork", || {
        let arena = NumaArena::builder().pages(PageSize::Hugetlb2M).build().unwrap();
        let pool = leaf_pool(&arena);
        // All that the pool has, and some more.
        let mut blocks = touch(&pool, 1000);
        while refusals(&arena).is_empty() && blocks.len() < 500_000 {
            blocks.extend(touch(&pool, 1000));
        }
        let mut pipe = [0; 2];
        // SAFETY: an array of two.
        assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
        // SAFETY: the child only waits until the pipe is closed, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut byte = 0_u8;
            // SAFETY: a file of the child's own, so that it does not wait for itself.
            unsafe { libc::close(pipe[1]) };
            // SAFETY: one byte, alive.
            unsafe { libc::read(pipe[0], (&raw mut byte).cast(), 1) };
            // SAFETY: no preconditions.
            unsafe { libc::_exit(0) };
        }
        assert!(child > 0);
        for block in &blocks {
            block.words(&pool, LEAF)[0].store(2, Relaxed);
        }
        // SAFETY: a file of this test's own.
        assert_eq!(unsafe { libc::close(pipe[1]) }, 0);
        let mut status = 0;
        // SAFETY: a child of ours, and a number to write to.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        println!("{} blocks, {} bytes on huge pages", blocks.len(), arena.huge_pages().unwrap_or(0));
    });
}

/// One block is asked for, and all that was committed for it is there.
fn prefaulted() {
    for pages in [PageSize::Small, PageSize::Huge] {
        let builder = NumaArena::builder().pages(pages).prefault(true);
        let arena = builder.pretend_nodes(2).policy("node:1".parse().unwrap()).build().unwrap();
        let pool = leaf_pool(&arena);
        touch(&pool, 1);
        let report = arena.verify_placement();
        if report.refused.is_some() {
            continue;
        }
        let node = &report.nodes[1];
        let there = node.placed + node.elsewhere.iter().map(|(_, pages)| pages).sum::<usize>();
        assert_eq!(there * report.page_bytes, pool.usage().reserved_bytes, "{report}");
        assert_eq!(report.nodes.iter().map(|node| node.untouched).sum::<usize>(), 0, "{report}");
        assert!(arena.report().contains("pages prefaulted, no limit"), "{}", arena.report());
        touch(&pool, 3000);
    }
}

#[test]
fn prefaulted_memory_is_there_before_it_is_used() {
    prefaulted();
}

#[test]
fn memory_is_prefaulted_without_a_call_for_it() {
    alone("memory_is_prefaulted_without_a_call_for_it", || {
        refuse(&[libc::SYS_madvise]);
        prefaulted();
    });
}
