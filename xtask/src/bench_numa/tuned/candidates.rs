//! The settings of our placed maps among the cells of a sweep, with their throughput in each round.

use std::collections::{BTreeMap, BTreeSet};

use bench::maps::is_placed;
use bench::protocol::{CellOutcome, CellSpec};
use numa_alloc::config::{Replicas, Setting};

use super::super::run::Run;
use super::super::stats::Spread;
use super::super::summary::rate;

/// What is measured with each setting: workload, distribution, shape of the keys.
pub(super) type Load = (String, String, String);

/// A setting, and its million operations a second by load and round.
pub(super) struct Candidate {
    /// The setting.
    pub(super) setting: Setting,
    rates: BTreeMap<Load, BTreeMap<usize, f64>>,
}

impl Candidate {
    /// What was measured with the setting.
    pub(super) fn loads(&self) -> impl Iterator<Item = &Load> {
        self.rates.keys()
    }

    /// The rounds in which each of these loads was measured.
    pub(super) fn rounds(&self, loads: &BTreeSet<Load>) -> BTreeSet<usize> {
        let of = |load: &Load| {
            self.rates.get(load).map(|rates| rates.keys().copied().collect()).unwrap_or_default()
        };
        let all = loads.iter().map(of).reduce(|a: BTreeSet<usize>, b| a.intersection(&b).copied().collect());
        all.unwrap_or_default()
    }

    /// The geometric mean over these loads of the medians over these rounds, all of which it has.
    pub(super) fn mops(&self, loads: &BTreeSet<Load>, rounds: &BTreeSet<usize>) -> Option<f64> {
        let of = |load: &Load| Spread::of(rounds.iter().map(|round| self.rates[load][round]));
        let logs: Vec<f64> = loads.iter().map(|load| Some(of(load)?.median.ln())).collect::<Option<_>>()?;
        mean(&logs).map(f64::exp)
    }

    /// The mean of the logarithms over these loads and rounds, all of which it has.
    pub(super) fn log(&self, loads: &BTreeSet<Load>, rounds: &BTreeSet<usize>) -> f64 {
        let of = |load: &Load| rounds.iter().map(|round| self.rates[load][round].ln()).sum::<f64>();
        loads.iter().map(of).sum::<f64>() / (loads.len() * rounds.len()) as f64
    }

    /// The logarithm of the ratio to `other` in each of these rounds, in the mean over these loads.
    pub(super) fn log_ratios(
        &self,
        other: &Self,
        loads: &BTreeSet<Load>,
        rounds: &BTreeSet<usize>,
    ) -> Vec<f64> {
        let log = |round: &usize, load: &Load| (self.rates[load][round] / other.rates[load][round]).ln();
        let of_round = |round: &usize| mean(&loads.iter().map(|load| log(round, load)).collect::<Vec<_>>());
        rounds.iter().filter_map(of_round).collect()
    }
}

/// The mean; `None` of no numbers.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// The candidates among these runs. A setting with a cell that failed is none.
pub(super) fn candidates(runs: &[Run]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut failed: Vec<Setting> = Vec::new();
    for run in runs.iter().filter(|run| is_placed(&run.spec.map)) {
        let Some(setting) = setting(&run.spec) else { continue };
        let CellOutcome::Measured(measurement) = &run.result else {
            failed.push(setting);
            continue;
        };
        let at = found.iter().position(|known| known.setting == setting).unwrap_or_else(|| {
            found.push(Candidate { setting, rates: BTreeMap::new() });
            found.len() - 1
        });
        found[at].rates.entry(load(&run.spec)).or_default().insert(run.round, rate(measurement));
    }
    found.retain(|candidate| !failed.contains(&candidate.setting));
    found
}

/// What a cell does.
pub(super) fn load(spec: &CellSpec) -> Load {
    (spec.workload.clone(), spec.dist.clone(), spec.keys_like.clone())
}

/// How a cell of a placed map is set up; `None` for a variant that a configuration cannot name.
fn setting(spec: &CellSpec) -> Option<Setting> {
    let (leaves, inners) = spec.placement.split_once('+').unwrap_or((&spec.placement, &spec.placement));
    let (_, replicas) = MAPS.into_iter().find(|(map, _)| *map == spec.map)?;
    Some(Setting {
        placement: leaves.parse().ok()?,
        inner_placement: inners.parse().ok()?,
        pages: spec.pages.parse().ok()?,
        replicas,
        pin: spec.pin.clone(),
        threads: spec.threads,
    })
}

/// The maps on `NumaArena` by their replicas.
const MAPS: [(&str, Replicas); 3] = [
    ("bskip-numa", Replicas::None),
    ("bskip-numa-replicas", Replicas::Synchronous),
    ("bskip-numa-replicas-lazy", Replicas::Lazy),
];

/// The map with these replicas.
pub(super) fn map_of(replicas: Replicas) -> &'static str {
    let found = MAPS.into_iter().find(|(_, of_map)| *of_map == replicas);
    found.map_or("bskip-numa", |(map, _)| map)
}
