//! Filling a node of byte keys in order, from left to right: with new keys, or with those of its next node.
//!
//! Only a high fence gives a node a prefix, and a node that is being filled does not know its high fence yet. It
//! is filled without a prefix first. When it is full, its keys are written again with the prefix that its low
//! fence and the next key have in common. From then on the node is *narrow*: it takes only keys with its prefix,
//! or is written again with a shorter one. Its high fence must begin with the prefix, too, because without the
//! prefix the keys may not fit.

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::super::room::Limit;
use super::fences::{Fence, Place};
use super::room::{FULL, Load, words_for};
use super::shape::{ByteShape, FENCE_LIMIT, Slotted};
use crate::key::big_endian::{common_prefix, separator};
use crate::key::byte_string::ByteString;

impl<P: Payload> Slotted<'_, P> {
    /// Takes a slot with this key off what is left; false if it does not go in.
    pub(super) fn spend_key(self, left: &mut Limit, key: &[u8]) -> bool {
        let prefix = self.state().prefix;
        if prefix > 0 && (self.compare_prefix(key, prefix).is_ne() || !may_end_narrow(key, prefix)) {
            return false;
        }
        let (load, new) = (Load::of_limit(*left), Load::slot(words_for(key.len() - prefix)));
        let goes_in = load.slots >= new.slots && load.words >= new.words;
        if goes_in {
            *left = load.minus(new).to_limit();
        }
        goes_in
    }

    /// Whether this node, which has no high fence yet, has a prefix.
    pub(super) fn has_prefix(self) -> bool {
        self.state().prefix > 0
    }

    /// The fence between this node, which ends with the key `last`, and a node of the key `next` and others
    /// above. The high fence must begin with the prefix of a narrow node.
    pub(super) fn end_of_filled(self, last: &[u8], next: &[u8], starts_there: bool) -> ByteString {
        let prefix = self.state().prefix;
        if prefix > 0
            && self.compare_prefix(next, prefix).is_ne()
            && let Some(end) = end_behind(last, prefix)
        {
            return end;
        }
        // Behind a narrow node a fence that is outside of the node would be one more thing that can fail.
        let at_next = starts_there && (prefix == 0 || next.len() <= FENCE_LIMIT);
        ByteString::of(if at_next { next } else { separator(last, next) })
    }

    /// How many slots this node has if it takes as many as it can from `right`, the next one, which keeps some.
    /// `None` if it can take none.
    pub(super) fn most_from(self, right: Self) -> Option<usize> {
        // Both are locked, so no key is copied whose copy needs an allocation.
        if !self.keys_are_short() || !right.keys_are_short() {
            return None;
        }
        let mine = self.count();
        let fits = |share: usize| {
            // A fence outside of the node would be one more thing that can fail.
            if self.boundary_len(right, share) > FENCE_LIMIT {
                return false;
            }
            let loads = self.loads_at(right, share);
            loads.is_some_and(|(left, right)| {
                [left, right].into_iter().all(|load| Self::fullness(load) <= FULL)
            })
        };
        // The more slots the left one has, the higher is its high fence, so its prefix does not become longer.
        let (mut least, mut most) = (mine, mine + right.count().saturating_sub(1));
        while least < most {
            let share = (least + most).div_ceil(2);
            if fits(share) {
                least = share;
            } else {
                most = share - 1;
            }
        }
        (least > mine).then_some(least)
    }

    /// Whether no key is longer than a fence in a node may be.
    fn keys_are_short(self) -> bool {
        let prefix = self.state().prefix;
        (0..self.count())
            .map(|slot| self.entry(slot))
            .all(|entry| !entry.is_long() && prefix + entry.len() <= FENCE_LIMIT)
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// Makes room for one more key by giving the node a prefix, or a shorter one.
    #[cold]
    #[inline(never)]
    pub(super) fn narrow_for(&mut self, limit: Limit, left: &mut Limit, key: &[u8]) -> bool {
        let now = self.state().prefix;
        // `compare_prefix` cannot tell by a low fence that is outside of the node.
        let Place::Inline(_) = self.fence_place(Fence::Low) else { return false };
        let prefix = common_prefix(&self.fence_bytes(Fence::Low), key);
        // Keys ascend, so each has at most as much in common with the low fence as the one before.
        if prefix == 0 || (now > 0 && prefix >= now) || !may_end_narrow(key, prefix) {
            return false;
        }
        let Some(load) = self.load_of(0, self.count(), prefix) else { return false };
        let load = load.plus(Load::slot(words_for(key.len() - prefix)));
        let limit = Load::of_limit(limit);
        if load.slots > limit.slots || load.words > limit.words {
            return false;
        }
        self.rewrite(prefix);
        *left = limit.minus(load).to_limit();
        true
    }
}

/// Whether a narrow node may take in a key, and end with it: whatever the next key is, there is a fence between the
/// two that has room in a node.
fn may_end_narrow(key: &[u8], prefix: usize) -> bool {
    key.len() < FENCE_LIMIT && end_behind(key, prefix).is_some()
}

/// A string above `key` that begins with the same `prefix` bytes, and is below every other string that is above
/// these. `None` if there is none that a node has room for.
fn end_behind(key: &[u8], prefix: usize) -> Option<ByteString> {
    let at = prefix + key.get(prefix..)?.iter().position(|&byte| byte < u8::MAX)?;
    (at < FENCE_LIMIT).then(|| {
        let mut end = [0; FENCE_LIMIT];
        end[..=at].copy_from_slice(&key[..=at]);
        end[at] += 1;
        ByteString::of(&end[..=at])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_above_its_key_and_has_the_prefix() {
        for (key, prefix, end) in [
            (&b"abc"[..], 2, Some(&b"abd"[..])),
            (b"abc", 1, Some(b"ac")),
            (b"ab\xFF\x07z", 2, Some(b"ab\xFF\x08")),
            (b"ab\xFF", 2, None),
            (b"ab", 2, None),
            (b"", 0, None),
        ] {
            assert_eq!(end_behind(key, prefix).as_deref(), end);
        }
    }
}
