//! Compares maps in turns, for ratios that a noisy machine does not blur.
//!
//! All maps are alive in one process and hold the same keys. A round gives each of them the same short slice
//! of operations, one map after the other, and each round starts with another map. The machine slows
//! neighbouring slices alike, so the ratio within a round is far steadier than its parts. The result is the
//! median of the ratios. Every answer is checked as in a cell.

use crate::dyn_map::{DynMap, build};
use crate::generate::Generator;
use crate::interleaved::turns;
use crate::keys::Distribution;
use crate::maps::names::MapSpec;
use crate::maps::ordered_map::Footprint;
use crate::memory;
use crate::protocol::CellSpec;
use crate::strings;
use crate::team::Team;
use crate::workload::Workload;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What to compare. The others are compared with the first map.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The maps.
    pub maps: Vec<MapSpec>,
    /// Run on each map in this order. `load` comes first, and runs even if it is not in the list.
    pub workloads: Vec<Workload>,
    /// How keys are chosen.
    pub dist: Distribution,
    /// What all cells have in common: threads, keys, operations over all rounds, seed and pinning.
    pub cell: CellSpec,
    /// Slices of each workload. An odd number has a middle.
    pub rounds: usize,
}

/// One map under one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The map, with placement and pages where maps of one name differ in them.
    pub map: String,
    /// Its figures. From its first wrong answer on it has none. If the last check found the wrong answer, it
    /// has none at all.
    pub figures: Option<Figures>,
}

/// The figures of a map under a workload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Its throughput relative to that of the first map in the same round, the median of all rounds.
    pub ratio: f64,
    /// The quartiles of these ratios. Half of the rounds lie between them.
    pub quartiles: (f64, f64),
    /// Median throughput, in millions of operations a second (for `s`: of pairs).
    pub mops: f64,
}

/// A finished comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Each workload with the score of each map.
    pub workloads: Vec<(String, Vec<Score>)>,
    /// Bytes per key of each map that counts its memory, after the load.
    pub bytes_per_key: Vec<Option<f64>>,
    /// Answers that were checked, over all maps.
    pub checked: u64,
    /// Maps that gave a wrong answer, with the answer. They are left out from then on.
    pub failed: Vec<(String, String)>,
    /// What the arenas or the pinning fell back to.
    pub notes: Vec<String>,
}

impl Comparison {
    /// Makes one comparison of several cells. The cells must agree in all but map, placement, pages and
    /// workload. A workload may be a list such as `load,a,c`. Each map runs each workload that any cell
    /// names.
    ///
    /// # Errors
    /// The cells do not agree, or make no sense.
    pub fn of(specs: &[CellSpec], rounds: usize) -> Result<Self, String> {
        let first = specs.first().ok_or("nothing to compare")?;
        if rounds == 0 {
            return Err("at least one round is needed".into());
        }
        // A slice without an operation has no rate.
        if first.keys.min(first.ops) < rounds as u64 {
            return Err(format!(
                "{rounds} rounds need as many keys and operations at least: there are {} and {}",
                first.keys, first.ops
            ));
        }
        let (mut maps, mut workloads) = (Vec::new(), Vec::new());
        for spec in specs {
            let CellSpec { map, workload, placement, pages, trace, .. } = first.clone();
            if *first != (CellSpec { map, workload, placement, pages, trace, ..spec.clone() }) {
                return Err(
                    "compared cells must agree in dist, keys_like, threads, keys, ops, seed and pin".into()
                );
            }
            strings::names::check(spec)?;
            let map = MapSpec::from(spec);
            if !maps.contains(&map) {
                maps.push(map);
            }
            for name in spec.workload.split(',') {
                let workload: Workload = match name {
                    "trace" => return Err("traces cannot be compared in slices".into()),
                    name => name.parse()?,
                };
                if !workloads.contains(&workload) {
                    workloads.push(workload);
                }
            }
        }
        // The load comes first by nature.
        workloads.sort_by_key(|&w| w != Workload::Load);
        Ok(Self { maps, workloads, dist: strings::distribution(first)?, cell: first.clone(), rounds })
    }

