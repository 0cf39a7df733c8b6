//! Where blocks go when they are acquired and when they are released: the user's choices.

use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

use bskip_core::arena::NumaNodeId;

use crate::error::{NodeList, ParseError};
use crate::weights;

/// Where an arena places the blocks that are acquired with `Placement::Policy`.
///
/// The names are those of Linux's memory policies (see `set_mempolicy(2)` and `numactl(8)`) where there is
/// one: `Node` is `MPOL_PREFERRED` with one node, `PreferredMany` is `MPOL_PREFERRED_MANY`, and so on. These
/// policies place blocks, not pages.
///
/// No policy is strict. If a node is full or at its [limit](crate::Builder::node_limit), the block goes to
/// the next nearest node and counts as a miss. Memory-only nodes are used only if they are named, here or by
/// [`Builder::nodes`](crate::Builder::nodes). If `nodes` names a memory-only node, the policies below treat
/// it as a node with CPUs. Only `memory-only` still treats it as a memory-only node.
///
/// `Display` and `FromStr` use the names in this table. `FromStr` also accepts `weighted`, `preferred`,
/// `nearest` and `tiered` for the four longer names.
///
/// | name | a block goes to | good for |
/// | --- | --- | --- |
/// | `local` | the node of the calling thread | threads that work on their own keys |
/// | `interleave` | all nodes with CPUs in turn | keys that all threads share |
/// | `weighted-interleave:0=3,1=1` | these nodes in turn, in these proportions | nodes of unequal bandwidth |
/// | `node:N` | node N | memory that the threads of one node use |
/// | `preferred-many:N,M` | the nearest of these nodes | keeping off the other nodes |
/// | `nearest-remote` | the nearest node with CPUs except the thread's own | measuring what remote memory costs |
/// | `memory-only` | the nearest memory-only node | leaves in CXL memory, inner levels in local memory |
/// | `range:0=1,5000=0` | by the keys of a leaf: node 1 for keys below 5000, node 0 for the others | threads that work on ranges of keys |
/// | `hash` | by a hash of the least key of a leaf | the same as `interleave`, but without a counter that threads share |
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Policy {
    /// On the node of the calling thread: `MPOL_LOCAL`.
    #[default]
    Local,
    /// On all nodes with CPUs in turn, block by block, so that each node has an equal share:
    /// `MPOL_INTERLEAVE`.
    Interleave,
    /// On this node: `MPOL_PREFERRED`.
    Node(NumaNodeId),
    /// On these nodes in turn, block by block, in proportion to their weights: `MPOL_WEIGHTED_INTERLEAVE`.
    /// With weights 3 and 1, three of any four consecutive blocks are on the first node. A weight is at least
    /// 1, and the sum of the weights fits in 32 bits. Nodes that are not named get a block only if these are
    /// full. Weights in proportion to the bandwidths of the nodes use all of the bandwidth;
    /// [`weighted_by`](Self::weighted_by) computes them.
    WeightedInterleave(Vec<(NumaNodeId, u32)>),
    /// On the node of the calling thread if it is one of these, or else on the nearest of these:
    /// `MPOL_PREFERRED_MANY`.
    PreferredMany(Vec<NumaNodeId>),
    /// On the node with CPUs that is nearest to the calling thread's node, but not on that node itself. Use
    /// it to measure what a hop costs, or to spare the memory of the own node. If only one node has CPUs,
    /// blocks go there.
    NearestRemote,
    /// On the nearest memory-only node (CXL, HBM, persistent memory), then on the other nodes by distance.
    /// Meant for leaves, together with `Local` as the [`inner_policy`](crate::Builder::inner_policy). If
    /// every node has CPUs, this is the same as `Local`.
    ///
    /// The arena then uses every memory-only node, even the memory of a GPU if the system shows it as a node.
    /// To use only some of them, name these with [`PreferredMany`](Self::PreferredMany). A node that is home
    /// to the CPUs of a node without memory is not a memory-only node.
    MemoryOnly,
    /// Partitioned by ranges of keys. A leaf goes to the node of the last bound that is not above the least
    /// key that the leaf may hold. A bound is the first word of a key; for a `u64` that is the key itself,
    /// see [`KeyWords`](bskip_core::KeyWords). Bounds must ascend. Keys below the first bound belong to the
    /// first bound's node. A block without a key goes to the node of the calling thread.
    Range(Vec<(u64, NumaNodeId)>),
    /// Partitioned by a hash of the least key that a leaf may hold, over the nodes with CPUs. Many leaves are
    /// spread as evenly as with [`Interleave`](Self::Interleave), without a counter that threads share. When
    /// a neighbour takes some of a leaf's pairs, the leaf's least key changes but the leaf stays where it is,
    /// so `rebalance` would move many leaves. A block without a key goes to the node of the calling thread.
    Hash,
}

