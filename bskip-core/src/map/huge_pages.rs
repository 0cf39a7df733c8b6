//! What the default map got of huge pages.

use super::BSkipMap;
use crate::arena::HugePages;
use crate::key::Key;

impl<K: Key, V> BSkipMap<K, V> {
    /// What the system gave of huge pages, for nodes on the global allocator.
    ///
    /// A large map on small pages spends much of a search on finding out where pages are: if `resident_bytes` stays
    /// far below `asked_bytes`, look at `/sys/kernel/mm/transparent_hugepage/enabled`, which should say `madvise` or
    /// `always`. Reads `/proc/self/smaps`, which takes milliseconds.
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
