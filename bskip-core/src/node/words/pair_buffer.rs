//! Copies neighbouring pairs of a leaf into a buffer on the reader's stack.

use core::mem::{MaybeUninit, size_of};
use core::slice;

use super::super::header::Node;
use super::super::moves;
use super::super::shape::Shape;
use super::shape::WordLeaf;
use crate::key::KeyWords;
use crate::simd::{self, LINE};
use crate::value::{self, ValueWord};

/// The bytes of room for keys, and as many for values. This is as much as a leaf should have (`layout.rs`),
/// so a whole leaf fits unless its values are large. A single key or value of any size always has room.
const ROOM: usize = 1024;

/// Room for a few `T`.
#[repr(C)]
union Room<T: Copy> {
    one: MaybeUninit<T>,
    bytes: [MaybeUninit<u8>; ROOM],
}

impl<T: Copy> Room<T> {
    const PLACES: usize = if size_of::<T>() == 0 {
        usize::MAX
    } else if size_of::<T>() > ROOM {
        1
    } else {
        ROOM / size_of::<T>()
    };

    fn new() -> Self {
        Self { bytes: [MaybeUninit::uninit(); ROOM] }
    }

    fn start(&self) -> *const T {
        (&raw const *self).cast()
    }

    fn start_mut(&mut self) -> *mut T {
        (&raw mut *self).cast()
    }
}

/// The buffer: copies of neighbouring pairs of a leaf.
pub(crate) struct PairBuffer<K: KeyWords, V: Copy> {
    /// The first words of keys that are being converted.
    words: [MaybeUninit<u64>; LINE * LINE],
    keys: Room<K>,
    values: Room<V>,
    /// The number of places that hold a key and a value.
    len: usize,
}

impl<K: KeyWords, V: Copy> PairBuffer<K, V> {
    /// The number of pairs that fit.
    pub(crate) const MOST: usize = {
        let capacity = WordLeaf::<K, V>::CAPACITY;
        let (keys, values) = (Room::<K>::PLACES, Room::<V>::PLACES);
        let fewer = if keys < values { keys } else { values };
        if fewer < capacity { fewer } else { capacity }
    };

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn new() -> Self {
        Self { words: [MaybeUninit::uninit(); LINE * LINE], keys: Room::new(), values: Room::new(), len: 0 }
    }

    /// The pairs: keys, and their values in the same order.
    #[inline(always)]
    pub(crate) fn pairs(&self) -> (&[K], &[V]) {
        // SAFETY: `fill` wrote `len` keys there, one after the other.
        let keys = unsafe { slice::from_raw_parts(self.keys.start(), self.len) };
        // SAFETY: `fill` wrote `len` values there, one after the other.
        (keys, unsafe { slice::from_raw_parts(self.values.start(), self.len) })
    }

    /// Copies slots `start..end` of `leaf`, at most `MOST`. Then calls `is_valid`, which says whether the
    /// leaf is still in the same state. If it is not, this returns false and the buffer is empty.
    ///
    /// # Safety
    /// If `is_valid` returns true, everything read of the leaf during the call belongs to one state, and
    /// these slots are in use in that state.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) unsafe fn fill(
        &mut self,
        leaf: Node<'_, WordLeaf<K, V>>,
        start: usize,
        end: usize,
        is_valid: impl FnOnce() -> bool,
    ) -> bool {
        self.len = 0;
        let len = end - start;
        assert!(len <= Self::MOST && end <= WordLeaf::<K, V>::CAPACITY);
        self.copy_keys(leaf, start, len);
        self.copy_values(leaf, start, len);
        let valid = is_valid();
        // Only here the copies become values. By the caller's promise, all their words come from one state in
        // which the slots were in use, and `V` is `Copy`.
        self.len = if valid { len } else { 0 };
        valid
    }

    #[inline(always)]
    fn copy_keys(&mut self, leaf: Node<'_, WordLeaf<K, V>>, start: usize, len: usize) {
        assert!(len <= Self::MOST);
        let keys = self.keys.start_mut();
        if K::WORDS == 1 {
            // SAFETY: these slots are the leaf's, and `words` has room for as many as a leaf can have.
            unsafe {
                simd::choose!(isa => moves::read(isa, leaf.key_words(0, start), self.words.as_mut_ptr().cast(), len));
            }
        }
        for i in 0..len {
            let key = if K::WORDS == 1 {
                // SAFETY: the first `len` words were written above.
                let word = unsafe { self.words[i].assume_init() };
                K::from_words(|_| word)
            } else {
                leaf.key(start + i)
            };
            // SAFETY: there is room for `MOST` keys.
            let to = unsafe { keys.add(i) };
            // SAFETY: in bounds as above, and aligned by `Room`.
            unsafe { to.write(key) };
        }
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn copy_values(&mut self, leaf: Node<'_, WordLeaf<K, V>>, start: usize, len: usize) {
        assert!(len <= Self::MOST);
        let values = self.values.start_mut();
        if Self::VALUES_ARE_WORDS {
            let words = len * value::words::<V>();
            // SAFETY: the leaf has the words of these slots. There is room for `MOST` values, and values have
            // the size and alignment of their words.
            return unsafe {
                simd::choose!(isa => moves::read(isa, leaf.payload(start), values.cast(), words))
            };
        }
        for i in 0..len {
            // SAFETY: there is room for `MOST` values.
            let to = unsafe { values.cast::<MaybeUninit<V>>().add(i) };
            // SAFETY: in bounds as above, and aligned by `Room`.
            unsafe { to.write(leaf.value_in(start + i)) };
        }
    }

    /// Whether an array of values is the same bytes as the words of the values.
    const VALUES_ARE_WORDS: bool = size_of::<V>() == value::words::<V>() * size_of::<ValueWord>()
        && align_of::<V>() == align_of::<ValueWord>();
}
