//! Where cells are: numbers lead to blocks, and to places in them.
//!
//! A number is `block << 8 | unit`. Blocks count from 1, so no cell has the number 0. The blocks' addresses
//! are in segments that double in size and never move. A search therefore needs to know nothing about the
//! pool that the blocks come from.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::cell::{Cell, WORD};
use super::class::{ALIGN, Class, UNIT, UNITS};
use crate::arena::AllocErrorKind;
use crate::platform::Platform;
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, DataWord, Ordering};

/// The number of a string's first cell, or any other 32 bits that a reader found in a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CellId(u32);

impl CellId {
    /// The number that is this word.
    #[inline]
    pub(crate) const fn from_word(word: u32) -> Self {
        Self(word)
    }

    /// The word that a node keeps. It is never 0 for a cell that was stored.
    #[inline]
    pub(crate) const fn to_word(self) -> u32 {
        self.0
    }
}

/// The address of a block, with the index of its class in the low bits; null if there is none yet.
type Entry = AtomicPtr<DataWord>;

/// Segment `s` has the blocks from `1 << s` to `2 << s`.
const SEGMENTS: usize = (u32::MAX as usize / UNITS).ilog2() as usize + 1;

/// Leads from numbers to cells. See the module.
pub(crate) struct Directory {
    segments: [AtomicPtr<Entry>; SEGMENTS],
    /// How many blocks there are.
    blocks: SpinLock<u32>,
}

impl Directory {
    pub(super) const fn new() -> Self {
        Self { segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS], blocks: SpinLock::new(0) }
    }

    /// The cell of this number. `None` if there is no block, or if the cell would reach beyond its block: the
    /// number is then garbage.
    #[inline]
    pub(super) fn cell(&self, id: CellId) -> Option<Cell<'_>> {
        let (block, class) = self.block(id)?;
        let start = id.0 as usize % UNITS;
        if start + class.units() > UNITS {
            return None;
        }
        // SAFETY: the cell ends within its block, see above.
        let words = unsafe { block.add(start * UNIT / WORD) };
        // SAFETY: the block is mapped while `self` lives, aligned, initialised, and only accessed as cells, by
        // the promise of `add`. A cell has more words than a header.
        Some(unsafe { Cell::at(words, class.bytes() / WORD) })
    }

    /// How many references there are to the string: a load for loom, which finds with it the orders in which
    /// references go.
    #[cfg(all(test, loom))]
    pub(crate) fn references(&self, id: CellId) -> usize {
        self.cell(id).map_or(0, Cell::references)
    }

    /// The class of the cell with this number, which a thread owns or has a reference to.
    pub(super) fn class(&self, id: CellId) -> Class {
        self.block(id).expect("a cell in use is in a block").1
    }

    /// The block that this number is in, and the class of its cells.
    #[inline]
    fn block(&self, id: CellId) -> Option<(*mut DataWord, Class)> {
        let block = id.0 as usize / UNITS;
        let segment = block.checked_ilog2()? as usize;
        // Acquire pairs with the Release in `add`: a thread that sees the segment sees its zeros.
        let entries = self.segments[segment].load(Ordering::Acquire);
        if entries.is_null() {
            return None;
        }
        // SAFETY: the segment has `1 << segment` entries, and `block` is from that to twice that.
        let entry = unsafe { entries.add(block - (1 << segment)) };
        // SAFETY: entries are zeroed at first, and accessed as atomics until the directory drops.
        let entry = unsafe { &*entry };
        // Acquire pairs with the Release in `add`: a thread that sees the block sees what the pool wrote.
        let tagged = entry.load(Ordering::Acquire);
        let index = tagged.addr() % ALIGN;
        let start = tagged.map_addr(|address| address - index);
        (!start.is_null()).then(|| (start, Class::with_index(index)))
    }

    /// Adds a block for cells of `class`. Returns the number of its unit 0.
    ///
    /// # Safety
    /// Until the directory drops, the block has [`BLOCK`](super::class::BLOCK) bytes, aligned to [`ALIGN`],
    /// mapped, initialised, and only accessed through this directory.
    pub(super) unsafe fn add<R: Platform>(
        &self,
        block: NonNull<u8>,
        class: Class,
    ) -> Result<u32, AllocErrorKind> {
        debug_assert!(block.as_ptr().addr().is_multiple_of(ALIGN));
        self.blocks.with::<R, _>(|blocks| {
            let number = *blocks + 1;
            let id = number.checked_mul(UNITS as u32).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
            let segment = number.ilog2() as usize;
            let mut entries = self.segments[segment].load(Ordering::Relaxed);
            if entries.is_null() {
                // SAFETY: a segment has at least one entry, so the size is not zero.
                entries = unsafe { alloc_zeroed(Self::layout(segment)) }.cast();
                if entries.is_null() {
                    return Err(AllocErrorKind::OutOfMemory);
                }
                // Release pairs with the Acquire in `block`.
                self.segments[segment].store(entries, Ordering::Release);
            }
            // SAFETY: the segment has `1 << segment` entries, and `number` is from that to twice that.
            let entry = unsafe { entries.add(number as usize - (1 << segment)) };
            // SAFETY: entries are zeroed at first, and accessed as atomics until the directory drops.
            let entry = unsafe { &*entry };
            let tagged = block.cast::<DataWord>().as_ptr().map_addr(|address| address | class.index());
            // Release pairs with the Acquire in `block`.
            entry.store(tagged, Ordering::Release);
            *blocks = number;
            Ok(id)
        })
    }

    /// How many blocks there are.
    pub(super) fn blocks<R: Platform>(&self) -> usize {
        self.blocks.with::<R, _>(|blocks| *blocks as usize)
    }

    /// The layout of a segment.
    const fn layout(segment: usize) -> Layout {
        match Layout::array::<Entry>(1 << segment) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        for (segment, entries) in self.segments.iter_mut().enumerate() {
            let entries = *entries.get_mut();
            if !entries.is_null() {
                // SAFETY: `add` allocated the segment with this layout, and nothing borrows the directory.
                unsafe { dealloc(entries.cast(), Self::layout(segment)) };
            }
        }
    }
}
