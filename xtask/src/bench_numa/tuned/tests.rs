//! From the runs of a sweep to its answer, and from a file to a verdict.

use std::time::Duration;

use bench::protocol::{CellOutcome, CellSpec};
use numa_alloc::NumaConfig;
use numa_alloc::config::Replicas;

use super::super::cell_binary::Build;
use super::super::machine::tests::sample;
use super::super::plan::{Plan, tests::plan};
use super::super::results::Results;
use super::super::run::{Place, Run, order, tests::measured};
use super::{again, lines, verdict};

/// Million operations a second of a cell in a round; `None` if the cell fails.
type Rate<'a> = &'a dyn Fn(&CellSpec, usize) -> Option<f64>;

/// The runs of a plan.
fn runs(plan: &Plan, rate: Rate<'_>) -> Vec<Run> {
    let run = |round: usize, place: Place| {
        let spec = plan.groups[place.group].cells[place.row].clone();
        let result = match rate(&spec, round) {
            Some(mops) => measured(mops),
            None => CellOutcome::Failed { reason: "key 7 lost".into() },
        };
        Run { place, round, spec, result }
    };
    (1..=plan.repeat)
        .flat_map(|round| order(plan, round).into_iter().map(move |place| (round, place)))
        .map(|(round, place)| run(round, place))
        .collect()
}

/// What a sweep answers, and the lines below its table.
fn answer(line: &str, complete: bool, rate: Rate<'_>) -> (Result<NumaConfig, String>, Vec<String>) {
    answer_of(2, line, complete, rate)
}

/// The same on a machine with `nodes` nodes.
fn answer_of(
    nodes: usize,
    line: &str,
    complete: bool,
    rate: Rate<'_>,
) -> (Result<NumaConfig, String>, Vec<String>) {
    let plan = plan(line, &sample(4, nodes)).unwrap();
    let runs = runs(&plan, rate);
    told(&plan, &runs, nodes, complete, "rustc 1")
}

/// The same of these runs of a program.
fn told(
    plan: &Plan,
    runs: &[Run],
    nodes: usize,
    complete: bool,
    program: &str,
) -> (Result<NumaConfig, String>, Vec<String>) {
    let (machine, build) = (
        sample(4, nodes),
        Build { path: "cell".into(), description: program.into(), hash: String::new(), commit: None },
    );
    let ceilings = super::super::ceilings::Measured::default();
    let results = Results {
        command: "bench-numa",
        machine: &machine,
        build: &build,
        plan,
        runs,
        ceilings: &ceilings,
        complete,
    };
    (super::answer(&results), lines(&results))
}

/// Rounds differ by a factor that all cells share, and by a little of their own.
fn noise(spec: &CellSpec, round: usize) -> f64 {
    let own = (spec.placement.len() * 7 + spec.threads * 3 + round * 5) % 4;
    round as f64 * (1.0 + own as f64 / 1000.0)
}

