//! Maps that exist before they have any memory: in statics.

use core::alloc::Layout;

use super::BSkipMap;
use crate::arena::{BlockArena, Platform, StaticArena};
use crate::config::Config;
use crate::index::Index;
use crate::key::Key;

impl<K: Key, V, P: Platform> BSkipMap<K, V, &'static StaticArena<P>> {
    /// An empty map in `arena`, with the default [`Config`]. It takes its first block at the first insertion, so the
    /// arena may get its memory later.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, StaticArena, StaticMemory};
    ///
    /// static MEMORY: StaticMemory<65536> = StaticMemory::new();
    /// static ARENA: StaticArena = StaticArena::new();
    /// static MAP: BSkipMap<u32, u64, &'static StaticArena> = BSkipMap::new_in(&ARENA);
    ///
    /// assert!(MAP.is_empty());
    /// assert!(MAP.try_insert(1, 10).is_err(), "the arena has no memory yet");
    /// ARENA.add_region(MEMORY.take().expect("taken once"))?;
    /// assert_eq!(MAP.insert(1, 10), None);
    /// assert_eq!(MAP.get(&1), Some(10));
    /// # Ok::<(), bskip_core::RegionError>(())
    /// ```
    ///
    /// Until the first insertion, all readers find an empty map. If the arena has no memory for the first leaf,
    /// [`insert`](Self::insert) panics, and [`try_insert`](Self::try_insert) gives the pair back. The closure of
    /// [`compute`](Self::compute), or of another call that may insert, then runs without a lock: several threads may
    /// run such closures for one key at the same time. The map stays empty, and a later call tries again.
    ///
    /// `new_in` does not compile if ten keys and a value have more than about 1900 bytes together: a `[u8; 192]` is too
    /// long for a key. [`with_arena`](Self::with_arena) takes such types. A [counted](Config::counted) map cannot be in
    /// a static.
    #[must_use]
    pub const fn new_in(arena: &'static StaticArena<P>) -> Self {
        Self::new_in_with(arena, Config::new())
    }

    /// As [`new_in`](Self::new_in), with these choices. Unless they include a seed, the map takes one from
    /// [`Platform::seed`] before it makes its first leaf. If several threads insert at once, each may call that.
    ///
    /// # Panics
    /// If the map is to be [counted](Config::counted), because a counter takes memory. A static then does not
    /// compile.
    #[must_use]
    pub const fn new_in_with(arena: &'static StaticArena<P>, config: Config) -> Self {
        Self { index: Index::lazy_in(arena, (), &config), arena }
    }
}

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The layouts of a leaf and of an inner node for these keys and values. [`NODE_BYTES`](Self::NODE_BYTES) has
    /// their sizes.
    pub const LAYOUTS: (Layout, Layout) = Index::<K::Words, V, A::Pool>::LAYOUTS;

    /// An empty map on pools of an arena of your own, for statics: see [`new_in`](Self::new_in). `leaves` gives blocks
    /// for leaves, `inners` for inner nodes.
    ///
    /// It does not compile unless the pools are [`LAZY`](crate::BlockPool::LAZY), or if ten keys and a value have more
    /// than about 1900 bytes together. The map never uses replicas, even if the pools have some. It never keeps a table
    /// of leaves, even if the pools' hints are [`GlobalHints`](crate::arena::GlobalHints), so a search takes a step
    /// more.
    ///
    /// # Panics
    /// If the map is to be [counted](Config::counted), because a counter takes memory.
    ///
    /// # Safety
    /// The pools keep the contract of [`BlockPool`](crate::BlockPool) for [these layouts](Self::LAYOUTS), and have not
    /// been used.
    #[must_use]
    pub const unsafe fn from_pools(arena: A, leaves: A::Pool, inners: A::Pool, config: Config) -> Self {
        Self { index: Index::lazy(leaves, inners, (), &config), arena }
    }
}
