//! Reads and removes the pair of one key, without waiting.

use super::TRIES;
use crate::arena::BlockPool;
use crate::busy::Busy;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// As [`contains`](Self::contains), without waiting.
    pub(crate) fn contains_within(&self, key: K::Ref<'_>) -> Result<bool, Busy> {
        for _ in 0..TRIES {
            let Some((leaf, version)) = self.leaf_within(At(key)) else { continue };
            let (_, found) = leaf.find_within(key);
            if leaf.validate(version) {
                return Ok(found);
            }
        }
        Err(Busy)
    }

    /// As [`get`](Self::get), without waiting.
    pub(crate) fn get_within(&self, key: K::Ref<'_>) -> Result<Option<V>, Busy>
    where
        V: Copy,
    {
        for _ in 0..TRIES {
            let Some((leaf, version)) = self.leaf_within(At(key)) else { continue };
            let (rank, found) = leaf.find_within(key);
            let value = leaf.value(rank.saturating_sub(1));
            if leaf.validate(version) {
                // SAFETY: the slot held a value in the state that was validated, so all of its words were read from
                // that state. `V` is `Copy`, so a copy is as good.
                return Ok(found.then(|| unsafe { value.assume_init() }));
            }
        }
        Err(Busy)
    }

    /// As [`remove`](Self::remove), without waiting. The leaf does not merge, even if it is empty now.
    pub(crate) fn remove_within(&self, key: K::Ref<'_>) -> Result<Option<V>, Busy> {
        for _ in 0..TRIES {
            let Some((leaf, version)) = self.leaf_within(At(key)) else { continue };
            let (rank, found) = leaf.find_within(key);
            if !found {
                if leaf.validate(version) {
                    return Ok(None);
                }
                continue;
            }
            let Some(mut leaf) = leaf.try_guard::<P::Platform>(version) else { continue };
            let value = leaf.remove(rank - 1);
            drop(leaf);
            self.pairs.take_one();
            return Ok(Some(value));
        }
        Err(Busy)
    }
}
