//! The process `bench cell` as a sweep sees it: arguments, output, exit codes.

use bench::protocol::{CellOutcome, CellSpec};
use bench::versus::Report;
use std::process::{Command, Output};

fn bench_cell(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench")).arg("cell").args(args).output().unwrap()
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
fn nonsense_exits_with_two_and_says_why_in_its_first_line() {
    for (args, words) in [
        (&[][..], "required arguments were not provided"),
        (&["{"], "not a cell"),
        (&[r#"{"map": "hashmap"}"#], "unknown map 'hashmap'"),
        (&[r#"{"maps": "bskip"}"#], "unknown field"),
        (&[r#"{"threads": 0}"#], "at least one thread"),
        (
            &[r#"{"map": "bskip-numa", "placement": "far"}"#],
            "\"far\" is not a placement: local, interleave, weighted-interleave:N=3,M=1",
        ),
        (&[r#"{"map": "bskip-numa", "placement": "local+far"}"#], "\"far\" is not a placement"),
        (
            &[r#"{"map": "bskip-numa", "placement": "weighted-interleave:0=1,0=2"}"#],
            "NUMA node 0 has two weights",
        ),
        (
            &[r#"{"map": "bskip-numa", "pages": "2m"}"#],
            "unknown pages '2m'; known are thp, 4k, hugetlb-2m, hugetlb-1g",
        ),
        (&["--versus", "[]"], "nothing to compare"),
        (&["--versus", "[{}]", "--rounds", "x"], "\"x\" is not a count"),
        (&["--versus", "[{}]", "--rounds", "0"], "at least 1"),
        (&["--versus", "[{}]", "--rounds", "18446744073709551615"], "at most 1000000"),
        (&["--versus", r#"[{"keys": 5}]"#, "--rounds", "6"], "6 rounds need as many keys"),
        (&[r#"{"threads": 18446744073709551615}"#], "at most 4096"),
        (&[r#"{"threads": 18446744073709551616}"#], "not a cell"),
        (&[r#"{"threads": -1}"#], "not a cell"),
        (&[r#"{"keys": 18446744073709551615}"#], "use fewer"),
        (&[r#"{"keys": 1e999}"#], "not a cell"),
        (&[r#"{"ops": 18446744073709551615}"#], "use fewer"),
        (&[r#"{"ops": 100000000000, "workload": "a"}"#], "of memory, and"),
        (&[r#"{"workload": "trace", "trace": {"load": "/", "run": "/"}}"#], "directory"),
        (&[r#"{"workload": "trace", "trace": {"load": "/dev/null", "run": "/dev/null"}}"#], "only once"),
        (
            &[r#"{"workload": "trace", "trace": {"load": "/dev/zero", "run": "/dev/null"}}"#],
            "no trace has a line",
        ),
        (&[r#"{"workload": "trace", "threads": 5000, "trace": {"load": "/", "run": "/"}}"#], "at most 4096"),
        (&["--verses", "[]"], "unexpected argument '--verses'"),
        (&["{}", "--json"], "cannot be used with"),
    ] {
        let output = bench_cell(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(why.lines().next().is_some_and(|first| first.contains(words)), "{args:?}: {why}");
        assert!(output.stdout.is_empty());
        // A sweep shows the line in which the cell itself refuses.
        assert!(
            why.starts_with("error: ") || why.starts_with("bench: ") && why.lines().count() == 1,
            "{why}"
        );
    }
}

/// `bench cell` checks a trace itself, also without a sweep.
#[test]
fn a_trace_is_read_as_it_is_or_refused() {
    let path = |name: &str| std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (marked, empty) = (path("marked.txt"), path("empty.txt"));
    std::fs::write(&marked, "\u{feff}# comment\rINSERT 1\rREAD 1\r").unwrap();
    std::fs::write(&empty, "# nothing\r").unwrap();
    let cell = |load: &std::path::Path, run: &std::path::Path| {
        let files = format!(r#"{{"load": {load:?}, "run": {run:?}}}"#);
        bench_cell(&[&format!(r#"{{"map": "rwlock-btreemap", "workload": "trace", "trace": {files}}}"#)])
    };
    let good = cell(&marked, &marked);
    let CellOutcome::Measured(m) = serde_json::from_slice(&good.stdout).unwrap() else { panic!("{good:?}") };
    assert_eq!((m.ops, m.checked > 0), (2, true));
    for (load, run) in [(&marked, &empty), (&empty, &marked)] {
        let bad = cell(load, run);
        assert_eq!(bad.status.code(), Some(2), "{bad:?}");
        let why = String::from_utf8(bad.stderr).unwrap();
        assert!(why.contains("empty.txt: there is no operation in it") && why.lines().count() == 1, "{why}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    for args in [&["--help"][..], &[r#"{"map": "rwlock-btreemap", "keys": 100, "ops": 100}"#]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
        let output = bench.arg("cell").args(args).stdout(full).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(why.starts_with("bench: cannot write to standard output"), "{why}");
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
