//! Every placement policy, and where it must put blocks. This is the one list of policies for the tests on
//! real nodes; add each new policy here.

use std::collections::BTreeMap;
use std::fmt;

use bskip_core::arena::NumaNodeId;
use numa_alloc::Policy;

use super::linux::RealNode;

/// A policy and where it must put blocks.
pub(crate) struct Case {
    pub(crate) policy: Policy,
    wanted: Wanted,
}

/// From the node of a thread to nodes.
type Rule = Box<dyn Fn(&RealNode) -> Vec<u32> + Sync>;

enum Wanted {
    /// On one of these nodes, for a thread of the given node. There are several if they are equally good.
    By(Rule),
    /// In these proportions, wherever the thread is.
    Shares(BTreeMap<u32, usize>),
}

impl Case {
    fn by(policy: Policy, wanted: impl Fn(&RealNode) -> Vec<u32> + Sync + 'static) -> Self {
        Self { policy, wanted: Wanted::By(Box::new(wanted)) }
    }

    fn shares(policy: Policy, shares: impl IntoIterator<Item = (u32, usize)>) -> Self {
        Self { policy, wanted: Wanted::Shares(shares.into_iter().collect()) }
    }

    /// The nodes where a block may be that a thread of `here` acquired.
    pub(crate) fn wanted(&self, here: &RealNode) -> Vec<u32> {
        match &self.wanted {
            Wanted::By(rule) => rule(here),
            Wanted::Shares(shares) => shares.keys().copied().collect(),
        }
    }

    /// Checks the proportions, if the policy has any. `counts` are the blocks on each node, acquired by one
    /// thread after the other in a fresh pool.
    pub(crate) fn assert_shares(&self, counts: &BTreeMap<u32, usize>) {
        let Wanted::Shares(shares) = &self.wanted else { return };
        let (blocks, parts): (usize, usize) = (counts.values().sum(), shares.values().sum());
        for (node, share) in shares {
            let count = counts.get(node).copied().unwrap_or(0);
            let exact = blocks * share / parts;
            assert!(count.abs_diff(exact) <= *share, "{self}: {count} blocks on node {node}, not {exact}");
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.policy.fmt(f)
    }
}

/// All policies, on the memory of `nodes`.
pub(crate) fn all(nodes: &[RealNode]) -> Vec<Case> {
    let memory: Vec<u32> = nodes.iter().filter(|node| node.memory).map(|node| node.number).collect();
    let last = *memory.last().expect("a node with memory");
    let mut sets = vec![vec![last], memory[memory.len() / 2..].to_vec()];
    sets.dedup();
    // Memory-only nodes are used only by policies that name them.
    let in_use = in_use(nodes);
    let everywhere = in_use.clone();
    let others = in_use.clone();
    // With one node there is no remote node, and with CPUs everywhere no memory-only node. The policy is then
    // like `local`.
    let alone: Vec<u32> = memory.iter().copied().filter(|node| !in_use.contains(node)).collect();
    let tiered = if alone.is_empty() { in_use.clone() } else { alone };
    // The first node has weight three, each other node has weight one.
    let weights: Vec<(u32, u32)> =
        memory.iter().map(|&node| (node, if node == memory[0] { 3 } else { 1 })).collect();
    let weighted = Policy::WeightedInterleave(
        weights.iter().map(|&(node, weight)| (NumaNodeId(node), weight)).collect(),
    );
    let mut cases = vec![
        Case::by(Policy::Local, move |here| nearest(here, &everywhere)),
        Case::shares(Policy::Interleave, in_use.iter().map(|&node| (node, 1))),
        Case::shares(weighted, weights.iter().map(|&(node, weight)| (node, weight as usize))),
        Case::by(Policy::NearestRemote, move |here| {
            let others: Vec<u32> = others.iter().copied().filter(|&node| node != here.number).collect();
            if others.is_empty() { vec![here.number] } else { nearest(here, &others) }
        }),
        Case::by(Policy::MemoryOnly, move |here| nearest(here, &tiered)),
    ];
    cases.extend(memory.iter().map(|&node| Case::by(Policy::Node(NumaNodeId(node)), move |_| vec![node])));
    cases.extend(sets.into_iter().map(|set| {
        let policy = Policy::PreferredMany(set.iter().copied().map(NumaNodeId).collect());
        Case::by(policy, move |here| nearest(here, &set))
    }));
    // The keys of the tests are small, so they belong to the last node; larger ones belong to the first.
    let (first, bound) = (memory[0], 1 << 40);
    let range = Policy::Range(vec![(0, NumaNodeId(last)), (bound, NumaNodeId(first))]);
    cases.push(Case::by(range, move |_| vec![last]));
    cases.push(Case::by(Policy::Hash, move |_| in_use.clone()));
    cases
}

/// The nodes with memory that are used although no policy names them: they have CPUs, or are the home of CPUs
/// whose node has no memory.
pub(crate) fn in_use(nodes: &[RealNode]) -> Vec<u32> {
    let with_memory = || nodes.iter().filter(|node| node.memory);
    let home = |of: &RealNode| {
        let far = |to: &&RealNode| (of.distance(to.number), !to.has_cpus, to.number);
        with_memory().min_by_key(far).map(|node| node.number)
    };
    let homes: Vec<u32> =
        nodes.iter().filter(|node| node.has_cpus && !node.memory).filter_map(home).collect();
    let used = |node: &&RealNode| node.has_cpus || homes.contains(&node.number);
    with_memory().filter(used).map(|node| node.number).collect()
}

/// The nodes of `among` that are nearest to `here`.
pub(crate) fn nearest(here: &RealNode, among: &[u32]) -> Vec<u32> {
    let least = among.iter().map(|&node| here.distance(node)).min();
    among.iter().copied().filter(|&node| Some(here.distance(node)) == least).collect()
}
