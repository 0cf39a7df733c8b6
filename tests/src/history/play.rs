//! Calls a map and records the calls.

use super::{Act, Call, Edge, Event, Item, Log, Said, Scan, Snapshot, Span};
use crate::numbered::NumberedMap;
use crate::owner::{COUNT_BITS, token};
use crate::rng::Rng;
use crate::values::NumberedValue;
use bskip_core::{Compute, Operation};
use core::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};

/// The common clock. It counts its ticks and measures no time, so the ticks agree with the order of events.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// The next tick, from 1.
    #[must_use]
    pub fn tick(&self) -> u64 {
        // SeqCst pairs with all the other ticks. No call moves past the ticks around it.
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// The keys whose calls are recorded: their number modulo `modulus` is `rest`.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// At least 1.
    pub modulus: u64,
    /// Below `modulus`.
    pub rest: u64,
}

impl Watched {
    /// All keys.
    pub const ALL: Self = Self { modulus: 1, rest: 0 };

    /// Whether the key with this number is one of them.
    #[must_use]
    pub fn has(self, number: u64) -> bool {
        number % self.modulus == self.rest
    }
}

/// A count that no player uses. It marks what is in a map beforehand.
pub const LAST_COUNT: u64 = (1 << COUNT_BITS) - 1;

/// A thread that calls a map and records the calls.
#[derive(Debug)]
pub struct Player<'a, M> {
    pub(super) map: &'a M,
    clock: &'a Clock,
    watched: Watched,
    next_count: u64,
    /// What it recorded.
    pub log: Log,
}

impl<'a, M: NumberedMap> Player<'a, M> {
    /// A player whose values are [tokens](token) of their keys with the counts `first_count`,
    /// `first_count + 1` and so on. No other player may use these counts.
    #[must_use]
    pub fn new(map: &'a M, clock: &'a Clock, watched: Watched, first_count: u64) -> Self {
        Self { map, clock, watched, next_count: first_count, log: Log::default() }
    }

    /// A value that was never written.
    pub(super) fn new_value(&mut self, key: u64) -> u64 {
        assert!(self.next_count < LAST_COUNT, "a player has used up its values");
        self.next_count += 1;
        token(key, self.next_count - 1)
    }

    /// Runs `call` between two ticks.
    pub(super) fn timed<R>(&self, call: impl FnOnce() -> R) -> (Span, R) {
        let start = self.clock.tick();
        let result = call();
        (Span { start, end: self.clock.tick() }, result)
    }

    pub(super) fn note(&mut self, key: u64, span: Span, act: Act) {
        self.log.events.push(Event { key, span, act });
    }

    /// `insert`, or `try_insert`, which must find memory.
    pub fn insert(&mut self, key: u64, fallible: bool) {
        let new = self.new_value(key);
        let v = M::Value::of(new);
        let (span, old) = self.timed(|| match fallible {
            false => self.map.insert(key, v),
            true => self.map.try_insert(key, v),
        });
        self.note(key, span, Act::Insert { new, old: old.map(|v| v.number()) });
    }

    /// `put`.
    pub fn put(&mut self, key: u64) {
        let new = self.new_value(key);
        let v = M::Value::of(new);
        let (span, was) = self.timed(|| self.map.put(key, v));
        self.note(key, span, Act::Put { new, was });
    }

    /// `get`, in the way that suits the value's type.
    pub fn get(&mut self, key: u64) {
        let (span, seen) = self.timed(|| self.map.get(key));
        self.note(key, span, Act::Read(seen.map(|v| v.number())));
    }

    /// `get_cloned`.
    pub fn get_cloned(&mut self, key: u64) {
        let (span, seen) = self.timed(|| self.map.get_cloned(key));
        self.note(key, span, Act::Read(seen.map(|v| v.number())));
    }

    /// `get_with`.
    pub fn get_with(&mut self, key: u64) {
        let (span, seen) = self.timed(|| self.map.get_with(key, M::Value::number));
        self.note(key, span, Act::Read(seen));
    }

