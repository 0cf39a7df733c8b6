//! Maps of byte strings that exist before they have any memory: in statics.

use core::marker::PhantomData;

use super::BSkipBytesMap;
use crate::arena::{Platform, StaticArena};
use crate::cells::Cells;
use crate::config::Config;
use crate::index::Index;
use crate::key::BytesKey;

impl<K: BytesKey + ?Sized, V, P: Platform> BSkipBytesMap<K, V, &'static StaticArena<P>> {
    /// An empty map in `arena`, with the default [`Config`]. It takes its first block at the first insertion: see
    /// [`BSkipMap::new_in`](crate::BSkipMap::new_in). It does not compile if a leaf for these values has more than
    /// 2 KiB.
    ///
    /// [Long keys](Self#long-keys), and copies of keys of more than 104 bytes, take memory of the global allocator.
    ///
    /// ```
    /// use bskip_core::{BSkipBytesMap, StaticArena, StaticMemory};
    ///
    /// static MEMORY: StaticMemory<65536> = StaticMemory::new();
    /// static ARENA: StaticArena = StaticArena::new();
    /// static MAP: BSkipBytesMap<str, u64, &'static StaticArena> = BSkipBytesMap::new_in(&ARENA);
    ///
    /// assert_eq!(MAP.get("one"), None);
    /// ARENA.add_region(MEMORY.take().expect("taken once"))?;
    /// assert_eq!(MAP.insert("one", 1), None);
    /// assert_eq!(MAP.get("one"), Some(1));
    /// # Ok::<(), bskip_core::RegionError>(())
    /// ```
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
        Self { index: Index::lazy_in(arena, Cells::lazy_in(arena), &config), arena, _keys: PhantomData }
    }
}
