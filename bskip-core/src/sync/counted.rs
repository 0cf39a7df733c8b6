//! The crate's atomics with the feature `stats`. They are those of `core`, but every write is counted.
//!
//! They do not `Deref` to the atomic inside. So if a method is missing here, the compiler refuses the call,
//! and no write goes uncounted.

use core::sync::atomic as plain;

use super::Ordering;
use crate::stats;

macro_rules! counted {
    ($name:ident $(<$t:ident>)?, $value:ty $(, $change:ident)*) => {
        /// As `core`'s, but writes are counted.
        #[repr(transparent)]
        #[derive(Debug, Default)]
        pub(crate) struct $name $(<$t>)? (plain::$name $(<$t>)?);

        impl $(<$t>)? $name $(<$t>)? {
            #[inline(always)]
            pub(crate) const fn new(value: $value) -> Self {
                Self(plain::$name::new(value))
            }
            #[inline(always)]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }
            #[inline(always)]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                stats::wrote(1);
                self.0.store(value, order);
            }
            #[inline(always)]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                stats::wrote(1);
                self.0.compare_exchange(current, new, success, failure)
            }
            $(
                #[inline(always)]
                pub(crate) fn $change(&self, value: $value, order: Ordering) -> $value {
                    stats::wrote(1);
                    self.0.$change(value, order)
                }
            )*
            /// This is not counted: with exclusive access, no other thread sees the write.
            #[inline(always)]
            pub(crate) fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }
            #[inline(always)]
            pub(crate) fn into_inner(self) -> $value {
                self.0.into_inner()
            }
        }
    };
}

counted!(AtomicU32, u32, fetch_max, fetch_add, fetch_sub);
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
counted!(AtomicU64, u64, fetch_max);
counted!(AtomicUsize, usize, fetch_add, fetch_sub);
counted!(AtomicPtr<T>, *mut T);