    /// `contains_key`.
    pub fn contains_key(&mut self, key: u64) {
        let (span, seen) = self.timed(|| self.map.contains_key(key));
        self.note(key, span, Act::Has(seen));
    }

    /// `remove`.
    pub fn remove(&mut self, key: u64) {
        let (span, old) = self.timed(|| self.map.remove(key));
        self.note(key, span, Act::Remove(old.map(|v| v.number())));
    }

    /// `discard`.
    pub fn discard(&mut self, key: u64) {
        let (span, was) = self.timed(|| self.map.discard(key));
        self.note(key, span, Act::Discard(was));
    }

    /// `get_or_insert_with`, or what the map has in its place.
    pub fn get_or_insert_with(&mut self, key: u64) {
        let new = self.new_value(key);
        let (span, got) = self.timed(|| self.map.offer(key, new));
        // If the map does not tell which value is there, it tells that one is.
        self.note(key, span, got.map_or(Act::Has(true), |got| Act::GetOrInsert { new, got }));
    }

    /// `update`, which replaces the value.
    ///
    /// # Panics
    /// If there was a value and the closure did not run, or ran more often than the map allows.
    pub fn update(&mut self, key: u64) {
        let new = self.new_value(key);
        let mut runs = 0;
        let (span, old) = self.timed(|| {
            self.map.update(key, |value| {
                runs += 1;
                core::mem::replace(value, M::Value::of(new)).number()
            })
        });
        match M::TERSE {
            true => assert!(old.is_none() || runs > 0, "`update` gives what its closure gave"),
            false => assert_eq!(runs, u32::from(old.is_some()), "the closure of `update` runs once"),
        }
        self.note(key, span, Act::Update { new, old });
    }

    /// `fetch_update`, which replaces the value.
    pub fn fetch_update(&mut self, key: u64) {
        let new = self.new_value(key);
        let (span, old) = self.timed(|| self.map.fetch_update(key, M::Value::of(new)));
        self.note(key, span, Act::Update { new, old: old.map(|value| value.number()) });
    }

    /// `compute`, which inserts a new value or removes the one that it sees.
    ///
    /// # Panics
    /// If the closure did not run exactly once, or if what `compute` says is not what the closure asked for.
    pub fn compute(&mut self, key: u64, removes: bool) {
        let new = self.new_value(key);
        let (mut runs, mut saw) = (0, None);
        let (span, computed) = self.timed(|| {
            self.map.compute(key, |seen| {
                runs += 1;
                saw = seen.map(M::Value::number);
                if removes { Operation::<_, ()>::Remove } else { Operation::Insert(M::Value::of(new)) }
            })
        });
        assert_eq!(runs, 1, "the closure runs once");
        let left = match computed {
            Compute::Updated(old) | Compute::Removed(old) => Some(old.number()),
            Compute::Inserted | Compute::Absent | Compute::Aborted(()) => None,
        };
        assert_eq!(left, saw, "what leaves the map is what the closure has seen");
        self.note(key, span, if removes { Act::Remove(saw) } else { Act::Insert { new, old: saw } });
    }

    /// `get_cloned`, then `compare_exchange` or `remove_if` of that very value.
    pub fn exchange(&mut self, key: u64, removes: bool) {
        let (span, seen) = self.timed(|| self.map.get_cloned(key));
        self.note(key, span, Act::Read(seen.as_ref().map(M::Value::number)));
        let Some(seen) = seen else { return };
        let from = seen.number();
        if removes {
            let (span, removed) = self.timed(|| self.map.remove_if(key, |value| *value == seen));
            let act = removed.map_or(Act::Differs(from), |value| Act::Remove(Some(value.number())));
            self.note(key, span, act);
        } else {
            let new = self.new_value(key);
            let (span, exchanged) = self.timed(|| self.map.compare_exchange(key, &seen, M::Value::of(new)));
            let act = match exchanged {
                Ok(old) => Act::Insert { new, old: Some(old.number()) },
                Err(back) => {
                    assert_eq!(back.number(), new, "the new value comes back");
                    Act::Differs(from)
                }
            };
            self.note(key, span, act);
        }
    }

