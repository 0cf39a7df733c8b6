//! A node: a block of memory seen as a header and sorted slots.
//!
//! This module knows slots. It knows neither what a level is for nor in which order nodes are locked.
//!
//! ```text
//! byte 0        64         128 (if capacity > 0)
//! | header     | samples  | keys: word 0 of every key, word 1 of every key … | payload of every slot |
//! ```
//! *header*: version, count and level, next, low fence, high fence. *samples*: word 0 of every eighth key,
//! padded with the greatest word, so that one vector compare finds the line of keys to search. *payload*: the
//! values of a leaf, or the 32-bit children of an inner node.
//!
//! Each word of a block is always accessed as an atomic of one size, so any thread may read it at any time.
//! What the thread has read means something only if the version is still valid afterwards.

mod boundary;
mod layout;
mod lines;
mod locked;
mod moves;
mod pair_buffer;
mod prefetch;
mod replica;
mod reshape;
mod shape;
mod slots;
#[cfg(feature = "check")]
mod verify;

use core::cmp;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::num::NonZeroU32;
use core::ptr::NonNull;

pub(crate) use layout::MAX_CAPACITY;
pub(crate) use lines::Slots;
pub(crate) use locked::{Locked, LockedInner, LockedLeaf};
pub(crate) use pair_buffer::PairBuffer;
pub(crate) use reshape::{Reshaped, Retired, Unreached, Witness};
pub(crate) use shape::{InnerShape, LeafShape, Shape};

use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::lock::{Version, VersionLock};
use crate::simd::{self, Isa, LINE};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::value;

/// A level as a node states it: one more than the level's number. So 0, which a fresh block and a retired
/// node show, is no level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LevelMark(u8);

impl LevelMark {
    const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) const fn of(level: usize) -> Self {
        Self(level as u8 + 1)
    }
}

const COUNT_BITS: u32 = 16;

/// How `key` compares with the key or fence that has these words.
#[inline(always)]
fn compare<K: KeyWords>(key: K, word: impl Fn(usize) -> u64) -> cmp::Ordering {
    for i in 0..K::WORDS {
        let (ours, theirs) = (key.word(i), word(i));
        if ours != theirs {
            return ours.cmp(&theirs);
        }
    }
    cmp::Ordering::Equal
}

/// A node at its place in memory. `'a` is the lifetime of the pool that keeps it mapped.
pub(crate) struct Node<'a, S> {
    base: NonNull<u8>,
    id: BlockId,
    _pool: PhantomData<(&'a (), S)>,
}

pub(crate) type Leaf<'a, K, V> = Node<'a, LeafShape<K, V>>;
pub(crate) type Inner<'a, K> = Node<'a, InnerShape<K>>;

impl<S> Clone for Node<'_, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Node<'_, S> {}

// SAFETY: a node is a shared reference to atomics. What code may do with a value that it copies out of a node
// depends on the `Index`, which has bounds of its own.
unsafe impl<S> Send for Node<'_, S> {}
// SAFETY: as above.
unsafe impl<S> Sync for Node<'_, S> {}

/// Reading. Only the holder of the lock may trust what these return before [`Node::validate`].
impl<'a, S: Shape> Node<'a, S> {
    /// # Safety
    /// `base` is the address of block `id`, or of a replica of it, of a pool of `Self::LAYOUT` that lives for
    /// `'a`, and the memory is accessed through `Node`s of this shape only.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(base: NonNull<u8>, id: BlockId) -> Self {
        Self { base, id, _pool: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn id(self) -> BlockId {
        self.id
    }

    /// The field of type `T` at `offset`.
    ///
    /// # Safety
    /// `T` is the atomic that the geometry has at `offset`.
    #[inline(always)]
    unsafe fn field<T>(self, offset: usize) -> &'a T {
        debug_assert!(offset + size_of::<T>() <= Self::SIZE && offset.is_multiple_of(align_of::<T>()));
        // SAFETY: the block has `SIZE` bytes by the promise of `from_raw`, and `offset` is below that.
        let field = unsafe { self.base.add(offset) };
        // SAFETY: aligned and in bounds as asserted; mapped for `'a`; initialised, because the pool's blocks
        // start as zeros; and always accessed as this atomic, by the promises of `from_raw` and the caller.
        unsafe { field.cast::<T>().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn lock(self) -> &'a VersionLock {
        // SAFETY: the geometry has the lock there.
        unsafe { self.field(Self::VERSION) }
    }

    #[inline(always)]
    fn header(self, offset: usize) -> &'a AtomicU64 {
        debug_assert!(offset < Self::SAMPLES);
        // SAFETY: the header is made of 64-bit words.
        unsafe { self.field(offset) }
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

    /// Locks the node in the state `version`; `None` if it has changed or is locked.
    #[inline(always)]
    pub(crate) fn try_lock(self, version: Version) -> Option<Locked<'a, S>> {
        self.lock().try_lock(version).then(|| Locked::new(self, version))
    }

