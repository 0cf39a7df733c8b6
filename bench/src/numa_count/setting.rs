//! How a map and its workers are set up, as one word such as `interleave+locks`.

use std::fmt;
use std::str::FromStr;

/// A placement: each leaf is on the node of the workers whose range has its keys.
pub const PARTITION: &str = "partition";

/// A placement, and what is added to it.
///
/// It is written as the arena's policy or `partition`, followed by any of `+replicas`, `+lazy`, `+ranges` and
/// `+locks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where the arena puts nodes: a [`numa_alloc::Policy`] or [`PARTITION`]. Maps other than ours on
    /// `NumaArena` have `local`.
    pub placement: String,
    /// Each NUMA node searches its own replica of the inner levels.
    pub replicas: bool,
    /// The same, but a replica is updated only after it has led a search astray.
    pub lazy: bool,
    /// Each worker has a range of keys of its own. It loads them, and works on no others.
    pub ranges: bool,
    /// Before each operation the worker takes and releases a shared lock of each node on the way, in
    /// a [`LockPath`](super::LockPath).
    pub locks: bool,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.placement)?;
        [(self.replicas, "+replicas"), (self.lazy, "+lazy"), (self.ranges, "+ranges"), (self.locks, "+locks")]
            .iter()
            .filter(|(is_on, _)| *is_on)
            .try_for_each(|(_, word)| f.write_str(word))
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split('+');
        let placement = words.next().unwrap_or_default().to_owned();
        if placement != PARTITION {
            placement.parse::<numa_alloc::Policy>().map_err(|error| format!("{error}, or {PARTITION}"))?;
        }
        let mut setting = Self { placement, replicas: false, lazy: false, ranges: false, locks: false };
        for word in words {
            match word {
                "replicas" => setting.replicas = true,
                "lazy" => setting.lazy = true,
                "ranges" => setting.ranges = true,
                "locks" => setting.locks = true,
                other => return Err(format!("{text}: {other:?} is not replicas, lazy, ranges or locks")),
            }
        }
        // The words of the locks are interleaved.
        if setting.locks && setting.placement != "interleave" {
            return Err(format!(
                "{text}: locks are emulated beside interleaved nodes only: interleave+locks"
            ));
        }
        Ok(setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_back_as_written() {
        for text in [
            "local",
            "interleave+replicas",
            "node:1",
            "preferred-many:0,1+ranges",
            "interleave+ranges+locks",
            "partition+replicas+ranges",
            "partition+lazy+ranges",
        ] {
            assert_eq!(text.parse::<Setting>().unwrap().to_string(), text);
        }
        for (text, hint) in [
            ("", "not a placement"),
            ("near", "not a placement"),
            ("local+fast", "\"fast\" is not replicas, lazy, ranges or locks"),
            ("local+locks", "interleave+locks"),
        ] {
            assert!(text.parse::<Setting>().unwrap_err().contains(hint), "{text}");
        }
    }
}
