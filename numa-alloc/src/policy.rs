//! What a user may ask for: where blocks go, and on pages of which size.

use core::fmt;
use core::str::FromStr;

use bskip_core::arena::NodeId;

/// Where an arena places the blocks that are acquired with `Placement::Policy`.
///
/// `Display` and `FromStr` spell it `local`, `interleave`, `node:N`, `preferred:N,M`, `range:KEY=N,KEY=M` and `hash`.
/// Whatever the policy, a node that is used up is replaced by the next nearest, which counts as a miss.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Policy {
    /// On the node of the thread that asks.
    #[default]
    Local,
    /// Block by block over all the arena's nodes in turn, so that each has an equal share.
    Interleave,
    /// On this node.
    Node(NodeId),
    /// On the node of the asking thread if it is one of these, else on the nearest of these.
    Preferred(Vec<NodeId>),
    /// Partitioned by ranges of keys: a leaf goes to the node of the last bound that is not above the least key that it
    /// may hold. Bounds, which must ascend, are first words of keys
    /// ([`Key::word(0)`](bskip_core::Key::word): of a `u64` the key itself); what is below the first is its node's too.
    /// Blocks that are not for keys go to the node of the thread that asks.
    Range(Vec<(u64, NodeId)>),
    /// Partitioned by a hash of the least key that a leaf may hold, over all the arena's nodes: as even as
    /// [`Interleave`](Self::Interleave) for many leaves, with no counter that threads share, and a leaf's place can be
    /// told from its key. Blocks that are not for keys go to the node of the thread that asks.
    Hash,
}

/// What a text may be.
const PLACEMENTS: &str = "a placement: local, interleave, hash, node:N, preferred:N,M or range:KEY=N,KEY=M";

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Interleave => f.write_str("interleave"),
            Self::Node(node) => write!(f, "node:{node}"),
            Self::Preferred(nodes) => write!(f, "preferred:{}", NodeList(nodes)),
            Self::Range(bounds) => {
                f.write_str("range:")?;
                bounds.iter().enumerate().try_for_each(|(i, (key, node))| {
                    write!(f, "{}{key}={node}", if i == 0 { "" } else { "," })
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
        let node = |number: &str| number.parse().map(NodeId).map_err(|_| error());
        match text.split_once(':') {
            None if text == "local" => Ok(Self::Local),
            None if text == "interleave" => Ok(Self::Interleave),
            None if text == "hash" => Ok(Self::Hash),
            Some(("node", number)) => Ok(Self::Node(node(number)?)),
            Some(("preferred", list)) => {
                Ok(Self::Preferred(list.split(',').map(node).collect::<Result<_, _>>()?))
            }
            Some(("range", list)) => {
                let bound = |text: &str| {
                    let (key, number) = text.split_once('=').ok_or_else(error)?;
                    Ok((key.parse().map_err(|_| error())?, node(number)?))
                };
                Ok(Self::Range(list.split(',').map(bound).collect::<Result<_, _>>()?))
            }
            _ => Err(error()),
        }
    }
}

/// Which pages an arena asks the system for. `Display` and `FromStr` spell it `huge` and `small`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PageSize {
    /// Transparent huge pages (2 MiB) where the system has them: fewer TLB misses. The first touch of a slab
    /// makes 2 MiB resident.
    #[default]
    Huge,
    /// Base pages only, as a rule 4 KiB.
    Small,
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Huge => "huge",
            Self::Small => "small",
        })
    }
}

impl FromStr for PageSize {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "huge" => Ok(Self::Huge),
            "small" => Ok(Self::Small),
            _ => Err(ParseError { text: text.to_owned(), expected: "a page size: huge or small" }),
        }
    }
}

/// A text is no [`Policy`] or no [`PageSize`]. `Display` says what would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    text: String,
    expected: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.text, self.expected)
    }
}

impl core::error::Error for ParseError {}

/// Node numbers with commas between them.
pub(crate) struct NodeList<'a>(pub(crate) &'a [NodeId]);

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
            (Policy::Node(NodeId(3)), "node:3"),
            (Policy::Preferred(vec![NodeId(0), NodeId(12)]), "preferred:0,12"),
            (Policy::Range(vec![(0, NodeId(1)), (1 << 63, NodeId(0))]), "range:0=1,9223372036854775808=0"),
            (Policy::Hash, "hash"),
        ];
        for (policy, text) in policies {
            assert_eq!(policy.to_string(), text);
            assert_eq!(text.parse(), Ok(policy));
        }
        for bad in
            ["", "Local", "node", "node:", "node:-1", "node:1,2", "preferred:", "preferred:1,", "local:1"]
                .into_iter()
                .chain(["range:", "range:1", "range:=1", "range:1=", "range:1=2,", "range:-1=0", "hash:1"])
        {
            let error = bad.parse::<Policy>().unwrap_err();
            assert_eq!(error.to_string(), format!("{bad:?} is not {PLACEMENTS}"));
        }
    }

    #[test]
    fn page_sizes_read_back_as_written() {
        for size in [PageSize::Huge, PageSize::Small] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(
            "2M".parse::<PageSize>().unwrap_err().to_string(),
            "\"2M\" is not a page size: huge or small"
        );
    }
}
