//! Reading values that lead to memory outside of the leaf, which is reused once the leaf does not hold the value
//! any more.
//!
//! A reader copies the value and validates the leaf. It follows the value, and asks afterwards whether the leaf
//! is still in that state. If not, what it has read may be of another value.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::read::cursor::LeafCursor;
use crate::index::search::probe::At;
use crate::lock::State;
use crate::node::NodeKeys;

/// What became of following a value.
pub(crate) enum Followed<T> {
    Read(T),
    /// There is none.
    Absent,
    /// The leaf has changed meanwhile.
    Changed,
}

impl<K: NodeKeys, V: Copy, P: BlockPool> Index<K, V, P> {
    /// Copies the value of `key`. Returns what `follow` makes of it and of the leaf's state, or `Changed` if that
    /// is `None`. Writes nothing.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn follow<T>(
        &self,
        key: K::Ref<'_>,
        follow: impl FnOnce(V, State<'_>) -> Option<T>,
    ) -> Followed<T> {
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find_within(key);
            let value = leaf.value(rank.saturating_sub(1));
            if leaf.validate(version) {
                if !found {
                    return Followed::Absent;
                }
                // SAFETY: as in `get`: the slot held a value in the state that was validated, and `V` is `Copy`.
                let value = unsafe { value.assume_init() };
                return follow(value, State::new(leaf.lock(), version))
                    .map_or(Followed::Changed, Followed::Read);
            }
        }
    }
}

impl<'a, K: NodeKeys, V> LeafCursor<'a, K, V> {
    /// The state in which the cursor reads its leaf.
    #[inline(always)]
    pub(crate) fn state(&self) -> State<'a> {
        let (leaf, version) = self.leaf();
        State::new(leaf.lock(), version)
    }
}
