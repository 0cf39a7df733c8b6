//! Where searches start: a level, and that level's first node.

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
use crate::sync::AtomicU32;
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The level and the number of its first node's block in one word: `level << 32 | block`. Levels are only
/// added, so the word only grows.
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
pub(in crate::index) struct Root(AtomicU64);

#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
impl Root {
    /// The root of a tree without a leaf.
    pub(in crate::index) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The level and its first node, or twice 0 if there is no leaf yet. The list of heads has the same node.
    #[inline(always)]
    pub(in crate::index) fn load(&self, _: impl FnOnce(usize) -> u32) -> (usize, u32) {
        // Acquire pairs with the Release in `raise`.
        let root = self.0.load(Ordering::Acquire);
        ((root >> 32) as usize, root as u32)
    }

    /// Lets searches start at `level` or higher. `head` is its first node.
    pub(in crate::index) fn raise(&self, level: usize, head: u32) {
        // Release pairs with the Acquire in `load`.
        self.0.fetch_max((level as u64) << 32 | u64::from(head), Ordering::Release);
    }

    /// From now on there is only level 0, which begins at `head`.
    pub(in crate::index) fn set(&mut self, head: u32) {
        *self.0.get_mut() = u64::from(head);
    }
}

/// The level. The list of heads has its first node: a node enters the list before the root names its level, and
/// stays.
#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
pub(in crate::index) struct Root(AtomicU32);

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
impl Root {
    /// The root of a tree without a leaf.
    pub(in crate::index) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The level and its first node, which `head_of` reads from the list of heads: 0 if there is no leaf yet.
    #[inline(always)]
    pub(in crate::index) fn load(&self, head_of: impl FnOnce(usize) -> u32) -> (usize, u32) {
        // Acquire pairs with the Release in `raise`: the level's head is in the list.
        let level = self.0.load(Ordering::Acquire) as usize;
        (level, head_of(level))
    }

    /// Lets searches start at `level` or higher. Its first node is in the list of heads.
    pub(in crate::index) fn raise(&self, level: usize, _head: u32) {
        // Release pairs with the Acquire in `load`.
        self.0.fetch_max(level as u32, Ordering::Release);
    }

    /// From now on there is only level 0.
    pub(in crate::index) fn set(&mut self, _head: u32) {
        *self.0.get_mut() = 0;
    }
}
