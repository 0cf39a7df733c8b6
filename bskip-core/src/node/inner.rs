//! Inner nodes: slots that hold children.

use super::changing::Changing;
use super::header::Node;
use super::locked::Locked;
use super::shape::{KeptKey, KeyRef};
use crate::arena::BlockId;

/// A shape whose slots hold children. The functions change what they say and nothing else.
pub(crate) trait InnerSlots: Changing<Payload = BlockId> {
    /// See [`Node::has_room_for_entry`].
    fn has_room_for_entry(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> bool;

    /// See [`Node::has_room_to_move`].
    fn has_room_to_move(node: Node<'_, Self>, slot: usize, key: KeyRef<'_, Self>) -> bool;

    /// See [`Node::child`].
    fn child(node: Node<'_, Self>, slot: usize) -> Option<BlockId>;

    /// Puts the first entry into the empty first node of a level. The entry stands at the low end, below every
    /// key.
    fn insert_first(node: &mut Locked<'_, Self>, child: BlockId);

    /// Moves the entry in `slot`, which is below the count and not 0, to `key`.
    fn set_key(node: &mut Locked<'_, Self>, slot: usize, key: KeptKey<'_, Self>);

    /// Copies everything but the version to a replica, which is read meanwhile.
    fn copy_words(node: &Locked<'_, Self>, replica: Node<'_, Self>);
}

impl<S: InnerSlots> Node<'_, S> {
    /// Whether an entry at `key` goes in, to whatever child it leads.
    pub(crate) fn has_room_for_entry(self, key: KeyRef<'_, S>) -> bool {
        S::has_room_for_entry(self, key)
    }

    /// Whether the entry in `slot` may move to `key`.
    #[inline(always)]
    pub(crate) fn has_room_to_move(self, slot: usize, key: KeyRef<'_, S>) -> bool {
        S::has_room_to_move(self, slot, key)
    }

    /// The child in `slot`; `None` only if the node is changing or is no inner node now.
    #[inline(always)]
    pub(crate) fn child(self, slot: usize) -> Option<BlockId> {
        S::child(self, slot)
    }
}
