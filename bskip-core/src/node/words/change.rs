//! Changing a locked node of words: its header, and what `slots` and `boundary` do.

use core::mem::MaybeUninit;

use super::super::changing::Changing;
use super::super::header::{LevelMark, Node};
use super::super::inner::InnerSlots;
use super::super::leaf::LeafSlots;
use super::super::locked::Locked;
use super::super::shape::Shape;
use super::replica;
use super::shape::{WordInner, WordLeaf, WordShape};
use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::simd;
use crate::sync::Ordering;

impl<S: WordShape> Locked<'_, S> {
    /// Sets the low fence of a node that no other thread knows. `None` is below every key. In a linked node,
    /// the low fence changes together with its entry or not at all (`boundary`).
    fn set_low(&mut self, low: Option<S::Key>) {
        for i in 0..S::Key::WORDS {
            let word = low.map_or(0, |low| low.word(i));
            self.header(Node::<S>::LOW + i * 8).store(word, Ordering::Relaxed);
        }
    }

    /// Word by word: no user code runs.
    fn copy_high(&mut self, other: &Node<'_, S>) {
        for i in 0..S::Key::WORDS {
            let offset = Node::<S>::HIGH + i * 8;
            self.header(offset).store(other.header(offset).load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

impl<S: WordShape> Changing for S {
    fn format(node: &mut Locked<'_, S>, level: LevelMark, low: Option<S::Key>) {
        node.set_low(low);
        // If a pool panics at the wrong moment, a node may be without entries, and a search takes its slot 0.
        // The block's last life, perhaps on another level, left a child there. This level's pool need not
        // know that child.
        // SAFETY: slot 0 is the node's, and it is locked.
        unsafe { S::wipe(node.payload(0)) };
        node.set_meta(0, level);
        node.resample(0);
    }

    fn start_below_every_key(node: &mut Locked<'_, S>) {
        node.set_low(None);
    }

    fn set_high(node: &mut Locked<'_, S>, high: S::Key) {
        for i in 0..S::Key::WORDS {
            node.header(Node::<S>::HIGH + i * 8).store(high.word(i), Ordering::Relaxed);
        }
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn insert(node: &mut Locked<'_, S>, slot: usize, key: S::Key, payload: S::Payload) {
        node.insert_at(slot, key, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn push(node: &mut Locked<'_, S>, key: S::Key, payload: S::Payload) {
        node.push_at_end(key, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn write(node: &mut Locked<'_, S>, slot: usize, payload: S::Payload) {
        node.write_at(slot, payload);
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn close(node: &mut Locked<'_, S>, slot: usize) {
        node.close_gap::<true>(slot);
    }

    fn forget(node: &mut Locked<'_, S>) {
        node.set_count(0);
        node.resample(0);
    }

    fn split_off(node: &mut Locked<'_, S>, at: usize, low: S::Key, right: &mut Locked<'_, S>) {
        right.copy_high(node);
        S::set_high(node, low);
        right.append(node, at);
        node.set_count(at);
        node.resample(at);
    }

    fn absorb(node: &mut Locked<'_, S>, right: &mut Locked<'_, S>) {
        node.append(right, 0);
        node.copy_high(right);
    }

    #[inline(always)]
    fn let_go(_: &mut Locked<'_, S>) {}

    fn give_last(node: &mut Locked<'_, S>, n: usize, right: &mut Locked<'_, S>) {
        simd::choose!(isa => node.give_last_by(isa, n, right));
    }

    fn give_first(node: &mut Locked<'_, S>, n: usize, left: &mut Locked<'_, S>) {
        simd::choose!(isa => node.give_first_by(isa, n, left));
    }
}

impl<K: KeyWords, V> LeafSlots for WordLeaf<K, V> {
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn value(node: Node<'_, Self>, slot: usize) -> MaybeUninit<V> {
        node.value_in(slot)
    }
}

impl<K: KeyWords> InnerSlots for WordInner<K> {
    fn has_room_for_entry(node: Node<'_, Self>, _: K) -> bool {
        node.count() < Self::CAPACITY
    }

    #[inline(always)]
    fn has_room_to_move(_: Node<'_, Self>, _: usize, _: K) -> bool {
        true
    }

    #[inline(always)]
    fn child(node: Node<'_, Self>, slot: usize) -> Option<BlockId> {
        node.child_in(slot)
    }

    fn insert_first(node: &mut Locked<'_, Self>, child: BlockId) {
        simd::choose!(isa => node.open_gap::<_, true>(isa, 0));
        for plane in 0..K::WORDS {
            node.key_cell(plane, 0).store(0, Ordering::Relaxed);
        }
        node.write_at(0, child);
        node.resample(0);
    }

    fn set_key(node: &mut Locked<'_, Self>, slot: usize, key: K) {
        node.set_key_at(slot, key);
        node.resample(slot);
    }

    fn copy_words(node: &Locked<'_, Self>, replica: Node<'_, Self>) {
        replica::copy_words(node, replica);
    }
}
