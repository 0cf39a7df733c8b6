//! What came of the races: for the table and for `results.json`.

use bench::units::three_digits;
use serde::Serialize;

use super::super::plan::{Plan, row_name};
use super::super::run::Place;
use super::super::stats::Interval;
use super::lane::Lane;
use super::race::Drop;

/// What an adaptive search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// The part of the whole grid's runs that it might use.
    pub(crate) budget: f64,
    /// Runs that it used, and those of the whole grid.
    pub(crate) runs: usize,
    pub(crate) grid_runs: usize,
    pub(crate) races: Vec<Found>,
}

/// What came of the settings of one map under one workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Found {
    pub(crate) map: String,
    pub(crate) workload: String,
    pub(crate) dist: String,
    pub(crate) keys_like: String,
    /// The best setting, in words. `None` if no setting was measured.
    pub(crate) best: Option<String>,
    /// The next of those that were not dropped.
    pub(crate) next: Option<String>,
    /// How much faster the best is than the next, with 95 % confidence.
    pub(crate) ratio_interval: Option<Interval>,
    /// Whether the runs show that all others are slower than the best, or that it is as good. Not so if the budget
    /// dropped one.
    pub(crate) decided: bool,
    /// Whether those that were not dropped are as good as each other.
    #[serde(skip)]
    pub(crate) level: bool,
    /// How many settings there are.
    pub(crate) settings: usize,
    pub(crate) dropped: Vec<Dropped>,
}

/// A setting that was dropped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Dropped {
    pub(crate) setting: String,
    /// After which round.
    pub(crate) round: usize,
    /// The best setting then, and how much faster it was.
    pub(crate) leader: String,
    pub(crate) ratio: f64,
    pub(crate) ratio_interval: Option<Interval>,
    /// Whether the interval says that the leader is faster. If not, the budget ended.
    pub(crate) proven: bool,
}

impl Outcome {
    pub(super) fn of(plan: &Plan, budget: f64, lanes: &[Lane]) -> Self {
        let runs = lanes.iter().map(|lane| lane.race.runs()).sum();
        let races = lanes.iter().map(|lane| found(plan, lane)).collect();
        Self { budget, runs, grid_runs: plan.cells() * plan.repeat, races }
    }

    /// A line with the runs, then for each race the best setting and those that were dropped.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { runs, grid_runs, .. } = *self;
        let percent = 100.0 * runs as f64 / grid_runs as f64;
        let mut lines = vec![format!("{runs} of the {grid_runs} runs of the whole grid ({percent:.0} %)")];
        for race in self.races.iter().filter(|race| race.settings > 1) {
            lines.push(race.line());
            lines.extend(race.dropped.iter().map(|dropped| format!("  {}", dropped.line())));
        }
        lines
    }
}

impl Found {
    fn line(&self) -> String {
        let like =
            if self.keys_like == "u64" { String::new() } else { format!(", keys like {}", self.keys_like) };
        let race = format!("{}, {}{like}, {}", self.workload, self.dist, self.map);
        let Some(best) = &self.best else { return format!("{race}: no setting was measured") };
        let than = match (&self.next, self.ratio_interval) {
            (Some(next), Some(interval)) if interval.is_bounded() => {
                format!("{} than {next}", faster(interval))
            }
            (Some(next), Some(_)) => not_compared(next),
            (Some(next), None) => format!("not compared with {next}"),
            (None, _) => "all others were dropped".to_owned(),
        };
        let open = match (self.level, self.next.is_some()) {
            (true, true) => "; these are as good as each other",
            (false, true) => "; the budget ended before they were told apart",
            (_, false) if !self.decided => ", some of them because the budget had no more runs for them",
            (_, false) => "",
        };
        format!("{race}: best is {best}; {than}{open}")
    }
}

impl Dropped {
    fn line(&self) -> String {
        let Self { setting, round, leader, ratio, .. } = self;
        match self.ratio_interval {
            Some(interval) => {
                let why = if self.proven { "" } else { ", because the budget has no more runs for it" };
                let than = match interval.is_bounded() {
                    true => format!("{leader} is {}", faster(interval)),
                    false => not_compared(leader),
                };
                format!("{setting}: dropped in round {round}{why}: {than}")
            }
            None => format!(
                "{setting}: dropped in round {round}, because the budget has no more runs for it: {leader} was faster \
                 by {} % in one round",
                three_digits((ratio - 1.0) * 100.0)
            ),
        }
    }
}

/// If the interval of the ratio says nothing.
fn not_compared(other: &str) -> String {
    format!("the rounds differ too much to compare it with {other}")
}

