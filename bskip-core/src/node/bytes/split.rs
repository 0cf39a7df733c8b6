//! Dividing slots among nodes of byte keys: splits, absorptions, moved boundaries.
//!
//! Each changes fences, and with them what the keys of a node have in common. So the nodes are written again.

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::cells::State;
use super::fences::{Fence, prefix_between};
use super::image::Keys;
use super::room::{Load, most_words_for};
use super::shape::{ByteShape, Slotted};
use crate::arena::BlockKind;
use crate::key::big_endian::separator;
use crate::key::byte_string::ByteString;

/// Which slots go to the left of a boundary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    /// The first slot that goes to the right.
    pub(super) at: usize,
    /// Whether the new key goes to the left.
    pub(super) goes_left: bool,
}

impl<P: Payload> Slotted<'_, P> {
    /// Where to split a node without room for `key`, which has that rank there. Then the key has room in its
    /// part. Each part has a slot, if the key counts.
    pub(super) fn cut_for(self, rank: usize, key: &[u8]) -> Cut {
        let count = self.count();
        // A key above all others starts a node of its own, so ascending keys leave full nodes.
        if rank >= count {
            return Cut { at: count, goes_left: false };
        }
        let prefix = self.state().prefix;
        let new = Load::slot(most_words_for(key.len().saturating_sub(prefix)));
        let all = self.load_of(0, count, prefix).unwrap_or_default().plus(new);
        let mut best = (Cut { at: count / 2, goes_left: rank < count / 2 }, usize::MAX);
        let mut left = Load::default();
        // The slots and the new key, in their order.
        for i in 0..count {
            let (load, cut) = if i < rank {
                (Load::slot(self.entry(i).words()), Cut { at: i + 1, goes_left: false })
            } else if i == rank {
                (new, Cut { at: i, goes_left: true })
            } else {
                (Load::slot(self.entry(i - 1).words()), Cut { at: i, goes_left: true })
            };
            left = left.plus(load);
            // A reader may have seen another state.
            let right = Load {
                slots: all.slots.saturating_sub(left.slots),
                words: all.words.saturating_sub(left.words),
            };
            let fullness = Self::fullness(left).max(Self::fullness(right));
            if fullness < best.1 {
                best = (cut, fullness);
            }
        }
        best.0
    }

    /// The fence between the parts of a node that splits there.
    pub(super) fn fence_at(self, cut: Cut, rank: usize, key: &[u8]) -> ByteString {
        let right =
            if !cut.goes_left && rank == cut.at { ByteString::of(key) } else { self.key_bytes(cut.at) };
        // The first entry of an inner node stands at its low fence.
        if P::KIND == BlockKind::Inner {
            return right;
        }
        let left = if cut.goes_left && rank == cut.at {
            ByteString::of(key)
        } else {
            self.key_bytes(cut.at.saturating_sub(1))
        };
        // A reader may have seen two states.
        if *left < *right { ByteString::of(separator(&left, &right)) } else { right }
    }

    /// Where the boundary between this node and `right`, the next one, may go so that both are about as full, and
    /// each has room for `key`. Gives the number of slots that the left one then has. `None` if there is no such
    /// place, or if it is there already.
    #[cfg_attr(not(test), expect(dead_code, reason = "byte strings do not move between full leaves yet"))]
    pub(crate) fn share_with(self, right: Self, key: &[u8]) -> Option<usize> {
        let (mine, theirs) = (self.count(), right.count());
        let slot = |i: usize| {
            let entry = if i < mine { self.entry(i) } else { right.entry(i - mine) };
            Load::slot(entry.words())
        };
        let all = (0..mine + theirs).map(slot).fold(Load::default(), Load::plus);
        let mut left = Load::default();
        let mut best = (0, usize::MAX);
        for share in 1..mine + theirs {
            left = left.plus(slot(share - 1));
            let fullness = Self::fullness(left).max(Self::fullness(all.minus(left)));
            if fullness < best.1 {
                best = (share, fullness);
            }
        }
        let share = best.0;
        if share == 0 || share == mine {
            return None;
        }
        // The prefixes may change, and with them what keys take.
        let (left, right) = self.loads_at(right, share)?;
        let new = Load::slot(most_words_for(key.len()));
        let has_room = |load: Load| Self::fullness(load.plus(new)) <= 1 << 16;
        (has_room(left) && has_room(right)).then_some(share)
    }

    /// What both take if the left one has the first `share` of all slots.
    pub(super) fn loads_at(self, right: Self, share: usize) -> Option<(Load, Load)> {
        let mine = self.count();
        let low = self.fence_bytes(Fence::Low);
        let high = right.has_high().then(|| right.fence_bytes(Fence::High));
        let boundary = self.boundary_at(right, share);
        let (left_prefix, right_prefix) =
            (prefix_between(&low, Some(&boundary)), prefix_between(&boundary, high.as_deref()));
        let stay = share.min(mine);
        let moved = share - stay;
        let left_load = self.load_of(0, stay, left_prefix)?.plus(right.load_of(0, moved, left_prefix)?);
        let right_load = self.load_of(stay, mine, right_prefix)?.plus(right.load_of(
            moved,
            right.count(),
            right_prefix,
        )?);
        Some((left_load, right_load))
    }

    /// The fence if the left node has the first `share` of all slots.
    pub(crate) fn boundary_at(self, right: Self, share: usize) -> ByteString {
        let mine = self.count();
        let key = |i: usize| if i < mine { self.key_bytes(i) } else { right.key_bytes(i - mine) };
        let first = key(share);
        if P::KIND == BlockKind::Inner {
            return first;
        }
        let last = key(share - 1);
        if *last < *first { ByteString::of(separator(&last, &first)) } else { first }
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// The prefix that the fences say.
    fn common_prefix(&self) -> usize {
        let high = self.has_high().then(|| self.fence_bytes(Fence::High));
        prefix_between(&self.fence_bytes(Fence::Low), high.as_deref())
    }

    /// Begins to write the node again: empty, with the prefix that its fences say.
    fn start_again(&mut self) {
        let prefix = self.common_prefix();
        self.store_state(State { prefix, used: 0, garbage: 0 });
    }

    /// Sets the high fence.
    pub(super) fn change_high(&mut self, high: &[u8], number: Option<u32>) {
        let keys = (self.count() > 0).then(|| Keys::of(**self));
        self.store_fence(Fence::High, high, number);
        self.start_again();
        if let Some(keys) = keys {
            self.write_keys(&keys, 0, self.count(), 0);
            self.resample(0);
        }
    }

    /// Sets the low fence to the least one. The keys must fit without a prefix.
    pub(super) fn start_at_least(&mut self) {
        let keys = Keys::with_back(**self, 0);
        self.store_fence(Fence::Low, &[], None);
        self.start_again();
        self.write_keys(&keys, 0, self.count(), 0);
        self.resample(0);
    }

    /// Moves the slots from `at` on, and the range from `low` on, to `right`, which is empty and starts at
    /// `low`.
    pub(super) fn split_off_keys(
        &mut self,
        at: usize,
        low: &[u8],
        number: Option<u32>,
        right: &mut Locked<'_, ByteShape<P>>,
    ) {
        let count = self.count();
        assert!(at <= count);
        let keys = Keys::of(**self);
        right.copy_fence(Fence::High, **self, Fence::High);
        right.start_again();
        right.write_keys(&keys, at, count, 0);
        right.copy_payload(0, **self, at, count - at);
        right.set_count(count - at);
        right.resample(0);
        self.store_fence(Fence::High, low, number);
        self.set_count(at);
        self.start_again();
        self.write_keys(&keys, 0, at, 0);
        self.resample(0);
    }

    /// Takes over all slots and the range of `right`, the next node. `fits_with` has said that they fit.
    pub(super) fn absorb_keys(&mut self, right: Slotted<'_, P>) {
        let (count, more) = (self.count(), right.count());
        let high = right.has_high().then(|| right.fence_bytes(Fence::High));
        let prefix = prefix_between(&self.fence_bytes(Fence::Low), high.as_deref());
        let (ours, theirs) = (Keys::with_back(**self, prefix), Keys::with_back(right, prefix));
        self.copy_fence(Fence::High, right, Fence::High);
        self.store_state(State { prefix, used: 0, garbage: 0 });
        self.write_keys(&ours, 0, count, 0);
        self.write_keys(&theirs, 0, more, count);
        self.copy_payload(count, right, 0, more);
        self.set_count(count + more);
        self.resample(0);
    }

    /// Moves the boundary between this node and `right`, the next one, so that this one has the first `share` of
    /// all slots, which are neither none nor all. `boundary` is what `boundary_at` gives, and both have
    /// room.
    pub(super) fn move_boundary(
        &mut self,
        share: usize,
        boundary: &[u8],
        number: Option<u32>,
        right: &mut Locked<'_, ByteShape<P>>,
    ) {
        let (mine, theirs) = (self.count(), right.count());
        assert!(0 < share && share < mine + theirs);
        let high = right.has_high().then(|| right.fence_bytes(Fence::High));
        let least = prefix_between(&self.fence_bytes(Fence::Low), Some(boundary))
            .min(prefix_between(boundary, high.as_deref()));
        let (ours, yours) = (Keys::with_back(**self, least), Keys::with_back(**right, least));
        let (stay, moved) = (share.min(mine), share - share.min(mine));
        if stay < mine {
            right.shift_payload(mine - stay);
            right.copy_payload(0, **self, stay, mine - stay);
        } else {
            self.copy_payload(mine, **right, 0, moved);
            let node = **right;
            right.copy_payload(0, node, moved, theirs - moved);
        }
        self.store_fence(Fence::High, boundary, number);
        right.store_fence(Fence::Low, boundary, number);
        self.start_again();
        right.start_again();
        self.write_keys(&ours, 0, stay, 0);
        self.write_keys(&yours, 0, moved, stay);
        right.write_keys(&ours, stay, mine, 0);
        right.write_keys(&yours, moved, theirs, mine - stay);
        self.set_count(share);
        right.set_count(mine + theirs - share);
        self.resample(0);
        right.resample(0);
    }
}