#[test]
fn the_fastest_setting_of_each_workload_is_chosen_and_its_lead_has_an_interval() {
    let rate = |spec: &CellSpec, round: usize| {
        let mops = match (&*spec.workload, &*spec.placement, spec.threads) {
            ("c", "interleave", 2) => 9.0,
            ("e", "local", 2) => 7.0,
            (_, _, threads) => 2.0 + threads as f64,
        };
        Some(mops * noise(spec, round))
    };
    let line = "--maps bskip,bskip-numa,masstree --placement local,interleave --workloads c,e --threads 1,2";
    let (answer, lines) = answer(&format!("{line} --repeat 5"), true, &rate);
    let config = answer.unwrap();
    let text = config.to_string();
    assert_eq!(text.parse::<NumaConfig>().unwrap(), config, "the file reads back: {text}");
    let c = &config.workloads["c"];
    assert_eq!((c.best.placement.to_string(), c.best.threads, c.settings), ("interleave".into(), 2, 4));
    let margin = c.margin.as_ref().unwrap();
    assert!(margin.tells_apart() && (margin.ratio - 9.0 / 4.0).abs() < 0.01, "{margin:?}");
    assert!(c.why.contains("Of 4 settings, placement interleave") && c.why.contains("(median of 5 rounds)"));
    assert!(
        c.why.contains("That is 2.25 times the throughput with placement local (95 % interval"),
        "{}",
        c.why
    );
    assert_eq!(c.why.matches(". ").count() + 1, 2, "two sentences: {}", c.why);
    assert_eq!(config.workloads["e"].best.placement.to_string(), "local");
    // Over both, interleave wins: 9 and 4 against 4 and 7.
    assert_eq!(config.overall.best.placement.to_string(), "interleave");
    assert!(config.overall.why.contains("mean over 2 loads"), "{}", config.overall.why);
    assert_eq!((config.measured.rounds, &config.measured.dists[..]), (5, &["uniform".to_owned()][..]));
    let below = lines.join("\n");
    assert!(below.contains("times the next: c 2.25 (") && below.contains("overall 1.13 ("), "{below}");
}

#[test]
fn a_lead_that_rounds_do_not_show_is_called_so() {
    let rate = |spec: &CellSpec, round: usize| {
        Some(if (spec.placement == "local") == (round.is_multiple_of(2)) {
            8.0
        } else {
            7.9 + round as f64 / 100.0
        })
    };
    let line = "--maps bskip-numa --placement local,hash --workloads c --repeat 4";
    let (answer, lines) = answer(line, true, &rate);
    let choice = &answer.unwrap().workloads["c"];
    assert!(!choice.margin.as_ref().unwrap().tells_apart());
    assert!(choice.why.contains("It is not told apart from placement "), "{}", choice.why);
    assert!(lines.join("\n").contains("not told apart from the next: c "), "{lines:?}");
    let (one, _) = answer_of_one_round();
    assert_eq!(one.workloads["c"].margin.as_ref().unwrap().interval, None);
    assert!(one.workloads["c"].why.contains("may be chance"), "{}", one.workloads["c"].why);
}

#[test]
fn a_map_that_was_decided_early_can_be_the_best() {
    let line =
        "--adaptive --maps bskip-numa,bskip-numa-replicas --placement local,hash,nearest --workloads c,e";
    let plan = plan(line, &sample(4, 2)).unwrap();
    let rate = |spec: &CellSpec, round: usize| {
        let mops = match (&*spec.map, &*spec.placement) {
            ("bskip-numa", "local") => 20.0,
            ("bskip-numa", _) => 15.0,
            (_, "local") => 10.0,
            (_, "hash") => 9.9,
            _ => 5.0,
        };
        Some(mops * noise(spec, round))
    };
    // The first race was decided after two rounds; the other two settings were told apart by no round.
    let mut runs = runs(&plan, &rate);
    runs.retain(|run| match (&*run.spec.map, &*run.spec.placement) {
        ("bskip-numa", "local") | ("bskip-numa-replicas", "nearest") => run.round <= 2,
        ("bskip-numa", _) => run.round <= 1,
        _ => true,
    });
    let config = told(&plan, &runs, 2, true, "rustc 1").0.unwrap();
    let c = &config.workloads["c"];
    assert_eq!(
        (c.best.placement.to_string(), c.best.replicas),
        ("local".into(), Replicas::None),
        "{}",
        c.why
    );
    assert_eq!((c.settings, c.next.as_ref().unwrap().replicas), (6, Replicas::Synchronous));
    assert!((c.margin.as_ref().unwrap().ratio - 2.0).abs() < 0.02, "{:?}", c.margin);
    // Over both workloads, every setting is compared in the one round that all have.
    let overall = &config.overall;
    assert_eq!((overall.best.placement.to_string(), overall.best.replicas), ("local".into(), Replicas::None));
    assert_eq!((overall.settings, overall.margin.as_ref().unwrap().interval), (6, None));
    assert!((overall.margin.as_ref().unwrap().ratio - 20.0 / 15.0).abs() < 0.02, "{}", overall.why);
}

