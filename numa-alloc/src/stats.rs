//! What the pools of an arena hold, by node, as figures and as text.

use core::fmt;

use bskip_core::arena::{NumaNodeId, PoolUsage};

use crate::arena::NumaArena;
use crate::fallback::Fallback;
use crate::policy::RemoteFrees;

/// What the pools of an arena hold now. The figures are exact while no thread acquires or releases blocks,
/// and close otherwise. `Display` gives one line for each node, one for the misses and one for each fallback.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ArenaStats {
    /// The figures of each node, in the order of [`NumaArena::nodes`].
    pub nodes: Vec<NodeStats>,
    /// Blocks that came from another node than the one wanted, because that node was full or at its limit, or
    /// because the arena does not have it. If the arena does not have it, the miss counts for the node that
    /// was tried first. This is the sum of the nodes' misses. It does not count pages that the kernel put on
    /// another node; [`NumaArena::verify_placement`] finds those.
    pub misses: u64,
    /// What the machine refuses.
    pub fallbacks: Vec<Fallback>,
}

/// The figures of one node in [`ArenaStats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NodeStats {
    /// The node.
    pub node: NumaNodeId,
    /// The blocks on the node.
    pub usage: PoolUsage,
    /// Bytes that the node's replica of the inner blocks takes from the system. Not part of `usage`.
    pub replica_bytes: usize,
    /// Blocks of the node that threads of other nodes released, since the pools that are alive were made.
    pub remote_frees: u64,
    /// Blocks that should be on the node and are elsewhere because it was full or at its limit, since the
    /// pools that are alive were made.
    pub misses: u64,
    /// The node's limit in bytes; `None` if it has none.
    pub limit: Option<usize>,
}

impl ArenaStats {
    /// The sum of the nodes' usage.
    #[must_use]
    pub fn total(&self) -> PoolUsage {
        self.nodes.iter().fold(PoolUsage::default(), |sum, node| sum.plus(node.usage))
    }
}

impl NumaArena {
    /// Blocks and bytes by node, misses, remote frees and fallbacks, over all pools that are alive. Locks
    /// every free list for a moment, so do not call this for every operation.
    #[must_use]
    pub fn stats(&self) -> ArenaStats {
        let empty = |(index, node)| NodeStats {
            node,
            usage: PoolUsage::default(),
            replica_bytes: 0,
            remote_frees: 0,
            misses: 0,
            limit: self.shared.budget.node_limit(index),
        };
        let mut nodes: Vec<NodeStats> = self.nodes().into_iter().enumerate().map(empty).collect();
        for pool in self.pools() {
            for (node, usage) in nodes.iter_mut().zip(pool.usage()) {
                node.usage = node.usage.plus(usage.in_blocks_of(pool.block_bytes()));
                node.remote_frees += usage.given_remotely;
                node.misses += usage.misses;
            }
            for stripe in pool.stripes() {
                for (node, replica) in nodes.iter_mut().zip(stripe.committed_replicas()) {
                    node.replica_bytes += replica.len();
                }
            }
        }
        let misses = nodes.iter().map(|node| node.misses).sum();
        ArenaStats { nodes, misses, fallbacks: self.fallbacks() }
    }

    /// The settings of the arena and its [`stats`](Self::stats), as lines of text.
    #[must_use]
    pub fn report(&self) -> String {
        let limit =
            self.limit().map_or_else(|| "no limit".to_owned(), |bytes| format!("limit {bytes} bytes"));
        let mut placement = self.policy().to_string();
        if self.inner_policy() != self.policy() {
            placement += &format!(" (inner levels {})", self.inner_policy());
        }
        let prefault = if self.prefault() { " prefaulted" } else { "" };
        let adopt = if self.remote_frees() == RemoteFrees::Adopt { ", remote frees adopted" } else { "" };
        let replicas = if self.replicates_inner() { ", inner levels replicated" } else { "" };
        let pages = self.page_size();
        format!("placement {placement}, pages {pages}{prefault}, {limit}{adopt}{replicas}\n{}", self.stats())
    }
}

impl fmt::Display for ArenaStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for NodeStats { node, usage, replica_bytes, remote_frees, misses, limit } in &self.nodes {
            let PoolUsage { issued_blocks, issued_bytes, reserved_bytes } = usage;
            write!(
                f,
                "node {node}: {issued_blocks} blocks, {issued_bytes} of {reserved_bytes} bytes in use, \
                 {remote_frees} freed from other nodes"
            )?;
            if *replica_bytes > 0 {
                write!(f, ", {replica_bytes} bytes of replicas")?;
            }
            if let Some(limit) = limit {
                write!(f, ", limit {limit} bytes")?;
            }
            if *misses > 0 {
                write!(f, ", {misses} wanted here and placed elsewhere")?;
            }
            writeln!(f)?;
        }
        write!(f, "misses: {}", self.misses)?;
        self.fallbacks.iter().try_for_each(|fallback| write!(f, "\nfallback: {fallback}"))
    }
}