/// What `FromStr` accepts.
const PLACEMENTS: &str = "a placement: local, interleave, weighted-interleave:N=3,M=1, node:N, \
                          preferred-many:N,M, nearest-remote, memory-only, range:KEY=N,KEY=M or hash";

impl Policy {
    /// [`WeightedInterleave`](Self::WeightedInterleave) in proportion to `values`, such as bandwidths. The
    /// values are divided by their greatest common divisor. If the largest is then above 255, all are scaled
    /// so that it is 255, and rounded to whole numbers of at least 1. Nodes with value 0 are left out. `None`
    /// if no node is left.
    ///
    /// ```
    /// use bskip_core::arena::NumaNodeId;
    /// use numa_alloc::Policy;
    ///
    /// // In MiB/s, as `NumaNode::bandwidth` of `bskip-topology` gives them.
    /// let policy = Policy::weighted_by([(NumaNodeId(0), 204_800), (NumaNodeId(1), 51_200)]);
    /// assert_eq!(policy.unwrap().to_string(), "weighted-interleave:0=4,1=1");
    /// ```
    #[must_use]
    pub fn weighted_by(values: impl IntoIterator<Item = (NumaNodeId, u64)>) -> Option<Self> {
        let values: Vec<_> = values.into_iter().filter(|(_, value)| *value > 0).collect();
        let divisor = values.iter().fold(0, |divisor, (_, value)| weights::gcd(divisor, *value));
        let most = values.iter().map(|(_, value)| value / divisor).max()?;
        let weight = |value: u64| match value / divisor {
            small if most <= MOST_WEIGHT => small,
            // Round to the nearest whole number, but give every node a share.
            large => {
                ((u128::from(large) * u128::from(MOST_WEIGHT) + u128::from(most / 2)) / u128::from(most))
                    .max(1) as u64
            }
        };
        Some(Self::WeightedInterleave(
            values.into_iter().map(|(node, value)| (node, weight(value) as u32)).collect(),
        ))
    }

    /// The nodes that the policy names. Empty for a policy that names none.
    #[must_use]
    pub fn nodes(&self) -> Vec<NumaNodeId> {
        match self {
            Self::Node(node) => vec![*node],
            Self::PreferredMany(nodes) => nodes.clone(),
            Self::WeightedInterleave(weights) => weights.iter().map(|(node, _)| *node).collect(),
            Self::Range(bounds) => bounds.iter().map(|(_, node)| *node).collect(),
            Self::Local | Self::Interleave | Self::NearestRemote | Self::MemoryOnly | Self::Hash => {
                Vec::new()
            }
        }
    }
}

/// The largest weight that `weighted_by` computes, which is also the largest weight of Linux.
const MOST_WEIGHT: u64 = 255;

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Interleave => f.write_str("interleave"),
            Self::Node(node) => write!(f, "node:{node}"),
            Self::WeightedInterleave(weights) => write_pairs(f, "weighted-interleave", weights),
            Self::PreferredMany(nodes) => write!(f, "preferred-many:{}", NodeList(nodes)),
            Self::NearestRemote => f.write_str("nearest-remote"),
            Self::MemoryOnly => f.write_str("memory-only"),
            Self::Range(bounds) => write_pairs(f, "range", bounds),
            Self::Hash => f.write_str("hash"),
        }
    }
}

/// Writes a policy with its list, as in `range:0=1,5000=0`.
fn write_pairs<A: fmt::Display, B: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    pairs: &[(A, B)],
) -> fmt::Result {
    let mark = |i| if i == 0 { ':' } else { ',' };
    f.write_str(name)?;
    pairs.iter().enumerate().try_for_each(|(i, (a, b))| write!(f, "{}{a}={b}", mark(i)))
}

impl FromStr for Policy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError { text: text.to_owned(), expected: PLACEMENTS };
        let node = |number: &str| number.parse().map(NumaNodeId).map_err(|_| error());
        let weight = |pair: &str| {
            let (number, weight) = pair.split_once('=').ok_or_else(error)?;
            let weight: NonZeroU32 = weight.parse().map_err(|_| error())?;
            Ok((node(number)?, weight.get()))
        };
        match text.split_once(':').unwrap_or((text, "")) {
            _ if text.ends_with(':') => Err(error()),
            ("local", "") => Ok(Self::Local),
            ("interleave", "") => Ok(Self::Interleave),
            ("nearest-remote" | "nearest", "") => Ok(Self::NearestRemote),
            ("memory-only" | "tiered", "") => Ok(Self::MemoryOnly),
            ("hash", "") => Ok(Self::Hash),
            ("node", number) => Ok(Self::Node(node(number)?)),
            ("weighted-interleave" | "weighted", list) => {
                Ok(Self::WeightedInterleave(list.split(',').map(weight).collect::<Result<_, _>>()?))
            }
            ("range", list) => {
                let bound = |pair: &str| {
                    let (key, number) = pair.split_once('=').ok_or_else(error)?;
                    Ok((key.parse().map_err(|_| error())?, node(number)?))
                };
                Ok(Self::Range(list.split(',').map(bound).collect::<Result<_, _>>()?))
            }
            ("preferred-many" | "preferred", list) => {
                Ok(Self::PreferredMany(list.split(',').map(node).collect::<Result<_, _>>()?))
            }
            _ => Err(error()),
        }
    }
}