#[test]
fn the_best_is_ahead_of_the_next_by_the_same_mean() {
    let rate = |spec: &CellSpec, round: usize| {
        Some(if spec.placement == "local" { [10.0, 10.0, 1.0][round - 1] } else { 9.0 })
    };
    let line = "--maps bskip-numa --placement local,hash --workloads c --repeat 3";
    let choice = answer(line, true, &rate).0.unwrap().overall;
    assert_eq!(choice.best.placement.to_string(), "hash");
    let margin = choice.margin.unwrap();
    assert!(margin.ratio > 1.9 && (choice.mops, margin.next_mops) == (9.0, 10.0), "{margin:?}");
}

fn answer_of_one_round() -> (NumaConfig, Vec<String>) {
    let line = "--maps bskip-numa --placement local,hash --workloads c --repeat 1";
    let (answer, lines) = answer(line, true, &|spec, _| Some(spec.placement.len() as f64));
    (answer.unwrap(), lines)
}

#[test]
fn with_one_node_replicas_are_no_choice() {
    let line = "--maps bskip-numa,bskip-numa-replicas,bskip-numa-replicas-lazy --placement local --workloads c --repeat 2";
    let rate = |spec: &CellSpec, _: usize| Some(spec.map.len() as f64);
    let chosen = |nodes| answer_of(nodes, line, true, &rate).0.unwrap().overall;
    assert_eq!((chosen(1).best.replicas, chosen(1).settings), (Replicas::None, 1));
    assert_eq!((chosen(2).best.replicas, chosen(2).settings), (Replicas::Lazy, 3));
}

#[test]
fn one_setting_leaves_nothing_to_choose() {
    let line = "--maps bskip,bskip-numa --placement local --workloads load,c --repeat 2";
    let (answer, lines) = answer(line, true, &|_, _| Some(3.0));
    let config = answer.unwrap();
    assert_eq!((config.overall.settings, &config.overall.next), (1, &None));
    assert!(config.overall.why.starts_with("There was nothing to choose between"), "{}", config.overall.why);
    assert!(lines[0].contains("nothing to choose between") && lines.len() == 1, "{lines:?}");
}

#[test]
fn what_failed_is_not_chosen_and_some_sweeps_have_no_answer() {
    let best_fails = |spec: &CellSpec, round: usize| match (&*spec.placement, round) {
        ("hash", 2) => None,
        ("hash", _) => Some(9.0),
        _ => Some(3.0),
    };
    let line = "--maps bskip-numa --placement local,hash --workloads c --repeat 3";
    let chosen = answer(line, true, &best_fails).0.unwrap().overall.best.placement;
    assert_eq!(chosen.to_string(), "local");
    let (interrupted, lines) = answer(line, false, &|_, _| Some(3.0));
    assert_eq!(interrupted.unwrap_err(), "the sweep was interrupted");
    assert_eq!(lines, ["none: the sweep was interrupted"]);
    let plan = plan(line, &sample(4, 2)).unwrap();
    let (slowed, _) =
        told(&plan, &runs(&plan, &|_, _| Some(3.0)), 2, true, "rustc 1, features cell,peers,stats, no flags");
    assert!(slowed.unwrap_err().starts_with("--locks makes the maps slower"));
    let (all_fail, _) = answer(line, true, &|_, _| None);
    assert!(all_fail.unwrap_err().contains("no map on NumaArena was measured"));
    let (peers, lines) = answer("--maps bskip,masstree --workloads c", true, &|_, _| Some(3.0));
    assert!(peers.is_err() && lines.is_empty(), "without a map on NumaArena the table says nothing of it");
}

