//! Large slabs on transparent huge pages: the system calls, and what became of them.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::HugePages;

/// Bytes of a huge page on x86-64, and on AArch64 with base pages of 4 KiB.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// Whether this build asks the system for huge pages.
pub(super) const SUPPORTED: bool =
    cfg!(all(feature = "huge-pages", target_os = "linux", not(any(loom, shuttle, miri))));

/// Maps `len` bytes, rounded up to whole huge pages, zeroed and aligned to [`HUGE_PAGE`], and asks for huge pages in them.
/// `None` if the system refuses the memory. If it refuses the huge pages, there are small ones: `HugePages` tells.
#[cfg(all(feature = "huge-pages", target_os = "linux"))]
pub(super) fn map(len: usize) -> Option<NonNull<u8>> {
    let len = len.checked_next_multiple_of(HUGE_PAGE)?;
    let padded = len.checked_add(HUGE_PAGE)?;
    let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: fresh pages anywhere.
    let start = unsafe { libc::mmap(core::ptr::null_mut(), padded, rights, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let start = NonNull::new(start.cast::<u8>())?;
    let before = start.as_ptr().align_offset(HUGE_PAGE);
    // SAFETY: `before` is less than a huge page, which `padded` has more than `len`.
    let slab = unsafe { start.add(before) };
    // SAFETY: at most the end of the mapping.
    let end = unsafe { slab.add(len) };
    for (rest, bytes) in [(start, before), (end, HUGE_PAGE - before)] {
        if bytes > 0 {
            // SAFETY: whole pages of the mapping just made, outside the part that is kept.
            unsafe { libc::munmap(rest.as_ptr().cast(), bytes) };
        }
    }
    // SAFETY: whole pages of this call's; the advice changes no content.
    unsafe { libc::madvise(slab.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
    Some(slab)
}

/// Gives back what [`map`] gave for `len`.
///
/// # Safety
/// The memory is the caller's, from [`map`] with this `len`, and is not used any more.
#[cfg(all(feature = "huge-pages", target_os = "linux"))]
pub(super) unsafe fn unmap(slab: NonNull<u8>, len: usize) {
    // SAFETY: by the caller's promise; `map` has rounded up in the same way.
    unsafe { libc::munmap(slab.as_ptr().cast(), len.next_multiple_of(HUGE_PAGE)) };
}

/// There are no such slabs.
#[cfg(not(all(feature = "huge-pages", target_os = "linux")))]
pub(super) fn map(_: usize) -> Option<NonNull<u8>> {
    None
}

/// There are no such slabs.
///
/// # Safety
/// None; the other form has conditions.
#[cfg(not(all(feature = "huge-pages", target_os = "linux")))]
pub(super) unsafe fn unmap(_: NonNull<u8>, _: usize) {}

/// What became of the slabs that were advised.
pub(super) fn ask(slabs: impl Iterator<Item = (NonNull<u8>, Layout)>) -> HugePages {
    let slabs: alloc::vec::Vec<_> = slabs
        .map(|(start, layout)| start.as_ptr() as usize..start.as_ptr() as usize + layout.size())
        .collect();
    HugePages {
        asked_bytes: slabs.iter().map(ExactSizeIterator::len).sum(),
        resident_bytes: resident(&slabs),
    }
}

/// Bytes of `slabs` that lie on huge pages, by `/proc/self/smaps`. A mapping may hold several slabs, also of other
/// maps, and tells one figure for all: then this is the most that can be of these.
#[cfg(all(feature = "std", feature = "huge-pages", target_os = "linux"))]
fn resident(slabs: &[core::ops::Range<usize>]) -> Option<usize> {
    use std::io::{BufRead, BufReader};

    let mut bytes = 0;
    let mut mine = 0;
    for line in BufReader::new(std::fs::File::open("/proc/self/smaps").ok()?).lines() {
        let line = line.ok()?;
        if let Some(mapping) = mapping(&line) {
            let overlap = |slab: &core::ops::Range<usize>| {
                slab.end.min(mapping.end).saturating_sub(slab.start.max(mapping.start))
            };
            mine = slabs.iter().map(overlap).sum();
        } else if let Some(text) = line.strip_prefix("AnonHugePages:") {
            let kib: usize = text.trim().strip_suffix("kB")?.trim().parse().ok()?;
            bytes += mine.min(kib * 1024);
        }
    }
    Some(bytes)
}

/// The system cannot be asked.
#[cfg(not(all(feature = "std", feature = "huge-pages", target_os = "linux")))]
fn resident(_: &[core::ops::Range<usize>]) -> Option<usize> {
    None
}

/// The addresses in the first line of a mapping in `smaps`: `5608e09ff000-5608e0a02000 r--p …`.
#[cfg(all(feature = "std", feature = "huge-pages", target_os = "linux"))]
fn mapping(line: &str) -> Option<core::ops::Range<usize>> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
}
