//! A node at its place in memory: the offsets of its parts, computed from the sizes of key and payload, and its
//! words.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::size_of;
use core::num::NonZeroU32;
use core::ptr::NonNull;

use super::shape::{InnerShape, LeafShape, SlotShape};
use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::lock::{Version, VersionLock};
use crate::simd::LINE;
use crate::sync::{AtomicU64, Ordering};

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

/// A node at its place in memory. `'a` is the lifetime of the pool that keeps it mapped.
pub(crate) struct Node<'a, S> {
    pub(super) base: NonNull<u8>,
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

/// The bytes of keys and payload that a node should have; its capacity follows. Measured with `u64` keys and
/// values against the 64 slots that this gives: with 32 slots scans are 20 % slower, with 128 slots lookups
/// are 15 % slower.
const TARGET_BYTES: usize = 1024;
pub(crate) const MAX_CAPACITY: usize = LINE * LINE;
/// A quarter of a node must be at least one slot: see `index/write/absorb.rs`.
const MIN_CAPACITY: usize = if LINE < 4 { 4 } else { LINE };

/// The geometry. All of it is constant for a shape.
impl<S: SlotShape> Node<'_, S> {
    /// Whether the samples lead to a single line.
    pub(super) const BY_LINES: bool = Self::KEY_WORDS == 1;
    pub(super) const KEY_WORDS: usize = S::Key::WORDS;
    /// The bytes of a slot without its key.
    pub(super) const PAYLOAD_BYTES: usize = S::WORDS_PER_SLOT * size_of::<S::Word>();
    pub(super) const SLOT_BYTES: usize = Self::KEY_WORDS * 8 + Self::PAYLOAD_BYTES;
    /// The number of slots: a multiple of a line, so that the samples divide them evenly.
    pub(crate) const CAPACITY: usize = {
        let fit = TARGET_BYTES / Self::SLOT_BYTES / LINE * LINE;
        if fit < MIN_CAPACITY {
            MIN_CAPACITY
        } else if fit > MAX_CAPACITY {
            MAX_CAPACITY
        } else {
            fit
        }
    };

    pub(super) const VERSION: usize = 0;
    pub(super) const META: usize = 8;
    pub(super) const NEXT: usize = 16;
    pub(super) const LOW: usize = 24;
    pub(super) const HIGH: usize = Self::LOW + Self::KEY_WORDS * 8;
    pub(super) const SAMPLES: usize = (Self::HIGH + Self::KEY_WORDS * 8).next_multiple_of(64);
    pub(super) const KEYS: usize = Self::SAMPLES + 64;
    pub(super) const PAYLOAD: usize = Self::KEYS + Self::KEY_WORDS * Self::CAPACITY * 8;
    pub(super) const SIZE: usize =
        (Self::PAYLOAD + Self::CAPACITY * Self::PAYLOAD_BYTES).next_multiple_of(64);

    /// Whether the payload is one word of 64 bits. Such a payload moves as keys do.
    pub(super) const WORD_PAYLOAD: bool = S::WORDS_PER_SLOT == 1 && size_of::<S::Word>() == 8;

    pub(crate) const LAYOUT: Layout = {
        assert!(Self::KEYS + LINE * LINE * 8 <= Self::SIZE, "`gather_lines` stays within the node");
        assert!(Self::KEY_WORDS > 0, "a key has at least one word");
        assert!(Self::CAPACITY / LINE <= LINE, "one line of samples covers the node");
        match Layout::from_size_align(Self::SIZE, 64) {
            Ok(layout) => layout,
            Err(_) => panic!("a node of this key and value type is larger than the address space"),
        }
    };
}

/// The words. Only the holder of the lock may trust what these return before [`Node::validate`].
impl<'a, S: SlotShape> Node<'a, S> {
    /// # Safety
    /// `base` is the address of block `id`, or of a replica of it. The block's pool has the layout
    /// `Self::LAYOUT` and lives for `'a`. The memory is accessed only through `Node`s of this shape.
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
    pub(super) unsafe fn field<T>(self, offset: usize) -> &'a T {
        debug_assert!(offset + size_of::<T>() <= Self::SIZE && offset.is_multiple_of(align_of::<T>()));
        // SAFETY: the block has `SIZE` bytes by the promise of `from_raw`, and `offset` is below that.
        let field = unsafe { self.base.add(offset) };
        // SAFETY: the pointer is aligned and in bounds, as asserted. The memory is mapped for `'a`, and
        // initialised, because the pool's blocks start as zeros. By the promises of `from_raw` and of the
        // caller, it is always accessed as this atomic.
        unsafe { field.cast::<T>().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn lock(self) -> &'a VersionLock {
        // SAFETY: the geometry has the lock there.
        unsafe { self.field(Self::VERSION) }
    }

    #[inline(always)]
    pub(super) fn header(self, offset: usize) -> &'a AtomicU64 {
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

    #[inline(always)]
    pub(super) fn meta(self) -> u64 {
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
        // Relaxed suffices, because a thread follows the link only after validation. It read the version with
        // Acquire, from a writer that stored this link after the contents of the node that the link names.
        NonZeroU32::new(self.header(Self::NEXT).load(Ordering::Relaxed) as u32).map(BlockId)
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
    pub(super) fn key_word(self, plane: usize, slot: usize) -> u64 {
        self.key_cell(plane, slot.min(Self::CAPACITY - 1)).load(Ordering::Relaxed)
    }

    /// The first slot of this line, or of the last line.
    #[inline(always)]
    pub(super) fn first_slot(line: usize) -> usize {
        line.min(Self::CAPACITY / LINE - 1) * LINE
    }
}
