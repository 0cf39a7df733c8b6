//! Nodes of byte keys as the engine sees them.

#[cfg(feature = "check")]
use alloc::collections::BTreeMap;
use core::cmp;
use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use super::super::changing::Changing;
use super::super::header::{LevelMark, Node};
use super::super::inner::InnerSlots;
use super::super::kind::{NodeKeys, ShapeOf};
use super::super::leaf::LeafSlots;
use super::super::locked::Locked;
use super::super::payload::Payload;
use super::super::reading::{Reading, Side};
use super::super::shape::Shape;
use super::base::Base;
use super::cells::State;
use super::fences::{Fence, Place};
use super::long::Long;
use super::replica;
use super::shape::{ByteInner, ByteLeaf, ByteShape};
use crate::arena::{AllocError, BlockArena, BlockId, BlockPool, PoolUsage};
use crate::cells::{CellId, Cells};
use crate::key::byte_string::ByteString;
use crate::key::{ByteKeys, KeptBytes, KeyKind};
use crate::sync::Ordering;
use crate::value;

impl NodeKeys for ByteKeys {
    type Leaf<V> = ByteLeaf<V>;
    type Inner = ByteInner;
    type Context = Long;
    type Store<P: BlockPool> = Cells<P>;

    fn store<A: BlockArena>(arena: &A) -> Result<Cells<A::Pool>, AllocError> {
        Cells::new(arena)
    }

    #[inline(always)]
    fn context<P: BlockPool>(cells: &Cells<P>) -> Long {
        Long::of(cells)
    }

    fn hold<P: BlockPool>(cells: &Cells<P>, key: &[u8]) -> Result<Option<u32>, AllocError> {
        if Self::is_long(key) { Ok(Some(cells.store(key)?.to_word())) } else { Ok(None) }
    }

    #[inline(always)]
    fn give_up<P: BlockPool>(cells: &Cells<P>, number: Option<u32>) {
        if let Some(number) = number {
            cells.release(CellId::from_word(number));
        }
    }

    fn usage<P: BlockPool>(cells: &Cells<P>) -> PoolUsage {
        cells.usage()
    }

    #[cfg(feature = "check")]
    fn check_store<P: BlockPool>(cells: &Cells<P>, references: &BTreeMap<u32, usize>) {
        cells.check(references);
    }
}

impl<V> ShapeOf<ByteKeys> for ByteLeaf<V> {
    #[inline(always)]
    fn as_inner<'l, 'a>(_: &'l Locked<'a, Self>) -> Option<&'l Locked<'a, ByteInner>> {
        None
    }
}

impl ShapeOf<ByteKeys> for ByteInner {
    #[inline(always)]
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l Locked<'a, Self>> {
        Some(node)
    }
}

impl<P: Payload> Reading for ByteShape<P> {
    fn low(node: Node<'_, Self>) -> ByteString {
        node.fence_bytes(Fence::Low)
    }

    fn high(node: Node<'_, Self>) -> ByteString {
        node.fence_bytes(Fence::High)
    }

    fn try_high(node: Node<'_, Self>) -> Option<ByteString> {
        match node.fence_place(Fence::High) {
            Place::Long(string) => {
                let long = node.context();
                let copy = |bytes: &mut [u8]| _ = long.copy(string.number, 0, bytes);
                ByteString::try_filled(long.len(string), copy).ok()
            }
            Place::None | Place::Inline(_) => Some(node.fence_bytes(Fence::High)),
        }
    }

    #[inline(always)]
    fn compare_low(node: Node<'_, Self>, key: &[u8]) -> cmp::Ordering {
        node.compare_fence(key, Fence::Low)
    }

    #[inline(always)]
    fn compare_high(node: Node<'_, Self>, key: &[u8]) -> cmp::Ordering {
        node.compare_fence(key, Fence::High)
    }

    #[inline(always)]
    fn side_of(
        node: Node<'_, Self>,
        key: &[u8],
        is_left: impl FnOnce(cmp::Ordering) -> bool,
        is_right: impl FnOnce(cmp::Ordering) -> bool,
    ) -> Side {
        // Both share one comparison with what long fences begin with.
        let [low, high] = node.compare_both_fences(key);
        if is_left(low) {
            return Side::Left;
        }
        if is_right(high) { Side::Right } else { Side::Within }
    }

    #[inline(always)]
    fn low_number(node: Node<'_, Self>) -> Option<u32> {
        match node.fence_place(Fence::Low) {
            Place::Long(string) => Some(string.number),
            Place::None | Place::Inline(_) => None,
        }
    }

    fn low_word(node: Node<'_, Self>, stem: usize) -> u64 {
        node.fence_word_behind(Fence::Low, stem)
    }

    fn high_word(node: Node<'_, Self>, stem: usize) -> u64 {
        node.fence_word_behind(Fence::High, stem)
    }

    fn stem_from(node: Node<'_, Self>, first: Node<'_, Self>) -> usize {
        first.common_fence(Fence::High, node, Fence::Low)
    }

    fn key(node: Node<'_, Self>, slot: usize) -> ByteString {
        node.key_bytes(slot)
    }

    fn compare_key(node: Node<'_, Self>, key: &[u8], slot: usize) -> cmp::Ordering {
        node.compare_slot(key, slot)
    }

