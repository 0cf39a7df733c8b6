//! The shape of a node: of which keys, with what in its slots, in how many bytes.

use core::alloc::Layout;

use crate::arena::{BlockId, BlockKind};
use crate::key::KeyKind;

/// The shape of a node. `header` says what nodes of all shapes have in common.
pub(crate) trait Shape: Copy {
    /// The kind of the keys.
    type Kind: KeyKind;
    /// What a slot holds besides its key: a value in a leaf, a child in an inner node.
    type Payload;
    /// What it takes to read a node, besides the node's block.
    type Context: Copy;
    const KIND: BlockKind;
    /// The most slots that a node can have.
    const CAPACITY: usize;
    const LAYOUT: Layout;
    /// The bytes from the start that readers of a node without slots may look at.
    const READ_OF_EMPTY: usize;

    /// The child that a payload is, if it is one.
    fn child_of(payload: &Self::Payload) -> Option<BlockId>;
}

/// A key as an operation on a node of shape `S` has it.
pub(crate) type KeyRef<'k, S> = <<S as Shape>::Kind as KeyKind>::Ref<'k>;
/// A key for a node of shape `S` to take in.
pub(crate) type KeptKey<'k, S> = <<S as Shape>::Kind as KeyKind>::Kept<'k>;
/// Where a key of a node of shape `S` is, if it is too long for the node.
pub(crate) type KeyNumber<S> = <<S as Shape>::Kind as KeyKind>::Number;
/// A key copied out of a node of shape `S`.
pub(crate) type OwnedKey<S> = <<S as Shape>::Kind as KeyKind>::Owned;
