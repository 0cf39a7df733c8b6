//! Transparent huge pages for large slabs: the system call, and what became of it.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::HugePages;

/// Bytes of a huge page on x86-64, and on AArch64 with base pages of 4 KiB.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// Whether this build asks the system for huge pages.
pub(super) const SUPPORTED: bool =
    cfg!(all(feature = "huge-pages", target_os = "linux", not(any(loom, shuttle, miri))));

/// Asks for huge pages in `len` bytes from `start` on, rounded up to whole huge pages. If the system refuses, the memory
/// stays as it is.
///
/// # Safety
/// `start` is a multiple of [`HUGE_PAGE`]; the rounded range is one allocation of the caller's.
#[cfg(all(feature = "huge-pages", target_os = "linux"))]
pub(super) unsafe fn advise(start: NonNull<u8>, len: usize) {
    let len = len.next_multiple_of(HUGE_PAGE);
    // SAFETY: whole pages of the caller's; the advice changes no content. A refusal is no error: `HugePages` tells what
    // the system gave.
    unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
}

/// Does nothing.
///
/// # Safety
/// None; the other form has conditions.
#[cfg(not(all(feature = "huge-pages", target_os = "linux")))]
pub(super) unsafe fn advise(_: NonNull<u8>, _: usize) {}

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