    /// `pop_first` or `pop_last`. All keys must be watched.
    pub fn pop(&mut self, edge: Edge) {
        let (span, pair) = self.timed(|| self.map.pop(edge == Edge::Last));
        self.note_edge(span, edge, pair, |value| Act::Remove(Some(value)));
    }

    /// `first` or `last`, in the way that suits the value's type. All keys must be watched.
    pub fn look(&mut self, edge: Edge) {
        let (span, pair) = self.timed(|| self.map.end(edge == Edge::Last));
        self.note_edge(span, edge, pair, |value| Act::Read(Some(value)));
    }

    pub(super) fn note_edge(
        &mut self,
        span: Span,
        edge: Edge,
        pair: Option<(u64, M::Value)>,
        act: impl FnOnce(u64) -> Act,
    ) {
        let pair = pair.map(|(k, v)| (k, v.number()));
        if let Some((key, value)) = pair {
            self.note(key, span, act(value));
        }
        self.log.calls.push(Call { span, said: Said::Edge(edge, pair) });
    }

    /// `is_empty`. All keys must be watched.
    pub fn is_empty(&mut self) {
        let (span, seen) = self.timed(|| self.map.is_empty());
        self.log.calls.push(Call { span, said: Said::IsEmpty(seen) });
    }

    /// `len`. All keys must be watched.
    pub fn len(&mut self) {
        let (span, seen) = self.timed(|| self.map.len());
        self.log.calls.push(Call { span, said: Said::Len(seen) });
    }

    /// `range_snapshot`, or a range if the map has none. All keys must be watched.
    pub fn snapshot(&mut self, lower: Bound<u64>, upper: Bound<u64>) {
        let (span, pairs) = self.timed(|| self.map.snapshot(lower, upper));
        let Some(pairs) = pairs else { return self.scan(lower, upper, 0, usize::MAX) };
        let pairs: Vec<(u64, u64)> = pairs.into_iter().map(|(key, value)| (key, value.number())).collect();
        for &(key, value) in &pairs {
            self.note(key, span, Act::Read(Some(value)));
        }
        self.log.calls.push(Call { span, said: Said::Snapshot(Snapshot { lower, upper, pairs }) });
    }

    /// A range, read from the ends that the bits of `turns` say (0: the front), until it yields no more or
    /// has yielded `most` pairs.
    pub fn scan(&mut self, lower: Bound<u64>, upper: Bound<u64>, turns: u64, most: usize) {
        let mut scan = Scan { lower, upper, front: Vec::new(), back: Vec::new(), complete: false };
        let start = self.clock.tick();
        let mut range = self.map.range(lower, upper);
        let mut end = start;
        for turn in 0..most {
            let back = turns >> (turn % 64) & 1 == 1;
            let pair = if back { range.next_back() } else { range.next() };
            end = self.clock.tick();
            let Some((k, v)) = pair else {
                scan.complete = true;
                assert!(range.next().is_none() && range.next_back().is_none(), "an ended range went on");
                break;
            };
            let item = Item { key: k, at: end };
            if back { &mut scan.back } else { &mut scan.front }.push(item);
            if self.watched.has(item.key) {
                let act = Act::Read(Some(v.number()));
                self.log.events.push(Event { key: item.key, span: Span { start, end }, act });
            }
        }
        self.log.calls.push(Call { span: Span { start, end: end.max(start + 1) }, said: Said::Scan(scan) });
    }
}

impl<M: NumberedMap> Player<'_, M> {
    /// A range in chunks, until it yields no more or has yielded `most` pairs.
    pub fn scan_chunks(&mut self, lower: Bound<u64>, upper: Bound<u64>, back: bool, most: usize) {
        let (map, clock, watched) = (self.map, self.clock, self.watched);
        let mut scan = Scan { lower, upper, front: Vec::new(), back: Vec::new(), complete: true };
        let start = clock.tick();
        let events = &mut self.log.events;
        map.chunks(lower, upper, back, |mut chunk| {
            let at = clock.tick();
            let given = if back { &mut scan.back } else { &mut scan.front };
            if back {
                chunk.reverse();
            }
            for (key, v) in chunk {
                given.push(Item { key, at });
                if watched.has(key) {
                    let act = Act::Read(Some(v.number()));
                    events.push(Event { key, span: Span { start, end: at }, act });
                }
            }
            scan.complete = given.len() < most;
            scan.complete
        });
        let end = clock.tick();
        self.log.calls.push(Call { span: Span { start, end }, said: Said::Scan(scan) });
    }
}

