//! Looks for the best of many settings without measuring each of them as often as the best.
//!
//! This is successive halving (K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and
//! hyperparameter optimization", AISTATS 2016), with intervals. Every setting runs in the first rounds. After
//! each round, settings are dropped for one of two reasons:
//!
//! * The interval says that the leader is faster (`Pooled`). The leader is the largest of many noisy means, and it is
//!   compared after every round. So the intervals are as wide as 95 % confidence in all pairs and rounds together
//!   takes (`between`).
//! * What is left of the budget must be enough for two more rounds. So if half of it is less than one round of
//!   all settings, the slowest so far go. This halves the settings from round to round.
//!
//! Runs are never shortened. Most of a run builds and loads the map, and a shorter one would measure warmer or
//! colder caches than a whole one.

use super::super::stats::{Interval, Pooled};

/// A setting that is this near to the best one is as good.
pub(crate) const AS_GOOD: f64 = 0.03;

/// Rounds before anything may be dropped by an interval.
const FIRST: usize = 2;

/// The settings of one map under one workload.
#[derive(Debug)]
pub(super) struct Race {
    /// The logarithms of each setting's rates, by round.
    logs: Vec<Vec<f64>>,
    /// Settings that still run, in their order.
    running: Vec<usize>,
    /// Rounds that have ended.
    rounds: usize,
    /// Most rounds of a setting.
    most: usize,
    /// Runs that it may still take.
    pub(super) left: usize,
    /// Runs that it has taken.
    runs: usize,
}

/// A setting that was dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drop {
    pub(super) setting: usize,
    /// The setting that was the best then.
    pub(super) leader: usize,
    /// After which round.
    pub(super) round: usize,
    /// How much faster the leader was: 1.1 is a tenth.
    pub(super) ratio: f64,
    pub(super) interval: Option<Interval>,
}

impl Drop {
    /// Whether the interval says that the leader is faster. If not, the budget ended.
    pub(super) fn is_proven(&self) -> bool {
        self.interval.is_some_and(|interval| interval.low > 1.0)
    }
}

/// How a race stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// The setting with the highest mean.
    pub(super) best: usize,
    /// The next of those that still run.
    pub(super) next: Option<usize>,
    /// How much faster the best is than the next.
    pub(super) interval: Option<Interval>,
}

impl Race {
    /// A race of `settings` settings that may take `budget` runs, at most `most` of each setting.
    pub(super) fn new(settings: usize, budget: usize, most: usize) -> Self {
        let (logs, running) = (vec![Vec::new(); settings], (0..settings).collect());
        Self { logs, running, rounds: 0, most, left: budget, runs: 0 }
    }

    /// The number of the next round and its settings, of which each goes first in turn. `None` if the race has
    /// been decided, or its budget has ended.
    pub(super) fn next_round(&self) -> Option<(usize, Vec<usize>)> {
        if !self.would_use(self.left) {
            return None;
        }
        let running = self.running.len();
        let round = self.rounds + 1;
        Some((round, (0..running).map(|position| self.running[(position + round - 1) % running]).collect()))
    }

    /// Whether `spare` runs would buy it another round.
    pub(super) fn would_use(&self, spare: usize) -> bool {
        !self.is_decided() && spare >= self.running.len() && self.rounds < self.most
    }

    /// Takes the rate of a setting in the round that runs. Without one, the setting is out.
    pub(super) fn record(&mut self, setting: usize, rate: Option<f64>) {
        self.left = self.left.saturating_sub(1);
        self.runs += 1;
        match rate {
            Some(rate) => self.logs[setting].push(rate.ln()),
            None => self.running.retain(|&running| running != setting),
        }
    }

    /// Ends the round, and drops settings.
    pub(super) fn end_round(&mut self) -> Vec<Drop> {
        self.rounds += 1;
        let mut ranked = self.running.clone();
        ranked.sort_by(|&a, &b| self.mean(b).total_cmp(&self.mean(a)));
        let Some(&leader) = ranked.first() else { return Vec::new() };
        let pooled = self.pooled();
        let drop = |setting: usize| {
            let ratio = (self.mean(leader) - self.mean(setting)).exp();
            let interval = pooled.map(|pooled| self.between(&pooled, leader, setting));
            Drop { setting, leader, round: self.rounds, ratio, interval }
        };
        let (slower, mut kept): (Vec<usize>, Vec<usize>) = (ranked.iter())
            .partition(|&&setting| self.rounds >= FIRST && setting != leader && drop(setting).is_proven());
        let mut dropped: Vec<Drop> = slower.into_iter().map(drop).collect();
        let most = (self.left / 2).max(2);
        if kept.len() > most {
            dropped.extend(kept.split_off(most).into_iter().map(drop));
        }
        kept.sort_unstable();
        self.running = kept;
        dropped
    }

    /// How the race stands; `None` if no setting was measured.
    pub(super) fn standing(&self) -> Option<Standing> {
        let mut ranked: Vec<usize> = self.running.clone();
        ranked.retain(|&setting| !self.logs[setting].is_empty());
        ranked.sort_by(|&a, &b| self.mean(b).total_cmp(&self.mean(a)));
        let best = *ranked.first()?;
        let next = ranked.get(1).copied();
        let between = |next: usize| Some(self.between(&self.pooled()?, best, next));
        Some(Standing { best, next, interval: next.and_then(between) })
    }

    /// Whether one setting is left, or all that are left are surely as good as the best. Every setting runs once,
    /// also one without rivals.
    pub(super) fn is_decided(&self) -> bool {
        match self.running.len() {
            0 => return true,
            _ if self.rounds == 0 => return false,
            1 => return true,
            _ => {}
        }
        let Some((pooled, standing)) = self.pooled().zip(self.standing()) else { return false };
        self.running.iter().all(|&setting| {
            setting == standing.best || self.between(&pooled, standing.best, setting).high <= 1.0 + AS_GOOD
        })
    }

    /// How many runs it has taken.
    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    /// How wide the interval between the best and the next is; infinite if there is none.
    pub(super) fn width(&self) -> f64 {
        let interval = self.standing().and_then(|standing| standing.interval);
        interval.map_or(f64::INFINITY, |interval| interval.high / interval.low)
    }

    /// How much faster one setting is than another. All these intervals hold together with 95 % confidence: those
    /// of every pair of settings after every round from the second on.
    fn between(&self, pooled: &Pooled, faster: usize, slower: usize) -> Interval {
        let settings = self.logs.len();
        pooled.around(
            self.mean(faster) - self.mean(slower),
            settings * (settings - 1) / 2 * (self.most - 1).max(1),
        )
    }

    fn mean(&self, setting: usize) -> f64 {
        self.logs[setting].iter().sum::<f64>() / self.logs[setting].len() as f64
    }

    /// The noise of the settings that still run. They have run in the same rounds.
    fn pooled(&self) -> Option<Pooled> {
        let rows: Vec<&[f64]> = self.running.iter().map(|&setting| &self.logs[setting][..]).collect();
        let whole = rows.iter().all(|row| row.len() == self.rounds);
        if whole { Pooled::of(&rows) } else { None }
    }
}
