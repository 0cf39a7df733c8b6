//! Maps of byte-string values that exist before they have any memory: in statics.

use core::marker::PhantomData;

use super::BSkipBlobMap;
use crate::arena::{Platform, StaticArena};
use crate::blob_map::blobs::Blobs;
use crate::cells::Cells;
use crate::config::Config;
use crate::index::Index;
use crate::key::BytesKey;

impl<K: BytesKey + ?Sized, P: Platform> BSkipBlobMap<K, &'static StaticArena<P>> {
    /// An empty map in `arena`, with the default [`Config`]. It takes its first block at the first insertion: see
    /// [`BSkipMap::new_in`](crate::BSkipMap::new_in).
    ///
    /// Values of more than 7 bytes are in cells, in blocks of 8 KiB of the arena. The map's list of these blocks takes
    /// memory of the global allocator, and so do [long keys](crate::BSkipBytesMap#long-keys) and copies of values.
    /// [`get_with`](Self::get_with) copies a value of up to 256 bytes to the stack.
    ///
    /// ```
    /// use bskip_core::{BSkipBlobMap, StaticArena, StaticMemory};
    ///
    /// static MEMORY: StaticMemory<65536> = StaticMemory::new();
    /// static ARENA: StaticArena = StaticArena::new();
    /// static MAP: BSkipBlobMap<str, &'static StaticArena> = BSkipBlobMap::new_in(&ARENA);
    ///
    /// assert_eq!(MAP.get("one"), None);
    /// ARENA.add_region(MEMORY.take().expect("taken once"))?;
    /// assert!(MAP.insert("one", b"a value of more than seven bytes"));
    /// assert_eq!(MAP.get_with("one", |value| value.len()), Some(32));
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
        let index = Index::lazy_in(arena, Cells::lazy_in(arena), &config);
        Self { blobs: Blobs { index, cells: Cells::lazy_in(arena) }, arena, _keys: PhantomData }
    }
}
