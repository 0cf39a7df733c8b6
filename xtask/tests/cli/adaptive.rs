//! `xtask bench-numa --adaptive` from outside, with fake cells.

use std::fs;

use crate::common::{bench_numa, fresh_path, run};
use serde_json::Value;

/// Eight settings of one map; `tuned.sh` is fastest with two threads and pages thp.
const GRID: &str = "--adaptive --maps bskip-numa --workloads c --placement local --pages thp,4k --threads 1,2 \
                    --pin none,compact";

#[test]
fn the_best_setting_is_found_and_the_dropped_ones_are_told_with_round_and_interval() {
    let dir = fresh_path("adaptive");
    let printed = run(&mut bench_numa("tuned", &format!("{GRID} --out {}", dir.display())));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let json: Value = serde_json::from_str(&fs::read_to_string(dir.join("results.json")).unwrap()).unwrap();
    let found = &json["adaptive"];
    assert!(found["runs"].as_u64().unwrap() * 3 <= found["grid_runs"].as_u64().unwrap(), "{found}");
    let race = &found["races"][0];
    assert!(race["best"].as_str().unwrap().starts_with("bskip-numa local thp, 2 threads"), "{race}");
    assert_eq!((&race["settings"], &race["decided"]), (&8.into(), &true.into()));
    assert_eq!(race["dropped"].as_array().unwrap().len(), 6);
    let line = "bskip-numa local 4k, 2 threads, pin none: dropped in round 2: bskip-numa local thp, 2 threads, pin none \
                is faster by 25.0..25.0 %";
    assert!(printed.out.contains(line), "{}", printed.out);
    assert!(printed.out.contains("these are as good as each other"), "{}", printed.out);

    // A search that was stopped goes on where it was, and finds the same.
    let raw = fs::read_to_string(dir.join("raw.jsonl")).unwrap();
    let whole: Vec<&str> = raw.lines().collect();
    fs::write(dir.join("raw.jsonl"), format!("{}\n", whole[..6].join("\n"))).unwrap();
    fs::remove_file(dir.join("results.json")).unwrap();
    let again = run(&mut bench_numa("tuned", &format!("--resume {}", dir.display())));
    assert_eq!(again.code, Some(0), "{}", again.err);
    let again: Value = serde_json::from_str(&fs::read_to_string(dir.join("results.json")).unwrap()).unwrap();
    assert_eq!(again["adaptive"], *found);
    assert_eq!(fs::read_to_string(dir.join("raw.jsonl")).unwrap().lines().count(), whole.len());
}

#[test]
fn a_budget_that_tells_nothing_apart_is_refused() {
    let printed = run(&mut bench_numa("ok", &format!("{GRID} --repeat 3")));
    assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{}", printed.err);
    assert!(printed.err.contains("--repeat 9"), "{}", printed.err);
}
