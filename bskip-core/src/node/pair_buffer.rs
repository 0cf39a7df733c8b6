//! Copying neighbouring pairs out of a leaf, into a buffer on the reader's stack.

use core::mem::{MaybeUninit, size_of};
use core::slice;

use super::{Leaf, moves};
use crate::key::KeyWords;
use crate::simd::{self, LINE};
use crate::value::{self, ValueWord};

/// Bytes of room for keys, and for values; a single one of any size has room too. What a leaf aims at
/// (`layout.rs`), so that a whole leaf fits, unless its values are large.
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

/// Copies of neighbouring pairs of a leaf.
pub(crate) struct PairBuffer<K: KeyWords, V: Copy> {
    /// First words of keys on their way.
    words: [MaybeUninit<u64>; LINE * LINE],
    keys: Room<K>,
    values: Room<V>,
    /// How many keys and values are whole, from the first place on.
    len: usize,
}

impl<K: KeyWords, V: Copy> PairBuffer<K, V> {
    /// Pairs that there is room for.
    pub(crate) const MOST: usize = {
        let capacity = Leaf::<K, V>::CAPACITY;
        let (keys, values) = (Room::<K>::PLACES, Room::<V>::PLACES);
        let fewer = if keys < values { keys } else { values };
        if fewer < capacity { fewer } else { capacity }
    };

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn new() -> Self {
        Self { words: [MaybeUninit::uninit(); LINE * LINE], keys: Room::new(), values: Room::new(), len: 0 }
    }

    /// The pairs: keys, and their values in the same order.
    #[inline(always)]
    pub(crate) fn pairs(&self) -> (&[K], &[V]) {
        // SAFETY: `fill` has written `len` keys there, one behind the other.
        let keys = unsafe { slice::from_raw_parts(self.keys.start(), self.len) };
        // SAFETY: as above, values.
        (keys, unsafe { slice::from_raw_parts(self.values.start(), self.len) })
    }

    /// Takes copies of slots `start..end` of `leaf`, at most `MOST`, in the state that `is_valid` looks whether
    /// the leaf is still in; false, and no pairs, if it is not.
    ///
    /// # Safety
    /// If `is_valid` says so, all that was read of the leaf since before the call belongs to one state, in which
    /// these slots are in use.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) unsafe fn fill(
        &mut self,
        leaf: Leaf<'_, K, V>,
        start: usize,
        end: usize,
        is_valid: impl FnOnce() -> bool,
    ) -> bool {
        self.len = 0;
        let len = end - start;
        assert!(len <= Self::MOST && end <= Leaf::<K, V>::CAPACITY);
        self.copy_keys(leaf, start, len);
        self.copy_values(leaf, start, len);
        let valid = is_valid();
        // Only now are the values values: their words were all read from one state in which the slots held some,
        // by the caller's promise, and `V` is `Copy`.
        self.len = if valid { len } else { 0 };
        valid
    }

    #[inline(always)]
    fn copy_keys(&mut self, leaf: Leaf<'_, K, V>, start: usize, len: usize) {
        assert!(len <= Self::MOST);
        let keys = self.keys.start_mut();
        if K::WORDS == 1 {
            // SAFETY: both have the words: the leaf, whose slots these are, and `words`, as many as a leaf can have.
            unsafe {
                simd::choose!(isa => moves::read(isa, leaf.key_words(0, start), self.words.as_mut_ptr().cast(), len));
            }
        }
        for i in 0..len {
            let key = if K::WORDS == 1 {
                // SAFETY: the first `len` words were written just now.
                let word = unsafe { self.words[i].assume_init() };
                K::from_words(|_| word)
            } else {
                leaf.key(start + i)
            };
            // SAFETY: there is room for `MOST`.
            let to = unsafe { keys.add(i) };
            // SAFETY: as above; aligned by `Room`.
            unsafe { to.write(key) };
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn copy_values(&mut self, leaf: Leaf<'_, K, V>, start: usize, len: usize) {
        assert!(len <= Self::MOST);
        let values = self.values.start_mut();
        if Self::VALUES_ARE_WORDS {
            let words = len * value::words::<V>();
            // SAFETY: the leaf has the words of these slots; there is room for `MOST` values, which are as large as
            // their words, and aligned as these.
            return unsafe {
                simd::choose!(isa => moves::read(isa, leaf.payload(start), values.cast(), words))
            };
        }
        for i in 0..len {
            // SAFETY: there is room for `MOST`.
            let to = unsafe { values.cast::<MaybeUninit<V>>().add(i) };
            // SAFETY: as above; aligned by `Room`.
            unsafe { to.write(leaf.value(start + i)) };
        }
    }

    /// Whether values one behind the other are the same bytes as their words.
    const VALUES_ARE_WORDS: bool = size_of::<V>() == value::words::<V>() * size_of::<ValueWord>()
        && align_of::<V>() == align_of::<ValueWord>();
}
