//! Storing and freeing strings.

#[cfg(feature = "check")]
use alloc::collections::BTreeMap;
use core::alloc::Layout;
use core::mem;

use super::class::{ALIGN, BLOCK, Class};
use super::directory::{CellId, Directory};
use crate::arena::{AllocError, BlockArena, BlockKind, BlockPool, Placement, PoolUsage};
#[cfg(not(loom))]
use crate::arena::{Platform, StaticArena, StaticPool};
use crate::spin::SpinLock;
use crate::sync::{Ordering, fence};
use crate::{chaos, stats};

/// The layout of a block.
const LAYOUT: Layout = match Layout::from_size_align(BLOCK, ALIGN) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// The cells of a map, in blocks of one pool. The pool gets no block back before it drops.
pub(crate) struct Cells<P: BlockPool> {
    pool: P,
    directory: Directory,
    shelves: Shelves,
}

#[cfg(not(loom))]
type Shelves = [Shelf; Class::COUNT];
/// A model's stack has room for few atomics of loom.
#[cfg(loom)]
type Shelves = alloc::boxed::Box<[Shelf; Class::COUNT]>;

/// The free cells of a class. On a line of its own, because threads that use other classes use other shelves.
#[repr(align(64))]
struct Shelf(SpinLock<Free>);

/// See [`Shelf`].
struct Free {
    /// The first free cell, which leads to the next one; 0 if there is none.
    first: u32,
    /// How many cells are in use.
    used: usize,
}

#[cfg(not(loom))]
impl<P: Platform> Cells<StaticPool<P>> {
    /// As [`new`](Self::new), in `arena`, for statics.
    pub(crate) const fn lazy_in(arena: &'static StaticArena<P>) -> Self {
        const FREE: Free = Free { first: 0, used: 0 };
        let shelves = [const { Shelf(SpinLock::new(FREE)) }; Class::COUNT];
        Self { pool: StaticPool::new(arena, LAYOUT), directory: Directory::new(), shelves }
    }
}

impl<P: BlockPool> Cells<P> {
    /// No cells yet, and no memory for any.
    ///
    /// # Errors
    /// [`AllocError`] if the arena cannot make the pool.
    pub(crate) fn new<A: BlockArena<Pool = P>>(arena: &A) -> Result<Self, AllocError> {
        // To an arena, cells are leaves: keys and values, of which most operations read few.
        let pool = arena.pool(LAYOUT, BlockKind::Leaf)?;
        let shelf = || Shelf(SpinLock::new(Free { first: 0, used: 0 }));
        let shelves = [(); Class::COUNT].map(|()| shelf());
        #[cfg(loom)]
        let shelves = alloc::boxed::Box::new(shelves);
        Ok(Self { pool, directory: Directory::new(), shelves })
    }

    /// What readers need.
    #[inline]
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Stores a string, with one reference to it, which is the caller's.
    ///
    /// # Errors
    /// [`AllocError`] if there is no memory. Nothing is stored then.
    pub(crate) fn store(&self, bytes: &[u8]) -> Result<CellId, AllocError> {
        let room = Class::LARGEST.room();
        let mut rest = Unfinished { cells: self, first: 0 };
        let mut end = bytes.len();
        // From the last part to the first one, because each refers to the next.
        loop {
            let start = end.saturating_sub(1) / room * room;
            let part = &bytes[start..end];
            let number = self.take(Class::of_bytes(part.len()))?;
            let cell = self.directory.cell(CellId::from_word(number)).expect("just taken");
            // Release fence pairs with the Acquire fence in `VersionLock::validate`. Suppose that a reader
            // followed the number of an earlier string to this cell and sees one of the stores below. Then it
            // also sees that the node it got the number from was locked to unlink that string.
            fence(Ordering::Release);
            chaos::window();
            cell.fill(part, bytes.len() - start, rest.first);
            rest.first = number;
            if start == 0 {
                break;
            }
            end = start;
        }
        Ok(CellId::from_word(mem::ManuallyDrop::new(rest).first))
    }

    /// Gives back a reference to a string. If it was the last one, other threads may reuse the cells at once.
    /// Allocates nothing and does not panic.
    ///
    /// The caller has unlinked the reference from its node, or never linked it. See the module about the
    /// node's lock.
    pub(crate) fn release(&self, id: CellId) {
        let cell = self.directory.cell(id).expect("a string that is referred to is in a cell");
        if !cell.release() {
            return;
        }
        // AcqRel fence: Acquire pairs with the Release in `Cell::release`: all references were unlinked before.
        // Release pairs with the Acquire fence in `VersionLock::validate`: a reader that sees a link of the
        // free list in place of the chain's also sees that its node was locked.
        fence(Ordering::AcqRel);
        chaos::window();
        self.free(id.to_word());
    }

