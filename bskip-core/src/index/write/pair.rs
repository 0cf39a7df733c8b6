//! The operations on one key that may insert it, each a computation on its pair.

use crate::arena::BlockPool;
use crate::compute::{Compute, Operation};
use crate::index::engine::Index;
use crate::index::write::compute::Step;
use crate::index::write::existing::Refused;
use crate::node::NodeKeys;

/// What a closure has asked for. The value that it wants to store is in the [`Step`].
pub(in crate::index) enum Asked<T> {
    Store,
    Remove,
    Nothing(T),
}

impl<T> Asked<T> {
    /// The step that does what the closure asks for.
    pub(in crate::index) fn step<V>(operation: Operation<V, T>) -> (Step<V>, Self) {
        match operation {
            Operation::Insert(value) => (Step::Store(value), Self::Store),
            Operation::Remove => (Step::Remove, Self::Remove),
            Operation::Abort(result) => (Step::Keep, Self::Nothing(result)),
        }
    }

    /// What came of it, if this value left the map.
    pub(in crate::index) fn outcome<V>(self, old: Option<V>) -> Compute<V, T> {
        match (old, self) {
            (None, Self::Store) => Compute::Inserted,
            (Some(old), Self::Store) => Compute::Updated(old),
            (Some(old), Self::Remove) => Compute::Removed(old),
            (None, Self::Remove) => Compute::Absent,
            (_, Self::Nothing(result)) => Compute::Aborted(result),
        }
    }
}

/// A key of a map, there or not, on which computations run. Maps whose keys may be refused for more reasons than
/// memory implement this themselves.
pub(crate) trait PairOf<V>: Sized {
    /// A value that was not stored, and why.
    type Error;

    /// Runs `f` once, on the value or on `None`, and does what it says. Returns the value that left the map, if one
    /// did, and what `f` returned.
    fn compute<R>(
        self,
        f: impl FnOnce(Option<&mut V>) -> (Step<V>, R),
    ) -> Result<(Option<V>, R), Self::Error>;

    fn operate<T>(self, f: impl FnOnce(Option<&V>) -> Operation<V, T>) -> Result<Compute<V, T>, Self::Error> {
        let (old, asked) = self.compute(|value| Asked::step(f(value.map(|value| &*value))))?;
        Ok(asked.outcome(old))
    }

    /// The value, cloned. If there is none, inserts what `make` returns.
    fn get_or_insert(self, value: V) -> Result<V, Self::Error>
    where
        V: Clone,
    {
        let (_, (copy, unused)) = self.compute(|old| match old {
            Some(old) => (Step::Keep, (old.clone(), Some(value))),
            None => {
                let copy = value.clone();
                (Step::Store(value), (copy, None))
            }
        })?;
        // Before `return`: if this drop panicked after it, the returned value would leak.
        drop(unused);
        Ok(copy)
    }

    /// Inserts `value`, unless the key has a value and `replaces` refuses to replace it. Returns the old value, or
    /// `value` as an error.
    fn compare_insert(
        self,
        value: V,
        replaces: impl FnOnce(&V) -> bool,
    ) -> Result<Result<Option<V>, V>, Self::Error> {
        let computed = self.compute(|old| match old {
            Some(old) if !replaces(old) => (Step::Keep, Some(value)),
            _ => (Step::Store(value), None),
        })?;
        Ok(match computed {
            (_, Some(refused)) => Err(refused),
            (old, None) => Ok(old),
        })
    }

    /// Changes the value in place, or inserts what `make` returns.
    fn update_or_insert_with<R>(
        self,
        update: impl FnOnce(&mut V) -> R,
        make: impl FnOnce() -> V,
    ) -> Result<Option<R>, Self::Error> {
        let (_, result) = self.compute(|value| match value {
            Some(value) => {
                let result = update(value);
                (Step::Changed, Some(result))
            }
            None => (Step::Store(make()), None),
        })?;
        Ok(result)
    }

    /// Runs `f` on the value, or on what `make` returns, which is then inserted.
    fn entry_or_insert_with<R>(
        self,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> Result<R, Self::Error> {
        let (_, result) = self.compute(|value| match value {
            Some(value) => {
                let result = f(value);
                (Step::Changed, result)
            }
            None => {
                let mut made = make();
                let result = f(&mut made);
                (Step::Store(made), result)
            }
        })?;
        Ok(result)
    }
}

/// A key that a map takes.
pub(crate) struct Pair<'i, 'k, K: NodeKeys, V, P: BlockPool> {
    pub(crate) index: &'i Index<K, V, P>,
    pub(crate) key: K::Ref<'k>,
}

impl<K: NodeKeys, V, P: BlockPool> PairOf<V> for Pair<'_, '_, K, V, P> {
    type Error = Refused<V>;

    #[inline(always)]
    fn compute<R>(
        self,
        f: impl FnOnce(Option<&mut V>) -> (Step<V>, R),
    ) -> Result<(Option<V>, R), Refused<V>> {
        self.index.compute(self.key, f)
    }
}