/// `faster by 2.10..4.31 %`, or `between 1.20 % slower and 4.31 % faster`.
fn faster(interval: Interval) -> String {
    let [low, high] = [interval.low, interval.high].map(|end| (end - 1.0) * 100.0);
    match low >= 0.0 {
        true => format!("faster by {}..{} %", three_digits(low), three_digits(high)),
        false => format!("between {} % slower and {} % faster", three_digits(-low), three_digits(high)),
    }
}

fn found(plan: &Plan, lane: &Lane) -> Found {
    let name = |setting: usize| setting_name(plan, lane.places[setting]);
    let first = &plan.groups[lane.places[0].group].cells[lane.places[0].row];
    let standing = lane.race.standing();
    let dropped = |drop: &Drop| Dropped {
        setting: name(drop.setting),
        round: drop.round,
        leader: name(drop.leader),
        ratio: drop.ratio,
        ratio_interval: drop.interval.map(Interval::or_unbounded),
        proven: drop.is_proven(),
    };
    Found {
        map: first.map.clone(),
        workload: first.workload.clone(),
        dist: first.dist.clone(),
        keys_like: first.keys_like.clone(),
        best: standing.map(|standing| name(standing.best)),
        next: standing.and_then(|standing| standing.next).map(name),
        ratio_interval: standing.and_then(|standing| standing.interval).map(Interval::or_unbounded),
        decided: lane.race.is_decided() && lane.drops.iter().all(Drop::is_proven),
        level: lane.race.is_decided(),
        settings: lane.places.len(),
        dropped: lane.drops.iter().map(dropped).collect(),
    }
}

/// `bskip-numa local thp, 2 threads, pin compact`
fn setting_name(plan: &Plan, Place { group, row }: Place) -> String {
    let spec = &plan.groups[group].cells[row];
    let threads = if spec.threads == 1 { "thread" } else { "threads" };
    format!("{}, {} {threads}, pin {}", row_name(spec), spec.threads, spec.pin)
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::sample;
    use super::super::super::plan::tests::plan;
    use super::super::lane::lanes;
    use super::*;

    #[test]
    fn an_interval_says_slower_and_faster_in_words() {
        let told = |low, high| faster(Interval { low, high });
        assert_eq!(told(1.021, 1.0431), "faster by 2.10..4.31 %");
        assert_eq!(told(0.988, 1.5), "between 1.20 % slower and 50.0 % faster");
    }

    #[test]
    fn settings_whose_rounds_differ_too_much_are_not_compared() {
        let all = Some(Interval { low: 0.0, high: f64::INFINITY });
        let dropped = Dropped {
            setting: "C".into(),
            round: 2,
            leader: "A".into(),
            ratio: 1.1,
            ratio_interval: all,
            proven: false,
        };
        assert_eq!(
            dropped.line(),
            "C: dropped in round 2, because the budget has no more runs for it: the rounds differ too much to compare it \
             with A"
        );
        let found = Found {
            map: "bskip-numa".into(),
            workload: "c".into(),
            dist: "uniform".into(),
            keys_like: "u64".into(),
            best: Some("A".into()),
            next: Some("B".into()),
            ratio_interval: all,
            decided: false,
            level: false,
            settings: 3,
            dropped: vec![dropped],
        };
        assert_eq!(
            found.line(),
            "c, uniform, bskip-numa: best is A; the rounds differ too much to compare it with B; the budget ended before \
             they were told apart"
        );
    }

    #[test]
    fn a_race_with_drops_by_the_budget_is_not_decided() {
        let flags = "--adaptive --maps bskip-numa --placement local,hash --pages 4k --pin none --threads 1 --workloads c";
        let plan = plan(flags, &sample(4, 2)).unwrap();
        let mut lane = lanes(&plan, 1.0 / 3.0).remove(0);
        lane.race.record(0, Some(7.0));
        lane.race.record(1, None);
        lane.race.end_round();
        let mut found = |low| {
            let interval = Some(Interval { low, high: 1.3 });
            lane.drops = vec![Drop { setting: 1, leader: 0, round: 2, ratio: 1.1, interval }];
            let found = found(&plan, &lane);
            (found.decided, found.line())
        };
        let (decided, line) = found(0.9);
        assert!(
            !decided && line.ends_with("some of them because the budget had no more runs for them"),
            "{line}"
        );
        let (decided, line) = found(1.05);
        assert!(decided && line.ends_with("all others were dropped"), "{line}");
    }
}
