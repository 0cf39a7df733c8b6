//! What the handles and the pools of an arena share: its settings, its nodes, its limits, and the fallbacks
//! it met.

use bskip_core::arena::BlockKind;

use crate::budget::Budgets;
use crate::fallback::Fallbacks;
use crate::nodes::ArenaNodes;
use crate::order::NodeOrder;
use crate::pages::PageSize;
use crate::policy::{Policy, RemoteFrees};

/// The state of an arena that all its pools use. It does not know the pools, so each file above this one can
/// use it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) policies: ByKind<Policy>,
    pub(crate) pages: PageSize,
    pub(crate) remote_frees: RemoteFrees,
    /// Whether each inner block has a replica on every node.
    pub(crate) replicate: bool,
    /// Whether memory is touched when it is committed.
    pub(crate) prefault: bool,
    /// Bytes of a base page.
    pub(crate) page: usize,
    pub(crate) nodes: ArenaNodes,
    /// The order in which each policy tries the nodes.
    pub(crate) orders: ByKind<NodeOrder>,
    pub(crate) budget: Budgets,
    pub(crate) fallbacks: Fallbacks,
}

/// One value for leaves, one for inner levels.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByKind<T> {
    pub(crate) leaf: T,
    pub(crate) inner: T,
}

impl<T> ByKind<T> {
    #[inline]
    pub(crate) fn of(&self, kind: BlockKind) -> &T {
        match kind {
            BlockKind::Leaf => &self.leaf,
            BlockKind::Inner => &self.inner,
        }
    }
}