/// How a player chooses among all operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Most writes insert keys, so nodes split.
    Growing,
    /// Most writes remove keys, so nodes merge and their blocks are reused.
    Shrinking,
}

impl Phase {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Growing => Self::Shrinking,
            Self::Shrinking => Self::Growing,
        }
    }
}

impl<M: NumberedMap> Player<'_, M> {
    /// One operation on the key `number`.
    pub fn play_on_key(&mut self, rng: &mut Rng, phase: Phase, number: u64) {
        let puts = match phase {
            Phase::Growing => 40,
            Phase::Shrinking => 12,
        };
        // Few keys have calls that tell no value: of such a key, less is known.
        let is_blind = M::TERSE && number.is_multiple_of(4) && rng.below(2) == 0;
        // The number of inserting writes among 52 writes without `update`.
        match rng.below(100) {
            dice @ 0..52 if dice < puts => match dice % 4 {
                0 => self.get_or_insert_with(number),
                _ if is_blind => self.put(number),
                1 => self.insert(number, true),
                2 if !M::TERSE => self.compute(number, false),
                _ => self.insert(number, false),
            },
            0..52 if is_blind => self.discard(number),
            0..52 if M::TERSE => self.remove(number),
            dice @ 0..52 => match dice % 4 {
                0 => self.compute(number, true),
                1 => self.exchange(number, true),
                _ => self.remove(number),
            },
            58..64 if !M::TERSE => self.exchange(number, false),
            55..58 if !M::TERSE => self.fetch_update(number),
            52..64 => self.update(number),
            64..80 => self.get(number),
            80..86 => self.get_cloned(number),
            86..92 => self.get_with(number),
            _ => self.contains_key(number),
        }
    }

    /// One operation on the whole map. `number` is a key where ranges begin or end, `other` the other end.
    pub fn play_on_map(&mut self, rng: &mut Rng, phase: Phase, number: u64, other: u64) {
        let edge = if rng.below(2) == 0 { Edge::First } else { Edge::Last };
        match rng.below(24) {
            0..4 if phase == Phase::Shrinking => self.pop(edge),
            0 => self.pop(edge),
            1..9 => self.look(edge),
            9..11 => self.is_empty(),
            11 => self.len(),
            12..15 => {
                let (lower, upper) = range_between(rng, number, other);
                self.snapshot(lower, upper);
            }
            _ => self.play_range(rng, number, other, usize::MAX),
        }
    }

    /// A range between two keys, with bounds of every kind, in any direction, of at most this many pairs.
    pub fn play_range(&mut self, rng: &mut Rng, number: u64, other: u64, most: usize) {
        let (lower, upper) = range_between(rng, number, other);
        let turns = match rng.below(3) {
            0 => 0,
            1 => u64::MAX,
            _ => rng.draw(),
        };
        let most = if rng.below(3) == 0 { rng.below(20) as usize } else { most };
        match turns {
            0 | u64::MAX if rng.below(2) == 0 => self.scan_chunks(lower, upper, turns != 0, most),
            _ => self.scan(lower, upper, turns, most),
        }
    }
}

/// Bounds of every kind at two keys.
fn range_between(rng: &mut Rng, number: u64, other: u64) -> (Bound<u64>, Bound<u64>) {
    let bound = |rng: &mut Rng, number| match rng.below(5) {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Excluded(number),
        _ => Bound::Included(number),
    };
    let lower = bound(rng, number.min(other));
    // If both ends are equal and excluded, the call panics.
    let upper = if number == other { Bound::Included(other) } else { bound(rng, number.max(other)) };
    (lower, upper)
}
