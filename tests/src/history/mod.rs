//! Histories of concurrent calls on a map. The checker decides whether the map's documentation allows them.
//!
//! Threads record every call with the ticks of one common clock before and after it ([`play`]). After the
//! threads have ended, the history is checked:
//! - [`register`]: the calls on each key can be put into an order that respects the ticks, in which every
//!   answer is that of a plain `Option`. A map whose keys are independent is linearizable exactly if each key
//!   is; what a pop or a range says about a key it returns counts as a call on that key;
//! - [`lives`]: from that follows when a key was surely in the map, and when it can have been;
//! - [`whole`]: this checks what `first`, `pop_first`, `is_empty`, `len` and ranges say about the keys that
//!   they do *not* return.
//!
//! Every value that is written must be new, so that an answer names the write from which it comes. The
//! checker has no window of operations: a call that was preempted may overlap with any number of others.

#[cfg(test)]
mod brute;
pub mod case;
pub mod lives;
pub mod play;
pub mod register;
#[cfg(test)]
mod tests;
pub mod whole;

use core::fmt;
use core::ops::{AddAssign, Bound};
use lives::Lives;
use std::collections::{BTreeMap, HashSet};

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
    /// Removed the value: `remove`, or a pop that returned this key.
    Remove(Option<u64>),
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
    /// This pair is at the end, or there is none. Whether the value was that key's, and was removed, is an
    /// [`Event`] of its own.
    Edge(Edge, Option<(u64, u64)>),
    /// `is_empty`.
    IsEmpty(bool),
    /// `len`.
    Len(usize),
    /// An iterator, as far as it was used.
    Scan(Scan),
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

/// A pair that an iterator yielded. Its value is an [`Event`] of its own.
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

/// What all threads recorded, and what the map held before.
#[derive(Clone, Default, Debug)]
pub struct History {
    initial: BTreeMap<u64, u64>,
    keys: BTreeMap<u64, Vec<Event>>,
    calls: Vec<Call>,
}

/// How much was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Histories.
    pub histories: u64,
    /// Keys, each with a history of its own.
    pub keys: u64,
    /// Calls on single keys, pairs of ranges included.
    pub events: u64,
    /// Calls on the whole map.
    pub calls: u64,
    /// States of a key that the search examined.
    pub configurations: u64,
}

impl AddAssign for Checked {
    fn add_assign(&mut self, other: Self) {
        self.histories += other.histories;
        self.keys += other.keys;
        self.events += other.events;
        self.calls += other.calls;
        self.configurations += other.configurations;
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, keys, events, calls, configurations } = self;
        write!(f, "{histories} histories of {keys} keys: {events} operations on keys, ")?;
        write!(f, "{calls} on whole maps, {configurations} configurations")
    }
}

/// Why a history is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl History {
    /// A history of a map that begins with these keys and values.
    #[must_use]
    pub fn new(initial: BTreeMap<u64, u64>) -> Self {
        Self { initial, keys: BTreeMap::new(), calls: Vec::new() }
    }

    /// Adds what a thread recorded.
    pub fn add(&mut self, log: Log) {
        for event in log.events {
            self.keys.entry(event.key).or_default().push(event);
        }
        self.calls.extend(log.calls);
    }

    /// The keys with calls.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.keys.keys().copied()
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first thing that the documentation does not allow.
    pub fn check(&self) -> Result<Checked, Violation> {
        self.expect_new_values()?;
        let mut checked = Checked { histories: 1, calls: self.calls.len() as u64, ..Checked::default() };
        let mut lives: BTreeMap<u64, Lives> =
            self.initial.iter().map(|(key, value)| (*key, Lives::of(Some(*value), &[]))).collect();
        for (key, events) in &self.keys {
            let initial = self.initial.get(key).copied();
            checked.configurations += register::linearize(initial, events)
                .map_err(|stuck| Violation(format!("key {key} is not linearizable: {stuck}")))?;
            checked.keys += 1;
            checked.events += events.len() as u64;
            lives.insert(*key, Lives::of(initial, events));
        }
        self.calls.iter().try_for_each(|call| whole::check(call, &lives))?;
        Ok(checked)
    }

    /// Checks everything.
    ///
    /// # Panics
    /// If the documentation does not allow the history; `what` says which one it is.
    #[must_use]
    pub fn expect(&self, what: impl fmt::Display) -> Checked {
        self.check().unwrap_or_else(|violation| panic!("{what}: {violation}"))
    }

    /// All the reasoning depends on it. If a history writes a value twice, that is a mistake of the test.
    fn expect_new_values(&self) -> Result<(), Violation> {
        let mut written: HashSet<u64> = self.initial.values().copied().collect();
        if written.len() != self.initial.len() {
            return Err(Violation("the map began with a value twice".into()));
        }
        for event in self.keys.values().flatten() {
            let (Act::Insert { new, .. } | Act::GetOrInsert { new, .. } | Act::Update { new, .. }) =
                event.act
            else {
                continue;
            };
            if !written.insert(new) {
                return Err(Violation(format!("{event:?} writes a value that was written before")));
            }
        }
        Ok(())
    }
}
