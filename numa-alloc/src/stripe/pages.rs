//! What the kernel is asked for about fresh memory: its node, its page size, a first touch.

use std::path::Path;

use crate::fallback::Fallback;
use crate::kernel::balances_numa;
use crate::nodes::ArenaNode;
use crate::pages::PageSize;
use crate::region::Span;
use crate::shared::Shared;
use crate::sys::Tie;

/// Asks the kernel to take the pages of `span` from `node`. Called once for each span, before its first
/// touch.
///
/// # Safety
/// The span is whole pages of a live region.
pub(super) unsafe fn bind(span: Span, node: ArenaNode, arena: &Shared) {
    let Some(os_index) = node.os_index.filter(|_| span.len() > 0) else { return };
    // SAFETY: whole pages of a live region, by the caller's promise.
    if let Err(errno) = unsafe { span.tie_to_node(os_index, Tie::Prefer) } {
        arena.fallbacks.note(Fallback::MbindRefused { errno });
        if balances_numa(Path::new("/proc/sys/kernel/numa_balancing")) {
            arena.fallbacks.note(Fallback::PagesMayMove);
        }
    }
}

/// Asks for pages of the arena's size in fresh memory, and touches them if the arena prefaults.
///
/// # Safety
/// The span is whole pages of a live region. It was committed just now, so no other thread uses it.
pub(super) unsafe fn prepare(span: Span, arena: &Shared) {
    let huge = arena.pages != PageSize::Small;
    // SAFETY: whole pages of a live region, by the caller's promise.
    if let Err(errno) = unsafe { span.advise_huge(huge) }
        && huge
    {
        arena.fallbacks.note(Fallback::HugePagesRefused { errno });
    }
    if arena.prefault {
        // SAFETY: by the caller's promise.
        unsafe { prefault(span, arena) };
    }
}

/// Touches all pages of `span`, with one system call if the kernel has it. If the kernel refuses for another
/// reason, records that and leaves the pages to their first user.
///
/// # Safety
/// The span is whole pages, committed, of a live region, and no other thread uses it yet.
pub(super) unsafe fn prefault(span: Span, arena: &Shared) {
    // SAFETY: whole pages, committed and alive, by the caller's promise.
    match unsafe { span.populate() } {
        Ok(()) => {}
        // Linux before 5.14, another system, or a sandbox that forbids the call.
        Err(libc::EINVAL | libc::ENOSYS | libc::EPERM) => {
            for offset in (0..span.len()).step_by(arena.page) {
                // SAFETY: a byte of the span, which is writable and zero, and which no other thread uses.
                unsafe { span.part(offset, 1).start().write_volatile(0) };
            }
        }
        Err(errno) => arena.fallbacks.note(Fallback::PrefaultRefused { errno }),
    }
}
