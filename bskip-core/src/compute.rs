//! What a computation asks for, and what came of it. The names are papaya's.

/// What [`BSkipMap::compute`](crate::BSkipMap::compute) is to do with a pair.
///
/// ```
/// use bskip_core::{BSkipMap, Compute, Operation};
///
/// // Takes one unit out of a stock, and the last one takes the entry with it.
/// let take = |stock: Option<&u64>| match stock {
///     Some(1) => Operation::Remove,
///     Some(n) => Operation::Insert(n - 1),
///     None => Operation::Abort("sold out"),
/// };
/// let map = BSkipMap::new();
/// map.insert(7u64, 2);
/// assert_eq!(map.compute(7, take), Compute::Updated(2));
/// assert_eq!(map.compute(7, take), Compute::Removed(1));
/// assert_eq!(map.compute(7, take), Compute::Aborted("sold out"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation<V, T = ()> {
    /// Insert this value, or replace the old one by it.
    Insert(V),
    /// Remove the pair.
    Remove,
    /// Leave the map as it is, and return this.
    Abort(T),
}

/// What [`BSkipMap::compute`](crate::BSkipMap::compute) has done. [`Operation`] has an example.
///
/// Papaya's `Compute` has references to the pairs. No reference can leave this map, so here the variants have
/// the values that left the map.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compute<V, T = ()> {
    /// The key was not there and was inserted.
    Inserted,
    /// The value was replaced. This is the old one.
    Updated(V),
    /// The pair was removed. This is its value.
    Removed(V),
    /// The closure asked for a removal, and the key was not there. (Papaya panics.)
    Absent,
    /// The closure asked for nothing. This is what it returned.
    Aborted(T),
}
