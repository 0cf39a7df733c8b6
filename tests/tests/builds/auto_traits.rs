//! Which types may go to other threads, be shared with them, and be used after a caught panic.
//!
//! Properties, checked by the compiler:
//! - the maps, `BulkLoad`, ranges, cursors, handlers, reservations, errors, arenas, pools, workers and worker
//!   pools are `Send`, `Sync`, `UnwindSafe` and `RefUnwindSafe`. The map has these traits only if its values allow it;
//! - if values change through a reference, a reference to the map has neither of the unwind-safe traits: a
//!   caller could see half a change;
//! - ranges are `FusedIterator`s.

use bskip_core::arena::{BumpPool, GlobalPool, StaticPool};
use bskip_core::{
    AllocError, BSkipBlobMap, BSkipBytesMap, BSkipBytesSet, BSkipMap, BSkipSet, BlobBulkLoad, BlobCursor,
    BlobRange, BlockArena, BulkError, BulkLoad, BumpArena, BytesBulkError, BytesBulkLoad, BytesHandler,
    BytesMerged, BytesMigrateCursor, BytesSetRange, BytesShrinkCursor, ClonedRange, Config, GlobalArena,
    Handler, InsertError, InsertManyError, Merged, MigrateCursor, OwnedBlobCursor, Platform, PoolUsage,
    Range, Reservation, SetHandler, SetRange, ShrinkCursor, StaticArena, TryInsertError,
};
use numa_alloc::{ArenaStats, BuildError, Fallback, NumaArena, PlacementReport, Policy};
use std::cell::Cell;
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};

fn all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}

fn maps_of<V: Clone + Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {
    on::<V, GlobalArena>();
    on::<V, BumpArena>();
    on::<V, NumaArena>();
}

fn fused<T: DoubleEndedIterator + FusedIterator>() {}

fn on<V: Clone + Send + Sync + UnwindSafe + RefUnwindSafe + 'static, A>()
where
    A: BlockArena + Send + Sync + UnwindSafe + RefUnwindSafe + 'static,
    A::Pool: UnwindSafe,
{
    all::<BSkipMap<u64, V, A>>();
    all::<BulkLoad<u64, V, A>>();
    all::<BSkipBytesMap<str, V, A>>();
    all::<BytesBulkLoad<str, V, A>>();
    all::<BSkipBlobMap<str, A>>();
    all::<BlobRange<'static, str, A>>();
    all::<BlobBulkLoad<str, A>>();
    all::<BlobCursor<'static, str, A>>();
    all::<OwnedBlobCursor<str, A>>();
    fused::<BlobRange<'static, str, A>>();
    all::<Handler<'static, u64, V, A>>();
    all::<SetHandler<'static, u64, A>>();
    all::<BytesHandler<'static, str, V, A>>();
    all::<Reservation<'static, u64, V, A>>();
    all::<BSkipSet<u64, A>>();
    all::<BSkipBytesSet<str, A>>();
    all::<SetRange<'static, u64, A>>();
    all::<BytesSetRange<'static, str, A>>();
    all::<Merged<'static, u64, A>>();
    all::<BytesMerged<'static, str, A>>();
    fused::<SetRange<'static, u64, A>>();
    fused::<BytesSetRange<'static, str, A>>();
    all::<Range<'static, u64, V, A>>();
    all::<ClonedRange<'static, u64, V, A>>();
    fused::<ClonedRange<'static, u64, V, A>>();
    fused::<Range<'static, u64, u64, A>>();
}

#[test]
fn of_the_map() {
    maps_of::<u64>();
    maps_of::<String>();
    maps_of::<[u8; 100]>();
    maps_of::<std::sync::Arc<std::sync::Mutex<Vec<u8>>>>();
    all::<ShrinkCursor<u64>>();
    all::<MigrateCursor<u64>>();
    all::<InsertError<u64, String>>();
    all::<TryInsertError<u64, String>>();
    all::<BulkError<u64>>();
    all::<BytesBulkError<String>>();
    all::<BytesShrinkCursor>();
    all::<BytesMigrateCursor>();
    all::<InsertManyError>();
    all::<AllocError>();
    all::<PoolUsage>();
    all::<Config>();
}

