//! Moves values of any type into and out of words that other threads may be reading.
//!
//! A leaf holds a value as atomic words of pointer size. They are pointers, because a value may hold
//! references, whose provenance an integer would lose. They are words, because readers copy them while a
//! writer may be storing. (A packed type can hold a pointer across two words; that pointer loses its
//! provenance all the same.) A thread uses a copy as a value only if it has validated the leaf's version
//! afterwards, and only if `V` is `Copy`.
//!
//! It would not be enough to ask whether a type has drop glue. A type without it may own something through a
//! `&mut` or a raw pointer. The thread that removes the value may write to that or free it, while a reader
//! still clones its stale copy: a data race from safe code. A `Copy` type owns nothing in this way. Values of
//! other types are read under their leaf's lock.

use core::mem::{ManuallyDrop, MaybeUninit, size_of};
use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// The unit in which values are stored.
pub(crate) type ValueWord = AtomicPtr<()>;

const WORD: usize = size_of::<ValueWord>();

/// The number of words of a value of type `V`.
pub(crate) const fn words<V>() -> usize {
    size_of::<V>().div_ceil(WORD)
}

/// Values of more words than this go through loops that are compiled once, not at each place that moves a
/// value. The compiler would unroll a long loop of known length, which takes it minutes. Such values are also
/// copied less often on the stack.
const FEW: usize = 64;

const fn is_large<V>() -> bool {
    words::<V>() > FEW
}

/// Room for a `V`, rounded up to whole words.
#[repr(C)]
struct Padded<V> {
    value: MaybeUninit<V>,
    aligned: [*mut (); 0],
}

/// Stores `value` as words at `to`. From then on the map owns it.
///
/// # Safety
/// `to` is valid for `words::<V>()` words, and only the caller stores to them now.
#[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
pub(crate) unsafe fn store<V>(to: *const ValueWord, value: V) {
    if is_large::<V>() {
        let mut value = ManuallyDrop::new(value);
        let from = freeze((&raw mut value).cast::<u8>());
        // SAFETY: `value` has these bytes, and `freeze` initialised them; the caller's promise about `to`.
        return unsafe { store_bytes(to, from, size_of::<V>()) };
    }
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

/// Makes the padding bytes at `buffer` count as initialised.
///
/// Reading padding as an integer or a pointer is undefined behaviour. This `asm!` block gets a pointer to the
/// value, so the compiler must assume that it has written all bytes there. In fact the block does nothing.
#[inline(always)]
fn freeze<T>(buffer: *mut T) -> *mut T {
    #[cfg(not(miri))]
    // SAFETY: an empty template does nothing, and its options promise no more than that.
    unsafe {
        core::arch::asm!("/* {0} */", in(reg) buffer, options(nostack, preserves_flags));
    }
    buffer
}

/// Copies the words at `from`. The copy is a `V` if [`store`] stored them and nothing has changed them since.
///
/// # Safety
/// `from` is valid for `words::<V>()` words.
#[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
pub(crate) unsafe fn load<V>(from: *const ValueWord) -> MaybeUninit<V> {
    if is_large::<V>() {
        let mut value = MaybeUninit::uninit();
        // SAFETY: the caller's promise about `from`; `value` has room for these bytes.
        unsafe { load_bytes(from, (&raw mut value).cast(), size_of::<V>()) };
        return value;
    }
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

/// As [`store`], for a value's `len` bytes at `from`.
///
/// # Safety
/// `to` is valid for the words that hold `len` bytes, and only the caller stores to them now. `from` is valid
/// for `len` initialised bytes.
#[inline(never)]
unsafe fn store_bytes(to: *const ValueWord, from: *const u8, len: usize) {
    for i in 0..len.div_ceil(WORD) {
        // SAFETY: less than `len` bytes from the start.
        let from = unsafe { from.add(i * WORD) };
        let rest = len - i * WORD;
        let word = if rest >= WORD {
            // SAFETY: at least a word of the caller's bytes is left.
            unsafe { from.cast::<*mut ()>().read_unaligned() }
        } else {
            let mut word = ptr::null_mut::<()>();
            // SAFETY: `rest` of the caller's bytes are left, and a word has room for them.
            unsafe { from.copy_to_nonoverlapping((&raw mut word).cast(), rest) };
            word
        };
        // SAFETY: the caller's promise about `to`.
        let to = unsafe { to.add(i) };
        // SAFETY: the caller's promise about `to`.
        let to = unsafe { &*to };
        to.store(word, Ordering::Relaxed);
    }
}

/// As [`load`], for a value's `len` bytes, which it writes to `to`.
///
/// # Safety
/// `from` is valid for the words that hold `len` bytes; `to` is valid for writing `len` bytes.
#[inline(never)]
unsafe fn load_bytes(from: *const ValueWord, to: *mut u8, len: usize) {
    for i in 0..len.div_ceil(WORD) {
        // SAFETY: the caller's promise about `from`.
        let from = unsafe { from.add(i) };
        // SAFETY: the caller's promise about `from`.
        let from = unsafe { &*from };
        let word = from.load(Ordering::Relaxed);
        // SAFETY: less than `len` bytes from the start.
        let to = unsafe { to.add(i * WORD) };
        let rest = len - i * WORD;
        if rest >= WORD {
            // SAFETY: at least a word of the caller's bytes is left.
            unsafe { to.cast::<*mut ()>().write_unaligned(word) };
        } else {
            // SAFETY: `rest` of the caller's bytes are left, fewer than the word has.
            unsafe { to.copy_from_nonoverlapping((&raw const word).cast(), rest) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn round_trip<V: Clone + PartialEq + core::fmt::Debug>(value: V) {
        let room: [ValueWord; 512] = core::array::from_fn(|_| ValueWord::new(core::ptr::null_mut()));
        assert!(words::<V>() <= room.len());
        // SAFETY: `room` has the words, and no other thread accesses it.
        unsafe { store(room.as_ptr(), value.clone()) };
        // SAFETY: as above.
        let copy = unsafe { load::<V>(room.as_ptr()) };
        // SAFETY: stored above, and the words are not used again.
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
        // Around the length at which values become large.
        round_trip([7u64; FEW]);
        round_trip([7u64; FEW + 1]);
        round_trip([7u8; FEW * WORD + 1]);
        round_trip(core::array::from_fn::<u8, 4001, _>(|i| i as u8));
        round_trip(core::array::from_fn::<_, 100, _>(|i| (i as u8, String::from("owned"))));
        assert_eq!(words::<()>(), 0);
    }
}
