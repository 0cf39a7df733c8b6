//! What perf events counted: counts over the rounds, and the part of the table about them.

use std::collections::{BTreeMap, BTreeSet};

use bench::perf::{Counters, EVENTS};
use bench::protocol::Measurement;

use super::cell_rounds;
use super::plan::Plan;
use super::run::Run;
use super::stats::Spread;

/// The heading of the section of the table.
pub(crate) const HEADING: &str = "Hardware counters, an operation";

/// The medians of a cell's counts, and the smallest parts of the time in which they were counted. `None` if it was not
/// to be counted.
pub(crate) fn over_rounds<'m>(rounds: impl IntoIterator<Item = &'m Measurement>) -> Option<Counters> {
    let rounds: Vec<&Counters> = rounds.into_iter().filter_map(|round| round.counters.as_ref()).collect();
    let Counters { mut missing, unavailable, user_only, .. } = (*rounds.last()?).clone();
    let (mut per_op, mut counted_for) = (BTreeMap::new(), BTreeMap::new());
    for (name, _) in EVENTS {
        if let Some(spread) = Spread::of(rounds.iter().filter_map(|round| round.per_op.get(name).copied())) {
            per_op.insert(name.to_owned(), spread.median);
        }
        let parts = rounds.iter().filter_map(|round| round.counted_for.get(name).copied());
        if let Some(least) = parts.reduce(f64::min) {
            counted_for.insert(name.to_owned(), least);
        }
    }
    // What another round has counted is not missing.
    missing.retain(|name, _| !per_op.contains_key(name));
    let unavailable = unavailable.filter(|_| rounds.iter().all(|round| round.unavailable.is_some()));
    Some(Counters { per_op, counted_for, missing, unavailable, user_only })
}

/// A line for each cell that counted something, and below what was not counted, and why.
pub(crate) fn lines(plan: &Plan, runs: &[Run]) -> Vec<String> {
    let counted: Vec<(String, String, Counters)> = cell_rounds::cells(plan, runs)
        .filter_map(|cell| Some((cell.setting, cell.map, over_rounds(cell.rounds)?)))
        .collect();
    let here = |name: &str| counted.iter().any(|(.., counters)| counters.per_op.contains_key(name));
    let events: Vec<(&str, &str)> = EVENTS.into_iter().filter(|(name, _)| here(name)).collect();
    let mut lines = Vec::new();
    if !events.is_empty() {
        let titles = events.iter().map(|&(_, title)| title);
        let headings: Vec<&str> = ["setting", "map"].into_iter().chain(titles).collect();
        let rows = counted.iter().map(|(setting, map, counters)| {
            let numbers = events.iter().map(|(name, _)| number(counters, name));
            [setting.clone(), map.clone()].into_iter().chain(numbers).collect()
        });
        lines = cell_rounds::lines(&headings, rows);
    }
    lines.extend(reasons(counted.iter().map(|(.., counters)| counters)));
    lines
}

/// Two digits, or three before the point; `~` if the count is extrapolated.
fn number(counters: &Counters, name: &str) -> String {
    let Some(&count) = counters.per_op.get(name) else { return "-".into() };
    let digits = match count {
        0.0 => "0".into(),
        _ if count >= 99.5 => format!("{count:.0}"),
        _ if count >= 9.95 => format!("{count:.1}"),
        _ if count >= 0.1 => format!("{count:.2}"),
        _ if count >= 0.0001 => format!("{count:.4}"),
        _ => format!("{count:.0e}"),
    };
    if counters.counted_for.contains_key(name) { format!("~{digits}") } else { digits }
}

/// What was not counted, or only in part. Each reason stands once.
fn reasons<'c>(counted: impl Iterator<Item = &'c Counters> + Clone) -> Vec<String> {
    let mut lines = Vec::new();
    let all: BTreeSet<&str> =
        counted.clone().filter_map(|counters| counters.unavailable.as_deref()).collect();
    lines.extend(all.into_iter().map(|why| format!("Not counted, because {why}.")));
    let mut by_reason: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for counters in counted.clone().filter(|counters| counters.unavailable.is_none()) {
        for (name, why) in &counters.missing {
            let title =
                EVENTS.iter().find(|(known, _)| known == name).map_or(name.as_str(), |(_, title)| title);
            by_reason.entry(why).or_default().insert(title);
        }
    }
    let list = |titles: BTreeSet<&str>| titles.into_iter().collect::<Vec<_>>().join(", ");
    lines
        .extend(by_reason.into_iter().map(|(why, titles)| format!("Not counted: {} ({why}).", list(titles))));
    if counted.clone().any(|counters| !counters.counted_for.is_empty()) {
        let parts = counted.clone().flat_map(|counters| counters.counted_for.values().copied());
        let least = 100.0 * parts.fold(1.0, f64::min);
        lines.push(format!(
            "~: extrapolated, because events took turns on the processor's counters; each was counted for {least:.1} % of \
             the time at least."
        ));
    }
    if counted.clone().any(|counters| counters.user_only) {
        lines.push(
            "User mode alone; for kernel mode as well: `sudo sysctl kernel.perf_event_paranoid=1`.".into(),
        );
    }
    lines
}

#[cfg(test)]
mod tests;
