//! A node at its place in memory, and the words that begin nodes of every shape: version, count and level,
//! next.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::size_of;
use core::num::NonZeroU32;
use core::ptr::NonNull;

use super::shape::Shape;
use crate::arena::BlockId;
use crate::lock::{Version, VersionLock};
use crate::sync::{DataWord, Ordering};

/// A level as a node states it: one more than the level's number. So 0, which a fresh block and a retired
/// node show, is no level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LevelMark(pub(super) u8);

impl LevelMark {
    pub(super) const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) const fn of(level: usize) -> Self {
        Self(level as u8 + 1)
    }
}

pub(super) const COUNT_BITS: u32 = 16;

/// Stands for the block of the empty leaf that maps share before they have one (`empty`). No pool of such a map issues
/// this number.
pub(crate) const SENTINEL: BlockId = BlockId(NonZeroU32::MAX);

/// A node at its place in memory. `'a` is the lifetime of the pool that keeps it mapped.
pub(crate) struct Node<'a, S: Shape> {
    pub(super) base: NonNull<u8>,
    id: BlockId,
    context: S::Context,
    _pool: PhantomData<&'a ()>,
}

impl<S: Shape> Clone for Node<'_, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S: Shape> Copy for Node<'_, S> {}

// SAFETY: a node is a shared reference to atomics, and so is its context, by the promise of `from_raw`. What
// code may do with a value that it copies out of a node depends on the `Index`, which has bounds of its own.
unsafe impl<S: Shape> Send for Node<'_, S> {}
// SAFETY: as above.
unsafe impl<S: Shape> Sync for Node<'_, S> {}

impl<S: Shape> Node<'_, S> {
    pub(crate) const CAPACITY: usize = S::CAPACITY;
    pub(crate) const LAYOUT: Layout = S::LAYOUT;
    // Where the words are that all nodes have.
    pub(super) const VERSION: usize = 0;
    pub(super) const META: usize = 8;
    pub(super) const NEXT: usize = 16;
    /// The first byte that is the shape's own.
    pub(super) const OWN: usize = 24;
}

/// The words. Only the holder of the lock may trust what these return before [`Node::validate`].
impl<'a, S: Shape> Node<'a, S> {
    /// # Safety
    /// `base` is the address of block `id`, or of a replica of it. The block's pool has the layout
    /// `S::LAYOUT` and lives for `'a`. The memory is accessed only through `Node`s of this shape. `context`
    /// belongs to the nodes of this pool. It is valid for `'a`, in any thread.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(base: NonNull<u8>, id: BlockId, context: S::Context) -> Self {
        Self { base, id, context, _pool: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn id(self) -> BlockId {
        self.id
    }

    /// What it takes to read the node, besides its block.
    #[inline(always)]
    pub(super) fn context(self) -> S::Context {
        self.context
    }

    /// The field of type `T` at `offset`.
    ///
    /// # Safety
    /// `T` is the atomic that the shape has at `offset`.
    #[inline(always)]
    pub(super) unsafe fn field<T>(self, offset: usize) -> &'a T {
        debug_assert!(offset + size_of::<T>() <= S::LAYOUT.size() && offset.is_multiple_of(align_of::<T>()));
        // SAFETY: the block has the layout's size by the promise of `from_raw`, and `offset` is below that.
        let field = unsafe { self.base.add(offset) };
        // SAFETY: the pointer is aligned and in bounds, as asserted. The memory is mapped for `'a`, and
        // initialised, because the pool's blocks start as zeros. By the promises of `from_raw` and of the
        // caller, it is always accessed as this atomic.
        unsafe { field.cast::<T>().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn lock(self) -> &'a VersionLock {
        // SAFETY: every shape has the lock there.
        unsafe { self.field(Self::VERSION) }
    }

    /// The word of count and level.
    #[inline(always)]
    pub(super) fn meta(self) -> &'a DataWord {
        // SAFETY: every shape has a word of 64 bits there.
        unsafe { self.field(Self::META) }
    }

    /// The word of the next node.
    #[inline(always)]
    pub(super) fn next_cell(self) -> &'a DataWord {
        // SAFETY: every shape has a word of 64 bits there.
        unsafe { self.field(Self::NEXT) }
    }

    /// The version of the present state; `None` while a writer changes it.
    #[inline(always)]
    pub(crate) fn try_read_begin(self) -> Option<Version> {
        self.lock().read_begin().ok()
    }

    #[inline(always)]
    #[must_use]
    pub(crate) fn validate(self, version: Version) -> bool {
        self.lock().validate(version)
    }

    /// The number of slots in use. It is never more than the capacity, even if the node is changing.
    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        let count = (self.meta().load(Ordering::Relaxed) & ((1 << COUNT_BITS) - 1)) as usize;
        count.min(S::CAPACITY)
    }

    #[inline(always)]
    pub(crate) fn level(self) -> LevelMark {
        LevelMark((self.meta().load(Ordering::Relaxed) >> COUNT_BITS) as u8)
    }

    /// The node to the right.
    #[inline(always)]
    pub(crate) fn next(self) -> Option<BlockId> {
        // Relaxed suffices. The writer fills the next node, then stores this link, then releases the version.
        // A reader loads the version with Acquire, and follows the link only after validation. So it sees the
        // next node's contents.
        NonZeroU32::new(self.next_cell().load(Ordering::Relaxed) as u32).map(BlockId)
    }
}
