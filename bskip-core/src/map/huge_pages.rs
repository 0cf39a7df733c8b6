//! Reports how many huge pages the system gave to a map on the global allocator.

use super::BSkipMap;
use crate::arena::{GlobalArena, HugePages, Platform};
use crate::key::Key;

impl<K: Key, V, R: Platform> BSkipMap<K, V, GlobalArena<R>> {
    /// How many huge pages the system gave for this map's nodes.
    ///
    /// On small pages, a search in a large map spends much of its time on translating addresses. If
    /// `resident_bytes` stays far below `asked_bytes`, look at `/sys/kernel/mm/transparent_hugepage/enabled`:
    /// it should say `madvise` or `always`. The call reads `/proc/self/smaps`, which takes milliseconds.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..1_000_000).map(|key| (key, key)).collect();
    /// let pages = map.huge_pages();
    /// println!("{} MiB asked, {:?} bytes there", pages.asked_bytes >> 20, pages.resident_bytes);
    /// # assert!(pages.asked_bytes > 8 << 20 || !cfg!(all(feature = "huge-pages", target_os = "linux")));
    /// ```
    #[must_use]
    pub fn huge_pages(&self) -> HugePages {
        self.index.huge_pages()
    }
}