/// The verdicts on the choices of a file, if the best settings and the others now run at these rates.
fn verdicts(config: &NumaConfig, rate: Rate<'_>) -> (Plan, Vec<bool>, String) {
    let choices = again::choices(config, None).unwrap();
    let plan = again::plan(config, &choices, 5, Duration::from_secs(1));
    let runs = runs(&plan, rate);
    let verdicts = verdict::of(&choices, &runs);
    let table = verdict::table("tuned.toml".as_ref(), 5, &verdicts, &runs);
    (plan, verdicts.iter().map(verdict::Verdict::holds).collect(), table)
}

#[test]
fn a_choice_holds_until_the_next_setting_is_shown_to_be_faster() {
    let line = "--maps bskip-numa-replicas-lazy --placement hash+local,node:1 --pages 4k --workloads c,e";
    let first = |spec: &CellSpec, round: usize| {
        let mops = if spec.placement == "node:1" { 5.0 } else { 4.0 };
        Some(mops * noise(spec, round))
    };
    let config = answer(&format!("{line} --repeat 3"), true, &first).0.unwrap();
    assert_eq!(config.overall.best.replicas, Replicas::Lazy);
    let (plan, holds, table) = verdicts(&config, &first);
    assert_eq!(holds, [true; 3], "{table}");
    assert!(table.contains("holds: faster than placement hash and inner levels local"), "{table}");
    // The same cells as in the sweep, the best setting first.
    let cells: Vec<_> = plan.groups.iter().flat_map(|group| &group.cells).collect();
    assert_eq!((plan.groups.len(), cells.len()), (2, 4));
    assert!(cells.iter().all(|cell| cell.map == "bskip-numa-replicas-lazy" && cell.pages == "4k"));
    assert_eq!([&*cells[0].placement, &cells[1].placement], ["node:1", "hash+local"]);

    let (_, holds, table) = verdicts(&config, &|_, round| Some(4.0 + round as f64));
    assert_eq!(holds, [true; 3], "an equal setting refutes nothing: {table}");
    assert!(table.contains("not told apart from"), "{table}");

    let turned = |spec: &CellSpec, round: usize| {
        let is_slow = spec.placement == "node:1" && spec.workload == "e";
        Some(if is_slow { 3.0 } else { 5.0 } * noise(spec, round))
    };
    let (_, holds, table) = verdicts(&config, &turned);
    assert_eq!(holds, [true, false, false], "{table}");
    assert!(
        table.contains("does not hold: faster now with placement hash and inner levels local"),
        "{table}"
    );

    let fails = |spec: &CellSpec, round: usize| (spec.workload == "c" || round < 3).then_some(4.0);
    let (_, holds, table) = verdicts(&config, &fails);
    assert_eq!(holds[1..], [false, false], "{table}");
    assert!(table.contains("FAILED: e, ") && table.contains("key 7 lost"), "{table}");

    let mut runs = runs(&plan, &first);
    if let CellOutcome::Measured(measurement) = &mut runs[0].result {
        measurement.notes.push("small pages instead".into());
    }
    let table = verdict::table("tuned.toml".as_ref(), 5, &[], &runs);
    assert!(table.contains("  Note: small pages instead (bskip-numa-replicas-lazy"), "{table}");
}

#[test]
fn workloads_can_be_chosen_and_a_trace_cannot_be_run_again() {
    let line = "--maps bskip-numa --placement local,hash --workloads load,c --repeat 2";
    let mut config = answer(line, true, &|spec, _| Some(spec.placement.len() as f64)).0.unwrap();
    let names = |only: &[&str]| {
        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
        let found = again::choices(&config, Some(&only));
        found.map(|found| found.iter().map(|checked| checked.name.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(names(&["c"]), Ok(vec!["c".to_owned()]));
    assert!(names(&["e"]).unwrap_err().contains("has no workload e; it has c, load"));
    let choice = config.workloads["c"].clone();
    config.workloads.insert("trace".into(), choice);
    assert!(again::choices(&config, None).err().unwrap().contains("made from a trace"));
}
