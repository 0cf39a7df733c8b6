//! Transparent huge pages that are off for the process: the arena works without them and reports it.
#![cfg(target_os = "linux")]

mod support;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::Placement;
use numa_alloc::{Fallback, NumaArena, PageSize};
use support::linux::alone;
use support::{LEAF, Owned, leaf_pool};

/// A flag of `PR_SET_THP_DISABLE` (Linux 6.18).
const EXCEPT_ADVISED: libc::c_ulong = 2;

/// Turns huge pages off for this process. Unless `flags` say otherwise, memory with advice loses them too.
fn switch_off(flags: libc::c_ulong) -> bool {
    // SAFETY: the call takes no pointers.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1 as libc::c_ulong, flags, 0, 0) == 0 }
}

/// An arena with pages of this size that has used several slabs.
fn filled(pages: PageSize) -> NumaArena {
    let arena = NumaArena::builder().page_size(pages).build().unwrap();
    let pool = leaf_pool(&arena);
    for _ in 0..8000 {
        let block = Owned::acquire(&pool, Placement::Policy).unwrap();
        block.words(&pool, LEAF)[0].store(1, Relaxed);
    }
    // Checked here, because the pool drops at the end of this function.
    assert!(!arena.fallbacks().contains(&OFF) || arena.huge_page_bytes() == Some(0));
    arena
}

const OFF: Fallback = Fallback::HugePagesOffForProcess;

/// Checks that the arena reports once that the process has no huge pages, and reports no other switch.
fn assert_off() {
    let arena = filled(PageSize::Transparent);
    assert_eq!(arena.fallbacks().iter().filter(|&&fallback| fallback == OFF).count(), 1);
    assert!(!arena.fallbacks().contains(&Fallback::HugePagesOff));
    let report = arena.report();
    assert!(report.contains("off for this process") && report.contains("PR_SET_THP_DISABLE"), "{report}");
    // An arena of base pages has nothing to report.
    assert!(!filled(PageSize::Small).fallbacks().contains(&OFF));
}

#[test]
fn a_process_without_huge_pages_gets_a_fallback() {
    alone("a_process_without_huge_pages_gets_a_fallback", || {
        assert!(!filled(PageSize::Transparent).fallbacks().contains(&OFF));
        assert!(switch_off(0));
        assert_off();
        // If the hugetlb pool has too few pages, the arena wants transparent ones instead, and there are
        // none.
        let arena = filled(PageSize::Hugetlb1G);
        let refused = |fallback: &Fallback| matches!(fallback, Fallback::HugetlbRefused { .. });
        assert_eq!(arena.fallbacks().iter().any(refused), arena.fallbacks().contains(&OFF));
    });
}

#[test]
fn a_child_inherits_the_setting_and_gets_a_fallback() {
    const MARK: &str = "NUMA_ALLOC_TEST_CHILD";
    const NAME: &str = "a_child_inherits_the_setting_and_gets_a_fallback";
    if std::env::var_os(MARK).is_some() {
        return assert_off();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", NAME, "--test-threads=1"]).env(MARK, "1");
    let before = || if switch_off(0) { Ok(()) } else { Err(std::io::Error::last_os_error()) };
    // SAFETY: only one system call runs between fork and exec.
    unsafe { child.pre_exec(before) };
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_setting_that_excepts_advised_memory_gets_no_fallback() {
    alone("a_setting_that_excepts_advised_memory_gets_no_fallback", || {
        if !switch_off(EXCEPT_ADVISED) {
            println!("left out: everything, this kernel (before 6.18) has no such exception");
            return;
        }
        assert!(!filled(PageSize::Transparent).fallbacks().contains(&OFF));
    });
}
