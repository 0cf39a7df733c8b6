//! Loading leaves ahead of a reader of many leaves: the entries of level 1 name the leaves to come.
//!
//! A leaf's `next` is known only when the leaf has come from memory. So a reader that follows only `next`
//! loads one leaf at a time.
//!
//! A trail is a level-1 node in one state, and the slot of the entry that leads to the reader's leaf. It
//! starts to load leaves that the reader will reach later. For a reader that goes backwards, it also names
//! the leaf before. A trail only gives hints. What it names is a block that the leaves' pool has issued,
//! because it was read from a slot in use of a validated node of level 1. If the node has changed, the trail
//! ends.

use crate::arena::{BlockId, BlockPool};
use crate::index::engine::Index;
use crate::index::route::node_table::table::MOST_STEPS;
use crate::index::search::probe::{At, Before, Probe};
use crate::lock::Version;
use crate::node::{Inner, Leaf, LevelMark, NodeKeys};

/// The most leaves that are loaded ahead. At each leaf, the reader loads twice as many ahead as at the leaf
/// before.
const AHEAD: usize = 6;
/// The next node is loaded when this many entries are left.
const NEAR: usize = 8;

/// See the module.
pub(crate) struct Trail<'a, K: NodeKeys> {
    node: Inner<'a, K>,
    version: Version,
    /// In use in that state.
    slot: usize,
    /// How many leaves beyond have been prefetched.
    ahead: usize,
    /// How many should be.
    reach: usize,
}

/// Where a reader goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// As [`leaf_at`](Self::leaf_at), for a reader that goes backwards from there. Also starts to load the
    /// leaf before.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn leaf_and_trail_at(
        &self,
        probe: impl Probe<K>,
    ) -> (Leaf<'_, K, V>, Version, Option<Trail<'_, K>>) {
        if let Some((mut trail, child)) = self.trail_at(probe) {
            let leaf = self.tree.leaf(child);
            leaf.prefetch_whole();
            self.look_ahead(&mut trail, Way::Down);
            // A stale replica may name one far to the left.
            if let Some((leaf, version)) =
                self.tree.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), probe)
            {
                return (leaf, version, Some(trail));
            }
        }
        let (leaf, version) = self.leaf_at(probe);
        (leaf, version, None)
    }

    /// The trail to the leaf at `probe`, and that leaf's block or one to its left.
    #[inline(always)]
    fn trail_at(&self, probe: impl Probe<K>) -> Option<(Trail<'_, K>, BlockId)> {
        if self.tree.root().0 == 0 {
            return None;
        }
        let found = self.near_parent(probe).or_else(|| self.try_inner_at(probe, 1))?;
        Self::trail_from(found, probe)
    }

    #[inline(always)]
    fn trail_from<'a>(
        (node, version): (Inner<'a, K>, Version),
        probe: impl Probe<K>,
    ) -> Option<(Trail<'a, K>, BlockId)> {
        // As in `child_at`.
        let slot = probe.rank(node).saturating_sub(1);
        let child = node.child(slot);
        if node.validate(version) {
            Some((Trail { node, version, slot, ahead: 0, reach: 1 }, child?))
        } else {
            None
        }
    }

    /// Moves the trail from the leaf before to the leaf that starts at `low`. Starts to load the leaves after
    /// it.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn trail_up<'a>(
        &'a self,
        trail: Option<Trail<'a, K>>,
        low: K::Ref<'_>,
    ) -> Option<Trail<'a, K>> {
        let mut trail = match trail {
            Some(trail) => self.follow_up(trail, low)?,
            // Only if this needs no search by the originals: a trail is not worth waiting for.
            None => Self::trail_from(self.near_parent(At(low))?, At(low))?.0,
        };
        trail.reach = (2 * trail.reach).min(AHEAD);
        self.look_ahead(&mut trail, Way::Up);
        Some(trail)
    }

    fn follow_up<'a>(&'a self, mut trail: Trail<'a, K>, low: K::Ref<'_>) -> Option<Trail<'a, K>> {
        loop {
            let node = trail.node;
            let count = node.count();
            while trail.slot + 1 < count && node.compare_key(low, trail.slot + 1).is_ge() {
                trail.slot += 1;
                trail.ahead = trail.ahead.saturating_sub(1);
                if trail.slot + NEAR == count {
                    self.prefetch_next(&trail);
                }
            }
            let next =
                if trail.slot + 1 < count || node.compare_high(low).is_lt() { None } else { node.next() };
            let high = node.high();
            if !node.validate(trail.version) {
                return None;
            }
            let Some(next) = next else { return Some(trail) };
            let node = self.router.near(&self.tree, next);
            let version = node.try_read_begin()?;
            // Stale replicas may name each other in a circle. If each must start where the one before ends,
            // they cannot.
            let is_next = node.level() == LevelMark::of(1) && node.compare_low(K::borrow(&high)).is_eq();
            if !is_next || node.compare_low(low).is_lt() || node.count() == 0 {
                return None;
            }
            trail = Trail { node, version, slot: 0, ahead: trail.ahead.saturating_sub(1), ..trail };
        }
    }

    fn prefetch_next(&self, trail: &Trail<'_, K>) {
        let next = trail.node.next();
        if let Some(next) = next
            && trail.node.validate(trail.version)
        {
            self.router.near(&self.tree, next).prefetch();
        }
    }

    /// Moves the trail from the leaf that starts at `low` to the leaf before. Returns also the block of that
    /// leaf, or of one to its left. Starts to load what comes before it.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn trail_down<'a>(
        &'a self,
        mut trail: Trail<'a, K>,
        low: Before<'_, K>,
    ) -> Option<(Trail<'a, K>, Leaf<'a, K, V>)> {
        let node = trail.node;
        while node.compare_key(low.0, trail.slot).is_le() {
            trail.slot = trail.slot.checked_sub(1)?;
            trail.ahead = trail.ahead.saturating_sub(1);
        }
        let child = node.child(trail.slot);
        if !node.validate(trail.version) {
            return None;
        }
        trail.reach = (2 * trail.reach).min(AHEAD);
        self.look_ahead(&mut trail, Way::Down);
        Some((trail, self.tree.leaf(child?)))
    }

    /// Starts to load the leaves beyond the trail's position, as far as its node names them.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn look_ahead(&self, trail: &mut Trail<'_, K>, way: Way) {
        while trail.ahead < trail.reach {
            let Some(child) = self.beyond(trail, way) else { return };
            self.tree.leaf(child).prefetch_pairs();
            trail.ahead += 1;
        }
    }

    /// The leaf beyond those that have been prefetched.
    #[inline(always)]
    fn beyond(&self, trail: &Trail<'_, K>, way: Way) -> Option<BlockId> {
        let node = trail.node;
        let slot = match way {
            Way::Up => trail.slot + trail.ahead + 1,
            Way::Down => trail.slot.checked_sub(trail.ahead + 1)?,
        };
        let count = node.count();
        if slot < count {
            let child = node.child(slot);
            return if node.validate(trail.version) { child } else { None };
        }
        let next = node.next();
        if !node.validate(trail.version) {
            return None;
        }
        let (node, slot) = (self.router.near(&self.tree, next?), slot - count);
        let version = node.try_read_begin()?;
        let child = node.child(slot);
        let named = node.level() == LevelMark::of(1) && slot < node.count();
        if node.validate(version) && named { child } else { None }
    }
}
