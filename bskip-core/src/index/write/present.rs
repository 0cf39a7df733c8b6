//! The operations on one key that change only a pair that is there.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::write::compute::Step;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Replaces the value and returns the old one. If the key is not there, gives `value` back as an error.
    pub(crate) fn replace(&self, key: K::Ref<'_>, value: V) -> Result<V, V> {
        self.replace_if(key, value, |_| true)
    }

    /// Replaces the value if it equals `current`, and returns the old one. Otherwise gives `new` back as an error.
    pub(crate) fn compare_exchange(&self, key: K::Ref<'_>, current: &V, new: V) -> Result<V, V>
    where
        V: PartialEq,
    {
        self.replace_if(key, new, |value| value == current)
    }

    fn replace_if(&self, key: K::Ref<'_>, value: V, is_it: impl FnOnce(&V) -> bool) -> Result<V, V> {
        let mut unused = Some(value);
        let decide = |old: &mut V| (unused.take_if(|_| is_it(old)).map_or(Step::Keep, Step::Store), ());
        let old = self.compute_present(key, decide).and_then(|(old, ())| old);
        old.ok_or_else(|| unused.expect("the map has not taken it"))
    }

    /// Removes the pair if `f` says so, and returns its value.
    pub(crate) fn remove_if(&self, key: K::Ref<'_>, f: impl FnOnce(&V) -> bool) -> Option<V> {
        let decide = |value: &mut V| (if f(value) { Step::Remove } else { Step::Keep }, ());
        self.compute_present(key, decide)?.0
    }

    /// Replaces the value by what `f` returns, if that is one, and returns the old one.
    pub(crate) fn fetch_update(&self, key: K::Ref<'_>, f: impl FnOnce(&V) -> Option<V>) -> Option<V> {
        let decide = |value: &mut V| (f(value).map_or(Step::Keep, Step::Store), ());
        self.compute_present(key, decide)?.0
    }
}
