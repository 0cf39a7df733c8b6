//! The system's allocator, which ends the program if a thread that may not allocate does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Guard;

thread_local! {
    static IS_FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

fn check(what: &str, bytes: usize) {
    // The message may take memory.
    if IS_FORBIDDEN.replace(false) {
        let place = std::backtrace::Backtrace::force_capture();
        eprintln!("{what} of {bytes} bytes, where nothing may allocate\n{place}");
        std::process::abort();
    }
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Guard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check("an allocation", layout.size());
        // SAFETY: by the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        check("a deallocation", layout.size());
        // SAFETY: by the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static GUARD: Guard = Guard;

/// Runs `f`. If `f` asks the allocator for memory or gives some back, the program ends.
pub(crate) fn without_allocations<R>(f: impl FnOnce() -> R) -> R {
    IS_FORBIDDEN.set(true);
    let result = f();
    IS_FORBIDDEN.set(false);
    result
}

/// Whether the guard is there at all.
#[test]
#[cfg(unix)]
fn an_allocation_ends_the_program() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    const CHILD: &str = "BSKIP_TEST_ALLOCATES";
    if std::env::var_os(CHILD).is_some() {
        without_allocations(|| drop(std::hint::black_box(Box::new(7u64))));
        return;
    }
    let here = std::env::current_exe().expect("this program");
    let child = Command::new(here)
        .args(["guard::an_allocation_ends_the_program", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("this program runs");
    assert!(child.status.signal().is_some(), "{child:?}");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(said.contains("an allocation of 8 bytes, where nothing may allocate"), "{said}");
}
