//! The crate's atomics for model checkers: cells of the plain size. The engine handles their accesses.
//!
//! A checker's own atomics are large and must be constructed, but the words of a node are zeroed memory that
//! is cast. So the word in memory is a plain one, which always holds the latest value. Whatever else a
//! checker must know of a word, the engine keeps by the word's address.

use core::fmt;
use core::sync::atomic as plain;

use super::{Ordering, engine};

/// A word in memory, as an engine sees it. Values have 64 bits, whatever the word's size. Accesses through
/// this trait are not part of a model.
pub(super) trait Cell {
    fn address(&self) -> usize;
    fn get(&self) -> u64;
    fn set(&self, value: u64);
    fn replace(&self, current: u64, new: u64) -> Result<u64, u64>;
}

/// What a read-modify-write makes of a word.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Swap(u64),
    Add(u64),
    Max(u64),
}

impl Change {
    pub(super) fn of(self, old: u64) -> u64 {
        match self {
            Change::Swap(value) => value,
            Change::Add(value) => old.wrapping_add(value),
            Change::Max(value) => old.max(value),
        }
    }

    /// Makes the change outside of any model.
    pub(super) fn apply(self, cell: &impl Cell) -> u64 {
        let mut old = cell.get();
        loop {
            match cell.replace(old, self.of(old)) {
                Ok(old) => return old,
                Err(now) => old = now,
            }
        }
    }
}

macro_rules! cell {
    ($name:ident $(<$t:ident>)?, $value:ty, $from:expr, $to:expr) => {
        impl $(<$t>)? Cell for plain::$name $(<$t>)? {
            fn address(&self) -> usize {
                core::ptr::from_ref(self).addr()
            }
            fn get(&self) -> u64 {
                // SeqCst pairs with all the others here: unit tests use these cells without a model, from
                // several threads, and no order may be lost.
                $from(self.load(Ordering::SeqCst))
            }
            fn set(&self, value: u64) {
                // SeqCst pairs with the others, as in `get`.
                self.store($to(value), Ordering::SeqCst);
            }
            fn replace(&self, current: u64, new: u64) -> Result<u64, u64> {
                // SeqCst pairs with the others, as in `get`.
                self.compare_exchange($to(current), $to(new), Ordering::SeqCst, Ordering::SeqCst)
                    .map($from)
                    .map_err($from)
            }
        }

        /// As `core`'s, for model checkers.
        #[repr(transparent)]
        pub struct $name $(<$t>)? (plain::$name $(<$t>)?);

        impl $(<$t>)? $name $(<$t>)? {
            pub const fn new(value: $value) -> Self {
                Self(plain::$name::new(value))
            }
            pub fn load(&self, order: Ordering) -> $value {
                $to(engine::load(&self.0, order))
            }
            pub fn store(&self, value: $value, order: Ordering) {
                engine::store(&self.0, $from(value), order);
            }
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let result = engine::compare_exchange(&self.0, [$from(current), $from(new)], success, failure);
                result.map($to).map_err($to)
            }
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                $to(engine::change(&self.0, Change::Swap($from(value)), order))
            }
            pub fn get_mut(&mut self) -> &mut $value {
                engine::forget(&self.0);
                self.0.get_mut()
            }
            pub fn into_inner(mut self) -> $value {
                *self.get_mut()
            }
        }

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

cell!(AtomicU32, u32, u64::from, |word: u64| word as u32);
#[cfg(not(bskip_narrow))]
cell!(AtomicU64, u64, |word: u64| word, |word: u64| word);
cell!(AtomicUsize, usize, |word: usize| word as u64, |word: u64| word as usize);
cell!(AtomicPtr<T>, *mut T, |pointer: *mut T| pointer.expose_provenance() as u64, |word: u64| {
    core::ptr::with_exposed_provenance_mut(word as usize)
});

impl Default for AtomicU32 {
    fn default() -> Self {
        Self::new(0)
    }
}

#[cfg(not(bskip_narrow))]
impl Default for AtomicU64 {
    fn default() -> Self {
        Self::new(0)
    }
}

impl AtomicU32 {
    pub fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.compare_exchange(current, new, success, failure)
    }
    pub fn fetch_max(&self, value: u32, order: Ordering) -> u32 {
        engine::change(&self.0, Change::Max(value.into()), order) as u32
    }
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        engine::change(&self.0, Change::Add(value.into()), order) as u32
    }
    pub fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        engine::change(&self.0, Change::Add(u64::from(value).wrapping_neg()), order) as u32
    }
}

#[cfg(not(bskip_narrow))]
impl AtomicU64 {
    pub fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
        engine::change(&self.0, Change::Max(value), order)
    }
}

impl AtomicUsize {
    pub fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        engine::change(&self.0, Change::Add(value as u64), order) as usize
    }
    pub fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        engine::change(&self.0, Change::Add((value as u64).wrapping_neg()), order) as usize
    }
}
