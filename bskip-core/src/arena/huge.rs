//! Large slabs on transparent huge pages: the system calls, and what the system gave.

use core::alloc::Layout;
use core::ptr::NonNull;

/// What the system gave of huge pages to a map on a [`GlobalArena`](super::GlobalArena).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct HugePages {
    /// The bytes of the slabs for which the map has asked for huge pages. 0 for a map of less than about 2
    /// MiB, and without the feature `huge-pages`.
    pub asked_bytes: usize,
    /// How many of these bytes are on huge pages now. The others are on small pages, or no thread has touched
    /// them yet. `None` if the system does not tell.
    pub resident_bytes: Option<usize>,
}

impl HugePages {
    /// The sum of two pools' figures.
    pub(crate) fn plus(self, other: Self) -> Self {
        let resident = self.resident_bytes.zip(other.resident_bytes);
        Self {
            asked_bytes: self.asked_bytes + other.asked_bytes,
            resident_bytes: resident.map(|(a, b)| a + b),
        }
    }
}

/// Bytes of a huge page on x86-64, and on AArch64 with small pages of 4 KiB.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// Whether this build asks the system for huge pages.
pub(super) const SUPPORTED: bool =
    cfg!(all(feature = "huge-pages", target_os = "linux", not(any(loom, shuttle, miri))));

/// Maps `len` bytes, rounded up to whole huge pages, zeroed and aligned to [`HUGE_PAGE`], and asks for huge
/// pages there. `None` if the system refuses the memory. If it refuses only the huge pages, the memory is on
/// small pages, and [`HugePages`] shows it.
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
    // SAFETY: `before` is less than a huge page, and `padded` is a huge page more than `len`.
    let slab = unsafe { start.add(before) };
    // SAFETY: at most the end of the mapping.
    let end = unsafe { slab.add(len) };
    for (rest, bytes) in [(start, before), (end, HUGE_PAGE - before)] {
        if bytes > 0 {
            // SAFETY: whole pages of the mapping made above, outside the part that is kept.
            unsafe { libc::munmap(rest.as_ptr().cast(), bytes) };
        }
    }
    // SAFETY: whole pages of the mapping made above; the advice changes no content.
    unsafe { libc::madvise(slab.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
    Some(slab)
}

/// Gives back the memory that [`map`] gave for `len`.
///
/// # Safety
/// The memory comes from [`map`] with this `len`, and nothing uses it any more.
#[cfg(all(feature = "huge-pages", target_os = "linux"))]
pub(super) unsafe fn unmap(slab: NonNull<u8>, len: usize) {
    // SAFETY: by the caller's promise; `map` rounded the length up in the same way.
    unsafe { libc::munmap(slab.as_ptr().cast(), len.next_multiple_of(HUGE_PAGE)) };
}

/// This build has no such slabs.
#[cfg(not(all(feature = "huge-pages", target_os = "linux")))]
pub(super) fn map(_: usize) -> Option<NonNull<u8>> {
    None
}

/// This build has no such slabs.
///
/// # Safety
/// Always; the other form has conditions.
#[cfg(not(all(feature = "huge-pages", target_os = "linux")))]
pub(super) unsafe fn unmap(_: NonNull<u8>, _: usize) {}

/// What the system gave to these slabs.
pub(super) fn ask(slabs: impl Iterator<Item = (NonNull<u8>, Layout)>) -> HugePages {
    let slabs: alloc::vec::Vec<_> = slabs
        .map(|(start, layout)| start.as_ptr() as usize..start.as_ptr() as usize + layout.size())
        .collect();
    HugePages {
        asked_bytes: slabs.iter().map(ExactSizeIterator::len).sum(),
        resident_bytes: resident(&slabs),
    }
}

/// Bytes of `slabs` that are on huge pages, by `/proc/self/smaps`. A mapping may hold several slabs, also
/// slabs of other maps, and has one figure for all of them. Then this is an upper bound for these slabs.
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

/// This build cannot ask the system.
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
