//! What a slot holds besides its key, in words: a value in a leaf, a child in an inner node.

use core::marker::PhantomData;

use super::moves::MoveWord;
use crate::arena::{BlockId, BlockKind};
use crate::sync::{AtomicU32, Ordering};
use crate::value::{self, ValueWord};

/// What a slot holds besides its key.
pub(crate) trait Payload: Copy {
    type Value;
    /// One element of the payload as it is stored.
    type Word: MoveWord;
    /// The number of elements in a slot.
    const WORDS: usize;
    const KIND: BlockKind;

    /// Stores a payload.
    ///
    /// # Safety
    /// `to` is valid for `WORDS` words, and only the caller stores to them now.
    unsafe fn store(to: *const Self::Word, value: Self::Value);

    /// The child that a payload is, if it is one.
    fn child_of(value: &Self::Value) -> Option<BlockId>;

    /// Overwrites the payload at `to`, if it is a reference to a block, with no reference.
    ///
    /// # Safety
    /// As for [`store`](Self::store).
    unsafe fn wipe(to: *const Self::Word);
}

/// The payload of a leaf: values.
pub(crate) struct Values<V>(PhantomData<V>);
/// The payload of an inner node: children.
#[derive(Clone, Copy)]
pub(crate) struct Children;

impl<V> Clone for Values<V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<V> Copy for Values<V> {}

impl<V> Payload for Values<V> {
    type Value = V;
    type Word = ValueWord;
    const WORDS: usize = value::words::<V>();
    const KIND: BlockKind = BlockKind::Leaf;

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    unsafe fn store(to: *const ValueWord, value: V) {
        // SAFETY: by the caller's promise.
        unsafe { value::store(to, value) }
    }

    #[inline(always)]
    fn child_of(_: &V) -> Option<BlockId> {
        None
    }

    /// A value is no reference to a block.
    #[inline(always)]
    unsafe fn wipe(_: *const ValueWord) {}
}

impl Payload for Children {
    type Value = BlockId;
    type Word = AtomicU32;
    const WORDS: usize = 1;
    const KIND: BlockKind = BlockKind::Inner;

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    unsafe fn store(to: *const AtomicU32, child: BlockId) {
        // SAFETY: by the caller's promise.
        let to = unsafe { &*to };
        // Relaxed suffices: readers follow it only after validation, as they do with `next`.
        to.store(child.0.get(), Ordering::Relaxed);
    }

    #[inline(always)]
    fn child_of(child: &BlockId) -> Option<BlockId> {
        Some(*child)
    }

    #[inline(always)]
    unsafe fn wipe(to: *const AtomicU32) {
        // SAFETY: by the caller's promise.
        let to = unsafe { &*to };
        to.store(0, Ordering::Relaxed);
    }
}
