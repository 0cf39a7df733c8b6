//! Leaves: slots that hold values, and the changes of a leaf's pairs.

use alloc::vec::Vec;
use core::mem::{self, MaybeUninit};
use core::ops::Range;

use super::changing::Changing;
use super::header::Node;
use super::locked::Locked;
use super::shape::KeptKey;
use crate::reentrancy::while_holding;

/// A shape whose slots hold values.
pub(crate) trait LeafSlots: Changing {
    /// See [`Node::value`].
    fn value(node: Node<'_, Self>, slot: usize) -> MaybeUninit<Self::Payload>;
}

impl<S: LeafSlots> Node<'_, S> {
    /// A copy of the value in `slot`. Use it only if the node is validated afterwards and the value is
    /// `Copy`, or under the lock.
    #[inline(always)]
    pub(crate) fn value(self, slot: usize) -> MaybeUninit<S::Payload> {
        S::value(self, slot)
    }
}

impl<S: LeafSlots> Locked<'_, S> {
    /// Puts a pair into `slot`; the leaf has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn insert(&mut self, slot: usize, key: KeptKey<'_, S>, value: S::Payload) {
        S::insert(self, slot, key, value);
    }

    /// Adds a pair with a key above all others; the leaf has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn push(&mut self, key: KeptKey<'_, S>, value: S::Payload) {
        S::push(self, key, value);
    }

    /// Copies the value out of `slot`. The caller must then overwrite, remove or forget the slot.
    ///
    /// # Safety
    /// `slot` is below the count, and its value is not used again before it is overwritten.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) unsafe fn read(&self, slot: usize) -> S::Payload {
        let value = self.value(slot);
        // SAFETY: a slot in use holds a value, and no other thread changes it while this thread has the lock.
        // By the caller's promise, this copy is the only one that is used.
        unsafe { value.assume_init() }
    }

    /// Exchanges the value in `slot`, which is below the count.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn replace(&mut self, slot: usize, value: S::Payload) -> S::Payload {
        assert!(slot < self.count());
        // SAFETY: below the count; overwritten below.
        let old = unsafe { self.read(slot) };
        S::write(self, slot, value);
        old
    }

    /// Takes the pair out of `slot`, which is below the count.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn remove(&mut self, slot: usize) -> S::Payload {
        assert!(slot < self.count());
        // SAFETY: below the count; the slot is closed below.
        let value = unsafe { self.read(slot) };
        S::close(self, slot);
        value
    }

    /// Runs `f` on the value in `slot`, which is below the count. Keeps the value as `f` leaves it, even if
    /// `f` panics.
    pub(crate) fn with_value<R>(&mut self, slot: usize, f: impl FnOnce(&mut S::Payload) -> R) -> R {
        /// Puts the value back into its slot when it drops, also while a panic of `f` unwinds.
        struct PutBack<'g, 'a, S: LeafSlots> {
            leaf: &'g mut Locked<'a, S>,
            slot: usize,
            value: mem::ManuallyDrop<S::Payload>,
        }
        impl<S: LeafSlots> Drop for PutBack<'_, '_, S> {
            fn drop(&mut self) {
                // SAFETY: `value` is not used after this.
                let value = unsafe { mem::ManuallyDrop::take(&mut self.value) };
                S::write(self.leaf, self.slot, value);
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
        S::forget(self);
        count
    }

    /// Takes all pairs out and adds their values to `values`, which has room for them. Returns their number.
    pub(crate) fn take_all(&mut self, values: &mut Vec<S::Payload>) -> usize {
        let count = self.count();
        assert!(values.capacity() - values.len() >= count, "a list that grew could end in a panic");
        for slot in 0..count {
            // SAFETY: below the count; the leaf forgets the slots below, and nothing panics before that.
            values.push(unsafe { self.read(slot) });
        }
        self.forget()
    }

    /// Drops every value and forgets the pairs. If a drop panics, the other values drop while the panic
    /// unwinds.
    pub(crate) fn clear(&mut self) {
        /// The slots whose values are still to be dropped. The leaf has forgotten them.
        struct Rest<'g, 'a, S: LeafSlots> {
            leaf: &'g Locked<'a, S>,
            slots: Range<usize>,
        }
        impl<S: LeafSlots> Rest<'_, '_, S> {
            fn drop_values(&mut self) {
                for slot in self.slots.by_ref() {
                    // SAFETY: the slot was in use until `clear` began, and `slots` names each of them once.
                    drop(unsafe { self.leaf.read(slot) });
                }
            }
        }
        impl<S: LeafSlots> Drop for Rest<'_, '_, S> {
            fn drop(&mut self) {
                self.drop_values();
            }
        }
        let count = self.forget();
        if mem::needs_drop::<S::Payload>() {
            Rest { leaf: self, slots: 0..count }.drop_values();
        }
    }
}
