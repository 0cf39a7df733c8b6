//! What the check of the map's invariants asks of a node.

use super::header::Node;
use super::shape::Shape;

/// How nodes of a shape are checked. Each function is that of [`Node`] with the same name.
pub(crate) trait Checking: Shape {
    fn low_is_least(node: Node<'_, Self>) -> bool;
    fn key_is_least(node: Node<'_, Self>, slot: usize) -> bool;
    fn check_is_copy_of(replica: Node<'_, Self>, original: Node<'_, Self>);
    fn check_samples(node: Node<'_, Self>);
    fn each_number(node: Node<'_, Self>, f: &mut dyn FnMut(u32));
}

impl<S: Checking> Node<'_, S> {
    pub(crate) fn is_locked(self) -> bool {
        self.lock().is_locked()
    }

    /// Whether the low fence is below every key.
    pub(crate) fn low_is_least(self) -> bool {
        S::low_is_least(self)
    }

    /// Whether the entry in `slot` stands below every key.
    pub(crate) fn key_is_least(self, slot: usize) -> bool {
        S::key_is_least(self, slot)
    }

    /// Panics unless this replica has the contents of `original`.
    pub(crate) fn check_is_copy_of(self, original: Self) {
        S::check_is_copy_of(self, original);
    }

    /// Calls `f` with the number of each string outside of the node, once for each reference.
    pub(crate) fn each_number(self, f: &mut dyn FnMut(u32)) {
        S::each_number(self, f);
    }

    /// Panics unless the samples match the keys and the count.
    pub(crate) fn check_samples(self) {
        S::check_samples(self);
    }
}
