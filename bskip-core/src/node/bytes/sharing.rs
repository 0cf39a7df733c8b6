//! Chooses the base of a node, and keeps it true while keys come.

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::base::Base;
use super::fences::{BOTH, Place, TAIL};
use super::long::LongRef;
use super::shape::{ByteShape, Slotted};
use crate::key::big_endian::{WORD, word_at};

impl<P: Payload> Slotted<'_, P> {
    /// The low and the high fence, if they are outside of the node.
    pub(super) fn long_fences(self) -> [Option<LongRef>; 2] {
        BOTH.map(|fence| match self.fence_place(fence) {
            Place::Long(string) => Some(string),
            Place::None | Place::Inline(_) => None,
        })
    }

    /// The keys that are outside of the node.
    pub(super) fn long_keys(self) -> impl Iterator<Item = LongRef> {
        let entries = (0..self.count()).map(move |slot| self.entry(slot));
        entries.filter(|entry| entry.is_long()).map(move |entry| LongRef::from_word(self.heap(entry.place())))
    }

    /// The base for what the node holds: one of the strings of `others` if it is of use, or else one of its own.
    fn base_among(self, others: [Base; 2]) -> Base {
        let fences = self.long_fences();
        let Some(own) = fences.into_iter().flatten().chain(self.long_keys()).next() else {
            return Base::NONE;
        };
        let numbers = || others.into_iter().map(|other| other.number).filter(|&number| number > 0);
        let numbers = || numbers().chain([own.number]);
        let common = |number, strings: &mut dyn Iterator<Item = LongRef>| {
            strings.map(|string| self.context().common(number, string)).min()
        };
        let of_fences = |number| common(number, &mut fences.into_iter().flatten());
        let of_keys = |number| {
            // All keys begin with what both fences have in common.
            let may_be_less = fences.contains(&None);
            common(number, &mut self.long_keys().filter(|_| may_be_less))
        };
        let base = |number, len: Option<usize>, covers| Base { number, len: len.unwrap_or(0), covers };
        let all = |number| base(number, of_fences(number).into_iter().chain(of_keys(number)).min(), true);
        let near = |number| base(number, of_fences(number), false);
        let is_of_use = |base: &Base| self.is_of_use(*base);
        (numbers().map(all).find(is_of_use))
            .or_else(|| numbers().map(near).find(is_of_use))
            .unwrap_or_else(|| near(own.number))
    }

    /// Whether a base spares what it is for: fences then have what follows it in the node. A node must not keep a
    /// string of which it uses little.
    fn is_of_use(self, Base { number, len, .. }: Base) -> bool {
        let mut fences = self.long_fences().into_iter().flatten();
        len > 0 && len >= self.context().len_of(number) / 2 && fences.all(|fence| fence.len <= len + TAIL)
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// Sets the base for what the node holds now. `other` is a base of a node that this thread has locked.
    pub(super) fn set_base(&mut self, other: Base) {
        let base = self.base_among([other, self.base()]);
        self.store_base(base);
    }

    /// Stores a base, and what follows it in the fences.
    fn store_base(&mut self, base: Base) {
        let old = self.base();
        if base.number != old.number {
            if base != Base::NONE {
                self.context().retain(base.number);
            }
            if old != Base::NONE {
                self.context().release(old.number);
            }
        }
        self.write_base(base);
        for (fence, string) in BOTH.into_iter().zip(self.long_fences()) {
            let Some(string) = string else { continue };
            let mut tail = [0; TAIL];
            self.context().copy(string.number, base.len, &mut tail);
            for i in 0..TAIL / WORD {
                self.set_fence_word(fence, i + 1, word_at(&tail, i * WORD));
            }
        }
    }

    /// Lets the base cover one more key, which is outside of the node, or no key if it cannot.
    #[cold]
    #[inline(never)]
    pub(super) fn cover(&mut self, key: &[u8], number: u32) {
        let base = self.base();
        if base == Base::NONE {
            return self.store_base(Base { number, len: key.len(), covers: true });
        }
        if !base.covers || !self.long_fences().contains(&None) {
            return;
        }
        let (_, len) = self.context().difference(key, base.number, 0);
        if len < base.len {
            let shorter = Base { len, ..base };
            let base = if self.is_of_use(shorter) { shorter } else { Base { covers: false, ..base } };
            self.store_base(base);
        }
    }
}