    /// Runs the comparison.
    ///
    /// # Errors
    /// A map cannot be built, the pinning is impossible, or the first map gave a wrong answer, so there are
    /// no ratios.
    pub fn run(&self) -> Result<Report, String> {
        let CellSpec { threads, keys, ops, seed, .. } = self.cell;
        // All maps are in memory at once, but only the operations of one slice.
        let (all, slice) = (keys.saturating_mul(self.maps.len() as u64), ops / self.rounds.max(1) as u64);
        memory::check(&CellSpec { keys: all, ops: slice, ..CellSpec::default() })?;
        let mut generator = Generator::new(self.dist, seed, threads, keys)?;
        let team = Team::new(threads, &self.cell.pin).map_err(|e| e.to_string())?;
        let maps = self.maps.iter().map(build).collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
        for (i, map) in maps.iter().enumerate() {
            for &workload in &self.workloads {
                if let Some(need) = workload.needs().iter().find(|need| map.lacks().contains(need)) {
                    return Err(format!("{} has no {need}: leave out {}", self.label(i), workload.name()));
                }
            }
        }
        let failed = vec![None; maps.len()];
        let mut contest = Contest { comparison: self, team: &team, maps, checked: 0, failed };

        let loading = contest.series(&mut generator, Workload::Load)?;
        let per_key = |f: Footprint| f.issued as f64 / generator.count() as f64;
        let bytes_per_key = contest.maps.iter().map(|m| m.footprint().map(per_key)).collect();
        let mut workloads: Vec<(String, Vec<Score>)> = Vec::new();
        for &workload in &self.workloads {
            let rounds = match workload {
                // A slice of the load into a small map says little about a large one.
                Workload::Load => loading[loading.len() / 2..].to_vec(),
                _ => contest.series(&mut generator, workload)?,
            };
            workloads.push((workload.name().to_owned(), self.scores(&rounds)));
        }
        for i in 0..contest.maps.len() {
            if contest.failed[i].is_some() {
                continue;
            }
            let checked = contest.maps[i].check(generator.expected());
            match contest.settle(i, checked)? {
                Some(checked) => contest.checked += checked,
                // The map gave a wrong answer somewhere on the way, so none of its figures counts.
                None => workloads.iter_mut().for_each(|(_, scores)| scores[i].figures = None),
            }
        }
        let failed = contest.failed.iter().enumerate();
        let failed = failed.filter_map(|(i, why)| Some((self.label(i), why.clone()?))).collect();
        let mut notes = team.notes().to_vec();
        for map in &contest.maps {
            notes.extend(map.notes().into_iter().filter(|n| !notes.contains(n)).collect::<Vec<_>>());
        }
        Ok(Report { workloads, bytes_per_key, checked: contest.checked, failed, notes })
    }

    fn scores(&self, rounds: &[Vec<f64>]) -> Vec<Score> {
        let column = |f: &dyn Fn(&Vec<f64>) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(f).collect();
            values.sort_by(f64::total_cmp);
            let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
            (at(0.25), at(0.5), at(0.75))
        };
        (0..self.maps.len())
            .map(|i| {
                let (low, ratio, high) = column(&|round| round[i] / round[0]);
                let (_, mops, _) = column(&|round| round[i]);
                let figures = Figures { ratio, quartiles: (low, high), mops };
                let complete = rounds.iter().all(|round| round[i] > 0.0);
                Score { map: self.label(i), figures: complete.then_some(figures) }
            })
            .collect()
    }

    fn label(&self, i: usize) -> String {
        let MapSpec { name, placement, pages, .. } = &self.maps[i];
        if self.maps.iter().filter(|m| m.name == *name).count() > 1 {
            format!("{name}/{placement}/{pages}")
        } else {
            name.clone()
        }
    }
}

/// The maps of a comparison at work.
struct Contest<'a> {
    comparison: &'a Comparison,
    team: &'a Team,
    maps: Vec<Box<dyn DynMap>>,
    checked: u64,
    /// Why a map has failed.
    failed: Vec<Option<String>>,
}

