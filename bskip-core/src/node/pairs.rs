//! The changes of a leaf's pairs.

use core::mem::{self, MaybeUninit};
use core::ops::Range;

use super::locked::LockedLeaf;
use crate::key::KeyWords;
use crate::reentrancy::while_holding;

impl<K: KeyWords, V> LockedLeaf<'_, K, V> {
    /// Puts a pair into `slot`; the leaf has room.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert(&mut self, slot: usize, key: K, value: V) {
        self.insert_at(slot, key, value);
    }

    /// As [`insert`](Self::insert), but touches no line of slots before that of `slot`. For a leaf whose
    /// later lines are in the cache and whose earlier ones are not: moving the slots then waits for no
    /// memory, so a branch on `slot` costs little.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert_from_line(&mut self, slot: usize, key: K, value: V) {
        self.insert_at_from_line(slot, key, value);
    }

    /// Adds a pair with a key above all others; the leaf has room.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn push(&mut self, key: K, value: V) {
        self.push_at_end(key, value);
    }

    /// Copies the value out of `slot`. The caller must then overwrite, remove or forget the slot.
    ///
    /// # Safety
    /// `slot` is below the count, and its value is not used again before it is overwritten.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) unsafe fn read(&self, slot: usize) -> V {
        let value: MaybeUninit<V> = self.value(slot);
        // SAFETY: a slot in use holds a value, and no other thread changes it while this thread has the lock.
        // By the caller's promise, this copy is the only one that is used.
        unsafe { value.assume_init() }
    }

    /// Exchanges the value in `slot`, which is below the count.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn replace(&mut self, slot: usize, value: V) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; overwritten below.
        let old = unsafe { self.read(slot) };
        self.write(slot, value);
        old
    }

    /// Takes the pair out of `slot`, which is below the count.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove(&mut self, slot: usize) -> V {
        self.remove_over::<true>(slot)
    }

    /// As [`remove`](Self::remove), but touches no lines of slots before that of `slot`: see
    /// [`insert_from_line`](Self::insert_from_line).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove_from_line(&mut self, slot: usize) -> V {
        self.remove_over::<false>(slot)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn remove_over<const WHOLE: bool>(&mut self, slot: usize) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; the slot is closed below.
        let value = unsafe { self.read(slot) };
        self.close_gap::<WHOLE>(slot);
        value
    }

    /// Runs `f` on the value in `slot`, which is below the count. Keeps the value as `f` leaves it, even if
    /// `f` panics.
    pub(crate) fn with_value<R>(&mut self, slot: usize, f: impl FnOnce(&mut V) -> R) -> R {
        /// Puts the value back into its slot when it drops, also while a panic of `f` unwinds.
        struct PutBack<'g, 'a, K: KeyWords, V> {
            leaf: &'g mut LockedLeaf<'a, K, V>,
            slot: usize,
            value: mem::ManuallyDrop<V>,
        }
        impl<K: KeyWords, V> Drop for PutBack<'_, '_, K, V> {
            fn drop(&mut self) {
                // SAFETY: `value` is not used after this.
                let value = unsafe { mem::ManuallyDrop::take(&mut self.value) };
                self.leaf.write(self.slot, value);
            }
        }
        assert!(slot < self.count());
        // SAFETY: below the count; `PutBack` overwrites it.
        let value = mem::ManuallyDrop::new(unsafe { self.read(slot) });
        let lock = self.lock();
        let mut held = PutBack { leaf: self, slot, value };
        while_holding(lock, || f(&mut held.value))
    }

    /// Forgets the pairs without dropping their values. Returns their number.
    pub(crate) fn forget(&mut self) -> usize {
        let count = self.count();
        self.set_count(0);
        self.resample(0);
        count
    }

    /// Drops every value and forgets the pairs. If a drop panics, the other values drop while the panic
    /// unwinds.
    pub(crate) fn clear(&mut self) {
        /// The slots whose values are still to be dropped. The leaf has forgotten them.
        struct Rest<'g, 'a, K: KeyWords, V> {
            leaf: &'g LockedLeaf<'a, K, V>,
            slots: Range<usize>,
        }
        impl<K: KeyWords, V> Rest<'_, '_, K, V> {
            fn drop_values(&mut self) {
                for slot in self.slots.by_ref() {
                    // SAFETY: the slot was in use until `clear` began, and `slots` names each of them once.
                    drop(unsafe { self.leaf.read(slot) });
                }
            }
        }
        impl<K: KeyWords, V> Drop for Rest<'_, '_, K, V> {
            fn drop(&mut self) {
                self.drop_values();
            }
        }
        let count = self.forget();
        if mem::needs_drop::<V>() {
            Rest { leaf: self, slots: 0..count }.drop_values();
        }
    }
}
