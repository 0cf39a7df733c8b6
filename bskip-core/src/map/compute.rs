//! Computations: a closure sees the pair of a key and decides what becomes of it.

use super::{BSkipMap, InsertError, out_of_memory};
use crate::arena::BlockArena;
use crate::compute::{Compute, Operation};
use crate::index::{Pair, PairOf};
use crate::key::Key;

/// # One key, decided by a closure
///
/// [`compute`](Self::compute) is the entry API of this map: `entry` of std's maps returns a place that borrows the
/// map, and nothing that borrows a pair can leave this one. All methods of this section are computations, with
/// shorter signatures.
///
/// | std | here |
/// | --- | --- |
/// | `match map.entry(k) { Occupied(..) => .., Vacant(..) => .. }` | [`compute`](Self::compute) |
/// | `entry(k).or_insert(v)` | [`get_or_insert`](Self::get_or_insert) gives a clone |
/// | `*entry(k).or_insert_with(make) += 1` | [`entry_or_insert_with`](Self::entry_or_insert_with) |
/// | `entry(k).and_modify(update).or_insert_with(make)` | [`update_or_insert_with`](Self::update_or_insert_with) |
/// | `if let Occupied(e) = entry(k) { if f(e.get()) { e.remove(); } }` | [`remove_if`](Self::remove_if) |
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The pair of `key`, there or not.
    pub(super) fn pair_of(&self, key: K) -> Pair<'_, 'static, K::Words, V, A::Pool> {
        Pair { index: &self.index, key: key.to_words() }
    }

    /// Calls `f` with the value of `key`, or with `None` if the key is not there, and does what `f` says:
    /// [insert](Operation::Insert) a value, [remove](Operation::Remove) the pair, or [leave](Operation::Abort) the
    /// map as it is and return something.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, Compute, Operation};
    ///
    /// let map: BSkipMap<u64, String> = BSkipMap::new();
    /// // Appends to a text, up to a length.
    /// let append = |text: &str| {
    ///     map.compute(1, |old| match old {
    ///         None => Operation::Insert(text.to_string()),
    ///         Some(old) if old.len() + text.len() <= 6 => Operation::Insert(format!("{old}{text}")),
    ///         Some(old) => Operation::Abort(old.len()),
    ///     })
    /// };
    /// assert_eq!(append("abc"), Compute::Inserted);
    /// assert_eq!(append("def"), Compute::Updated("abc".to_string()));
    /// assert_eq!(append("g"), Compute::Aborted(6));
    /// ```
    ///
    /// **Consistency**: linearizable. `f` runs exactly once, under the leaf's lock, and no other operation on the
    /// key comes between what `f` sees and what the map then does. (Papaya's `compute` may call `f` several times.)
    /// There is one exception: if the map [has no leaf yet](Self::new_in) and no memory for one, `f` gets `None`
    /// without a lock, and nothing is inserted.
    /// `f` [must not use the map](Self#closures), and should be short, because it delays other operations on keys
    /// nearby. The reference leads to a temporary place, so the address of the value means nothing.
    ///
    /// **Complexity**: expected O(log n), and `f`. If the key is not there and its leaf is full, the call takes a
    /// block before `f` runs, and gives it back if `f` inserts nothing. To change a value in place, use
    /// [`update`](Self::update) or [`entry_or_insert_with`](Self::entry_or_insert_with).
    ///
    /// # Panics
    /// If `f` wants to insert a new key and the arena has no memory for a node. [`try_compute`](Self::try_compute)
    /// returns an error instead. If `f` panics, the pair stays as it was, and the map stays usable.
    pub fn compute<T>(&self, key: K, f: impl FnOnce(Option<&V>) -> Operation<V, T>) -> Compute<V, T> {
        match self.pair_of(key).operate(f) {
            Ok(computed) => computed,
            Err((_, cause)) => out_of_memory("try_compute", &cause),
        }
    }

    /// As [`compute`](Self::compute), but gives the pair back if there is no memory to insert it.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, Compute, Operation};
    ///
    /// let map: BSkipMap<u64, u64> = BSkipMap::new();
    /// let computed = map.try_compute(1, |_| Operation::<u64, ()>::Insert(10))?;
    /// assert_eq!(computed, Compute::Inserted);
    /// # Ok::<(), bskip_core::InsertError<u64, u64>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the pair that `f` wanted to insert. The map is unchanged. If `f` inserts no new key,
    /// there is no error, even if there is no memory.
    pub fn try_compute<T>(
        &self,
        key: K,
        f: impl FnOnce(Option<&V>) -> Operation<V, T>,
    ) -> Result<Compute<V, T>, InsertError<K, V>> {
        self.pair_of(key).operate(f).map_err(|(value, cause)| InsertError { key, value, cause })
    }
}
