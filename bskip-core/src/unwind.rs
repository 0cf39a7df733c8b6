//! What a caught panic may leave behind: `UnwindSafe` and `RefUnwindSafe` where the compiler cannot see it for itself.
//!
//! A panic in the caller's code, in a closure, a clone, a drop or an iterator, unwinds through guards that unlock: the map is
//! as it was, or as if the operation had just ended. So a map may be used after `catch_unwind`.
//!
//! What the map hands out by reference is another matter, so its values must be `RefUnwindSafe` themselves. What `update`'s
//! closure had made of its value when it panicked stays, as the method says.

use core::panic::RefUnwindSafe;

use crate::arena::BlockPool;
use crate::index::Index;
use crate::key::KeyWords;
use crate::spin::SpinLock;

// A pool is called between changes, so a panic in it unwinds as one in the caller's code does.
impl<K: KeyWords, V: RefUnwindSafe, P: BlockPool> RefUnwindSafe for Index<K, V, P> {}

// Under the lock only this crate's own code runs, on plain data, and a guard unlocks.
impl<T> RefUnwindSafe for SpinLock<T> {}
