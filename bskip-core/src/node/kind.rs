//! The nodes that hold a kind of keys.

#[cfg(feature = "check")]
use alloc::collections::BTreeMap;

use super::changing::Changing;
use super::guarded::Guarded;
use super::header::Node;
use super::inner::InnerSlots;
use super::leaf::LeafSlots;
use super::locked::Locked;
use super::room::Room;
#[cfg(feature = "check")]
use super::verify::Checking;
use crate::arena::{AllocError, BlockArena, BlockPool, PoolUsage};
use crate::key::KeyKind;

/// Without the feature `check` nothing is asked.
#[cfg(not(feature = "check"))]
pub(crate) trait Checking {}
#[cfg(not(feature = "check"))]
impl<S> Checking for S {}

/// A kind of keys that nodes can hold.
pub(crate) trait NodeKeys: KeyKind {
    /// The shape of leaves that hold values of type `V`.
    type Leaf<V>: LeafSlots<Payload = V> + ShapeOf<Self>;
    /// The shape of inner nodes.
    type Inner: InnerSlots + ShapeOf<Self>;
    /// What it takes to read a node, besides its block.
    type Context: Copy;
    /// What a map keeps besides its nodes.
    type Store<P: BlockPool>: Send + Sync;

    /// What a new map keeps.
    fn store<A: BlockArena>(arena: &A) -> Result<Self::Store<A::Pool>, AllocError>;

    /// What it takes to read the nodes of the map that keeps `store`. It is good as long as `store` is, and for
    /// any thread.
    fn context<P: BlockPool>(store: &Self::Store<P>) -> Self::Context;

    /// Stores the key, if it is long, for nodes to refer to it. The number is a reference to it, which the caller
    /// gives up.
    fn hold<P: BlockPool>(store: &Self::Store<P>, key: Self::Ref<'_>) -> Result<Self::Number, AllocError>;

    /// Gives up what `hold` has returned.
    fn give_up<P: BlockPool>(store: &Self::Store<P>, number: Self::Number);

    /// What the store takes.
    fn usage<P: BlockPool>(store: &Self::Store<P>) -> PoolUsage;

    /// Panics unless the store holds exactly the strings of these numbers, each with that many references. No
    /// operation is under way.
    #[cfg(feature = "check")]
    fn check_store<P: BlockPool>(store: &Self::Store<P>, references: &BTreeMap<u32, usize>);
}

/// The shape of a leaf or of an inner node whose keys are of the kind `K`.
pub(crate) trait ShapeOf<K: NodeKeys>:
    Changing<Kind = K, Context = K::Context> + Room + Checking
{
    /// The node as an inner one, if it is one.
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l Locked<'a, K::Inner>>;
}

pub(crate) type LeafShape<K, V> = <K as NodeKeys>::Leaf<V>;
pub(crate) type InnerShape<K> = <K as NodeKeys>::Inner;
pub(crate) type Leaf<'a, K, V> = Node<'a, LeafShape<K, V>>;
pub(crate) type Inner<'a, K> = Node<'a, InnerShape<K>>;
pub(crate) type LockedLeaf<'a, K, V> = Locked<'a, LeafShape<K, V>>;
pub(crate) type GuardedLeaf<'a, K, V, P> = Guarded<'a, LeafShape<K, V>, <P as BlockPool>::Platform>;
pub(crate) type LockedInner<'a, K> = Locked<'a, InnerShape<K>>;