    #[inline(always)]
    fn meta(self) -> u64 {
        self.header(Self::META).load(Ordering::Relaxed)
    }

    /// The number of slots in use. It is never more than the capacity, even if the node is changing.
    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        let count = (self.meta() & ((1 << COUNT_BITS) - 1)) as usize;
        count.min(Self::CAPACITY)
    }

    #[inline(always)]
    pub(crate) fn level(self) -> LevelMark {
        LevelMark((self.meta() >> COUNT_BITS) as u8)
    }

    /// The node to the right.
    #[inline(always)]
    pub(crate) fn next(self) -> Option<BlockId> {
        // Relaxed suffices: a thread follows the link only after validation. The version that it read
        // (Acquire) comes from a writer that stored this link after the other node's contents.
        NonZeroU32::new(self.header(Self::NEXT).load(Ordering::Relaxed) as u32).map(BlockId)
    }

    /// The fence at `offset` as a key. For a word number that is too large, which never comes, it takes the
    /// last word.
    #[inline(always)]
    fn fence(self, offset: usize) -> S::Key {
        S::Key::from_words(|i| self.header(offset + i.min(Self::KEY_WORDS - 1) * 8).load(Ordering::Relaxed))
    }

    /// How `key` compares with the fence at `offset`. It compares words, because a fence need not be a key:
    /// the low fence of the first node is all zeros.
    #[inline(always)]
    fn compare_fence(self, key: S::Key, offset: usize) -> cmp::Ordering {
        compare(key, |i| self.header(offset + i * 8).load(Ordering::Relaxed))
    }

    /// The least key that the node may hold. While the node is linked, this changes only if the boundary with
    /// the left neighbour moves.
    #[inline(always)]
    pub(crate) fn low(self) -> S::Key {
        self.fence(Self::LOW)
    }

    /// The first word of [`low`](Self::low).
    pub(crate) fn low_word(self) -> u64 {
        self.header(Self::LOW).load(Ordering::Relaxed)
    }

    /// The first word of [`high`](Self::high).
    pub(crate) fn high_word(self) -> u64 {
        self.header(Self::HIGH).load(Ordering::Relaxed)
    }

    /// How `key` compares with [`low`](Self::low).
    #[inline(always)]
    pub(crate) fn compare_low(self, key: S::Key) -> cmp::Ordering {
        self.compare_fence(key, Self::LOW)
    }

    /// The `low` of the next node, which is above every key that this node may hold. Meaningless if there is
    /// no next node.
    #[inline(always)]
    pub(crate) fn high(self) -> S::Key {
        self.fence(Self::HIGH)
    }

    /// How `key` compares with [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn compare_high(self, key: S::Key) -> cmp::Ordering {
        self.compare_fence(key, Self::HIGH)
    }

    /// Word `plane` of the keys from `slot` on.
    #[inline(always)]
    pub(super) fn key_words(self, plane: usize, slot: usize) -> *const AtomicU64 {
        debug_assert!(plane < Self::KEY_WORDS && slot <= Self::CAPACITY);
        let offset = Self::KEYS + (plane * Self::CAPACITY + slot) * 8;
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the block.
        unsafe { self.base.add(offset) }.cast().as_ptr()
    }

    /// The samples, `LINE` words.
    #[inline(always)]
    pub(super) fn samples(self) -> *const AtomicU64 {
        // SAFETY: within the block.
        unsafe { self.base.add(Self::SAMPLES) }.cast().as_ptr()
    }

    /// The payload from `slot` on.
    #[inline(always)]
    pub(super) fn payload(self, slot: usize) -> *const S::Word {
        debug_assert!(slot <= Self::CAPACITY);
        let offset = Self::PAYLOAD + slot * Self::PAYLOAD_BYTES;
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the block.
        unsafe { self.base.add(offset) }.cast().as_ptr()
    }

    /// Word `plane` of the key in `slot`, which is below the capacity.
    #[inline(always)]
    pub(super) fn key_cell(self, plane: usize, slot: usize) -> &'a AtomicU64 {
        assert!(plane < Self::KEY_WORDS && slot < Self::CAPACITY);
        // SAFETY: as asserted, the word is one of the node's, which are mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.key_words(plane, slot) }
    }

    /// The sample of a line of slots.
    #[inline(always)]
    pub(super) fn sample(self, line: usize) -> &'a AtomicU64 {
        assert!(line < LINE);
        // SAFETY: the samples are `LINE` words.
        unsafe { self.field(Self::SAMPLES + line * 8) }
    }

    #[inline(always)]
    fn key_word(self, plane: usize, slot: usize) -> u64 {
        self.key_cell(plane, slot.min(Self::CAPACITY - 1)).load(Ordering::Relaxed)
    }

    /// The first word of the key in `slot`.
    pub(crate) fn first_word(self, slot: usize) -> u64 {
        self.key_word(0, slot)
    }

    /// The key in `slot`.
    #[inline(always)]
    pub(crate) fn key(self, slot: usize) -> S::Key {
        S::Key::from_words(|plane| self.key_word(plane.min(Self::KEY_WORDS - 1), slot))
    }

    /// How `key` compares with the key in `slot`.
    #[inline(always)]
    pub(crate) fn compare_key(self, key: S::Key, slot: usize) -> cmp::Ordering {
        compare(key, |plane| self.key_word(plane, slot))
    }

    /// The line of slots where a key with this first word is or would be. Always a line of the node, even if
    /// the node is changing.
    #[inline(always)]
    fn line_of_word(self, word: u64) -> usize {
        simd::choose!(isa => self.line_of_word_by(isa, word))
    }

    #[inline(always)]
    fn line_of_word_by(self, isa: impl Isa, word: u64) -> usize {
        // SAFETY: the samples are a line of words, and the block is aligned to 64 bytes.
        let lines = unsafe { isa.rank(self.samples(), word) };
        // If no sample is at most `word`, the first line gives rank 0. For the greatest word the samples
        // after the last key count too; `min` in `rank_in_line` corrects that.
        lines.saturating_sub(1).min(Self::CAPACITY / LINE - 1)
    }

    /// The first slot of this line, or of the last line.
    #[inline(always)]
    fn first_slot(line: usize) -> usize {
        line.min(Self::CAPACITY / LINE - 1) * LINE
    }

    /// How many of `count` keys have a first word of at most `word`. `line` is what
    /// [`line_of_word`](Self::line_of_word) returned for it.
    #[inline(always)]
    fn rank_in_line(self, line: usize, word: u64, count: usize) -> usize {
        simd::choose!(isa => self.rank_in_line_by(isa, line, word, count))
    }

    #[inline(always)]
    fn rank_in_line_by(self, isa: impl Isa, line: usize, word: u64, count: usize) -> usize {
        let slot = Self::first_slot(line);
        // SAFETY: `slot` starts a line of keys.
        let rank = unsafe { isa.rank(self.key_words(0, slot), word) };
        // Slots that are not in use hold anything.
        (slot + rank).min(count)
    }

    /// How many keys have a first word of at most `word`.
    #[inline(always)]
    fn rank_of_word(self, word: u64, count: usize) -> usize {
        simd::choose!(isa => self.rank_of_word_by(isa, word, count))
    }

    #[inline(always)]
    fn rank_of_word_by(self, isa: impl Isa, word: u64, count: usize) -> usize {
        let line = self.line_of_word_by(isa, word);
        // Before the keys have arrived, so that their payload arrives together with them.
        self.prefetch_found(line);
        self.rank_in_line_by(isa, line, word, count)
    }

    /// How many of the node's keys are at most `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn rank(self, key: S::Key) -> usize {
        let count = self.count();
        let word = key.word(0);
        let rank = self.rank_of_word(word, count);
        if Self::KEY_WORDS == 1 || rank == 0 {
            return rank;
        }
        // Longer keys: search among the keys with the same first word.
        let mut from = if word == 0 { 0 } else { self.rank_of_word(word - 1, count) };
        let mut to = rank;
        while from < to {
            let middle = from.midpoint(to);
            if self.compare_key(key, middle).is_ge() {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// The rank of `key`, and whether the slot before it holds `key` itself.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn find(self, key: S::Key) -> (usize, bool) {
        let rank = self.rank(key);
        (rank, rank > 0 && self.compare_key(key, rank - 1).is_eq())
    }

    /// How many of the node's keys are below `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn rank_before(self, key: S::Key) -> usize {
        let (rank, found) = self.find(key);
        rank - usize::from(found)
    }
}

impl<'a, K: KeyWords> Inner<'a, K> {
    /// The word of the child in `slot`, which is below the capacity.
    #[inline(always)]
    pub(super) fn child_cell(self, slot: usize) -> &'a AtomicU32 {
        assert!(slot < Self::CAPACITY);
        // SAFETY: as asserted, the word is one of the node's, which are mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.payload(slot) }
    }

    /// The child in `slot`; `None` only if the node is changing or is no inner node now.
    #[inline(always)]
    pub(crate) fn child(self, slot: usize) -> Option<BlockId> {
        // Relaxed: as in `next`.
        let child = self.child_cell(slot.min(Self::CAPACITY - 1)).load(Ordering::Relaxed);
        NonZeroU32::new(child).map(BlockId)
    }
}

impl<K: KeyWords, V> Leaf<'_, K, V> {
    /// A copy of the value in `slot`. Use it only if the node is validated afterwards and `V` is `Copy`, or
    /// under the lock.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn value(self, slot: usize) -> MaybeUninit<V> {
        let slot = slot.min(Self::CAPACITY - 1);
        // SAFETY: `slot` is below the capacity, so its words are the node's.
        unsafe { value::load(self.payload(slot)) }
    }
}
