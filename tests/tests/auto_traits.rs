//! Which types may go to other threads, be shared with them, and be used after a caught panic.
//!
//! Properties, checked by the compiler:
//! - the map, `BulkLoad`, ranges, cursors, errors, arenas, pools, workers and worker pools are `Send`, `Sync`, `UnwindSafe` and
//!   `RefUnwindSafe`, the map as far as its values are.

use bskip_core::arena::{BumpPool, GlobalPool};
use bskip_core::{
    AllocError, BSkipMap, BulkError, BulkLoad, BumpArena, ClonedRange, Config, GlobalArena, InsertError,
    InsertManyError, MigrateCursor, NodeArena, PoolUsage, Range, ShrinkCursor,
};
use numa_alloc::{ArenaStats, BuildError, Fallback, NumaArena, PlacementReport, Policy};
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};

fn all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}

fn maps_of<V: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {
    on::<V, GlobalArena>();
    on::<V, BumpArena>();
    on::<V, NumaArena>();
}

fn on<V: Send + Sync + UnwindSafe + RefUnwindSafe + 'static, A>()
where
    A: NodeArena + Send + Sync + UnwindSafe + RefUnwindSafe + 'static,
    A::Pool: UnwindSafe,
{
    all::<BSkipMap<u64, V, A>>();
    all::<BulkLoad<u64, V, A>>();
    all::<Range<'static, u64, V, A>>();
    all::<ClonedRange<'static, u64, V, A>>();
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
    all::<BulkError<u64>>();
    all::<InsertManyError>();
    all::<AllocError>();
    all::<PoolUsage>();
    all::<Config>();
}

#[test]
fn of_arenas() {
    all::<GlobalArena>();
    all::<GlobalPool>();
    all::<BumpArena>();
    all::<BumpPool>();
    all::<NumaArena>();
    all::<<NumaArena as NodeArena>::Pool>();
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
        Machine, MachineError, Partition, PinError, PinPlan, PinPolicy, Worker, WorkerPool,
    };
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
