//! Transparent huge pages switched off for the process: the arena works without them, and says so.
#![cfg(target_os = "linux")]

mod support;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::Placement;
use numa_alloc::{Fallback, NumaArena, PageSize};
use support::linux::alone;
use support::{LEAF, Owned, leaf_pool};

/// Bits of `PR_SET_THP_DISABLE` (Linux 6.18).
const EXCEPT_ADVISED: libc::c_ulong = 2;

/// Sets the process's switch, for memory that is advised too unless `flags` say otherwise.
fn switch_off(flags: libc::c_ulong) -> bool {
    // SAFETY: the call takes no pointers.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1 as libc::c_ulong, flags, 0, 0) == 0 }
}

/// Fills slabs of an arena of such pages.
fn filled(pages: PageSize) -> NumaArena {
    let arena = NumaArena::builder().pages(pages).build().unwrap();
    let pool = leaf_pool(&arena);
    for _ in 0..8000 {
        let block = Owned::acquire(&pool, Placement::Policy).unwrap();
        block.words(&pool, LEAF)[0].store(1, Relaxed);
    }
    // The pool's memory is looked at while it is there.
    assert!(!arena.fallbacks().contains(&OFF) || arena.huge_pages() == Some(0));
    arena
}

const OFF: Fallback = Fallback::HugePagesOffForProcess;

/// The only note about huge pages is that the process has none.
fn assert_off() {
    let arena = filled(PageSize::Huge);
    assert_eq!(arena.fallbacks().iter().filter(|&&fallback| fallback == OFF).count(), 1);
    assert!(!arena.fallbacks().contains(&Fallback::HugePagesOff));
    let report = arena.report();
    assert!(report.contains("off for this process") && report.contains("PR_SET_THP_DISABLE"), "{report}");
    // Base pages are what was asked for here.
    assert!(!filled(PageSize::Small).fallbacks().contains(&OFF));
}

#[test]
fn a_process_without_huge_pages_is_told() {
    alone("a_process_without_huge_pages_is_told", || {
        assert!(!filled(PageSize::Huge).fallbacks().contains(&OFF));
        assert!(switch_off(0));
        assert_off();
        // Where the hugetlb pool has too few pages, transparent ones are the next choice, and there are none.
        let arena = filled(PageSize::Hugetlb1G);
        let refused = |fallback: &Fallback| matches!(fallback, Fallback::HugetlbRefused { .. });
        assert_eq!(arena.fallbacks().iter().any(refused), arena.fallbacks().contains(&OFF));
    });
}

#[test]
fn so_is_a_child_that_inherits_it() {
    const MARK: &str = "NUMA_ALLOC_TEST_CHILD";
    const NAME: &str = "so_is_a_child_that_inherits_it";
    if std::env::var_os(MARK).is_some() {
        return assert_off();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", NAME, "--test-threads=1"]).env(MARK, "1");
    let before = || if switch_off(0) { Ok(()) } else { Err(std::io::Error::last_os_error()) };
    // SAFETY: what runs between fork and exec is one system call.
    unsafe { child.pre_exec(before) };
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn memory_that_is_advised_may_be_excepted() {
    alone("memory_that_is_advised_may_be_excepted", || {
        if !switch_off(EXCEPT_ADVISED) {
            println!("left out: everything, this kernel (before 6.18) knows no exception");
            return;
        }
        assert!(!filled(PageSize::Huge).fallbacks().contains(&OFF));
    });
}
