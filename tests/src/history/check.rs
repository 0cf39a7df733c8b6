//! A history of all threads, and its check.

use core::fmt;
use core::ops::AddAssign;
use std::collections::{BTreeMap, HashSet};

use super::lives::Lives;
use super::record::{Act, Call, Event, Log, Violation};
use super::{register, whole};

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
            let (Act::Insert { new, .. }
            | Act::Put { new, .. }
            | Act::GetOrInsert { new, .. }
            | Act::Update { new, .. }) = event.act
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