impl Contest<'_> {
    /// All rounds of one workload: for each round the throughput of each map, in Mops/s.
    fn series(&mut self, generator: &mut Generator, workload: Workload) -> Result<Vec<Vec<f64>>, String> {
        let Comparison { cell: CellSpec { keys, ops, .. }, rounds, .. } = *self.comparison;
        let mut series = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let stripes = if workload == Workload::Load {
                let until = |round: usize| (u128::from(keys) * round as u128 / rounds as u128) as u64;
                generator.load(until(round + 1) - until(round))
            } else {
                generator.run(workload, ops / rounds as u64)
            };
            let checks = generator.checks(workload);
            // A map that has failed keeps 0.
            let mut speeds = vec![0.0; self.maps.len()];
            for i in turns(round, self.maps.len()) {
                if self.failed[i].is_some() {
                    continue;
                }
                let run = self.maps[i].run(self.team, &stripes, &checks);
                if let Some(run) = self.settle(i, run)? {
                    self.checked += run.tally.checked;
                    speeds[i] = run.tally.ops as f64 / run.elapsed.as_secs_f64().max(1e-9) / 1e6;
                }
            }
            series.push(speeds);
        }
        Ok(series)
    }

    /// Notes a wrong answer. A wrong answer of the first map ends the comparison.
    fn settle<T>(&mut self, i: usize, result: Result<T, String>) -> Result<Option<T>, String> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(why) if i == 0 => Err(format!("{} FAILED: {why}", self.comparison.label(0))),
            Err(why) => {
                self.failed[i] = Some(why);
                Ok(None)
            }
        }
    }
}

/// A table for people: a line for each workload and map.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:8}  {:28}  {:>6}  {:>13}  {:>9}", "workload", "map", "ratio", "quartiles", "Mops/s")?;
        for (workload, scores) in &self.workloads {
            for Score { map, figures } in scores {
                let Some(Figures { ratio, quartiles: (low, high), mops }) = figures else {
                    writeln!(f, "{workload:8}  {map:28}  FAILED")?;
                    continue;
                };
                let spread = format!("{low:.3}-{high:.3}");
                writeln!(f, "{workload:8}  {map:28}  {ratio:6.3}  {spread:>13}  {mops:9.3}")?;
            }
        }
        let maps = self.workloads.first().map_or(&[][..], |(_, scores)| scores);
        for (score, bytes) in maps.iter().zip(&self.bytes_per_key) {
            if let Some(bytes) = bytes {
                writeln!(f, "{}: {bytes:.1} bytes per key by its arena", score.map)?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        self.failed.iter().try_for_each(|(map, why)| writeln!(f, "{map} FAILED: {why}"))?;
        write!(f, "{} answers checked and right", self.checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(map: &str, workload: &str) -> CellSpec {
        CellSpec { map: map.into(), workload: workload.into(), keys: 3000, ops: 3000, ..CellSpec::default() }
    }

    #[test]
    fn maps_are_compared_on_every_workload() {
        let specs = [cell("rwlock-btreemap", "c,load,a,b,e,u,x,s,m,n,c"), cell("bskip", "u")];
        let report = Comparison::of(&specs, 5).unwrap().run().unwrap();
        let names: Vec<&str> = report.workloads.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["load", "c", "a", "b", "e", "u", "x", "s", "m", "n"]);
        for (name, scores) in &report.workloads {
            assert_eq!(scores.len(), 2);
            let figures: Vec<Figures> = scores.iter().filter_map(|s| s.figures).collect();
            assert_eq!(figures[0].ratio, 1.0, "{name}: the first map is its own measure");
            assert!(figures[1].mops > 0.0 && figures[1].quartiles.0 <= figures[1].ratio);
        }
        assert!(report.checked > 10_000 && report.failed.is_empty(), "{report}");
        assert!(report.to_string().contains("bskip"));
    }

    #[test]
    fn cells_that_differ_are_not_compared() {
        let other = CellSpec { keys: 5, ..cell("bskip", "c") };
        assert!(Comparison::of(&[cell("bskip", "c"), other], 3).unwrap_err().contains("keys"));
        assert!(Comparison::of(&[], 3).is_err());
        assert!(Comparison::of(&[cell("bskip", "trace")], 3).is_err());
        assert!(Comparison::of(&[cell("bskip", "c")], 0).is_err());
    }
}
