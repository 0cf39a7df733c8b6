//! Lines of memory for the notes of a static arena and its pools, and the numbers of lines.
//!
//! A number counts units of 64 bytes from the start of a window of 256 GiB around the first region. A block has the
//! number of its first line.

use core::ptr::{self, NonNull};

/// Bytes of a line, the unit that numbers count.
pub(super) const UNIT: usize = 64;
/// Words of a line.
pub(super) const WORDS: usize = UNIT / size_of::<u32>();
/// How far the window reaches to each side of the first region. A machine of 32 bits has fewer addresses than the
/// window has bytes, so there the window starts at address 0.
const HALF: usize = if usize::BITS > 32 { 1 << 37 } else { 0 };

/// The address of the first whole line among these bytes, and how many whole lines there are; `None` if there are none.
/// This works up to the end of the address space.
pub(super) fn whole_lines(address: usize, bytes: usize) -> Option<(usize, usize)> {
    let before = address.wrapping_neg() % UNIT;
    let lines = bytes.saturating_sub(before) / UNIT;
    (lines > 0).then(|| (address + before, lines))
}

/// Leads from numbers to addresses and back.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The address where number 0 would be, modulo the size of the address space.
    pub(super) origin: usize,
}

impl Window {
    /// The window around a line at this address.
    pub(super) fn around(address: usize) -> Self {
        Self { origin: if HALF == 0 { 0 } else { address.wrapping_sub(HALF) } }
    }

    /// The number of the line at this address; `None` if it is outside of the window. No line has number 0, which
    /// means "none", or `u32::MAX`, which a map needs for itself.
    pub(super) fn number(self, address: usize) -> Option<u32> {
        let number = u32::try_from(address.wrapping_sub(self.origin) / UNIT).ok()?;
        (number > 0 && number < u32::MAX).then_some(number)
    }

    /// The address of a line.
    #[inline(always)]
    pub(super) fn address(self, number: u32) -> usize {
        self.origin.wrapping_add((number as usize).wrapping_mul(UNIT))
    }

    /// # Safety
    /// The line is one of a region. From now on until the caller gives the line up, only the caller's notes are
    /// there, and one thread at a time uses them.
    pub(super) unsafe fn line(self, number: u32) -> Line {
        let line = ptr::with_exposed_provenance_mut(self.address(number));
        // SAFETY: by the caller's promise, the line is one of a region, and no region is at address 0.
        Line(unsafe { NonNull::new_unchecked(line) })
    }
}

/// 16 words of 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Line(NonNull<[u32; WORDS]>);

impl Line {
    /// A word of the line.
    pub(super) fn get(self, word: usize) -> u32 {
        // SAFETY: by the promise of `Window::line`, the memory is there, initialized, and no other thread uses it.
        let words = unsafe { self.0.as_ref() };
        words[word]
    }

    /// Changes a word of the line.
    pub(super) fn set(mut self, word: usize, value: u32) {
        // SAFETY: as in `get`. The reference ends with this call.
        let words = unsafe { self.0.as_mut() };
        words[word] = value;
    }
}
