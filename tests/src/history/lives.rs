//! Concludes from the calls on a key when it was surely in the map, and when it can have been.
//!
//! A *life* of a key begins with the call that inserted it and ends with the call that removed it. Values
//! that replace one another in between belong to the same life. If two calls saw one life, the key was in the
//! map from the end of the one to the start of the other.
//!
//! Some calls replace or remove a value and do not tell which ([`Act::Put`], [`Act::Discard`]). If a key has such
//! calls, any value may have gone with one of them. So less is sure then: a value that no other call took was there
//! only as long as calls saw it, and each value that a [`Act::Put`] stored counts as a life of its own.

use super::{Act, Event, Span};
use std::collections::HashMap;

/// Stretches of time, in the order of their starts.
///
/// A moment lies between two neighbouring ticks. A stretch from tick `a` to tick `b` holds the moments
/// between them. It is empty if `b` is not after `a`.
#[derive(Clone, Default, Debug)]
pub struct Stretches {
    sorted: Vec<Span>,
    /// The latest end of all stretches up to this one.
    latest: Vec<u64>,
}

impl FromIterator<Span> for Stretches {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut sorted: Vec<Span> = spans.into_iter().filter(|span| span.start < span.end).collect();
        sorted.sort_unstable_by_key(|span| span.start);
        let latest = sorted.iter().scan(0, |latest, span| {
            *latest = span.end.max(*latest);
            Some(*latest)
        });
        let latest = latest.collect();
        Self { sorted, latest }
    }
}

impl Stretches {
    /// The stretches that share a moment with `span`.
    pub fn meeting(&self, span: Span) -> impl Iterator<Item = Span> + '_ {
        let before = self.sorted.partition_point(|other| other.start < span.end);
        let near = (0..before).rev().take_while(move |i| self.latest[*i] > span.start);
        near.map(|i| self.sorted[i]).filter(move |other| other.end > span.start)
    }

    /// Whether one of them holds all of `span`.
    #[must_use]
    pub fn cover(&self, span: Span) -> bool {
        self.meeting(span).any(|other| other.start <= span.start && span.end <= other.end)
    }
}

/// What is known of one key.
#[derive(Clone, Default, Debug)]
pub struct Lives {
    /// When it was surely in the map.
    pub sure: Stretches,
    /// When it can have been in the map: a stretch for each life.
    pub possible: Stretches,
    /// When it can have had each value.
    pub values: HashMap<u64, Span>,
}

/// What is known of one value.
#[derive(Clone, Copy)]
struct Seen {
    /// The span of the call that wrote it.
    written: Span,
    /// The first end and the last start of the calls that saw it, its writer included.
    first_end: u64,
    last_start: u64,
    /// The call that removed or replaced it, and what replaced it.
    taken: Option<(Span, Option<u64>)>,
}

/// Before the first tick and after the last.
const BEGINNING: Span = Span { start: 0, end: 0 };
const NEVER: u64 = u64::MAX;

impl Lives {
    /// The lives of a key with this history, which is linearizable.
    #[must_use]
    pub fn of(initial: Option<u64>, events: &[Event]) -> Self {
        let mut seen: HashMap<u64, Seen> = HashMap::new();
        // The first value of each life.
        let mut heads: Vec<u64> = Vec::new();
        let written = |value, by: Span| {
            let (first_end, last_start) = (by.end, by.start);
            (value, Seen { written: by, first_end, last_start, taken: None })
        };
        if let Some(value) = initial {
            seen.extend([written(value, BEGINNING)]);
            heads.push(value);
        }
        let mut is_blind = false;
        for Event { span, act, .. } in events {
            is_blind |= matches!(act, Act::Put { was: true, .. } | Act::Discard(true));
            match *act {
                Act::Insert { new, old: Some(_) } | Act::Update { new, old: Some(_) } => {
                    seen.extend([written(new, *span)]);
                }
                Act::Insert { new, old: None } | Act::Put { new, .. } => {
                    seen.extend([written(new, *span)]);
                    heads.push(new);
                }
                Act::GetOrInsert { new, got } if new == got => {
                    seen.extend([written(new, *span)]);
                    heads.push(new);
                }
                _ => {}
            }
        }
        for Event { span, act, .. } in events {
            let (value, taken) = match *act {
                Act::Read(Some(value)) | Act::GetOrInsert { got: value, .. } => (value, None),
                Act::Insert { new, old: Some(old) } | Act::Update { new, old: Some(old) } => {
                    (old, Some((*span, Some(new))))
                }
                Act::Remove(Some(old)) => (old, Some((*span, None))),
                _ => continue,
            };
            let seen = seen.get_mut(&value).expect("a linearizable history reads only written values");
            seen.first_end = seen.first_end.min(span.end);
            seen.last_start = seen.last_start.max(span.start);
            seen.taken = seen.taken.or(taken);
        }
        let lives: Vec<(Span, Span)> = heads.into_iter().map(|head| life(head, &seen, is_blind)).collect();
        Self {
            sure: lives.iter().map(|(sure, _)| *sure).collect(),
            possible: lives.iter().map(|(_, possible)| *possible).collect(),
            values: seen
                .iter()
                .map(|(value, seen)| {
                    let end = seen.taken.map_or(NEVER, |(span, _)| span.end);
                    (*value, Span { start: seen.written.start, end })
                })
                .collect(),
        }
    }
}

/// When the key was surely in the map during the life that begins with the value `head`, and when it can have
/// been. If `is_blind`, a value that no call took may have gone all the same.
fn life(head: u64, seen: &HashMap<u64, Seen>, is_blind: bool) -> (Span, Span) {
    let mut at = seen[&head];
    let mut sure = Span { start: at.first_end, end: at.last_start };
    let mut possible = Span { start: at.written.start, end: NEVER };
    loop {
        sure.start = sure.start.min(at.first_end);
        sure.end = sure.end.max(at.last_start);
        match at.taken {
            None if is_blind => {}
            // It is still there at the end.
            None => sure.end = NEVER,
            Some((span, None)) => possible.end = span.end,
            Some((_, Some(next))) => {
                at = seen[&next];
                continue;
            }
        }
        return (sure, possible);
    }
}
