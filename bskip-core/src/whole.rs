//! Whole maps: copying one, comparing two. Pairs are read one by one, and values are cloned.

use core::cmp::Ordering;
use core::iter;
use core::ops::Bound;

use crate::arena::{AllocError, BlockArena, BlockPool};
use crate::index::{Cloned, Index};
use crate::iter::Pairs;
use crate::node::NodeKeys;

/// All pairs, their values cloned.
fn all<K: NodeKeys, V, P: BlockPool>(index: &Index<K, V, P>) -> Pairs<'_, K, V, P, Cloned<P>> {
    Pairs::new(index, Bound::Unbounded, Bound::Unbounded)
}

/// A copy of the index in blocks of `arena`, with full nodes.
pub(crate) fn copy<K: NodeKeys, V: Clone, A: BlockArena>(
    index: &Index<K, V, A::Pool>,
    arena: &A,
) -> Result<Index<K, V, A::Pool>, AllocError> {
    let mut copy = index.empty_like(arena)?;
    let mut pairs = all(index);
    copy.take_all(&mut iter::from_fn(|| pairs.next())).map_err(|untaken| untaken.cause)?;
    Ok(copy)
}

/// Whether both have the same pairs.
pub(crate) fn eq<K: NodeKeys, V: Clone + PartialEq, P: BlockPool>(
    one: &Index<K, V, P>,
    other: &Index<K, V, P>,
) -> bool {
    let same = |a: &V, b: &V| if a == b { Ordering::Equal } else { Ordering::Less };
    compare(one, other, |a, b| Some(same(a, b))) == Some(Ordering::Equal)
}

/// The order of the first two pairs that differ. `values` compares two values; if they have no order, neither have
/// the maps.
pub(crate) fn compare<K: NodeKeys, V: Clone, P: BlockPool>(
    one: &Index<K, V, P>,
    other: &Index<K, V, P>,
    values: impl Fn(&V, &V) -> Option<Ordering>,
) -> Option<Ordering> {
    let (mut one, mut other) = (all(one), all(other));
    loop {
        let (a, b) = match (one.next(), other.next()) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => return Some(a.is_some().cmp(&b.is_some())),
        };
        match K::borrow(&a.0).cmp(&K::borrow(&b.0)) {
            Ordering::Equal => match values(&a.1, &b.1) {
                Some(Ordering::Equal) => {}
                order => return order,
            },
            order => return Some(order),
        }
    }
}
