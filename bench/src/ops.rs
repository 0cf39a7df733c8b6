//! Operations with their expected answers, which are generated before the clock starts.

use std::fmt;

/// What an operation does, and what it expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Insert version `arg` of the key, whether the key is there or not.
    Insert,
    /// Give the key, which is there, version `arg`.
    Update,
    /// The key must be found, with version `arg`.
    Read,
    /// The key may be found, then with version `arg`.
    ReadMaybe,
    /// The key must not be found.
    ReadAbsent,
    /// The key must be there, with version `arg`, and is removed.
    Remove,
    /// If the key is there, it must have version `arg`, and is removed.
    RemoveMaybe,
    /// The key must not be there.
    RemoveAbsent,
    /// Visit `arg` pairs from the key on. The key is there, so the first pair is the key's.
    Scan,
    /// Visit at most `arg` pairs from the key on, which may or may not be there.
    ScanMaybe,
    /// Do the scan that entry `arg` of [`Stripe::scans`] describes.
    ScanExact,
}

impl Kind {
    /// Whether it may change the map.
    #[must_use]
    pub fn writes(self) -> bool {
        match self {
            Self::Insert | Self::Update | Self::Remove | Self::RemoveMaybe | Self::RemoveAbsent => true,
            Self::Read | Self::ReadMaybe | Self::ReadAbsent => false,
            Self::Scan | Self::ScanMaybe | Self::ScanExact => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Read | Self::ReadMaybe | Self::ReadAbsent => "read",
            Self::Remove | Self::RemoveMaybe | Self::RemoveAbsent => "remove",
            Self::Scan | Self::ScanMaybe | Self::ScanExact => "scan",
        })
    }
}

/// One operation: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// The key it is about, or where a scan starts.
    pub key: u64,
    /// A version, a length or an index: see [`Kind`].
    pub arg: u32,
    /// What to do.
    pub kind: Kind,
}

const _: () = assert!(size_of::<Op>() == 16);

/// A scan whose result is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanExact {
    /// Pairs asked for.
    pub limit: usize,
    /// Pairs that it must visit.
    pub count: u64,
    /// The sum of their keys' [fingerprints](crate::keys::fingerprint).
    pub checksum: u64,
}

/// The work of one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stripe {
    /// What it does, in order.
    pub ops: Vec<Op>,
    /// Scans that [`Kind::ScanExact`] refers to.
    pub scans: Vec<ScanExact>,
}

/// What the answers of a run are compared with, in addition to the operations themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Values are compared under this mask: all bits if versions are known,
    /// [`ANY_VERSION`](crate::keys::ANY_VERSION) if several threads update the same keys.
    pub mask: u64,
    /// Values in scans are compared with version 0 under this mask.
    pub scan_mask: u64,
    /// The largest keys that stay in the map, ascending. A scan from one of them finds at least the keys from
    /// there on. A scan from below finds at least all of them.
    pub tail: Vec<u64>,
    /// One call of this many is timed.
    pub timed_every: usize,
    /// The number of operations in a call. If there is more than one, all are inserts, or all are reads.
    pub batch: usize,
}

impl Checks {
    /// How many pairs a [`Kind::Scan`] of `limit` from `start` must at least find.
    #[inline]
    #[must_use]
    pub fn at_least(&self, start: u64, limit: usize) -> usize {
        if self.tail.first().is_some_and(|&first| start <= first) {
            return self.tail.len().min(limit);
        }
        let above = self.tail.len() - self.tail.partition_point(|&key| key < start);
        above.min(limit)
    }
}
