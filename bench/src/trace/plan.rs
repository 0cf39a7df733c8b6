//! A trace divided among the threads of a run, with the answers that are known beforehand.

use super::words::{Line, Verb};
use crate::keys::{ANY_VERSION, fingerprint, value_of};
use crate::maps::names::Lack;
use crate::ops::{Checks, Kind, Op, ScanExact, Stripe};
use crate::verify::{Answer, Expected, Probe};
use std::collections::{BTreeMap, HashSet};

/// A trace divided among threads, with what is known of its answers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Run before the measurement.
    pub load: Vec<Stripe>,
    /// Measured.
    pub run: Vec<Stripe>,
    /// For the answers of both.
    pub checks: Checks,
    /// Keys after the load. With several threads, as if the lines ran in order.
    pub loaded: u64,
    /// The keys of the map in the end, with their versions, if the lines run in order.
    model: BTreeMap<u64, u32>,
    inserted: HashSet<u64>,
    removed: HashSet<u64>,
    /// Whether a line may replace a value.
    replaces: bool,
}

/// Divides the lines among `threads` threads and works out their answers.
///
/// # Panics
/// If there are no threads.
#[must_use]
pub fn plan(load: &[Line], run: &[Line], threads: usize) -> Plan {
    assert!(threads > 0, "no threads to divide the lines among");
    let mask = if threads == 1 { !0 } else { ANY_VERSION };
    let checks = Checks { mask, scan_mask: ANY_VERSION, tail: Vec::new(), timed_every: 64, batch: 1 };
    let mut plan = Plan {
        load: vec![],
        run: vec![],
        checks,
        loaded: 0,
        model: BTreeMap::new(),
        inserted: HashSet::new(),
        removed: HashSet::new(),
        replaces: false,
    };
    let mut version = 0;
    plan.load = plan.divide(load, threads, &mut version);
    plan.loaded = plan.model.len() as u64;
    plan.run = plan.divide(run, threads, &mut version);
    plan
}

impl Plan {
    fn divide(&mut self, lines: &[Line], threads: usize, version: &mut u32) -> Vec<Stripe> {
        let mut stripes = vec![Stripe::default(); threads];
        for (i, line) in lines.iter().enumerate() {
            *version = version.wrapping_add(1);
            let stripe = &mut stripes[i % threads];
            let exact = self.follow(*line, *version, stripe);
            let racing = match line.verb {
                Verb::Put => exact,
                Verb::Read => Op { kind: Kind::ReadMaybe, ..exact },
                Verb::Remove => Op { kind: Kind::RemoveMaybe, ..exact },
                Verb::Scan(count) => Op { kind: Kind::ScanMaybe, arg: count, ..exact },
            };
            stripe.ops.push(if threads == 1 { exact } else { racing });
        }
        stripes
    }

    /// Does the line on the model, and returns the operation with the model's answer.
    fn follow(&mut self, Line { verb, key }: Line, version: u32, stripe: &mut Stripe) -> Op {
        let known = |found: Option<u32>, present, absent| match found {
            Some(arg) => Op { key, arg, kind: present },
            None => Op { key, arg: 0, kind: absent },
        };
        match verb {
            Verb::Put => {
                let is_there = self.model.insert(key, version).is_some();
                let was_inserted = !self.inserted.insert(key);
                // Only one thread keeps the order of the lines.
                self.replaces |= if self.checks.mask == !0 { is_there } else { was_inserted };
                Op { key, arg: version, kind: Kind::Insert }
            }
            Verb::Read => known(self.model.get(&key).copied(), Kind::Read, Kind::ReadAbsent),
            Verb::Remove => {
                self.removed.insert(key);
                known(self.model.remove(&key), Kind::Remove, Kind::RemoveAbsent)
            }
            Verb::Scan(limit) => {
                let exact = self.checks.mask == !0;
                if exact {
                    let limit = limit as usize;
                    let (mut count, mut checksum) = (0, 0_u64);
                    for k in self.model.range(key..).map(|(k, _)| *k).take(limit) {
                        count += 1;
                        checksum = checksum.wrapping_add(fingerprint(k));
                    }
                    stripe.scans.push(ScanExact { limit, count, checksum });
                }
                let arg = stripe.scans.len().saturating_sub(1) as u32;
                Op { key, arg, kind: Kind::ScanExact }
            }
        }
    }

    /// What a map must not lack.
    #[must_use]
    pub fn needs(&self) -> Vec<Lack> {
        let scans = |stripe: &Stripe| {
            let kinds = [Kind::Scan, Kind::ScanMaybe, Kind::ScanExact];
            stripe.ops.iter().any(|op| kinds.contains(&op.kind))
        };
        let needs = [
            (Lack::Updates, self.replaces),
            (Lack::Removals, !self.removed.is_empty()),
            (Lack::ExactScans, self.load.iter().chain(&self.run).any(scans)),
        ];
        needs.into_iter().filter(|(_, is_needed)| *is_needed).map(|(need, _)| need).collect()
    }