    /// What the cells take: those in use as the blocks of [`PoolUsage`], and the memory of all blocks.
    pub(crate) fn usage(&self) -> PoolUsage {
        let mut usage = PoolUsage::default();
        for (shelf, class) in self.shelves.iter().zip(Class::all()) {
            let used = shelf.0.with::<P::Platform, _>(|free| free.used);
            usage.issued_blocks += used;
            usage.issued_bytes += used * class.bytes();
        }
        let blocks = || self.directory.blocks::<P::Platform>() * BLOCK;
        usage.reserved_bytes = self.pool.usage().map_or_else(blocks, |usage| usage.reserved_bytes);
        usage
    }

    /// Panics unless there are exactly the strings of these numbers, each with that many references.
    #[cfg(feature = "check")]
    pub(crate) fn check(&self, references: &BTreeMap<u32, usize>) {
        let mut cells = 0;
        for (&number, &count) in references {
            let mut at = self.directory.cell(CellId::from_word(number)).expect("a string is in a cell");
            assert_eq!(at.references(), count, "references to string {number}");
            cells += 1;
            while let Some(next) = self.directory.cell(CellId::from_word(at.next())) {
                at = next;
                cells += 1;
            }
        }
        assert_eq!(self.usage().issued_blocks, cells, "cells in use, and cells of the map's strings");
    }

    /// Takes a cell of `class`. If there is no memory for more of them, takes a larger one.
    fn take(&self, class: Class) -> Result<u32, AllocError> {
        if let Some(number) = self.pop(class) {
            return Ok(number);
        }
        self.grow(class).or_else(|error| {
            let mut larger = Class::all().skip(class.index() + 1);
            larger.find_map(|class| self.pop(class)).ok_or(error)
        })
    }

    /// Takes a free cell of `class`, if there is one.
    fn pop(&self, class: Class) -> Option<u32> {
        self.shelves[class.index()].0.with::<P::Platform, _>(|free| {
            let cell = self.directory.cell(CellId::from_word(free.first))?;
            free.used += 1;
            Some(mem::replace(&mut free.first, cell.next()))
        })
    }

    /// Takes a cell of a new block, and makes the others free ones.
    #[cold]
    fn grow(&self, class: Class) -> Result<u32, AllocError> {
        stats::called_pool();
        let block = self.pool.acquire(Placement::Policy)?;
        // SAFETY: the pool has just issued it.
        let address = unsafe { self.pool.address(block) };
        // SAFETY: the pool was made with this layout. The block is never released if it is added, so it stays
        // as it is until the pool drops, which the directory does not outlive. It was issued zeroed.
        let added = unsafe { self.directory.add::<P::Platform>(address, class) };
        let base = added.map_err(|kind| {
            // SAFETY: acquired above, and not added.
            unsafe { self.pool.release(block) };
            AllocError { layout: LAYOUT, kind }
        })?;
        let number = |unit: usize| base + unit as u32;
        let cell = |number: u32| self.directory.cell(CellId::from_word(number)).expect("just added");
        self.shelves[class.index()].0.with::<P::Platform, _>(|free| {
            for unit in class.starts().skip(1).rev() {
                cell(number(unit)).free(free.first);
                free.first = number(unit);
            }
            free.used += 1;
        });
        Ok(number(0))
    }

    /// Frees a cell and those that it leads to. The caller owns them.
    fn free(&self, mut number: u32) {
        while let Some(cell) = self.directory.cell(CellId::from_word(number)) {
            let next = cell.next();
            let class = self.directory.class(CellId::from_word(number));
            self.shelves[class.index()].0.with::<P::Platform, _>(|free| {
                cell.free(free.first);
                free.first = number;
                free.used -= 1;
            });
            number = next;
        }
    }
}

/// The last cells of a string that is not stored yet. Dropping this frees them.
struct Unfinished<'c, P: BlockPool> {
    cells: &'c Cells<P>,
    first: u32,
}

impl<P: BlockPool> Drop for Unfinished<'_, P> {
    fn drop(&mut self) {
        self.cells.free(self.first);
    }
}
