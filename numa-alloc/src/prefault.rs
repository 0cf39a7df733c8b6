//! Memory touched as soon as it is committed, so that no thread waits for a page fault later.

use crate::arena::Shared;
use crate::fallback::Fallback;
use crate::region::Span;

/// Touches all pages of `span`, by one call where the system has it. What it refuses for another reason is
/// noted, and left to the first touch.
///
/// # Safety
/// The span is whole pages, committed and alive, and nobody else uses it yet.
pub(crate) unsafe fn prefault(span: Span, arena: &Shared) {
    // SAFETY: whole pages, committed and alive.
    match unsafe { span.populate() } {
        Ok(()) => {}
        // Linux before 5.14, another system, or one that lets us call little.
        Err(libc::EINVAL | libc::ENOSYS | libc::EPERM) => {
            for offset in (0..span.len()).step_by(arena.page) {
                // SAFETY: a byte within the span, which is writable, zero, and nobody else's.
                unsafe { span.part(offset, 1).start().write_volatile(0) };
            }
        }
        Err(errno) => arena.notes.note(Fallback::PrefaultRefused { errno }),
    }
}