/// What happens to a block when a thread of another node releases it.
///
/// | | `SendHome` (the default) | `Adopt` |
/// | --- | --- | --- |
/// | placement | stays as requested | drifts to where blocks are freed; a block issued on another node than wanted counts as a miss |
/// | cost of a remote free | one compare-and-swap on a cache line of the other node for every 32 blocks | nothing beyond the thread's own list |
/// | the next acquisition | takes a block of the wanted node, and refills from what came home | takes a block from the thread's own list, probably still in its cache |
///
/// `Adopt` pays if the same threads free and take blocks at a high rate and placement matters little. An
/// example is short-lived keys that one thread inserts and another removes, on a machine whose nodes are
/// close to each other. It does not pay if some threads only remove keys: they never use the blocks that they
/// adopt, and other threads look for these blocks only when they have no others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RemoteFrees {
    /// The block goes back to its node, together with 31 others.
    #[default]
    SendHome,
    /// The thread that released the block keeps it, in a list that it shares with other threads of its node.
    /// It issues the block again when the list of the wanted node is empty.
    /// [`home`](bskip_core::arena::NumaBlocks::home) still names the node that the block is on.
    Adopt,
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_read_back_as_written() {
        let policies = [
            (Policy::Local, "local"),
            (Policy::Interleave, "interleave"),
            (Policy::Node(NumaNodeId(3)), "node:3"),
            (
                Policy::Range(vec![(0, NumaNodeId(1)), (1 << 63, NumaNodeId(0))]),
                "range:0=1,9223372036854775808=0",
            ),
            (Policy::Hash, "hash"),
            (Policy::PreferredMany(vec![NumaNodeId(0), NumaNodeId(12)]), "preferred-many:0,12"),
            (
                Policy::WeightedInterleave(vec![(NumaNodeId(0), 3), (NumaNodeId(12), 1)]),
                "weighted-interleave:0=3,12=1",
            ),
            (Policy::NearestRemote, "nearest-remote"),
            (Policy::MemoryOnly, "memory-only"),
        ];
        for (policy, text) in policies {
            assert_eq!(policy.to_string(), text);
            assert_eq!(text.parse(), Ok(policy));
        }
        // Short names and names of earlier versions.
        for (text, policy) in [
            ("weighted:1=2", Policy::WeightedInterleave(vec![(NumaNodeId(1), 2)])),
            ("preferred:4", Policy::PreferredMany(vec![NumaNodeId(4)])),
            ("nearest", Policy::NearestRemote),
            ("tiered", Policy::MemoryOnly),
        ] {
            assert_eq!(text.parse(), Ok(policy));
        }
        for bad in [
            "",
            "Local",
            "node",
            "node:",
            "node:-1",
            "node:1,2",
            "preferred:",
            "preferred:1,",
            "local:1",
            "weighted",
            "weighted:",
            "weighted:0",
            "weighted:0=0",
            "weighted:0=1,",
            "weighted:0=-1",
            "weighted:0:1",
            "nearest:1",
            "tiered:",
            "range:",
            "range:1",
            "range:=1",
            "range:1=",
            "range:1=2,",
            "range:-1=0",
            "hash:1",
            "local:",
            "preferred-many",
        ] {
            let error = bad.parse::<Policy>().unwrap_err();
            assert_eq!(error.to_string(), format!("{bad:?} is not {PLACEMENTS}"));
        }
    }

    #[test]
    fn weights_follow_values() {
        let weights =
            |values: &[u64]| match Policy::weighted_by((0..).map(NumaNodeId).zip(values.iter().copied())) {
                Some(Policy::WeightedInterleave(weights)) => {
                    weights.iter().map(|(node, weight)| (node.0, *weight)).collect()
                }
                other => {
                    assert_eq!(other, None);
                    Vec::new()
                }
            };
        assert_eq!(weights(&[]), []);
        assert_eq!(weights(&[0, 0]), []);
        assert_eq!(weights(&[7, 0, 7]), [(0, 1), (2, 1)]);
        assert_eq!(weights(&[120_000, 40_000]), [(0, 3), (1, 1)]);
        assert_eq!(weights(&[255_000, 1_000]), [(0, 255), (1, 1)]);
        // Without a common divisor, the largest weight is 255 and the others are rounded.
        assert_eq!(weights(&[100_003, 50_001, 7]), [(0, 255), (1, 127), (2, 1)]);
        assert_eq!(weights(&[u64::MAX, u64::MAX - 1]), [(0, 255), (1, 255)]);
    }
}
