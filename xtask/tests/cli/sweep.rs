//! `xtask bench-numa` from outside, with fake cells: what it prints, what it writes, how it ends.

use std::fs;

use crate::common::{bench_numa, fresh_path, run};
use serde_json::Value;

/// The words of the row that starts with `name`, under the heading that starts with `setting`.
fn row(table: &str, setting: &str, name: &str) -> String {
    let mut lines = table.lines().skip_while(|line| !line.starts_with(setting));
    let row = lines.find(|line| line.trim_start().starts_with(name));
    row.unwrap_or_else(|| panic!("{name} under {setting} in\n{table}"))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_sweep_prints_a_table_and_exits_with_0() {
    let printed = run(&mut bench_numa(
        "ok",
        "--maps bskip,bskip-numa,congee --workloads c,e --threads 1 --pin none --placement local --repeat 2",
    ));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let table = printed.out;
    assert_eq!(
        row(&table, "c, uniform, 1 thread, pin none", "bskip "),
        "bskip 4.00 ±0.0 % 1.00 1.00 - 350 ns 1.20 us 34.0 us 26.8 10.8 12/0"
    );
    assert!(row(&table, "c, uniform", "bskip-numa").starts_with("bskip-numa local thp 4.00"));
    assert!(row(&table, "c, uniform", "congee").starts_with("congee 2.00 ±0.0 % 0.50 0.50 ±0.0 %"));
    assert_eq!(row(&table, "e, uniform", "congee"), "congee skipped: no ordered scan");
    assert_eq!(table.matches("huge pages were refused").count(), 1);
    assert!(table.contains("not built here: --cell-bin"));
    assert!(table.starts_with("cargo xtask bench-numa --maps bskip,bskip-numa,congee"));
    assert_eq!(printed.err, "");
}

#[test]
fn cells_that_end_badly_are_failed_with_the_reason_and_exit_code_1() {
    let printed = run(&mut bench_numa(
        "bad",
        "--maps bskip,arctic-map,bplustree,congee,ferntree,masstree --workloads c --repeat 2",
    ));
    assert_eq!(printed.code, Some(1));
    assert_eq!(printed.err, "xtask: 5 of 6 cells FAILED\n");
    for (map, reason) in [
        ("arctic-map", "key 7: got None, want 8"),
        ("bplustree", "exit code 101; last words: at the disco, with a \"quote\""),
        ("congee", "killed by signal 11 (segmentation fault)"),
        ("ferntree", "its result is no result: fast, very fast"),
        ("masstree", "it ended without a result"),
    ] {
        assert_eq!(row(&printed.out, "c, uniform", map), format!("{map} FAILED round 1: {reason}"));
    }
    assert!(row(&printed.out, "c, uniform", "bskip").starts_with("bskip 4.00"));
}

#[test]
fn a_cell_that_hangs_is_killed_and_failed() {
    let flags = "--maps concurrent-map --workloads c --timeout 1";
    let printed = run(&mut bench_numa("bad", flags));
    assert_eq!(printed.code, Some(1));
    let row = row(&printed.out, "c, uniform", "concurrent-map");
    assert_eq!(row, "concurrent-map FAILED round 1: no result within 1 s");
}

#[test]
fn csv_alone_goes_to_standard_output_with_a_line_for_each_round() {
    let printed = run(&mut bench_numa(
        "bad",
        "--maps bskip-numa,bplustree --workloads c --placement local,node:9999 --repeat 2 --format csv",
    ));
    assert_eq!(printed.code, Some(1));
    let mut reader = csv::Reader::from_reader(printed.out.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str| headings.iter().position(|heading| heading == name).expect(name);
    let cell = |row: usize, name: &str| &rows[row][column(name)];
    assert_eq!(rows.len(), 4);
    // Round 1, round 2 (in which the failed peer does not run), and the cell that was planned out.
    let seen: Vec<_> =
        (0..4).map(|row| (cell(row, "status"), cell(row, "map"), cell(row, "round"))).collect();
    assert_eq!(
        seen,
        [
            ("measured", "bskip-numa", "1"),
            ("failed", "bplustree", "1"),
            ("measured", "bskip-numa", "2"),
            ("skipped", "bskip-numa", "")
        ]
    );
    assert_eq!(cell(0, "mops"), "4.0");
    assert!((cell(0, "mops_low").parse::<f64>().unwrap() - 4.0).abs() < 1e-9);
    assert_eq!((cell(0, "schema"), cell(3, "schema"), cell(0, "ratio_low")), ("2", "2", ""));
    assert!(cell(3, "environment").contains("kernel="), "{}", cell(3, "environment"));
    assert_eq!(cell(1, "mops"), "");
    assert_eq!(cell(1, "reason"), "exit code 101; last words: at the disco, with a \"quote\"");
    assert_eq!(cell(3, "placement"), "node:9999");
}

#[test]
fn json_alone_goes_to_standard_output() {
    let printed =
        run(&mut bench_numa("ok", "--maps bskip,congee --workloads c --repeat 3 --format json --seed 9"));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let json: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 6);
    assert_eq!(json["cells"][1]["map"], "congee");
    assert_eq!(json["cells"][1]["status"], "measured");
    assert_eq!(json["cells"][1]["ratio"], 0.5);
    for (interval, value) in [("interval", 2.0), ("ratio_interval", 0.5)] {
        for end in ["low", "high"] {
            let found = json["cells"][1][interval][end].as_f64().expect("it is a number");
            assert!((found - value).abs() < 1e-9, "{interval} {end}: {found}");
        }
    }
    assert_eq!(json["cells"][0]["ratio_interval"], Value::Null);
    assert_eq!((&json["schema"], &json["seed"]), (&2.into(), &9.into()));
    assert!(json["machine"]["settings"].is_object());
    assert_eq!(json["cells"][0]["seed"], 9);
    assert_eq!(json["interrupted"], Value::Null);
    assert!(json["machine"]["memory"].as_u64().unwrap() > 0);
    assert!(json["command"].as_str().unwrap().contains("--seed 9"));
}

#[test]
fn out_gets_every_form_and_keeps_old_results() {
    let dir = fresh_path("out");
    let flags =
        format!("--maps bskip,congee --workloads c --repeat 2 --format table,csv --out {}", dir.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let read = |name: &str| fs::read_to_string(dir.join(name)).expect(name);
    assert_eq!(read("results.txt"), printed.out);
    assert_eq!(read("results.csv").lines().count(), 1 + 4);
    let json: Value = serde_json::from_str(&read("results.json")).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 4);
    let raw: Vec<Value> = read("raw.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(raw.len(), 1 + 4);
    assert!(raw[0]["machine"].is_object());
    assert_eq!(raw[1]["result"]["outcome"], "measured");
    assert_eq!(raw[1..].to_vec(), *json["runs"].as_array().unwrap());

    let again = run(&mut bench_numa("ok", &flags));
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("already holds raw.jsonl"), "{}", again.err);
    assert_eq!(read("results.txt"), printed.out);
}

#[test]
fn a_dry_run_prints_the_plan_and_runs_nothing() {
    let printed = run(&mut bench_numa(
        "bad",
        "--maps bskip-numa,arctic-map --workloads load,e --placement local,node:9999 --threads 3 --repeat 4 --dry-run",
    ));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    assert!(printed.out.contains("4 cells in 2 settings, 4 rounds: 16 processes"), "{}", printed.out);
    assert!(
        printed.out.contains("if each thread is as fast as in the sweeps of bench/results"),
        "{}",
        printed.out
    );
    assert!(printed.out.contains("e, uniform, 3 threads, pin compact: bskip-numa local thp | arctic-map"));
    assert!(printed.out.contains("skipped: placement node:9999 (2 cells of bskip-numa)"), "{}", printed.out);
    assert!(!printed.out.contains("FAILED"));
}

#[test]
fn a_trace_runs_as_a_workload() {
    let dir = fresh_path("trace");
    fs::create_dir(&dir).unwrap();
    let (load, run_file) = (dir.join("load.txt"), dir.join("run.txt"));
    fs::write(&load, "INSERT 1\nINSERT 2\n").unwrap();
    fs::write(&run_file, "READ 1\nSCAN 1 2\nREMOVE 2\n").unwrap();
    let flags = format!("--maps bskip --format json --trace {} {}", load.display(), run_file.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let json: Value = serde_json::from_str(&printed.out).unwrap();
    let cell = &json["cells"][0];
    assert_eq!((&cell["workload"], &cell["keys"], &cell["ops"]), (&"trace".into(), &2.into(), &3.into()));
    assert!(cell["trace"]["run"].as_str().unwrap().ends_with("run.txt"));
}

#[test]
fn a_missing_trace_file_is_named() {
    let missing = fresh_path("missing");
    let flags = format!("--maps bskip --trace {0} {0}", missing.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1));
    assert!(printed.err.contains("No such file"), "{}", printed.err);
}

#[test]
fn a_bad_line_in_a_trace_is_an_error_of_the_command_line() {
    let file = fresh_path("trace");
    fs::write(&file, "INSERT 1\nJUMP 1\n").unwrap();
    let flags = format!("--maps bplustree --trace {0} {0}", file.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1));
    let line = format!("{}:2: unknown operation \"JUMP\"", file.display());
    assert!(printed.err.contains(&line), "{}", printed.err);
    // An error that only the cell can detect is an error of the command line too.
    fs::write(&file, "INSERT 1\n").unwrap();
    let printed = run(&mut bench_numa("refuse", &flags));
    assert_eq!(printed.code, Some(2));
    assert_eq!(printed.err, "xtask: bench: load.txt:1: unknown operation 'JUMP'\n");
}

#[test]
fn help_and_unknown_commands() {
    let xtask = || std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let help = run(xtask().args(["bench-numa", "--help"]));
    assert_eq!(help.code, Some(0));
    for word in [
        "--quick",
        "--trace <LOAD> <RUN>",
        "Examples:",
        "crossbeam-skiplist",
        "bskip-numa: the same on NumaArena",
    ] {
        assert!(help.out.contains(word), "{word}");
    }
    assert!(run(&mut xtask()).out.contains("bench-numa"));
    let unknown = run(xtask().arg("bench-numo"));
    assert_eq!((unknown.code, unknown.err.lines().count()), (Some(2), 1));
}
