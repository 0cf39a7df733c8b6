//! Answers the checker's question the slow way: it tries every order on a `BTreeMap`. It is an oracle for the
//! checker on short histories, with pops and reads of the ends.

use super::{Act, Call, Edge, Event, History, Log, Said, Span};
use crate::rng::Rng;
use std::collections::BTreeMap;

/// A call of a short history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Short {
    Key(u64, Act),
    Pop(Edge, Option<(u64, u64)>),
    Look(Edge, Option<(u64, u64)>),
    IsEmpty(bool),
}

type Model = BTreeMap<u64, u64>;

fn edge_of(model: &Model, edge: Edge) -> Option<(u64, u64)> {
    match edge {
        Edge::First => model.first_key_value(),
        Edge::Last => model.last_key_value(),
    }
    .map(|(key, value)| (*key, *value))
}

/// The model after the call, if the model gives the same answer as the call.
fn apply(mut model: Model, short: Short) -> Option<Model> {
    match short {
        Short::Key(key, act) => match act.apply(model.get(&key).copied())? {
            Some(value) => drop(model.insert(key, value)),
            None => drop(model.remove(&key)),
        },
        Short::Pop(edge, pair) | Short::Look(edge, pair) => {
            if edge_of(&model, edge) != pair {
                return None;
            }
            if let (Short::Pop(..), Some((key, _))) = (short, pair) {
                model.remove(&key);
            }
        }
        Short::IsEmpty(said) => return (model.is_empty() == said).then_some(model),
    }
    Some(model)
}

/// Whether some order that respects the spans explains every answer.
pub(super) fn explains(model: &Model, calls: &[(Span, Short)]) -> bool {
    calls.is_empty()
        || calls.iter().enumerate().any(|(i, (span, short))| {
            let may_be_next = calls.iter().all(|(other, _)| other.end > span.start);
            let mut rest = calls.to_vec();
            rest.remove(i);
            may_be_next && apply(model.clone(), *short).is_some_and(|model| explains(&model, &rest))
        })
}

/// The history that the checker gets.
pub(super) fn history(initial: &Model, calls: &[(Span, Short)]) -> History {
    let mut log = Log::default();
    let mut note = |span, edge, pair: Option<(u64, u64)>, act: fn(Option<u64>) -> Act| {
        if let Some((key, value)) = pair {
            log.events.push(Event { key, span, act: act(Some(value)) });
        }
        log.calls.push(Call { span, said: Said::Edge(edge, pair) });
    };
    for (span, short) in calls {
        match *short {
            Short::Pop(edge, pair) => note(*span, edge, pair, Act::Remove),
            Short::Look(edge, pair) => note(*span, edge, pair, Act::Read),
            _ => {}
        }
    }
    for (span, short) in calls {
        match *short {
            Short::Key(key, act) => log.events.push(Event { key, span: *span, act }),
            Short::IsEmpty(said) => log.calls.push(Call { span: *span, said: Said::IsEmpty(said) }),
            _ => {}
        }
    }
    let mut history = History::new(initial.clone());
    history.add(log);
    history
}

/// A short linearizable history over few keys. Calls take effect in a known order, each somewhere in its
/// span.
pub(super) fn random(rng: &mut Rng, keys: u64, calls: u64, whole: bool) -> (Model, Vec<(Span, Short)>) {
    let initial: Model = (0..keys).filter(|_| rng.below(2) == 0).map(|key| (key, 1000 + key)).collect();
    let mut model = initial.clone();
    // Two ticks a call, made distinct by doubling. A span reaches over up to four neighbours.
    let mut history: Vec<(Span, Short)> = (0..calls)
        .map(|i| {
            let moment = i * 1000;
            let reach = |rng: &mut Rng| rng.below(4) * 1000 + 1 + rng.below(900);
            let span = Span { start: 5000 + moment - reach(rng), end: 5000 + moment + reach(rng) };
            let short = answer(rng, &model, rng_key(keys), i, whole);
            model = apply(model.clone(), short).expect("the model gives its own answer");
            (span, short)
        })
        .collect();
    rank(&mut history);
    (initial, history)
}

fn rng_key(keys: u64) -> impl Fn(&mut Rng) -> u64 {
    move |rng| rng.below(keys)
}

/// A random call, and the model's answer to it.
fn answer(rng: &mut Rng, model: &Model, key: impl Fn(&mut Rng) -> u64, new: u64, whole: bool) -> Short {
    let key = key(rng);
    let old = model.get(&key).copied();
    let edge = if rng.below(2) == 0 { Edge::First } else { Edge::Last };
    match rng.below(if whole { 13 } else { 9 }) {
        0 => Short::Key(key, Act::Read(old)),
        1 => Short::Key(key, Act::Has(old.is_some())),
        2 => Short::Key(key, Act::Insert { new, old }),
        3 => Short::Key(key, Act::GetOrInsert { new, got: old.unwrap_or(new) }),
        4 => Short::Key(key, Act::Update { new, old }),
        5 => Short::Key(key, Act::Remove(old)),
        6 => Short::Key(key, Act::Put { new, was: old.is_some() }),
        7 => Short::Key(key, Act::Discard(old.is_some())),
        8 => Short::Key(key, if old == Some(new) { Act::Read(old) } else { Act::Differs(new) }),
        9 | 10 => Short::Pop(edge, edge_of(model, edge)),
        11 => Short::Look(edge, edge_of(model, edge)),
        _ => Short::IsEmpty(model.is_empty()),
    }
}

/// Changes one answer or one span at random.
pub(super) fn spoil(rng: &mut Rng, history: &mut [(Span, Short)]) {
    let at = rng.below(history.len() as u64) as usize;
    let value = |rng: &mut Rng| match rng.below(3) {
        0 => None,
        1 => Some(rng.below(8)),
        _ => Some(1000 + rng.below(3)),
    };
    match (rng.below(2), &mut history[at]) {
        (0, (_, Short::Key(_, act))) => match act {
            Act::Read(seen) | Act::Remove(seen) => *seen = value(rng),
            Act::Insert { old, .. } | Act::Update { old, .. } => *old = value(rng),
            Act::Has(seen) | Act::Put { was: seen, .. } | Act::Discard(seen) => *seen = !*seen,
            Act::Differs(from) => *from = value(rng).unwrap_or(*from),
            Act::GetOrInsert { new, got } => *got = value(rng).unwrap_or(*new),
        },
        (0, (_, Short::IsEmpty(said))) => *said = !*said,
        (0, (_, Short::Pop(_, pair) | Short::Look(_, pair))) => {
            *pair = value(rng).map(|value| (rng.below(3), value));
        }
        (_, (span, _)) => {
            // Moves the call to another time.
            let start = rng.below(20);
            *span = Span { start, end: start + 1 + rng.below(4) };
        }
    }
    rank(history);
}

/// Makes all ticks different, in their order.
fn rank(history: &mut [(Span, Short)]) {
    let mut ticks: Vec<(u64, bool, usize)> = Vec::new();
    for (i, (span, _)) in history.iter().enumerate() {
        ticks.push((span.start, false, i));
        ticks.push((span.end, true, i));
    }
    ticks.sort_unstable();
    for (tick, (_, ends, i)) in (1..).zip(ticks) {
        if ends {
            history[i].0.end = tick;
        } else {
            history[i].0.start = tick;
        }
    }
}
