//! Where blocks go: what a user may ask for.

use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

use bskip_core::arena::NumaNodeId;

use crate::shares;

/// Where an arena places the blocks that are acquired with `Placement::Policy`.
///
/// Nodes of memory alone are used only when they are named, here or by [`Builder::nodes`](crate::Builder::nodes); a node
/// that `nodes` names counts as one with CPUs below, except for `tiered`.
///
/// `Display` and `FromStr` spell it as in this table. Whatever the policy, a node that is used up, or at its
/// [limit](crate::Builder::node_limit), is replaced by the next nearest, which counts as a miss.
///
/// | spelling | a block goes to | good for |
/// | --- | --- | --- |
/// | `local` | the node of the thread that asks | threads that keep to their own keys |
/// | `interleave` | all nodes with CPUs in turn | keys that all threads share |
/// | `weighted:0=3,1=1` | the nodes in turn, in these proportions | nodes of unequal bandwidth |
/// | `node:N` | node N | memory that one node's threads use |
/// | `preferred:N,M` | the nearest of these | keeping off the other nodes |
/// | `nearest` | the nearest node with CPUs that is not the thread's own | measuring what remote memory costs |
/// | `tiered` | the nearest node without CPUs | leaves in CXL memory, inner levels in local memory |
/// | `range:0=1,5000=0` | a leaf by its keys: node 1 below key 5000, node 0 from there on | threads that keep to ranges of keys |
/// | `hash` | a leaf by a hash of its least key | as `interleave`, with no counter that threads share |
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Policy {
    /// On the node of the thread that asks.
    #[default]
    Local,
    /// Block by block over the nodes with CPUs in turn, so that each has an equal share.
    Interleave,
    /// On this node.
    Node(NumaNodeId),
    /// Over these nodes in turn, block by block, each with a share in proportion to its weight: Linux's
    /// `MPOL_WEIGHTED_INTERLEAVE`, by blocks instead of pages. With weights 3 and 1, of any four blocks in
    /// succession three are on the first node. Weights are at least 1 and their sum fits in 32 bits; nodes
    /// that are not named get a block only when these are used up. Weights in proportion to the nodes'
    /// bandwidths (see
    /// [`weighted_by`](Self::weighted_by)) use all of it.
    Weighted(Vec<(NumaNodeId, u32)>),
    /// On the node of the asking thread if it is one of these, else on the nearest of these.
    Preferred(Vec<NumaNodeId>),
    /// On the node with CPUs nearest to that of the asking thread, but not on that itself. What one hop costs, and memory
    /// for programs that must spare the node's own. With one such node: on that.
    Nearest,
    /// On the nearest node that has memory and no CPUs (CXL, HBM, persistent memory), then on the others by
    /// distance. Meant for leaves, with [`inner_policy`](crate::Builder::inner_policy) `Local`. Where every
    /// node has CPUs: as `Local`. Asks for every node of memory alone, also for the memory of a GPU that the system shows as
    /// one: to use some of them, name them by [`Preferred`](Self::Preferred). A node that is home to CPUs whose own node has
    /// no memory is not such a node.
    Tiered,
    /// Partitioned by ranges of keys: a leaf goes to the node of the last bound that is not above the least key that it
    /// may hold. Bounds, which must ascend, are first words of keys
    /// (of a `u64` the key itself, see [`KeyWords`](bskip_core::KeyWords)); what is below the first is its node's too.
    /// Blocks that are not for keys go to the node of the thread that asks.
    Range(Vec<(u64, NumaNodeId)>),
    /// Partitioned by a hash of the least key that a leaf may hold, over the nodes with CPUs: as even as
    /// [`Interleave`](Self::Interleave) for many leaves, with no counter that threads share. A leaf's
    /// least key changes when a neighbour takes some of its pairs, the leaf stays: `rebalance` would find many to move. Blocks that are not for keys go to the node of the thread that asks.
    Hash,
}

/// What a text may be.
const PLACEMENTS: &str = "a placement: local, interleave, weighted:N=3,M=1, node:N, preferred:N,M, nearest, tiered, \
                          range:KEY=N,KEY=M or hash";

impl Policy {
    /// [`Weighted`](Self::Weighted) in proportion to `values`, such as bandwidths: the shares are whole
    /// numbers of up to 255, the largest value's being 255 or the values' own after division by what divides
    /// all. Nodes of value 0 are left out. `None` if no node is left.
    ///
    /// ```
    /// use bskip_core::arena::NumaNodeId;
    /// use numa_alloc::Policy;
    ///
    /// // MiB/s, as the machine tells them (`bskip-topology`: `NumaNode::bandwidth`).
    /// let policy = Policy::weighted_by([(NumaNodeId(0), 204_800), (NumaNodeId(1), 51_200)]);
    /// assert_eq!(policy.unwrap().to_string(), "weighted:0=4,1=1");
    /// ```
    #[must_use]
    pub fn weighted_by(values: impl IntoIterator<Item = (NumaNodeId, u64)>) -> Option<Self> {
        let values: Vec<_> = values.into_iter().filter(|(_, value)| *value > 0).collect();
        let divisor = values.iter().fold(0, |divisor, (_, value)| shares::gcd(divisor, *value));
        let most = values.iter().map(|(_, value)| value / divisor).max()?;
        let weight = |value: u64| match value / divisor {
            small if most <= MOST_WEIGHT => small,
            // Rounded to the nearest; what is not nothing gets a share.
            large => {
                ((u128::from(large) * u128::from(MOST_WEIGHT) + u128::from(most / 2)) / u128::from(most))
                    .max(1) as u64
            }
        };
        Some(Self::Weighted(values.into_iter().map(|(node, value)| (node, weight(value) as u32)).collect()))
    }
}

