//! The size of artmap's arenas.

use std::alloc::{Layout, alloc_zeroed, dealloc};

/// Bytes of the largest possible arena, as its offsets have 32 bits; or less if the system does not promise
/// that much. Pages cost nothing before they are touched.
pub(crate) fn largest_arena() -> usize {
    let mut bytes = 1_usize << 32;
    while bytes > 1 << 20 && !can_have(bytes) {
        bytes /= 2;
    }
    bytes
}

/// Whether the allocator gives `bytes`, and a few more that the arena adds.
fn can_have(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes + 4096, 8) else { return false };
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc_zeroed(layout) };
    if memory.is_null() {
        return false;
    }
    // SAFETY: the allocator has just returned it for this layout.
    unsafe { dealloc(memory, layout) };
    true
}