    fn word_behind(node: Node<'_, Self>, slot: usize, stem: usize) -> u64 {
        node.key_word_behind(slot, stem)
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn rank(node: Node<'_, Self>, key: &[u8]) -> usize {
        node.find_key(key).0
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn find(node: Node<'_, Self>, key: &[u8]) -> (usize, bool) {
        node.find_key(key)
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn rank_within(node: Node<'_, Self>, key: &[u8]) -> usize {
        node.find_prefixed(key).0
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn find_within(node: Node<'_, Self>, key: &[u8]) -> (usize, bool) {
        node.find_prefixed(key)
    }

    #[inline(always)]
    fn prefetch(node: Node<'_, Self>) {
        node.prefetch_search();
    }

    #[inline(always)]
    fn prefetch_whole(node: Node<'_, Self>) {
        node.prefetch_all();
    }

    #[inline(always)]
    fn prefetch_pairs(node: Node<'_, Self>) {
        node.prefetch_all_later();
    }
}

impl<P: Payload> Changing for ByteShape<P> {
    fn format(node: &mut Locked<'_, Self>, level: LevelMark, low: Option<KeptBytes<'_>>) {
        Self::let_go(node);
        node.forget_fences();
        node.store_fence(Fence::Low, low.unwrap_or(KeptBytes { bytes: &[], number: None }));
        node.store_state(State { prefix: 0, used: 0, garbage: 0 });
        // A search takes slot 0 of a node without entries, as in a node of words.
        // SAFETY: slot 0 is the node's, and it is locked.
        unsafe { P::wipe(node.payload_from(0)) };
        node.set_meta(0, level);
        node.resample(0);
        node.set_base(Base::NONE);
    }

    fn share_with(node: &mut Locked<'_, Self>, left: &Locked<'_, Self>) {
        node.set_base(left.base());
    }

    fn start_below_every_key(node: &mut Locked<'_, Self>) {
        node.start_at_least();
    }

    fn set_high(node: &mut Locked<'_, Self>, high: KeptBytes<'_>) {
        node.change_high(high);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn insert(node: &mut Locked<'_, Self>, slot: usize, key: KeptBytes<'_>, payload: P::Value) {
        node.insert_key(slot, key, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn push(node: &mut Locked<'_, Self>, key: KeptBytes<'_>, payload: P::Value) {
        node.push_key(key, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn write(node: &mut Locked<'_, Self>, slot: usize, payload: P::Value) {
        node.write_payload(slot, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn close(node: &mut Locked<'_, Self>, slot: usize) {
        node.remove_key(slot);
    }

    fn forget(node: &mut Locked<'_, Self>) {
        node.forget_keys();
    }

    fn split_off(node: &mut Locked<'_, Self>, at: usize, low: KeptBytes<'_>, right: &mut Locked<'_, Self>) {
        node.split_off_keys(at, low, right);
    }

    fn absorb(node: &mut Locked<'_, Self>, right: &mut Locked<'_, Self>) {
        node.absorb_keys(right);
    }

    fn let_go(node: &mut Locked<'_, Self>) {
        if node.level() != LevelMark::NONE {
            node.release_keys();
            node.release_fences();
        }
    }

    fn give_last(node: &mut Locked<'_, Self>, n: usize, right: &mut Locked<'_, Self>) {
        let share = node.count() - n;
        let boundary = node.boundary_at(**right, share);
        node.move_boundary(share, KeptBytes { bytes: &boundary, number: None }, right);
    }

    fn give_first(node: &mut Locked<'_, Self>, n: usize, left: &mut Locked<'_, Self>) {
        let share = left.count() + n;
        let boundary = left.boundary_at(**node, share);
        left.move_boundary(share, KeptBytes { bytes: &boundary, number: None }, node);
    }
}

impl<V> LeafSlots for ByteLeaf<V> {
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn value(node: Node<'_, Self>, slot: usize) -> MaybeUninit<V> {
        let slot = slot.min(Self::CAPACITY - 1);
        // SAFETY: `slot` is below the capacity, so its words are the node's.
        unsafe { value::load(node.payload_from(slot)) }
    }
}

impl InnerSlots for ByteInner {
    fn has_room_for_entry(node: Node<'_, Self>, key: &[u8]) -> bool {
        node.has_room_for_key(key)
    }

    fn has_room_to_move(node: Node<'_, Self>, slot: usize, key: &[u8]) -> bool {
        node.has_room_for_exchange(slot, key)
    }

    #[inline(always)]
    fn child(node: Node<'_, Self>, slot: usize) -> Option<BlockId> {
        // Relaxed: as in `next`.
        NonZeroU32::new(node.child_cell_in(slot).load(Ordering::Relaxed)).map(BlockId)
    }

    fn insert_first(node: &mut Locked<'_, Self>, child: BlockId) {
        node.insert_key(0, KeptBytes { bytes: &[], number: None }, child);
    }

    fn set_key(node: &mut Locked<'_, Self>, slot: usize, key: KeptBytes<'_>) {
        node.exchange_key(slot, key);
    }

    fn copy_words(node: &Locked<'_, Self>, replica: Node<'_, Self>) {
        replica::copy_words(node, replica);
    }
}
