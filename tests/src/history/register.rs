//! Decides whether the calls on one key are linearizable: the search of Wing and Gong, just in time (Lowe,
//! "Testing for linearizability", 2017).
//!
//! The search goes through the starts and ends of calls in the order of time. A *configuration* is the key's
//! value and the set of running calls that have taken effect. A call must take effect before it ends. So at
//! the end of a call, the search lets running calls take effect, in every order that their answers allow, and
//! keeps the configurations in which this call has taken effect. If none is left, the history is not
//! linearizable. The cost depends on how many calls run at one moment, not on how long a call runs.
//!
//! If the present value allows a running call, and the call does not change the value, the call takes effect
//! at once. This loses no solution: if any order explains the history, the same order with this call moved
//! here explains it too. So readers do not multiply the configurations. Every value is new, so at most one
//! call can replace a given value.

use super::{Act, Event};
use core::fmt;
use std::collections::HashSet;

/// Calls that may run at one moment on one key.
pub const MOST_AT_ONCE: usize = 128;

/// A key's value and the running calls that have taken effect, one bit each.
type Configuration = (Option<u64>, u128);

/// Where the search ended: no order of the calls explains the answer of `event`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stuck {
    /// The call that no order explains.
    pub event: Event,
    /// The others that ran when it ended.
    pub running: Vec<Event>,
    /// The values that the key can have had when the call ended, if the call had not taken effect yet.
    pub values: Vec<Option<u64>>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, running, values } = self;
        write!(f, "nothing explains {event:?}, while these ran: {running:?}; possible values: {values:?}")
    }
}

impl Act {
    /// The value after this call took effect on `state`. `None` if the call would have returned something
    /// else.
    #[must_use]
    pub fn apply(self, state: Option<u64>) -> Option<Option<u64>> {
        match self {
            Self::Read(seen) => (seen == state).then_some(state),
            Self::Has(seen) => (seen == state.is_some()).then_some(state),
            Self::Insert { new, old } => (old == state).then_some(Some(new)),
            Self::Put { new, was } => (was == state.is_some()).then_some(Some(new)),
            Self::GetOrInsert { new, got } => (got == state.unwrap_or(new)).then_some(Some(got)),
            Self::Update { new, old } => (old == state).then_some(state.map(|_| new)),
            Self::Differs(from) => (state != Some(from)).then_some(state),
            Self::Remove(old) => (old == state).then_some(None),
            Self::Discard(was) => (was == state.is_some()).then_some(None),
        }
    }
}

/// The calls that run at a tick, each in a slot of its own.
#[derive(Default)]
struct Running {
    slots: Vec<Option<Event>>,
    slot_of: Vec<usize>,
}

impl Running {
    fn begin(&mut self, index: usize, event: Event) {
        let slot = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        assert!(slot < MOST_AT_ONCE, "more than {MOST_AT_ONCE} calls on one key at one moment");
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[slot] = Some(event);
        self.slot_of[index] = slot;
    }

    /// Each running call that has not taken effect, and its bit.
    fn pending(&self, effective: u128) -> impl Iterator<Item = (u128, Event)> + '_ {
        let bits = self.slots.iter().enumerate().map(|(slot, event)| (1 << slot, *event));
        bits.filter_map(move |(bit, event)| Some((bit, event?)).filter(|_| effective & bit == 0))
    }
}

/// Looks for an order of the calls on one key that explains all answers. The value is `initial` before the
/// first tick. Returns how many configurations it saw.
///
/// # Errors
/// Where the search got stuck.
///
/// # Panics
/// When more than [`MOST_AT_ONCE`] calls run at one moment.
pub fn linearize(initial: Option<u64>, events: &[Event]) -> Result<u64, Box<Stuck>> {
    // At equal ticks, starts come first. That only allows more histories.
    let mut ticks: Vec<(u64, bool, usize)> = Vec::with_capacity(events.len() * 2);
    for (index, event) in events.iter().enumerate() {
        ticks.push((event.span.start, false, index));
        ticks.push((event.span.end, true, index));
    }
    ticks.sort_unstable();

    let mut running = Running { slots: Vec::new(), slot_of: vec![0; events.len()] };
    let mut now: Vec<Configuration> = vec![(initial, 0)];
    let (mut next, mut known) = (HashSet::new(), HashSet::new());
    let mut seen = 0;
    for (_, ends, index) in ticks {
        if !ends {
            running.begin(index, events[index]);
            continue;
        }
        let slot = running.slot_of[index];
        let values: Vec<Option<u64>> = now.iter().map(|(value, _)| *value).collect();
        known.clear();
        while let Some((value, mut effective)) = now.pop() {
            seen += 1;
            for (bit, event) in running.pending(effective) {
                if event.act.apply(value) == Some(value) {
                    effective |= bit;
                }
            }
            if effective & (1 << slot) != 0 {
                next.insert((value, effective & !(1 << slot)));
                continue;
            }
            for (bit, event) in running.pending(effective) {
                if let Some(value) = event.act.apply(value)
                    && known.insert((value, effective | bit))
                {
                    now.push((value, effective | bit));
                }
            }
        }
        running.slots[slot] = None;
        if next.is_empty() {
            let others = running.slots.iter().flatten().copied().collect();
            return Err(Box::new(Stuck { event: events[index], running: others, values }));
        }
        now.extend(next.drain());
    }
    Ok(seen)
}
