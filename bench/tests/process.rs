//! The process `bench-cell` as a sweep sees it: arguments, output, exit codes.

use bench::protocol::{CellOutcome, CellSpec};
use bench::versus::Report;
use std::process::{Command, Output};

fn bench_cell(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-cell")).args(args).output().unwrap()
}

fn small(map: &str) -> CellSpec {
    CellSpec { map: map.into(), keys: 2000, ops: 2000, ..CellSpec::default() }
}

#[test]
fn an_outcome_is_one_line_of_json() {
    let spec = serde_json::to_string(&small("bskip")).unwrap();
    let output = bench_cell(&[&spec]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1);
    let CellOutcome::Measured(m) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
    assert_eq!((m.ops, m.bytes_source.as_str()), (2000, "arena"));
}

#[test]
fn what_a_spec_leaves_out_has_a_default() {
    let output = bench_cell(&[r#"{"map": "rwlock-btreemap", "keys": 500, "ops": 500}"#]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn nonsense_exits_with_two_and_one_line_of_why() {
    for (args, words) in [
        (&[][..], "--help"),
        (&["{"], "not a cell"),
        (&[r#"{"map": "hashmap"}"#], "unknown map 'hashmap'"),
        (&[r#"{"maps": "bskip"}"#], "unknown field"),
        (&[r#"{"threads": 0}"#], "at least one thread"),
        (
            &[r#"{"map": "bskip-numa", "placement": "far"}"#],
            "\"far\" is not a placement: local, interleave, weighted:N=3,M=1",
        ),
        (&[r#"{"map": "bskip-numa", "placement": "local+far"}"#], "\"far\" is not a placement"),
        (&[r#"{"map": "bskip-numa", "placement": "weighted:0=1,0=2"}"#], "NUMA node 0 has two weights"),
        (
            &[r#"{"map": "bskip-numa", "pages": "2m"}"#],
            "unknown pages '2m'; known are thp, 4k, hugetlb-2m, hugetlb-1g",
        ),
        (&["--versus", "[]"], "nothing to compare"),
        (&["--versus", "[{}]", "--rounds", "x"], "--rounds x"),
        (&["--verses", "[]"], "expected"),
    ] {
        let output = bench_cell(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(why.contains(words) && why.lines().count() == 1, "{args:?}: {why}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_comparison_prints_ratios() {
    // The second cell has everything but its map from the first.
    let specs = r#"[{"map": "rwlock-btreemap", "workload": "load,c", "keys": 2000, "ops": 2000, "threads": 2},
                    {"map": "bskip"}]"#;
    let output = bench_cell(&["--versus", specs, "--rounds", "3", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.workloads.len(), 2);
    let text = bench_cell(&["--versus", specs, "--rounds", "3"]);
    assert!(String::from_utf8(text.stdout).unwrap().contains("quartiles"));
}
