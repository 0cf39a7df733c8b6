//! The keys of two sets at once, in order: what union, intersection and differences are made of.

use core::cmp::Ordering;
use core::ops::Bound;

use crate::arena::BlockPool;
use crate::index::{Copied, Index};
use crate::iter::Pairs;
use crate::node::NodeKeys;

/// Which keys of two sets to hand out.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// Those that only the first set has.
    pub(crate) one: bool,
    /// Those that both sets have.
    pub(crate) both: bool,
    /// Those that only the second set has.
    pub(crate) other: bool,
}

/// Of `union`.
pub(crate) const UNION: Wanted = Wanted { one: true, both: true, other: true };
/// Of `intersection`.
pub(crate) const INTERSECTION: Wanted = Wanted { one: false, both: true, other: false };
/// Of `difference`.
pub(crate) const DIFFERENCE: Wanted = Wanted { one: true, both: false, other: false };
/// Of `symmetric_difference`.
pub(crate) const SYMMETRIC_DIFFERENCE: Wanted = Wanted { one: true, both: false, other: true };

/// The keys of two sets that are wanted, in order.
pub(crate) struct Merge<'a, K: NodeKeys, P: BlockPool, Q: BlockPool> {
    one: Keys<'a, K, P>,
    other: Keys<'a, K, Q>,
    wanted: Wanted,
}

impl<'a, K: NodeKeys, P: BlockPool, Q: BlockPool> Merge<'a, K, P, Q> {
    pub(crate) fn new(one: &'a Index<K, (), P>, other: &'a Index<K, (), Q>, wanted: Wanted) -> Self {
        Self { one: Keys::new(one), other: Keys::new(other), wanted }
    }

    pub(crate) fn next(&mut self) -> Option<K::Owned> {
        loop {
            let order = match (self.one.peek(), self.other.peek()) {
                (Some(one), Some(other)) => K::borrow(one).cmp(&K::borrow(other)),
                (Some(_), None) if self.wanted.one => Ordering::Less,
                (None, Some(_)) if self.wanted.other => Ordering::Greater,
                _ => return None,
            };
            let (key, wanted) = match order {
                Ordering::Less => (self.one.take(), self.wanted.one),
                Ordering::Greater => (self.other.take(), self.wanted.other),
                Ordering::Equal => {
                    self.other.take();
                    (self.one.take(), self.wanted.both)
                }
            };
            if wanted {
                return key;
            }
            match order {
                Ordering::Less => self.one.skip_to(&mut self.other),
                Ordering::Greater => self.other.skip_to(&mut self.one),
                Ordering::Equal => {}
            }
        }
    }
}

/// After this many unwanted keys in a row, a search for the next key is shorter than reading on.
const PATIENCE: u32 = 64;

/// The keys of one set, of which the next can be looked at.
struct Keys<'a, K: NodeKeys, P: BlockPool> {
    pairs: Pairs<'a, K, (), P, Copied>,
    /// The next key, once it was looked at, and whether there is one.
    next: Option<Option<K::Owned>>,
    /// The number of keys in a row that were not wanted.
    unwanted: u32,
}

impl<'a, K: NodeKeys, P: BlockPool> Keys<'a, K, P> {
    fn new(index: &'a Index<K, (), P>) -> Self {
        let pairs = Pairs::new(index, Bound::Unbounded, Bound::Unbounded);
        Self { pairs, next: None, unwanted: 0 }
    }

    fn peek(&mut self) -> Option<&K::Owned> {
        self.next.get_or_insert_with(|| self.pairs.next().map(|pair| pair.0)).as_ref()
    }

    fn take(&mut self) -> Option<K::Owned> {
        self.next.take().flatten()
    }

    /// Counts a key that was not wanted because it is below the next key of `other`. After many of them, searches
    /// for that key.
    fn skip_to<Q: BlockPool>(&mut self, other: &mut Keys<'a, K, Q>) {
        other.unwanted = 0;
        self.unwanted += 1;
        if self.unwanted >= PATIENCE
            && let Some(key) = other.peek()
        {
            self.unwanted = 0;
            self.pairs.again(key.clone());
        }
    }
}
