//! `UnwindSafe` and `RefUnwindSafe`, where the compiler cannot derive them. That the maps have them, and are `Send`
//! and `Sync`, is asserted here when the crate is compiled.
//!
//! If the caller's code panics (a closure, a clone, a drop or an iterator), the panic unwinds through guards
//! that unlock. The map is then as it was before the operation, or as it is after it. So a map may be used
//! after `catch_unwind`.
//!
//! The map hands out references to its values, so the values must be `RefUnwindSafe` themselves. If the
//! closure of `update` panics, its changes to the value so far stay, as that method says.

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::arena::BlockPool;
use crate::cells::Cells;
use crate::index::{Index, Reserve};
use crate::node::NodeKeys;
use crate::spin::SpinLock;

// The map calls a pool only between changes. So a panic in a pool unwinds as a panic in the caller's code
// does.
impl<K: NodeKeys, V: RefUnwindSafe, P: BlockPool> RefUnwindSafe for Index<K, V, P> {}

// As for the index. A reserve's own lists are as they were before a call of a pool, or as they are after it.
impl<K: NodeKeys, V: RefUnwindSafe, P: BlockPool, const MOST: usize> UnwindSafe
    for Reserve<'_, K, V, P, MOST>
{
}
impl<K: NodeKeys, V: RefUnwindSafe, P: BlockPool, const MOST: usize> RefUnwindSafe
    for Reserve<'_, K, V, P, MOST>
{
}

// As for the index.
impl<P: BlockPool> RefUnwindSafe for Cells<P> {}

// Only this crate's code runs under the lock, on plain data, and a guard unlocks.
impl<T> RefUnwindSafe for SpinLock<T> {}

/// Compiles only if each type may be shared, sent, and used after a caught panic.
#[cfg(not(any(loom, shuttle)))]
const _: () = {
    use crate::{BSkipBlobMap, BSkipBytesMap, BSkipBytesSet, BSkipMap, BSkipSet};
    use crate::{BulkLoad, BytesBulkLoad, BytesHandler, Cursor, Handler, Range, Reservation, SetHandler};
    use crate::{GlobalArena, StaticArena, arena::StaticPool};

    const fn shared<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    shared::<BSkipMap<u64, u64>>();
    shared::<BSkipBytesMap<str, alloc::string::String>>();
    shared::<BSkipBlobMap<str>>();
    shared::<BSkipSet<u64>>();
    shared::<BSkipBytesSet<str>>();
    shared::<BulkLoad<u64, u64>>();
    shared::<BytesBulkLoad<str, u64>>();
    shared::<Range<'static, u64, u64>>();
    shared::<Cursor<'static, u64, u64>>();
    shared::<Handler<'static, u64, u64, GlobalArena>>();
    shared::<SetHandler<'static, u64, GlobalArena>>();
    shared::<BytesHandler<'static, str, u64, GlobalArena>>();
    shared::<Reservation<'static, u64, u64, GlobalArena>>();
    shared::<StaticArena>();
    shared::<StaticPool>();
    shared::<BSkipMap<u64, u64, &'static StaticArena>>();
};
