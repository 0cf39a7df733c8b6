//! Which block of a KV cache to evict: the block with the least score, on the node that needs memory.
//!
//! A server cuts a prompt into chunks and hashes each *prefix* of chunks. What the model computed for the
//! last chunk of a prefix, its keys and values, lies in a block of memory on some NUMA node. `prefixes` has
//! the block of each prefix, the number of requests that use it now (its *pins*), and its score. This map
//! alone decides: an eviction is one removal from it, on the condition that the block has no pins.
//!
//! Each node has an index of the blocks that may be evicted, by score, in memory of the node. A pin takes the
//! block's entry out of the index. The last unpin puts one in, with the new score. Other threads may act
//! between the change in `prefixes` and the one in the index, so the index may have an old entry. An eviction
//! that finds pins or another score drops the entry and takes the next one. No block loses its entry: the
//! last unpin inserts it after it has set the score, and a pin removes only the entry of the score that it
//! found.

use bskip_core::{BSkipMap, BSkipSet, Compute, NumaNodeId, Operation};
use numa_alloc::{Builder, NumaArena, Policy};
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A block of memory for keys and values: its number. The blocks of a node are numbered one after the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Block(pub(crate) u32);

#[derive(Clone, Copy)]
struct Cached {
    block: Block,
    pins: u32,
    score: u64,
}

/// The blocks of a node that hold nothing, and those that may be evicted: score, then prefix.
struct NodeBlocks {
    id: NumaNodeId,
    free: Mutex<Vec<Block>>,
    evictable: BSkipSet<(u64, u64), NumaArena>,
}

impl NodeBlocks {
    fn free(&self) -> MutexGuard<'_, Vec<Block>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many blocks are in which state, on one node.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Usage {
    pub(crate) free: usize,
    pub(crate) evictable: usize,
    pub(crate) pinned: usize,
}

/// See the module.
pub(crate) struct KvCache {
    prefixes: BSkipMap<u64, Cached, NumaArena>,
    nodes: Vec<NodeBlocks>,
    /// Blocks of each node.
    blocks: u32,
}

impl KvCache {
    /// A cache with this many blocks on each node of the arena that `builder` builds. A machine without NUMA
    /// has one node.
    pub(crate) fn new(builder: &Builder, blocks: u32) -> Result<Self, Box<dyn Error>> {
        // All nodes look prefixes up: leaves are spread over the nodes, each node has its copy of the inner
        // levels.
        let shared = builder.clone().policy(Policy::Interleave).replicate_inner(true).build()?;
        let node = |(number, &id): (usize, &NumaNodeId)| -> Result<NodeBlocks, Box<dyn Error>> {
            let first = number as u32 * blocks;
            let arena = builder.clone().policy(Policy::Node(id)).build()?;
            let free = Mutex::new((first..first + blocks).rev().map(Block).collect());
            Ok(NodeBlocks { id, free, evictable: BSkipSet::with_arena(arena)? })
        };
        let nodes = shared.nodes().iter().enumerate().map(node).collect::<Result<_, _>>()?;
        Ok(Self { prefixes: BSkipMap::with_arena(shared)?, nodes, blocks })
    }

    /// The nodes, by their numbers in the system. Methods take an index of this list.
    pub(crate) fn nodes(&self) -> Vec<NumaNodeId> {
        self.nodes.iter().map(|node| node.id).collect()
    }

    /// The node of a block.
    pub(crate) fn home(&self, block: Block) -> usize {
        (block.0 / self.blocks) as usize
    }

    /// A hit: the block of this prefix, which stays until [`unpin`](Self::unpin). `None` if it is not cached.
    pub(crate) fn pin(&self, prefix: u64) -> Option<Block> {
        let before = self.prefixes.update(&prefix, |cached| {
            let before = *cached;
            cached.pins += 1;
            before
        })?;
        self.pinned(prefix, before);
        Some(before.block)
    }

    /// A block was pinned that was in this state before.
    fn pinned(&self, prefix: u64, before: Cached) {
        if before.pins == 0 {
            self.nodes[self.home(before.block)].evictable.remove(&(before.score, prefix));
        }
    }

    /// The request is done with a block that it has pinned or admitted. The block gets this score.
    pub(crate) fn unpin(&self, prefix: u64, score: u64) {
        let after = self.prefixes.update(&prefix, |cached| {
            cached.pins -= 1;
            cached.score = score;
            *cached
        });
        let after = after.expect("a pinned block stays");
        if after.pins == 0 {
            self.nodes[self.home(after.block)].evictable.insert((score, prefix));
        }
    }

    /// Takes `count` blocks that hold nothing. Evicts blocks if necessary. The own node comes first, then the
    /// others. `None` if too few blocks have no pins, or if other threads hold
    /// them now. The blocks that were evicted for nothing are free then.
    pub(crate) fn reserve(&self, own: usize, count: usize) -> Option<Vec<Block>> {
        let mut reserved = Vec::with_capacity(count);
        // With more than two nodes, go by distance: `bskip_topology::Machine::distances`.
        for node in (own..self.nodes.len()).chain(0..own) {
            while reserved.len() < count {
                let free = self.nodes[node].free().pop();
                let Some(block) = free.or_else(|| self.evict(node)) else { break };
                reserved.push(block);
            }
        }
        if reserved.len() < count {
            reserved.into_iter().for_each(|block| self.give_back(block));
            return None;
        }
        Some(reserved)
    }

    /// Evicts the block with the least score of a node, and gives it to the caller.
    fn evict(&self, node: usize) -> Option<Block> {
        loop {
            let (score, prefix) = self.nodes[node].evictable.pop_first()?;
            let is_it = |cached: &Cached| {
                cached.pins == 0 && cached.score == score && self.home(cached.block) == node
            };
            if let Some(cached) = self.prefixes.remove_if(&prefix, is_it) {
                return Some(cached.block);
            }
        }
    }

    /// Enters a reserved block, whose contents are now those of this prefix, and pins it. If another request
    /// was faster, gives the block back and pins the other's. Returns the block that is pinned.
    pub(crate) fn admit(&self, prefix: u64, block: Block) -> Block {
        let pin = |cached: Option<&Cached>| {
            let cached = cached.copied().unwrap_or(Cached { block, pins: 0, score: 0 });
            Operation::<_>::Insert(Cached { pins: cached.pins + 1, ..cached })
        };
        match self.prefixes.compute(prefix, pin) {
            Compute::Updated(before) => {
                self.give_back(block);
                self.pinned(prefix, before);
                before.block
            }
            _ => block,
        }
    }

    /// Returns a reserved block that is not needed after all.
    pub(crate) fn give_back(&self, block: Block) {
        self.nodes[self.home(block)].free().push(block);
    }

    /// The blocks of each node, by their state. Exact while no other thread uses the cache.
    pub(crate) fn usage(&self) -> Vec<Usage> {
        let free = |node: &NodeBlocks| Usage { free: node.free().len(), ..Usage::default() };
        let mut usage: Vec<Usage> = self.nodes.iter().map(free).collect();
        for (_, cached) in self.prefixes.iter() {
            let usage = &mut usage[self.home(cached.block)];
            let state = if cached.pins == 0 { &mut usage.evictable } else { &mut usage.pinned };
            *state += 1;
        }
        usage
    }
}
