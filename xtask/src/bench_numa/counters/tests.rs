//! The section of counters.

use super::super::machine::tests::sample;
use super::super::plan::tests::plan;
use super::super::run::tests::measured as measured_at;
use super::super::summary::tests::run;
use super::*;
use bench::protocol::CellOutcome;

fn with(counters: Counters) -> CellOutcome {
    let CellOutcome::Measured(mut measurement) = measured_at(8.0) else { panic!() };
    measurement.counters = Some(counters);
    CellOutcome::Measured(measurement)
}

fn map<V: Clone>(pairs: &[(&str, V)]) -> BTreeMap<String, V> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn counts_are_medians_and_extrapolated_ones_are_marked() {
    let plan = plan("--maps bskip,congee --workloads c --repeat 3", &sample(2, 1)).unwrap();
    let round = |cycles, misses, part| {
        with(Counters {
            per_op: map(&[("cycles", cycles), ("llc_load_misses", misses), ("page_faults", 0.0)]),
            counted_for: map(&[("llc_load_misses", part)]),
            missing: map(&[
                ("contended_lines", "no number".to_owned()),
                ("far_contended_lines", "no number".to_owned()),
            ]),
            user_only: true,
            ..Counters::default()
        })
    };
    let rounds = [round(900.0, 0.05, 0.57), round(1000.0, 1.5, 0.0724), round(800.0, 20.0, 0.9)];
    let runs: Vec<Run> = (1..).zip(rounds).map(|(number, result)| run(&plan, 0, number, result)).collect();
    let lines = lines(&plan, &runs);
    assert_eq!(words(&lines[0]), "setting map cycles LLC misses page faults");
    assert!(words(&lines[1]).ends_with("bskip 900 ~1.50 0"), "{lines:?}");
    assert_eq!(lines[2], "Not counted: contended, far cont. (no number).");
    assert!(
        lines[3].contains("for 7.2 % of the time") && lines[4].starts_with("User mode alone"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 5, "{lines:?}");
}

#[test]
fn a_kernel_that_refuses_is_said_once_with_what_to_do() {
    let plan = plan("--maps bskip,congee --workloads c --repeat 1", &sample(2, 1)).unwrap();
    let refused = || {
        with(Counters {
            missing: map(&[("cycles", "not allowed".to_owned())]),
            unavailable: Some("kernel.perf_event_paranoid is 4: `sudo sysctl ...`".into()),
            ..Counters::default()
        })
    };
    let lines = lines(&plan, &[run(&plan, 0, 1, refused()), run(&plan, 1, 1, refused())]);
    assert_eq!(lines, ["Not counted, because kernel.perf_event_paranoid is 4: `sudo sysctl ...`."]);
    assert!(super::lines(&plan, &[run(&plan, 0, 1, measured_at(8.0))]).is_empty());
}

#[test]
fn what_any_round_counted_is_not_missing() {
    let plan = plan("--maps bskip --workloads c --repeat 2", &sample(2, 1)).unwrap();
    let counted = with(Counters {
        per_op: map(&[("cycles", 900.0), ("page_faults", 0.0)]),
        missing: map(&[("llc_loads", "no counter".to_owned())]),
        ..Counters::default()
    });
    let refused = |unavailable: Option<&str>| {
        with(Counters {
            per_op: map(&[("page_faults", 0.0)]),
            missing: map(&[("cycles", "no counter".to_owned()), ("llc_loads", "no counter".to_owned())]),
            unavailable: unavailable.map(str::to_owned),
            ..Counters::default()
        })
    };
    for last in [None, Some("nothing counts")] {
        let runs = [run(&plan, 0, 1, counted.clone()), run(&plan, 0, 2, refused(last))];
        let lines = lines(&plan, &runs);
        assert!(words(&lines[1]).ends_with("bskip 900 0"), "{lines:?}");
        assert_eq!(lines[2..], ["Not counted: LLC loads (no counter)."]);
    }
}

#[test]
fn small_and_large_counts_are_readable() {
    let show =
        |count| number(&Counters { per_op: map(&[("cycles", count)]), ..Counters::default() }, "cycles");
    let shown = [0.0, 2e-6, 0.000_61, 0.25, 4.0, 45.25, 1234.5].map(show);
    assert_eq!(shown, ["0", "2e-6", "0.0006", "0.25", "4.00", "45.2", "1234"]);
    assert_eq!(number(&Counters::default(), "cycles"), "-");
}
