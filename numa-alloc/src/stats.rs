//! What an arena's pools hold, by node, as figures and as lines to read.

use core::fmt;

use bskip_core::arena::{NumaNodeId, PoolUsage};

use crate::arena::NumaArena;
use crate::fallback::Fallback;
use crate::remote::RemoteFrees;
use crate::stripe::StripeUsage;

/// What the pools of an arena hold now. Exact while no thread acquires or releases, close otherwise.
/// `Display` gives a line for each node, one for the misses and one for each fallback.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ArenaStats {
    /// By node, in the order of [`NumaArena::nodes`].
    pub nodes: Vec<NodeStats>,
    /// Blocks that came from another node than the one wanted: that one was used up or at its limit, or the
    /// arena does not have it (counted at the node that was tried first instead). The sum of the nodes'
    /// misses. Where the kernel put a page on another node than asked, [`NumaArena::verify_placement`] tells.
    pub misses: u64,
    /// What the machine refused.
    pub fallbacks: Vec<Fallback>,
}

/// One node's part of [`ArenaStats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NodeStats {
    /// Which node.
    pub node: NumaNodeId,
    /// What lives on it.
    pub usage: PoolUsage,
    /// Bytes of its replica of the inner blocks, taken from the system. Not in `usage`.
    pub replica_bytes: usize,
    /// Blocks of it that were released by threads of other nodes, ever, since the pools that are alive were
    /// made.
    pub remote_frees: u64,
    /// Blocks that were wanted on it and are elsewhere, because it was used up or at its limit; ever, since
    /// the pools that are alive were made.
    pub misses: u64,
    /// Its limit in bytes, if it has one.
    pub limit: Option<usize>,
}

impl StripeUsage {
    /// As blocks of so many bytes.
    pub(crate) fn in_blocks_of(self, size: usize) -> PoolUsage {
        let issued_blocks = self.taken.saturating_sub(self.given) as usize;
        PoolUsage { issued_blocks, issued_bytes: issued_blocks * size, reserved_bytes: self.committed }
    }
}

impl ArenaStats {
    /// The nodes' usage added up.
    #[must_use]
    pub fn total(&self) -> PoolUsage {
        self.nodes.iter().fold(PoolUsage::default(), |sum, node| sum.plus(node.usage))
    }
}

impl NumaArena {
    /// Blocks and bytes by node, misses, remote frees and fallbacks, over the pools that are alive. Locks
    /// every free list for a moment: for looking at, not for every operation.
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

    /// The arena's settings and [`stats`](Self::stats) in lines for people to read.
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
        let pages = self.pages();
        format!("placement {placement}, {pages} pages{prefault}, {limit}{adopt}{replicas}\n{}", self.stats())
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
