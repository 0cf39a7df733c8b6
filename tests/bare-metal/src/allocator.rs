//! A global allocator that refuses to work. Static maps take all memory from their arena.
//!
//! `alloc` is linked, so a program must name a global allocator. This one panics, so a check that needs it fails.
//!
//! The compiler may leave out an allocation whose result it does not need. If it knew that this allocator never
//! returns, or always returns null, it would need no result and leave all calls out. `black_box` hides that.

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::ptr::null_mut;

struct Refusing;

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

// SAFETY: no block is ever given out.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(black_box(false), "the global allocator was asked for {} bytes", layout.size());
        black_box(null_mut())
    }

    unsafe fn dealloc(&self, _: *mut u8, layout: Layout) {
        assert!(
            black_box(false),
            "the global allocator was given {} bytes that it never gave out",
            layout.size()
        );
    }
}