/// Whether a type implements a trait. An inherent item of a type takes precedence over an item of a trait.
macro_rules! is {
    ($type:ty: $bound:path) => {{
        struct Asked<T>(core::marker::PhantomData<T>);
        #[allow(dead_code, reason = "not used where the answer is yes")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T> Otherwise for Asked<T> {}
        #[allow(dead_code, reason = "not used where the answer is no")]
        impl<T: $bound> Asked<T> {
            const ANSWER: bool = true;
        }
        Asked::<$type>::ANSWER
    }};
}

#[test]
fn not_where_the_value_is_not() {
    assert!(is!(BSkipMap<u64, u8>: RefUnwindSafe));
    assert!(!is!(BSkipMap<u64, Cell<u8>>: RefUnwindSafe) && is!(BSkipMap<u64, Cell<u8>>: UnwindSafe));
    assert!(!is!(BulkLoad<u64, Cell<u8>>: RefUnwindSafe));
    assert!(!is!(Range<'static, u64, Cell<u8>>: UnwindSafe));
    assert!(!is!(BSkipMap<u64, &'static mut u8>: UnwindSafe));
    assert!(!is!(BSkipMap<u64, Cell<u8>>: Sync) && is!(BSkipMap<u64, Cell<u8>>: Send));
    assert!(!is!(Handler<'static, u64, Cell<u8>, GlobalArena>: Send));
    assert!(!is!(Reservation<'static, u64, Cell<u8>, GlobalArena>: Send));
    assert!(!is!(Reservation<'static, u64, Cell<u8>, GlobalArena>: UnwindSafe));
    assert!(!is!(BSkipMap<u64, std::rc::Rc<u8>>: Send));
}

#[test]
fn of_arenas() {
    /// A way of waiting that is itself neither `Send` nor `Sync`.
    struct Spin(#[allow(dead_code, reason = "for its traits")] *const ());
    impl Platform for Spin {
        fn relax(_: u32) {
            std::hint::spin_loop();
        }
    }
    all::<GlobalArena>();
    all::<GlobalArena<Spin>>();
    all::<GlobalPool>();
    all::<BSkipMap<u64, u64, GlobalArena<Spin>>>();
    all::<StaticArena>();
    all::<StaticArena<Spin>>();
    all::<StaticPool<Spin>>();
    all::<BSkipMap<u64, u64, &'static StaticArena<Spin>>>();
    all::<BumpArena>();
    all::<BumpArena<Spin>>();
    all::<BumpPool>();
    all::<BSkipMap<u64, u64, BumpArena<Spin>>>();
    all::<NumaArena>();
    all::<<NumaArena as BlockArena>::Pool>();
    all::<ArenaStats>();
    all::<BuildError>();
    all::<Fallback>();
    all::<PlacementReport>();
    all::<Policy>();
}

#[cfg(feature = "workers")]
#[test]
fn of_workers() {
    use bskip_topology::{
        Binding, Cache, Cpu, CpuSet, Distances, Machine, MachineError, NumaNode, ParseCpuListError,
        ParsePolicyError, Partition, PinError, PinPlan, PinPolicy, Worker, WorkerPool, Workers,
    };
    all::<(Cache, Cpu, CpuSet, Distances, NumaNode, Binding)>();
    all::<(ParseCpuListError, ParsePolicyError)>();
    all::<Workers<Result<String, PinError>>>();
    all::<Machine>();
    all::<MachineError>();
    all::<Partition>();
    all::<PinError>();
    all::<PinPlan>();
    all::<PinPolicy>();
    all::<Worker>();
    all::<WorkerPool>();
    all::<WorkerPool<String>>();
}

/// The smallest case.
#[test]
fn a_panic_is_caught_without_ado() {
    let map: BSkipMap<u64, String> = (0..100).map(|key| (key, key.to_string())).collect();
    assert!(catch_unwind(|| map.get_with(&7, |_| panic!("asked to panic"))).is_err());
    assert_eq!(catch_unwind(|| map.get_cloned(&7)).expect("no panic").as_deref(), Some("7"));
    let load = BulkLoad::new();
    let pairs = (0..50u64).map(|key| if key < 40 { (key, key) } else { panic!("asked to panic") });
    assert!(catch_unwind(|| load.part(pairs)).is_err());
    load.part([(1, 1)]).expect("ascending");
    assert_eq!(load.finish().expect("one part").len(), 1);
}
