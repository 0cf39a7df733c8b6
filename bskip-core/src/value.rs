//! Moving values of any type in and out of words that other threads may be reading.
//!
//! A leaf holds a value as pointer-sized atomic words. Pointers, because a value may hold references, whose
//! provenance an integer would lose; words, because readers copy them while a writer may be storing. (A packed type
//! can hold a pointer across two words; that one loses its provenance all the same.)
//! A copy is only used as a value after its leaf's version was validated, and only if `V` is `Copy`.
//!
//! "Has no drop glue" would not be enough. A value may own something through a `&mut` or a raw pointer; the
//! thread that removes the value may write or free that, while a reader still clones its stale copy: a data
//! race from safe code. A `Copy` type has no such claim. The others are read under their leaf's lock.

use core::mem::{MaybeUninit, size_of};

use crate::sync::{AtomicPtr, Ordering};

/// The unit in which values are stored.
pub(crate) type ValueWord = AtomicPtr<()>;

const WORD: usize = size_of::<ValueWord>();

/// Words that a value of type `V` takes.
pub(crate) const fn words<V>() -> usize {
    size_of::<V>().div_ceil(WORD)
}

/// Room for a `V`, rounded up to whole words.
#[repr(C)]
struct Padded<V> {
    value: MaybeUninit<V>,
    aligned: [*mut (); 0],
}

/// Stores `value` as words at `to`; the map owns it from then on.
///
/// # Safety
/// `to` is valid for `words::<V>()` words, and only the caller stores to them now.
#[inline(always)]
pub(crate) unsafe fn store<V>(to: *const ValueWord, value: V) {
    let mut buffer = Padded { value: MaybeUninit::new(value), aligned: [] };
    let from = freeze((&raw mut buffer).cast::<*mut ()>());
    for i in 0..words::<V>() {
        // SAFETY: `buffer` has at least `words::<V>()` words.
        let word = unsafe { from.add(i) };
        // SAFETY: in bounds as above, aligned by `Padded`, initialised by `freeze`.
        let word = unsafe { word.read() };
        // SAFETY: the caller's promise about `to`.
        let to = unsafe { to.add(i) };
        // SAFETY: the caller's promise about `to`.
        let to = unsafe { &*to };
        to.store(word, Ordering::Relaxed);
    }
}

/// Makes padding bytes behind `buffer` initialised, whatever they hold.
///
/// Reading padding as an integer or pointer would be undefined behaviour. An `asm!` block that is given a
/// pointer may, as far as the compiler knows, have written everything behind it; it does nothing.
#[inline(always)]
fn freeze<T>(buffer: *mut T) -> *mut T {
    #[cfg(not(miri))]
    // SAFETY: an empty template touches nothing, and nothing is promised beyond the default options'.
    unsafe {
        core::arch::asm!("/* {0} */", in(reg) buffer, options(nostack, preserves_flags));
    }
    buffer
}

/// Copies the words at `from`: a `V` if they were stored by [`store`] and not changed meanwhile.
///
/// # Safety
/// `from` is valid for `words::<V>()` words.
#[inline(always)]
pub(crate) unsafe fn load<V>(from: *const ValueWord) -> MaybeUninit<V> {
    let mut buffer = Padded { value: MaybeUninit::uninit(), aligned: [] };
    let to = (&raw mut buffer).cast::<MaybeUninit<*mut ()>>();
    for i in 0..words::<V>() {
        // SAFETY: the caller's promise about `from`.
        let from = unsafe { from.add(i) };
        // SAFETY: the caller's promise about `from`.
        let from = unsafe { &*from };
        let word = MaybeUninit::new(from.load(Ordering::Relaxed));
        // SAFETY: `buffer` has at least `words::<V>()` words.
        let to = unsafe { to.add(i) };
        // SAFETY: in bounds as above, aligned by `Padded`.
        unsafe { to.write(word) };
    }
    buffer.value
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn round_trip<V: Clone + PartialEq + core::fmt::Debug>(value: V) {
        let room: [ValueWord; 16] = core::array::from_fn(|_| ValueWord::new(core::ptr::null_mut()));
        assert!(words::<V>() <= room.len());
        // SAFETY: `room` has the words, and no other thread knows it.
        unsafe { store(room.as_ptr(), value.clone()) };
        // SAFETY: as above.
        let copy = unsafe { load::<V>(room.as_ptr()) };
        // SAFETY: it was stored just now, and the words are not used again.
        assert_eq!(unsafe { copy.assume_init() }, value);
    }

    #[derive(Clone, PartialEq, Debug)]
    #[repr(align(32))]
    struct Aligned(u8, u64);

    #[test]
    fn values_survive_as_words() {
        round_trip(7u64);
        round_trip(());
        round_trip(3u8);
        round_trip((1u8, 2u32, 3u8));
        round_trip([1u8; 13]);
        round_trip(Some("text"));
        round_trip(Aligned(1, 2));
        round_trip(String::from("owned"));
        assert_eq!(words::<()>(), 0);
    }
}
