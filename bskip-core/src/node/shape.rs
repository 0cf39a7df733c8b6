//! What the slots of a node hold besides keys: values in a leaf, children in an inner node.

use core::marker::PhantomData;

use super::moves::MoveWord;
use super::{Locked, LockedInner};
use crate::arena::{BlockId, NodeKind};
use crate::key::KeyWords;
use crate::sync::{AtomicU32, Ordering};
use crate::value::{self, ValueWord};

/// What the slots of a node hold besides keys.
pub(crate) trait Shape: Copy {
    type Key: KeyWords;
    /// What stands beside a key.
    type Payload;
    /// One element of payload as it is stored.
    type Word: MoveWord;
    /// Elements that a slot takes.
    const WORDS_PER_SLOT: usize;
    const KIND: NodeKind;

    /// Stores a payload.
    ///
    /// # Safety
    /// `to` is valid for `WORDS_PER_SLOT` words, and only the caller stores to them now.
    unsafe fn store(to: *const Self::Word, payload: Self::Payload);

    /// The child that a payload is, if it is one.
    fn child(payload: &Self::Payload) -> Option<BlockId>;

    /// The node as an inner one, if it is one.
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, Self::Key>>;

    /// Makes what stands at `to` lead nowhere, if it leads anywhere.
    ///
    /// # Safety
    /// As for [`store`](Self::store).
    unsafe fn wipe(to: *const Self::Word);
}

/// Slots of a leaf: values.
pub(crate) struct LeafShape<K, V>(PhantomData<(K, V)>);
/// Slots of an inner node: children.
pub(crate) struct InnerShape<K>(PhantomData<K>);

impl<K, V> Clone for LeafShape<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for LeafShape<K, V> {}
impl<K> Clone for InnerShape<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for InnerShape<K> {}

impl<K: KeyWords, V> Shape for LeafShape<K, V> {
    type Key = K;
    type Payload = V;
    type Word = ValueWord;
    const WORDS_PER_SLOT: usize = value::words::<V>();
    const KIND: NodeKind = NodeKind::Leaf;

    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn store(to: *const ValueWord, value: V) {
        // SAFETY: passed on.
        unsafe { value::store(to, value) }
    }

    #[inline(always)]
    fn child(_: &V) -> Option<BlockId> {
        None
    }

    #[inline(always)]
    fn as_inner<'l, 'a>(_: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, K>> {
        None
    }

    /// A value leads nowhere.
    #[inline(always)]
    unsafe fn wipe(_: *const ValueWord) {}
}

impl<K: KeyWords> Shape for InnerShape<K> {
    type Key = K;
    type Payload = BlockId;
    type Word = AtomicU32;
    const WORDS_PER_SLOT: usize = 1;
    const KIND: NodeKind = NodeKind::Inner;

    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn store(to: *const AtomicU32, child: BlockId) {
        // SAFETY: the caller's promise.
        let to = unsafe { &*to };
        // Relaxed suffices: readers follow it only after validation, as they do `next`.
        to.store(child.0.get(), Ordering::Relaxed);
    }

    #[inline(always)]
    fn child(child: &BlockId) -> Option<BlockId> {
        Some(*child)
    }

    #[inline(always)]
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, K>> {
        Some(node)
    }

    #[inline(always)]
    unsafe fn wipe(to: *const AtomicU32) {
        // SAFETY: the caller's promise.
        let to = unsafe { &*to };
        to.store(0, Ordering::Relaxed);
    }
}
