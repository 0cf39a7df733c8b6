//! Counts what a thread did, and how often.

use core::fmt;
use core::ops::AddAssign;

/// The kinds of steps that are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named after the operations of the map")]
pub enum Kind {
    Insert,
    TryInsert,
    Remove,
    Get,
    GetWith,
    Contains,
    Update,
    GetOrInsert,
    Range,
    RangeBack,
    Ends,
    SharedUpsert,
    SharedRemove,
    SharedGet,
}

impl Kind {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Insert,
        Self::TryInsert,
        Self::Remove,
        Self::Get,
        Self::GetWith,
        Self::Contains,
        Self::Update,
        Self::GetOrInsert,
        Self::Range,
        Self::RangeBack,
        Self::Ends,
        Self::SharedUpsert,
        Self::SharedRemove,
        Self::SharedGet,
    ];
}

/// Counts of steps by kind, and of the items that ranges gave.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    counts: [u64; Kind::ALL.len()],
    /// Items seen in ranges.
    pub items: u64,
}

impl Tally {
    /// Counts one step.
    pub fn count(&mut self, kind: Kind) {
        self.counts[kind as usize] += 1;
    }

    /// All steps.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.counts.iter_mut().zip(other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.items += other.items;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            writeln!(f, "{:>14}  {}", self.counts[kind as usize], format_args!("{kind:?}"))?;
        }
        writeln!(f, "{:>14}  items of ranges", self.items)?;
        write!(f, "{:>14}  in all", self.total())
    }
}
