//! Reads the pair beside a place among the keys, in the way that suits its value.

use crate::arena::BlockPool;
use crate::index::beside::{Beside, Passed, Place, Target};
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, Read};
use crate::lock::State;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The pair beside `target`, read as `R` does.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn neighbour<R: Read<V>>(&self, target: Target<'_, K>) -> Option<(K::Owned, R::Value)> {
        // Nearly always the leaf at the place has the pair, so nothing has to be passed.
        let (_, Place { leaf, version, slot }) = self.place_at(&target)?;
        // SAFETY: in the state in which the leaf was found, the slot is in use. In any state it is a slot of the
        // leaf, because the count is never more than the capacity.
        let pair = slot.and_then(|slot| unsafe { R::read(leaf, version, slot) });
        pair.or_else(|| self.neighbour_beyond::<R>(target))
    }

    /// As [`neighbour`](Self::neighbour), if the leaf at the place has no such pair, or has changed.
    #[cold]
    #[inline(never)]
    fn neighbour_beyond<R: Read<V>>(&self, target: Target<'_, K>) -> Option<(K::Owned, R::Value)> {
        self.at_neighbour(target, |Place { leaf, version, slot }, passed| {
            // SAFETY: in the state in which the leaf was found, the slot is in use. In any state it is a slot of
            // the leaf, because the count is never more than the capacity.
            unsafe { R::read(leaf, version, slot) }.filter(|_| passed.validate())
        })
    }

    /// The key beside `target`, and what `follow` makes of its value and of the leaf's state. If that is
    /// `None`, the leaf has changed meanwhile, and this tries again.
    pub(crate) fn neighbour_following<T>(
        &self,
        target: Target<'_, K>,
        mut follow: impl FnMut(V, State<'_>) -> Option<T>,
    ) -> Option<(K::Owned, T)>
    where
        V: Copy,
    {
        self.at_neighbour(target, |Place { leaf, version, slot }, passed| {
            // SAFETY: as in `neighbour`.
            let (key, value) = unsafe { Copied::read(leaf, version, slot) }?;
            let followed = follow(value, State::new(leaf.lock(), version))?;
            passed.validate().then_some((key, followed))
        })
    }

    /// Runs `f` on the value of the pair beside `target`, under the leaf's lock. Returns the key, and what `f`
    /// returned.
    pub(crate) fn neighbour_with<T>(
        &self,
        target: Target<'_, K>,
        f: impl FnOnce(&V) -> T,
    ) -> Option<(K::Owned, T)> {
        let mut f = Some(f);
        self.at_neighbour(target, |Place { leaf, version, slot }, passed| {
            // Before the lock: the copy of a long key takes memory.
            let key = leaf.key(slot);
            let mut leaf = leaf.try_guard::<P::Platform>(version)?;
            let found = f.take_if(|_| passed.validate()).map(|f| leaf.with_value(slot, |value| f(value)));
            leaf.unlock_unchanged();
            Some((key, found?))
        })
    }

    /// The pair of `key`, or else the next one, or else the one before. `None` if the map was empty at some moment.
    pub(crate) fn nearest<R: Read<V>>(&self, key: &K::Owned) -> Option<(K::Owned, R::Value)> {
        loop {
            let above = self.neighbour::<R>(Target::AtOrAbove(K::borrow(key)));
            let pair = above.or_else(|| self.neighbour::<R>(Target::Below(K::borrow(key))));
            // Between the two searches, pairs may have come above the key and gone below it.
            if pair.is_some() || self.is_empty() {
                return pair;
            }
        }
    }

    /// A pair that chance chooses: see [`sample`](Self::sample).
    pub(crate) fn any_pair<R: Read<V>>(&self, random: impl FnMut() -> u64) -> Option<(K::Owned, R::Value)> {
        match self.sample(random) {
            Some(key) => self.nearest::<R>(&key),
            None => self.neighbour::<R>(Target::First),
        }
    }

    /// What `read` returns for the place of the pair beside `target` and the leaves passed on the way. If that is
    /// `None`, something has changed meanwhile, and this tries again.
    fn at_neighbour<'a, T>(
        &'a self,
        target: Target<'_, K>,
        mut read: impl FnMut(Place<'a, K, V>, &Passed<'a, K, V>) -> Option<T>,
    ) -> Option<T> {
        let mut backoff = self.tree.backoff();
        loop {
            let (way, place) = self.place_at(&target)?;
            let mut passed = Passed::none();
            match self.beside(way, place, &mut passed) {
                Beside::Nothing => return None,
                Beside::Conflict => {}
                Beside::Pair(place) => {
                    if let Some(read) = read(place, &passed) {
                        return Some(read);
                    }
                }
            }
            backoff.wait();
        }
    }
}
