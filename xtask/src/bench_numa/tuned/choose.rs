//! Chooses the best setting for each workload from the runs of a sweep.

use std::collections::{BTreeMap, BTreeSet};

use numa_alloc::NumaConfig;
use numa_alloc::config::{Choice, Margin, Measured, Replicas, SCHEMA, Setting, TunedMachine};

use super::super::cell_binary::counts_locks;
use super::super::results::Results;
use super::super::stats::{CONFIDENCE, Interval, Logs};
use super::candidates::{Candidate, Load, candidates, map_of, mean};
use super::why::{Facts, why};

/// The answer of a sweep.
///
/// # Errors
/// Why the sweep has none, in words.
pub(crate) fn answer(results: &Results<'_>) -> Result<NumaConfig, String> {
    if !results.complete {
        return Err("the sweep was interrupted".into());
    }
    if counts_locks(&results.build.description) {
        return Err("--locks makes the maps slower; sweep without it".into());
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
fn choose(candidates: &[Candidate], loads: &BTreeSet<Load>) -> Option<Choice> {
    let heats = heats(candidates, loads);
    let first = heats.first()?;
    let best = first.ranked[0];
    let shared = shared(&heats);
    // The next is the second of the same map, or the best of another one.
    let second = first.ranked.get(1).map(|&second| (second, &first.rounds));
    let other = heats.get(1).map(|heat| (heat.ranked[0], &shared));
    let logs = |(next, rounds): (&'_ Candidate, &_)| best.log_ratios(next, loads, rounds);
    let ahead = |rival: &(&Candidate, &BTreeSet<usize>)| mean(&logs(*rival)).unwrap_or(f64::INFINITY);
    let next = [second, other].into_iter().flatten().min_by(|a, b| ahead(a).total_cmp(&ahead(b)));
    let margin = next.and_then(|(next, rounds)| {
        let logs = logs((next, rounds));
        let interval = interval(&logs, CONFIDENCE).map(|ends| [ends.low, ends.high].map(rounded));
        let next_mops = rounded(next.mops(loads, rounds)?);
        Some((&next.setting, Margin { next_mops, ratio: rounded(mean(&logs)?.exp()), interval }))
    });
    let next = margin.as_ref().map(|(next, margin)| (*next, margin));
    let (settings, rounds) = (heats.iter().map(|heat| heat.settings).sum(), first.rounds.len());
    let (mops, best) = (best.mops(loads, &first.rounds)?, &best.setting);
    let why = why(&Facts { best, mops, next, settings, rounds, loads: loads.len() });
    let (next, margin) = margin.map(|(next, margin)| (next.clone(), margin)).unzip();
    Some(Choice { why, settings, mops: rounded(mops), best: best.clone(), next, margin })
}

/// The settings of one map that may be the best.
struct Heat<'a> {
    /// The rounds that all of them have.
    rounds: BTreeSet<usize>,
    /// The fastest in these rounds comes first.
    ranked: Vec<&'a Candidate>,
    /// How many settings of the map were measured.
    settings: usize,
}

/// The settings of each map, the map with the fastest setting first.
///
/// A sweep with `--adaptive` drops slow settings of each map under each load. So the fastest on one load is among
/// those with the most rounds of their map, and these have the same rounds. Other maps may have more rounds or
/// fewer, so maps are compared in the rounds that all of them have. Over several loads, those that remain differ,
/// and every setting is compared in the rounds that all have.
fn heats<'a>(candidates: &'a [Candidate], loads: &BTreeSet<Load>) -> Vec<Heat<'a>> {
    let mut maps: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| !candidate.rounds(loads).is_empty()) {
        maps.entry(map_of(candidate.setting.replicas)).or_default().push(candidate);
    }
    let all = (maps.values().flatten())
        .map(|candidate| candidate.rounds(loads))
        .reduce(|a, b| &a & &b)
        .unwrap_or_default();
    let heat = |mut ranked: Vec<&'a Candidate>| {
        let settings = ranked.len();
        let rounds = match loads.len() {
            1 => {
                let most =
                    ranked.iter().map(|candidate| candidate.rounds(loads)).max_by_key(BTreeSet::len)?;
                ranked.retain(|candidate| candidate.rounds(loads) == most);
                most
            }
            _ => all.clone(),
        };
        ranked.sort_by(|a, b| b.log(loads, &rounds).total_cmp(&a.log(loads, &rounds)));
        Some(Heat { rounds, ranked, settings })
    };
    let mut heats: Vec<Heat<'a>> = maps.into_values().filter_map(heat).collect();
    let shared = shared(&heats);
    heats.sort_by(|a, b| b.ranked[0].log(loads, &shared).total_cmp(&a.ranked[0].log(loads, &shared)));
    heats
}

/// The rounds that all have.
fn shared(heats: &[Heat<'_>]) -> BTreeSet<usize> {
    heats.iter().map(|heat| heat.rounds.clone()).reduce(|a, b| &a & &b).unwrap_or_default()
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