    /// What the map must hold after the run.
    #[must_use]
    pub fn expected(&self) -> Expected<'_> {
        if self.checks.mask == !0 {
            let checksum = self.model.keys().fold(0_u64, |sum, &k| sum.wrapping_add(fingerprint(k)));
            let present = self
                .model
                .iter()
                .map(|(&key, &version)| Probe { key, answer: Answer::Value(value_of(key, version)) });
            let gone = self.removed.iter().filter(|k| !self.model.contains_key(k));
            let gone = gone.map(|&key| Probe { key, answer: Answer::Absent });
            return Expected {
                count: Some(self.model.len() as u64),
                checksum: Some(checksum),
                // The full scan knows only keys, the probes know versions too.
                mask: ANY_VERSION,
                known: None,
                probes: Box::new(present.chain(gone)),
            };
        }
        let kept = self.inserted.iter().filter(|k| !self.removed.contains(k));
        Expected {
            count: None,
            checksum: None,
            mask: ANY_VERSION,
            known: Some(&self.inserted),
            probes: Box::new(kept.map(|&key| Probe { key, answer: Answer::Like(value_of(key, 0)) })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::TraceKeys;
    use crate::trace::{Key, for_each};

    fn lines(text: &str) -> Result<Vec<Line>, String> {
        let mut lines = Vec::new();
        for_each(text.as_bytes(), "t.txt", TraceKeys::Numbers, |Line { verb, key }| {
            let Key::Number(key) = key else { panic!("{key:?}") };
            lines.push(Line { verb, key });
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn one_thread_knows_every_answer() {
        let load = lines("INSERT 1\nINSERT 2\nINSERT 3").unwrap();
        let run = lines("READ 1\nREMOVE 1\nREAD 1\nREMOVE 1\nUPDATE 2\nREAD 2\nSCAN 0 9").unwrap();
        let plan = plan(&load, &run, 1);
        let kinds: Vec<Kind> = plan.run[0].ops.iter().map(|op| op.kind).collect();
        use Kind::{Insert, Read, ReadAbsent, Remove, RemoveAbsent};
        assert_eq!(kinds, [Read, Remove, ReadAbsent, RemoveAbsent, Insert, Read, Kind::ScanExact]);
        assert_eq!(plan.run[0].ops[5].arg, plan.run[0].ops[4].arg, "the read expects the update's version");
        assert_eq!(plan.run[0].scans[0].count, 2);
        assert_eq!((plan.loaded, plan.expected().count), (3, Some(2)));
    }

    #[test]
    fn what_a_trace_needs_of_a_map_is_known() {
        let needs = |load: &str, run: &str, threads| {
            plan(&lines(load).unwrap(), &lines(run).unwrap(), threads).needs()
        };
        for threads in [1, 2] {
            assert_eq!(needs("INSERT 1\nINSERT 2", "READ 1\nINSERT 3", threads), []);
            assert_eq!(needs("INSERT 1", "READ 1\nSCAN 0 9", threads), [Lack::ExactScans]);
            assert_eq!(needs("INSERT 1", "UPDATE 1", threads), [Lack::Updates]);
            assert_eq!(needs("INSERT 1\nINSERT 1", "READ 1", threads), [Lack::Updates]);
            assert_eq!(needs("INSERT 1", "REMOVE 2", threads), [Lack::Removals]);
        }
        assert_eq!(needs("INSERT 1", "REMOVE 1\nINSERT 1", 1), [Lack::Removals]);
        assert_eq!(needs("INSERT 1", "REMOVE 1\nINSERT 1", 2), [Lack::Updates, Lack::Removals]);
    }

    #[test]
    fn more_threads_take_turns_and_expect_what_is_certain() {
        let load = lines("INSERT 1\nINSERT 2\nINSERT 3").unwrap();
        let run = lines("REMOVE 1\nREAD 1\nSCAN 0 9").unwrap();
        let plan = plan(&load, &run, 2);
        assert_eq!(plan.load[0].ops.len(), 2);
        assert_eq!(plan.run[1].ops[0].kind, Kind::ReadMaybe);
        assert_eq!(plan.run[0].ops[1], Op { key: 0, arg: 9, kind: Kind::ScanMaybe });
        let mut kept: Vec<u64> = plan.expected().probes.map(|p| p.key).collect();
        kept.sort_unstable();
        assert_eq!(kept, [2, 3]);
    }
}
