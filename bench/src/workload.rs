//! The workloads: which share of the operations does what.
//!
//! Load, A, B, C and E are YCSB's letters as the B-skiplist paper runs them: an update of YCSB is an insert
//! of a new key there. U is YCSB's own A. X, S, M and N are ours.

use crate::maps::names::{Lack, unknown};
use crate::protocol::WORKLOADS;
use std::str::FromStr;

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Inserts of all keys into an empty map.
    Load,
    /// Half reads, half inserts of new keys.
    A,
    /// 95 % reads, 5 % inserts of new keys.
    B,
    /// Reads.
    C,
    /// 95 % scans of 1 to 100 pairs, evenly drawn, 5 % inserts of new keys.
    E,
    /// Half reads, half updates of keys that are there.
    U,
    /// Half reads, a quarter inserts of new keys, a quarter removals of keys that are there.
    X,
    /// Scans of the whole map.
    S,
    /// Reads, [`BATCH`] keys a call.
    M,
    /// Inserts of new keys, [`BATCH`] a call.
    N,
}

/// Keys in a call of [`Workload::M`] and [`Workload::N`].
pub const BATCH: usize = 64;

/// Longest scan of [`Workload::E`].
pub const LONGEST_SCAN: u32 = 100;

/// Shares of operations, in percent. The rest is reads, or scans if `scans` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Inserts of new keys.
    pub insert: u64,
    /// Updates of keys that are there.
    pub update: u64,
    /// Removals of keys that are there.
    pub remove: u64,
    /// Whether the rest is scans.
    pub scans: bool,
}

impl Workload {
    /// The shares of its operations.
    #[must_use]
    pub const fn mix(self) -> Mix {
        let (insert, update, remove) = match self {
            Self::Load | Self::N => (100, 0, 0),
            Self::A => (50, 0, 0),
            Self::B | Self::E => (5, 0, 0),
            Self::C | Self::S | Self::M => (0, 0, 0),
            Self::U => (0, 50, 0),
            Self::X => (25, 0, 25),
        };
        Mix { insert, update, remove, scans: matches!(self, Self::E | Self::S) }
    }

    /// What a map must not lack.
    #[must_use]
    pub fn needs(self) -> Vec<Lack> {
        let Mix { update, remove, scans, .. } = self.mix();
        let needs = [(Lack::Updates, update), (Lack::Removals, remove), (Lack::ExactScans, u64::from(scans))];
        needs.into_iter().filter(|(_, share)| *share > 0).map(|(need, _)| need).collect()
    }

    /// Operations of a call.
    #[must_use]
    pub const fn batch(self) -> usize {
        match self {
            Self::M | Self::N => BATCH,
            _ => 1,
        }
    }

    /// One call in this many is timed. That is enough for the tail of the latencies, and costs no more than a
    /// percent or two. (Reading the clock twice takes some 50 ns.)
    #[must_use]
    pub const fn timed_every(self) -> usize {
        match self {
            Self::E => 16,
            Self::S | Self::M | Self::N => 1,
            _ => 64,
        }
    }

    /// The name in the protocol.
    #[must_use]
    pub const fn name(self) -> &'static str {
        // The variants stand in the order of the protocol's list.
        WORKLOADS[self as usize]
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        use Workload::{A, B, C, E, Load, M, N, S, U, X};
        let workload = [Load, A, B, C, E, U, X, S, M, N].into_iter().find(|workload| workload.name() == name);
        workload.ok_or_else(|| unknown("workload", name, WORKLOADS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_protocol_agree() {
        for name in crate::protocol::WORKLOADS.iter().filter(|&&n| n != "trace") {
            assert_eq!(name.parse::<Workload>().unwrap().name(), *name);
        }
        assert!("d".parse::<Workload>().unwrap_err().contains("load"));
    }
}