impl Policy {
    /// The nodes that the policy names.
    pub(crate) fn named(&self) -> Vec<NumaNodeId> {
        match self {
            Self::Node(node) => vec![*node],
            Self::Preferred(nodes) => nodes.clone(),
            Self::Weighted(weights) => weights.iter().map(|(node, _)| *node).collect(),
            Self::Range(bounds) => bounds.iter().map(|(_, node)| *node).collect(),
            Self::Local | Self::Interleave | Self::Nearest | Self::Tiered | Self::Hash => Vec::new(),
        }
    }
}

/// The largest weight made of values: that of Linux's own weights.
const MOST_WEIGHT: u64 = 255;

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Interleave => f.write_str("interleave"),
            Self::Node(node) => write!(f, "node:{node}"),
            Self::Weighted(weights) => {
                f.write_str("weighted:")?;
                let mut comma = "";
                weights.iter().try_for_each(|(node, weight)| {
                    write!(f, "{}{node}={weight}", core::mem::replace(&mut comma, ","))
                })
            }
            Self::Preferred(nodes) => write!(f, "preferred:{}", NodeList(nodes)),
            Self::Nearest => f.write_str("nearest"),
            Self::Tiered => f.write_str("tiered"),
            Self::Range(bounds) => {
                f.write_str("range:")?;
                let mut comma = "";
                bounds.iter().try_for_each(|(key, node)| {
                    write!(f, "{}{key}={node}", core::mem::replace(&mut comma, ","))
                })
            }
            Self::Hash => f.write_str("hash"),
        }
    }
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
        match text.split_once(':') {
            None if text == "local" => Ok(Self::Local),
            None if text == "interleave" => Ok(Self::Interleave),
            None if text == "nearest" => Ok(Self::Nearest),
            None if text == "tiered" => Ok(Self::Tiered),
            None if text == "hash" => Ok(Self::Hash),
            Some(("node", number)) => Ok(Self::Node(node(number)?)),
            Some(("weighted", list)) => {
                Ok(Self::Weighted(list.split(',').map(weight).collect::<Result<_, _>>()?))
            }
            Some(("range", list)) => {
                let bound = |pair: &str| {
                    let (key, number) = pair.split_once('=').ok_or_else(error)?;
                    Ok((key.parse().map_err(|_| error())?, node(number)?))
                };
                Ok(Self::Range(list.split(',').map(bound).collect::<Result<_, _>>()?))
            }
            Some(("preferred", list)) => {
                Ok(Self::Preferred(list.split(',').map(node).collect::<Result<_, _>>()?))
            }
            _ => Err(error()),
        }
    }
}

/// A text is no [`Policy`] or no [`PageSize`](crate::PageSize). `Display` says what would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    pub(crate) text: String,
    pub(crate) expected: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.text, self.expected)
    }
}

impl core::error::Error for ParseError {}

/// Node numbers with commas between them.
pub(crate) struct NodeList<'a>(pub(crate) &'a [NumaNodeId]);

impl fmt::Display for NodeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(i, node)| write!(f, "{}{node}", if i == 0 { "" } else { "," }))
    }
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
            (Policy::Preferred(vec![NumaNodeId(0), NumaNodeId(12)]), "preferred:0,12"),
            (Policy::Weighted(vec![(NumaNodeId(0), 3), (NumaNodeId(12), 1)]), "weighted:0=3,12=1"),
            (Policy::Nearest, "nearest"),
            (Policy::Tiered, "tiered"),
        ];
        for (policy, text) in policies {
            assert_eq!(policy.to_string(), text);
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
        ] {
            let error = bad.parse::<Policy>().unwrap_err();
            assert_eq!(error.to_string(), format!("{bad:?} is not {PLACEMENTS}"));
        }
    }

    #[test]
    fn weights_follow_values() {
        let weights =
            |values: &[u64]| match Policy::weighted_by((0..).map(NumaNodeId).zip(values.iter().copied())) {
                Some(Policy::Weighted(weights)) => {
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
        // No common measure: 255 for the largest, the nearest whole number for the others, at least 1.
        assert_eq!(weights(&[100_003, 50_001, 7]), [(0, 255), (1, 127), (2, 1)]);
        assert_eq!(weights(&[u64::MAX, u64::MAX - 1]), [(0, 255), (1, 255)]);
    }
}
