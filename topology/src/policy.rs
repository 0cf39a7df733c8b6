//! The pin policies and their names.

use std::fmt;
use std::str::FromStr;

use crate::cpuset::{ParseCpuListError, parse_list, write_list};

/// How workers are spread over the CPUs that the process may use.
///
/// `Display` and `FromStr` use the name in the first line of each policy.
///
/// ```
/// use bskip_topology::PinPolicy;
///
/// let policy: PinPolicy = "cpus:0,2,4-7".parse()?;
/// assert_eq!(policy, PinPolicy::Cpus(vec![0, 2, 4, 5, 6, 7]));
/// assert_eq!(policy.to_string(), "cpus:0,2,4-7");
/// # Ok::<(), bskip_topology::ParsePolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PinPolicy {
    /// `none`: workers are not bound.
    #[default]
    None,
    /// `compact`: one CPU for each worker, as close together as possible: first the siblings of a core, then
    /// the next core that shares the same caches, and so on.
    Compact,
    /// `scatter`: one CPU for each worker, as far apart as possible: packages and nodes in turn, within them
    /// L3 domains in turn, within them cores in turn. No core gets a second worker before every core has one.
    Scatter,
    /// `per-node`: workers go to the nodes in turn. Each worker is bound to all allowed CPUs of its node.
    /// Nodes without an allowed CPU are skipped.
    PerNode,
    /// `per-l3`: workers go to the L3 domains in turn, those of different packages and nodes first. Each
    /// worker is bound to all allowed CPUs of its domain. A domain is the set of CPUs of one node that share
    /// an L3 cache. If no L3 cache is known, it is the node.
    PerL3,
    /// `smt-last`: one CPU for each worker, like `compact`, but every core gets one worker before any sibling
    /// does.
    SmtLast,
    /// `cpus:0,2,4-7`: one CPU for each worker, from this list, in this order.
    Cpus(Vec<u32>),
}

/// The policies without a list.
const NAMES: [(&str, PinPolicy); 6] = [
    ("none", PinPolicy::None),
    ("compact", PinPolicy::Compact),
    ("scatter", PinPolicy::Scatter),
    ("per-node", PinPolicy::PerNode),
    ("per-l3", PinPolicy::PerL3),
    ("smt-last", PinPolicy::SmtLast),
];

impl fmt::Display for PinPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("none"),
            Self::Compact => f.pad("compact"),
            Self::Scatter => f.pad("scatter"),
            Self::PerNode => f.pad("per-node"),
            Self::PerL3 => f.pad("per-l3"),
            Self::SmtLast => f.pad("smt-last"),
            Self::Cpus(cpus) => {
                let mut text = String::from("cpus:");
                write_list(&mut text, cpus.iter().copied())?;
                f.pad(&text)
            }
        }
    }
}

impl FromStr for PinPolicy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(list) = text.strip_prefix("cpus:") {
            return parse_list(list).map(Self::Cpus).map_err(ParsePolicyError::List);
        }
        let named = NAMES.into_iter().find(|(name, _)| *name == text);
        named.map(|(_, policy)| policy).ok_or_else(|| ParsePolicyError::Unknown(text.to_owned()))
    }
}

/// The text is not a pin policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePolicyError {
    /// No policy has this name.
    Unknown(String),
    /// The list after `cpus:` is not a CPU list.
    List(ParseCpuListError),
}

impl fmt::Display for ParsePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(text) => write!(
                f,
                "unknown pin policy `{text}`: choose none, compact, scatter, per-node, per-l3, smt-last or \
                 cpus:LIST (such as cpus:0,2,4-7)"
            ),
            Self::List(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ParsePolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_round_trips() {
        for (text, policy) in NAMES {
            assert_eq!(policy.to_string(), text);
            assert_eq!(text.parse(), Ok(policy));
        }
        for (text, cpus) in
            [("cpus:3", vec![3]), ("cpus:0,2,4-7", vec![0, 2, 4, 5, 6, 7]), ("cpus:2,0-1", vec![2, 0, 1])]
        {
            assert_eq!(text.parse(), Ok(PinPolicy::Cpus(cpus)));
            assert_eq!(text.parse::<PinPolicy>().expect("a policy").to_string(), text);
        }
        assert_eq!(PinPolicy::default().to_string(), "none");
        assert_eq!(
            format!("{:>10}|{:<9}|", PinPolicy::PerNode, PinPolicy::Cpus(vec![1])),
            "  per-node|cpus:1   |"
        );
    }

    #[test]
    fn other_texts_are_refused_with_advice() {
        for text in ["", "None", "compact ", "pernode", "cpus", "0,1"] {
            let error = text.parse::<PinPolicy>().expect_err(text);
            assert_eq!(error, ParsePolicyError::Unknown(text.to_owned()));
            assert!(error.to_string().contains("per-node"), "{error}");
        }
        for text in ["cpus:", "cpus:1,", "cpus:b", "cpus:3-1", "cpus: 1"] {
            assert!(matches!(text.parse::<PinPolicy>(), Err(ParsePolicyError::List(_))), "{text}");
        }
    }
}
