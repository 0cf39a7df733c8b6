//! A list of at most `N` items, in place. An empty one costs one store, because its items are not
//! initialized.

use alloc::vec::Vec;
use core::mem::{self, MaybeUninit};
use core::slice;

/// See the module.
pub(crate) struct Few<T, const N: usize> {
    /// The first `len` are initialized.
    items: [MaybeUninit<T>; N],
    len: usize,
}

impl<T, const N: usize> Few<T, N> {
    /// An empty list. Not `const`: a copy of a constant writes all of it.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { items: [const { MaybeUninit::uninit() }; N], len: 0 }
    }

    /// Adds `item` as the last one; false if there is no room for it.
    pub(crate) fn push(&mut self, item: T) -> bool {
        let Some(place) = self.items.get_mut(self.len) else { return false };
        place.write(item);
        self.len += 1;
        true
    }

    /// Takes out the last item.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: `push` initialized it, and with the smaller length it is not used again.
        Some(unsafe { self.items[self.len].assume_init_read() })
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `push` initialized these items, which are in one array.
        unsafe { slice::from_raw_parts(self.items.as_ptr().cast(), self.len) }
    }
}

impl<T, const N: usize> Drop for Few<T, N> {
    #[inline(always)]
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            while self.pop().is_some() {}
        }
    }
}

/// Where items go that a [`Few`] has no room for.
pub(crate) trait More<T> {
    /// None.
    fn none() -> Self;

    /// Takes copies of these items; false if it cannot.
    fn take(&mut self, items: &[T]) -> bool;

    fn as_slice(&self) -> &[T];
}

/// There are never more. This takes no instructions, unlike a list that stays empty.
impl<T> More<T> for () {
    #[inline(always)]
    fn none() -> Self {}

    #[inline(always)]
    fn take(&mut self, _: &[T]) -> bool {
        false
    }

    #[inline(always)]
    fn as_slice(&self) -> &[T] {
        &[]
    }
}

impl<T: Copy> More<T> for Vec<T> {
    #[inline(always)]
    fn none() -> Self {
        Self::new()
    }

    fn take(&mut self, items: &[T]) -> bool {
        let has_memory = self.try_reserve(items.len()).is_ok();
        if has_memory {
            self.extend_from_slice(items);
        }
        has_memory
    }

    #[inline(always)]
    fn as_slice(&self) -> &[T] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_item_comes_out_first() {
        let mut few = Few::<u32, 3>::new();
        assert_eq!((few.pop(), few.as_slice()), (None, &[][..]));
        assert!(few.push(1) && few.push(2));
        assert_eq!(few.pop(), Some(2));
        assert!(few.push(3));
        assert_eq!(few.as_slice(), [1, 3]);
    }

    #[test]
    fn items_that_are_left_are_dropped() {
        let item = alloc::sync::Arc::new(());
        let mut few = Few::<_, 3>::new();
        assert!(few.push(item.clone()) && few.push(item.clone()));
        drop(few.pop());
        assert_eq!(alloc::sync::Arc::strong_count(&item), 2);
        drop(few);
        assert_eq!(alloc::sync::Arc::strong_count(&item), 1);
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let mut few = Few::<u32, 2>::new();
        assert!(few.push(1) && few.push(2) && !few.push(3));
        assert_eq!(few.as_slice(), [1, 2]);
        assert_eq!((few.pop(), few.pop(), few.pop()), (Some(2), Some(1), None));
    }
}
