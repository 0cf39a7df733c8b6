//! What a slot holds besides its key, in words: a value in a leaf, a child in an inner node.

use core::marker::PhantomData;

use super::super::moves::MoveWord;
use crate::arena::{BlockId, BlockKind};
use crate::key::KeyWords;
use crate::sync::{AtomicU32, Ordering};
use crate::value::{self, ValueWord};

/// The shape of a node whose keys are words.
pub(crate) trait WordShape: Copy {
    type Key: KeyWords;
    /// What a slot holds besides its key.
    type Payload;
    /// One element of the payload as it is stored.
    type Word: MoveWord;
    /// The number of elements in a slot.
    const WORDS_PER_SLOT: usize;
    const KIND: BlockKind;

    /// Stores a payload.
    ///
    /// # Safety
    /// `to` is valid for `WORDS_PER_SLOT` words, and only the caller stores to them now.
    unsafe fn store(to: *const Self::Word, payload: Self::Payload);

    /// See [`Shape::child_of`](crate::node::shape::Shape::child_of).
    fn child_of(payload: &Self::Payload) -> Option<BlockId>;

    /// If the payload at `to` is a reference to a block, overwrites it with no reference.
    ///
    /// # Safety
    /// As for [`store`](Self::store).
    unsafe fn wipe(to: *const Self::Word);
}

/// The slots of a leaf: values.
pub(crate) struct WordLeaf<K, V>(PhantomData<(K, V)>);
/// The slots of an inner node: children.
pub(crate) struct WordInner<K>(PhantomData<K>);

impl<K, V> Clone for WordLeaf<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for WordLeaf<K, V> {}
impl<K> Clone for WordInner<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for WordInner<K> {}

impl<K: KeyWords, V> WordShape for WordLeaf<K, V> {
    type Key = K;
    type Payload = V;
    type Word = ValueWord;
    const WORDS_PER_SLOT: usize = value::words::<V>();
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

impl<K: KeyWords> WordShape for WordInner<K> {
    type Key = K;
    type Payload = BlockId;
    type Word = AtomicU32;
    const WORDS_PER_SLOT: usize = 1;
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
