//! What a bucket of the table of nodes leads to: two nodes, or an area.
//!
//! Both are a number of 64 bits. Its lower half is the block of the first node, and its upper half that of the
//! second (either may be `NO_HINT`). Or the lower half is 0, and the upper half is an area's number.

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
use crate::sync::AtomicU32;
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// See the module. In one word.
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
#[derive(Default)]
pub(super) struct Nodes(AtomicU64);

#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
impl Nodes {
    #[inline(always)]
    pub(super) fn load(&self) -> u64 {
        // Acquire pairs with the Release in `store` and `replace`: what the issue of the block made visible to
        // the thread that stored this word is visible to this one.
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn store(&self, nodes: u64) {
        // Release pairs with the Acquire in `load`.
        self.0.store(nodes, Ordering::Release);
    }

    /// Stores `new`, which names two nodes, if the bucket still has `old`, which does, too.
    pub(super) fn replace(&self, old: u64, new: u64) -> bool {
        // Release pairs with the Acquire in `load`.
        self.0.compare_exchange(old, new, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}

/// See the module. A thread may find the first half of one number and the second half of another one. It must not
/// take an area's number for a block. So the number lies in three words, and an area has a word of its own. `behind`
/// is 0 at first, and after that always a block or `NO_HINT`.
#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
#[derive(Default)]
pub(super) struct Nodes {
    before: AtomicU32,
    behind: AtomicU32,
    area: AtomicU32,
}

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
impl Nodes {
    #[inline(always)]
    pub(super) fn load(&self) -> u64 {
        // Acquire pairs with the Release in `store` and `replace`: what the issue of the block made visible to
        // the thread that stored this word is visible to this one. And `behind` is not 0 any more.
        let before = self.before.load(Ordering::Acquire);
        if before == 0 {
            // Relaxed: any number will do.
            return u64::from(self.area.load(Ordering::Relaxed)) << 32;
        }
        // Acquire pairs with the Release in `store` and `replace`, as above.
        u64::from(self.behind.load(Ordering::Acquire)) << 32 | u64::from(before)
    }

    pub(super) fn store(&self, nodes: u64) {
        let (before, behind) = (nodes as u32, (nodes >> 32) as u32);
        if before == 0 {
            self.area.store(behind, Ordering::Relaxed);
        } else {
            // Release pairs with the Acquire in `load`.
            self.behind.store(behind, Ordering::Release);
        }
        // Release pairs with the Acquire in `load`.
        self.before.store(before, Ordering::Release);
    }

    /// Stores `new`, which names two nodes, if the bucket still has the first node of `old`, which names two
    /// nodes, too.
    pub(super) fn replace(&self, old: u64, new: u64) -> bool {
        // Release pairs with the Acquire in `load`.
        let before =
            self.before.compare_exchange(old as u32, new as u32, Ordering::Release, Ordering::Relaxed);
        if before.is_ok() {
            // Release pairs with the Acquire in `load`. A rebuild may have stored other nodes or an area
            // meanwhile. Then the second node is a wrong hint, or not looked at.
            self.behind.store((new >> 32) as u32, Ordering::Release);
        }
        before.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_never_taken_for_a_node() {
        let nodes = Nodes::default();
        assert_eq!(nodes.load(), 0, "area 0");
        nodes.store(7 << 32 | 3);
        assert!(nodes.replace(7 << 32 | 3, 9 << 32 | 7));
        assert_eq!(nodes.load(), 9 << 32 | 7);
        nodes.store(5 << 32);
        assert_eq!(nodes.load(), 5 << 32, "area 5");
        assert!(!nodes.replace(9 << 32 | 7, 4 << 32 | 9), "an area stays");
        nodes.store(2 << 32 | 1);
        assert_eq!(nodes.load(), 2 << 32 | 1);
    }
}
