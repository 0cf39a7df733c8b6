//! Dividing slots among nodes of byte keys: splits, absorptions, moved boundaries.
//!
//! Each changes fences, and with them what the keys of a node have in common. So the nodes are written again.

use alloc::collections::TryReserveError;

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::base::Base;
use super::cells::State;
use super::fences::Fence;
use super::image::Keys;
use super::room::{Load, most_words_for};
use super::shape::{ByteShape, Slotted};
use crate::arena::BlockKind;
use crate::key::KeptBytes;
use crate::key::big_endian::common_prefix;
use crate::key::byte_string::ByteString;

/// Which slots go to the left of a boundary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    /// The first slot that goes to the right.
    pub(super) at: usize,
    /// Whether the new key goes to the left.
    pub(super) goes_left: bool,
}

/// A key beside a boundary.
enum Side<'k, 'a, P: Payload> {
    /// The one in this slot of a node.
    Slot(Slotted<'a, P>, usize),
    /// The key that comes into the node.
    New(&'k [u8]),
}

impl<P: Payload> Clone for Side<'_, '_, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Payload> Copy for Side<'_, '_, P> {}

impl<P: Payload> Side<'_, '_, P> {
    fn len(self) -> usize {
        match self {
            Self::New(key) => key.len(),
            Self::Slot(node, slot) => node.key_len(slot),
        }
    }

    /// Copies the key from byte `from` on into `out`, up to the end of either.
    fn copy(self, from: usize, out: &mut [u8]) {
        match self {
            Self::Slot(node, slot) => node.copy_key(slot, from, out),
            Self::New(key) => {
                let rest = key.get(from..).unwrap_or_default();
                let n = rest.len().min(out.len());
                out[..n].copy_from_slice(&rest[..n]);
            }
        }
    }
}

/// How much of `right` it takes to be above `left`. Both have the first `same` bytes in common. Allocates nothing.
fn separator_len<P: Payload>(left: Side<'_, '_, P>, right: Side<'_, '_, P>, same: usize) -> usize {
    const PART: usize = 128;
    let all = right.len();
    let end = left.len().min(all);
    for at in (same.min(end)..end).step_by(PART) {
        let n = PART.min(end - at);
        let (mut ours, mut theirs) = ([0; PART], [0; PART]);
        left.copy(at, &mut ours[..n]);
        right.copy(at, &mut theirs[..n]);
        let common = common_prefix(&ours[..n], &theirs[..n]);
        if common < n {
            // A reader may have seen two states.
            return if ours[common] < theirs[common] { at + common + 1 } else { all };
        }
    }
    all.min(end + 1)
}

impl<'a, P: Payload> Slotted<'a, P> {
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

    /// The fence between the parts of a node that splits there. Allocates only for a long one.
    pub(super) fn fence_at(self, cut: Cut, rank: usize, key: &[u8]) -> Result<ByteString, TryReserveError> {
        let is_at_cut = rank == cut.at;
        let slot = |slot| Side::Slot(self, slot);
        let right = if !cut.goes_left && is_at_cut { Side::New(key) } else { slot(cut.at) };
        // The first entry of an inner node stands at its low fence.
        let len = if P::KIND == BlockKind::Inner {
            right.len()
        } else {
            let left =
                if cut.goes_left && is_at_cut { Side::New(key) } else { slot(cut.at.saturating_sub(1)) };
            separator_len(left, right, self.prefix_len())
        };
        ByteString::try_filled(len, |out| right.copy(0, out))
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
        let boundary = self.boundary_at(right, share);
        let left_prefix = self.common_with_fence(Fence::Low, &boundary);
        let right_prefix = right.common_with_fence(Fence::High, &boundary);
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
        let (first, len) = self.boundary_of(right, share);
        ByteString::filled(len, |out| first.copy(0, out))
    }

    /// The length of what [`boundary_at`](Self::boundary_at) gives. Allocates nothing.
    pub(super) fn boundary_len(self, right: Self, share: usize) -> usize {
        self.boundary_of(right, share).1
    }

    /// The key with which the boundary begins, and the boundary's length.
    fn boundary_of(self, right: Self, share: usize) -> (Side<'static, 'a, P>, usize) {
        let mine = self.count();
        let key = |i: usize| if i < mine { Side::Slot(self, i) } else { Side::Slot(right, i - mine) };
        let first = key(share);
        if P::KIND == BlockKind::Inner {
            return (first, first.len());
        }
        (first, separator_len(key(share - 1), first, 0))
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// Begins to write the node again: empty, with the prefix that its fences say. The caller sets the base at the
    /// end.
    fn start_again(&mut self) {
        let prefix = self.prefix_up_to(**self);
        self.store_state(State { prefix, used: 0, garbage: 0 });
    }

    /// Sets the high fence.
    pub(super) fn change_high(&mut self, high: KeptBytes<'_>) {
        let keys = (self.count() > 0).then(|| Keys::of(**self));
        self.store_fence(Fence::High, high);
        self.start_again();
        if let Some(keys) = keys {
            self.write_keys(&keys, 0, self.count(), 0);
            self.resample(0);
        }
        self.set_base(Base::NONE);
    }

    /// Sets the low fence to the least one. The keys must fit without a prefix.
    pub(super) fn start_at_least(&mut self) {
        let keys = Keys::with_back(**self, 0);
        self.store_fence(Fence::Low, KeptBytes { bytes: &[], number: None });
        self.start_again();
        self.write_keys(&keys, 0, self.count(), 0);
        self.resample(0);
        self.set_base(Base::NONE);
    }

    /// Moves the slots from `at` on, and the range from `low` on, to `right`, which is empty and starts at
    /// `low`.
    pub(super) fn split_off_keys(
        &mut self,
        at: usize,
        low: KeptBytes<'_>,
        right: &mut Locked<'_, ByteShape<P>>,
    ) {
        let count = self.count();
        assert!(at <= count);
        let keys = Keys::of(**self);
        right.copy_fence(Fence::High, **self, Fence::High);
        right.start_again();
        right.write_keys_inside(&keys, at, count);
        right.copy_payload(0, **self, at, count - at);
        right.set_count(count - at);
        right.resample(0);
        right.set_base(self.base());
        self.store_fence(Fence::High, low);
        self.set_count(at);
        self.start_again();
        self.write_keys_inside(&keys, 0, at);
        self.resample(0);
        self.set_base(Base::NONE);
    }

    /// Takes over all slots and the range of `right`, the next node. `fits_with` has said that they fit.
    pub(super) fn absorb_keys(&mut self, right: &mut Locked<'_, ByteShape<P>>) {
        let (count, more) = (self.count(), right.count());
        let prefix = self.prefix_up_to(**right);
        let (ours, theirs) = (Keys::with_back(**self, prefix), Keys::with_back(**right, prefix));
        self.copy_fence(Fence::High, **right, Fence::High);
        self.store_state(State { prefix, used: 0, garbage: 0 });
        self.write_keys(&ours, 0, count, 0);
        self.write_keys(&theirs, 0, more, count);
        self.copy_payload(count, **right, 0, more);
        self.set_count(count + more);
        // The strings of its keys that are outside of it are ours now.
        right.set_count(0);
        self.resample(0);
        self.set_base(right.base());
    }

    /// Moves the boundary between this node and `right`, the next one, so that this one has the first `share` of
    /// all slots, which are neither none nor all. `kept` is what `boundary_at` gives, and both have
    /// room.
    pub(super) fn move_boundary(
        &mut self,
        share: usize,
        kept: KeptBytes<'_>,
        right: &mut Locked<'_, ByteShape<P>>,
    ) {
        let boundary = kept.bytes;
        let (mine, theirs) = (self.count(), right.count());
        assert!(0 < share && share < mine + theirs);
        let least =
            self.common_with_fence(Fence::Low, boundary).min(right.common_with_fence(Fence::High, boundary));
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
        self.store_fence(Fence::High, kept);
        right.store_fence(Fence::Low, kept);
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
        self.set_base(right.base());
        right.set_base(self.base());
    }
}
