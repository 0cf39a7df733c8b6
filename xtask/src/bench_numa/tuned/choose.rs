//! Chooses the best setting for each workload from the runs of a sweep.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use numa_alloc::NumaConfig;
use numa_alloc::config::{Choice, Margin, Measured, Replicas, SCHEMA, Setting, TunedMachine};

use super::super::results::Results;
use super::super::stats::{CONFIDENCE, Interval, Logs};
use super::candidates::{Candidate, Load, candidates, mean};
use super::why::{Facts, why};

/// The answer of a sweep.
///
/// # Errors
/// Why the sweep has none, in words.
pub(crate) fn answer(results: &Results<'_>) -> Result<NumaConfig, String> {
    if !results.complete {
        return Err("the sweep was interrupted".into());
    }
    let mut found = candidates(results.runs);
    if results.machine.nodes.len() == 1 {
        drop_replicas(&mut found);
    }
    if found.is_empty() {
        return Err("no map on NumaArena was measured; add bskip-numa to --maps".into());
    }
    let loads: BTreeSet<Load> = found.iter().flat_map(Candidate::loads).cloned().collect();
    let mut by_workload: BTreeMap<String, BTreeSet<Load>> = BTreeMap::new();
    for load in &loads {
        by_workload.entry(load.0.clone()).or_default().insert(load.clone());
    }
    let none = |what: &str| format!("no setting finished {what}");
    let workloads = by_workload.into_iter().map(|(workload, loads)| {
        let choice = choose(&found, &loads).ok_or_else(|| none(&workload))?;
        Ok((workload, choice))
    });
    Ok(NumaConfig {
        schema: SCHEMA,
        measured: measured(results, &loads),
        machine: TunedMachine::this(),
        overall: choose(&found, &loads).ok_or_else(|| none("every workload"))?,
        workloads: workloads.collect::<Result<_, String>>()?,
        file: None,
    })
}

/// Drops the settings that differ from another only in replicas. With one node there are no replicas, so chance
/// alone would choose between the two.
fn drop_replicas(candidates: &mut Vec<Candidate>) {
    let plain = |setting: &Setting| Setting { replicas: Replicas::None, ..setting.clone() };
    let settings: Vec<Setting> = candidates.iter().map(|candidate| candidate.setting.clone()).collect();
    candidates.retain(|Candidate { setting, .. }| {
        setting.replicas == Replicas::None || !settings.contains(&plain(setting))
    });
}

/// The best of the candidates that have all of these loads; `None` if there is no such candidate.
///
/// The candidates with the most rounds come first, because a sweep that drops settings keeps the good ones.
fn choose(candidates: &[Candidate], loads: &BTreeSet<Load>) -> Option<Choice> {
    let mut ranked: Vec<(usize, f64, &Candidate)> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate.rounds(loads).len(), candidate.mops(loads)?, candidate)))
        .collect();
    ranked.sort_by(|a, b| (Reverse(a.0), b.1).partial_cmp(&(Reverse(b.0), a.1)).expect("rates are numbers"));
    let &(rounds, mops, best) = ranked.first()?;
    // A setting that was dropped early may share no round with the best one.
    let margin = ranked[1..].iter().find_map(|&(_, next_mops, next)| {
        let logs = best.log_ratios(next, loads);
        let interval = interval(&logs, CONFIDENCE).map(|ends| [ends.low, ends.high].map(rounded));
        let margin = Margin { next_mops: rounded(next_mops), ratio: rounded(mean(&logs)?.exp()), interval };
        Some((&next.setting, margin))
    });
    let next = margin.as_ref().map(|(next, margin)| (*next, margin));
    let (settings, best) = (ranked.len(), &best.setting);
    let why = why(&Facts { best, mops, next, settings, rounds, loads: loads.len() });
    let (next, margin) = margin.map(|(next, margin)| (next.clone(), margin)).unzip();
    Some(Choice { why, settings, mops: rounded(mops), best: best.clone(), next, margin })
}

/// What the sweep measured.
fn measured(results: &Results<'_>, loads: &BTreeSet<Load>) -> Measured {
    let cell = &results.plan.groups[0].cells[0];
    let distinct = |part: fn(&Load) -> &String| {
        loads.iter().map(part).cloned().collect::<BTreeSet<_>>().into_iter().collect()
    };
    Measured {
        command: results.command.to_owned(),
        build: results.build.description.clone(),
        keys: cell.keys,
        ops: cell.ops,
        seed: cell.seed,
        rounds: results.plan.repeat,
        dists: distinct(|load| &load.1),
        keys_like: distinct(|load| &load.2),
    }
}

/// The interval of a ratio from its logarithms in the rounds; `None` for fewer than two.
pub(super) fn interval(logs: &[f64], confidence: f64) -> Option<Interval> {
    Logs::of(logs.iter().map(|log| log.exp()))?.interval(confidence)
}

/// Four digits, which is more than a measurement is worth.
fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().expect("a number that was printed")
}
