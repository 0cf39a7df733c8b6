//! What threads record, and what a checker says of it.

use core::fmt;
use core::ops::Bound;

/// When a call ran: it began after the tick `start` and had ended before the tick `end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The tick before.
    pub start: u64,
    /// The tick after.
    pub end: u64,
}

/// What a call did to one key, and what it returned. Values are numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// Returned the value or its absence: `get` and similar calls, `first`, a pair of a range.
    Read(Option<u64>),
    /// `contains_key`.
    Has(bool),
    /// Stored `new` and returned the old value.
    Insert {
        /// Never written before.
        new: u64,
        /// What was there.
        old: Option<u64>,
    },
    /// Stored `new` and told whether there was another value, but not which.
    Put {
        /// Never written before.
        new: u64,
        /// Whether there was one.
        was: bool,
    },
    /// Offered `new` and returned the value that is there now.
    GetOrInsert {
        /// Never written before.
        new: u64,
        /// What is there now.
        got: u64,
    },
    /// Replaced the value in a closure, if there was one.
    Update {
        /// Never written before; not written if there was no value.
        new: u64,
        /// What the closure saw.
        old: Option<u64>,
    },
    /// Found that the value is not this one, or that there is none: `compare_exchange` that failed.
    Differs(u64),
    /// Removed the value: `remove`, or a pop that returned this key.
    Remove(Option<u64>),
    /// Removed the value and told whether there was one, but not which.
    Discard(bool),
}

/// A call on one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// The key's number.
    pub key: u64,
    /// When.
    pub span: Span,
    /// What.
    pub act: Act,
}

/// An end of the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// The least key.
    First,
    /// The greatest key.
    Last,
}

/// What a call returned about the map as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// This pair is at the end, or the map has no pair. A separate [`Event`] says whether the value was that
    /// key's, and was removed.
    Edge(Edge, Option<(u64, u64)>),
    /// `is_empty`.
    IsEmpty(bool),
    /// `len`.
    Len(usize),
    /// An iterator, as far as it was used.
    Scan(Scan),
    /// `range_snapshot`.
    Snapshot(Snapshot),
}

/// A call that is about more than one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// When.
    pub span: Span,
    /// What it said.
    pub said: Said,
}

/// What an iterator yielded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// Where the range starts.
    pub lower: Bound<u64>,
    /// Where it ends.
    pub upper: Bound<u64>,
    /// What it yielded from the front, in that order.
    pub front: Vec<Item>,
    /// What it yielded from the back, in that order.
    pub back: Vec<Item>,
    /// Whether it was used until it yielded nothing more.
    pub complete: bool,
}

/// All pairs of a range at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Where the range starts.
    pub lower: Bound<u64>,
    /// Where it ends.
    pub upper: Bound<u64>,
    /// Keys and values.
    pub pairs: Vec<(u64, u64)>,
}

/// A pair that an iterator yielded. A separate [`Event`] holds its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    /// The key's number.
    pub key: u64,
    /// The tick after it was yielded.
    pub at: u64,
}

/// What one thread recorded.
#[derive(Clone, Default, Debug)]
pub struct Log {
    /// Calls on single keys.
    pub events: Vec<Event>,
    /// Calls on the whole map.
    pub calls: Vec<Call>,
}

/// Why a history is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
