//! What calls on the whole map say about keys that they do not return.
//!
//! - If a call returned a pair at an end: at some moment of the call, the key had that value and no key
//!   beyond it was surely in the map. If it returned no pair, or `is_empty` returned true: at some moment no
//!   key was surely in the map.
//! - A snapshot shows a range at one moment of the call: all its keys had those values then, and no other key of the
//!   range was surely in the map.
//! - An iterator yields keys in strict order and within the bounds. Those from the front are below those from
//!   the back. If a key is surely in the map from the call until the iterator has passed it, the iterator
//!   yields it.
//! - `len` counts a key that is in the map all the time exactly once. It counts any other key at most once
//!   for each life.

use super::lives::Lives;
use super::{Call, Edge, Item, Said, Scan, Snapshot, Span, Violation};
use core::ops::{Bound, RangeBounds};
use std::collections::{BTreeMap, HashSet};

/// Keys and what is known of each.
type Keys = BTreeMap<u64, Lives>;

/// Checks one call.
///
/// # Errors
/// The answer that the documentation does not allow.
pub fn check(call: &Call, keys: &Keys) -> Result<(), Violation> {
    let span = call.span;
    let fault = match &call.said {
        Said::Edge(edge, pair) => check_edge(span, *edge, *pair, keys),
        Said::IsEmpty(true) => check_edge(span, Edge::First, None, keys),
        Said::IsEmpty(false) => {
            let possible = keys.values().any(|lives| lives.possible.meeting(span).next().is_some());
            (!possible).then(|| "no key can have been there".into())
        }
        Said::Len(len) => check_len(span, *len, keys),
        Said::Scan(scan) => check_scan(span, scan, keys),
        Said::Snapshot(snapshot) => check_snapshot(span, snapshot, keys),
    };
    fault.map_or(Ok(()), |fault| Err(Violation(format!("{call:?}: {fault}"))))
}

/// Whether the end was as the call says at some moment of `span`.
fn check_edge(span: Span, edge: Edge, pair: Option<(u64, u64)>, keys: &Keys) -> Option<String> {
    let (window, beyond) = match pair {
        None => (span, (Bound::Unbounded, Bound::Unbounded)),
        Some((key, value)) => {
            let Some(window) = when(span, (key, value), keys) else { return Some(NEVER_THERE.into()) };
            match edge {
                Edge::First => (window, (Bound::Unbounded, Bound::Excluded(key))),
                Edge::Last => (window, (Bound::Excluded(key), Bound::Unbounded)),
            }
        }
    };
    let others = keys.range(beyond).map(|(_, lives)| lives);
    (!has_moment_without(window, others))
        .then(|| format!("a key of {beyond:?} was there at every moment of {window:?}"))
}

const NEVER_THERE: &str = "a pair that never was in the map";

/// The part of `span` in which the key can have had the value. There is a time for each value that the key had, or its
/// own history would not be linearizable.
fn when(span: Span, (key, value): (u64, u64), keys: &Keys) -> Option<Span> {
    let had = keys.get(&key).and_then(|lives| lives.values.get(&value))?;
    Some(Span { start: span.start.max(had.start), end: span.end.min(had.end) })
}

/// Whether at some moment of `window` none of these keys was surely in the map.
fn has_moment_without<'a>(window: Span, others: impl Iterator<Item = &'a Lives>) -> bool {
    let mut taken: Vec<Span> = others.flat_map(|lives| lives.sure.meeting(window)).collect();
    taken.sort_unstable_by_key(|span| span.start);
    let mut free = window.start;
    for span in taken {
        if span.start > free {
            break;
        }
        free = free.max(span.end);
    }
    free < window.end
}

fn check_snapshot(span: Span, snapshot: &Snapshot, keys: &Keys) -> Option<String> {
    let bounds = (snapshot.lower, snapshot.upper);
    let pairs = &snapshot.pairs;
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) || pairs.iter().any(|(key, _)| !bounds.contains(key)) {
        return Some("keys are out of order or out of bounds".into());
    }
    let mut window = span;
    for &pair in pairs {
        let Some(part) = when(window, pair, keys) else { return Some(NEVER_THERE.into()) };
        window = part;
    }
    let others = keys
        .range(bounds)
        .filter(|(key, _)| pairs.binary_search_by_key(*key, |(key, _)| *key).is_err())
        .map(|(_, lives)| lives);
    (!has_moment_without(window, others)).then(|| format!("at no moment of {window:?} were just these there"))
}

fn check_len(span: Span, len: usize, keys: &Keys) -> Option<String> {
    let least = keys.values().filter(|lives| lives.sure.cover(span)).count();
    let most: usize = keys.values().map(|lives| lives.possible.meeting(span).count()).sum();
    (!(least..=most).contains(&len)).then(|| format!("from {least} to {most} are allowed"))
}

fn check_scan(span: Span, scan: &Scan, keys: &Keys) -> Option<String> {
    let bounds = (scan.lower, scan.upper);
    let given = || scan.front.iter().chain(&scan.back);
    if let Some(item) = given().find(|item| !bounds.contains(&item.key)) {
        return Some(format!("{item:?} is out of bounds"));
    }
    let in_order: Vec<u64> = scan.front.iter().chain(scan.back.iter().rev()).map(|item| item.key).collect();
    if !in_order.is_sorted_by(|a, b| a < b) {
        return Some("keys are not strictly ordered".into());
    }
    let given: HashSet<u64> = given().map(|item| item.key).collect();
    keys.range(bounds).find_map(|(key, lives)| {
        let passed = Span { start: span.start, end: passed(*key, span, scan)? };
        let missed = !given.contains(key) && lives.sure.cover(passed);
        missed.then(|| format!("{key} was there all the time and was missed"))
    })
}

/// When the iterator had passed `key`; `None` if it was dropped before that.
fn passed(key: u64, span: Span, scan: &Scan) -> Option<u64> {
    let at = |item: &Item| item.at;
    // Keys from the front ascend and keys from the back descend, so the first one beyond is the earliest.
    let front = scan.front.get(scan.front.partition_point(|item| item.key <= key)).map(at);
    let back = scan.back.get(scan.back.partition_point(|item| item.key >= key)).map(at);
    let end = scan.complete.then_some(span.end);
    front.into_iter().chain(back).chain(end).min()
}
