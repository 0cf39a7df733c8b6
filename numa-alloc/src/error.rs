//! What can be wrong with a request: an arena that cannot be built, text that cannot be parsed.

use core::fmt;

use bskip_core::arena::NumaNodeId;

/// Why an arena could not be built.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The arena cannot use a node that was named.
    NoSuchNode {
        /// The node that was named.
        node: NumaNodeId,
        /// The nodes to choose from: those of [`Builder::nodes`](crate::Builder::nodes) if it was called, or
        /// else all nodes with memory that this process may use.
        available: Vec<NumaNodeId>,
    },
    /// An empty set of nodes was given.
    NoNodes,
    /// A node has weight zero. To place nothing on a node, leave it out.
    ZeroWeight {
        /// The node with this weight.
        node: NumaNodeId,
    },
    /// A node has two weights.
    TwoWeights {
        /// The node that was named twice.
        node: NumaNodeId,
    },
    /// The bounds of [`Policy::Range`](crate::Policy::Range) do not ascend.
    BoundsOutOfOrder,
    /// The sum of the weights, after division by their greatest common divisor, does not fit in 32 bits.
    LargeWeights,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode { node, available } => write!(
                f,
                "NUMA node {node} does not exist or has no memory for this process; choose among {}",
                NodeList(available)
            ),
            Self::NoNodes => f.write_str("the set of NUMA nodes is empty; name at least one node"),
            Self::ZeroWeight { node } => {
                write!(f, "NUMA node {node} has weight 0; leave it out, or give it a weight of at least 1")
            }
            Self::TwoWeights { node } => write!(f, "NUMA node {node} has two weights; give it one"),
            Self::BoundsOutOfOrder => {
                f.write_str("the keys of a range placement do not ascend; sort them, as in range:0=0,5000=1")
            }
            Self::LargeWeights => {
                f.write_str("the weights of the NUMA nodes add up to 2^32 or more; choose smaller weights")
            }
        }
    }
}

impl core::error::Error for BuildError {}

/// The text is not a [`Policy`](crate::Policy) or not a [`PageSize`](crate::PageSize). `Display` lists what
/// is accepted.
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

/// Node numbers separated by commas.
pub(crate) struct NodeList<'a>(pub(crate) &'a [NumaNodeId]);

impl fmt::Display for NodeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = |i| if i == 0 { "" } else { "," };
        self.0.iter().enumerate().try_for_each(|(i, node)| write!(f, "{}{node}", comma(i)))
    }
}
