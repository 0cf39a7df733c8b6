//! `xtask bench-numa --baseline` from outside, with fake cells.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Printed, bench_numa, fresh_path, run};
use serde_json::Value;

/// A folder of a finished sweep over four cells, whose program is `ok.sh`.
fn baseline() -> PathBuf {
    let dir = fresh_path("baseline");
    let flags = format!("--maps bskip,masstree --workloads c,a --repeat 1 --out {}", dir.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    dir
}

fn compare(cell: &str, dir: &Path, flags: &str) -> Printed {
    run(&mut bench_numa(cell, &format!("--baseline {} {flags}", dir.display())))
}

#[test]
fn the_same_program_is_no_regression_and_a_slower_one_is_named() {
    let dir = baseline();
    let same = compare("ok", &dir, "");
    assert_eq!((same.code, &*same.err), (Some(0), ""), "{}", same.out);
    assert_eq!(same.out.matches(" fine").count(), 4, "{}", same.out);

    let slower = compare("slower", &dir, "--fail-above 5%");
    assert_eq!(slower.code, Some(1), "{}", slower.out);
    assert_eq!(slower.err, "xtask: 1 of 4 cells slower (proven at 1 %), measured loss above 5.00 %\n");
    assert!(slower.out.contains("Regressions: slower (proven at 1 %), measured loss above 5.00 %:\n"));
    let line = "bskip: 0.909 of the old rate (0.909..0.909 with 95 % confidence, 5 rounds)";
    assert!(slower.out.contains(line), "{}", slower.out);

    let tolerated = compare("slower", &dir, "--fail-above 15%");
    assert_eq!(tolerated.code, Some(0), "{}", tolerated.out);

    let chosen = compare("slower", &dir, "--workloads a --format json");
    assert_eq!(chosen.code, Some(0), "{}", chosen.out);
    let json: Value = serde_json::from_str(&chosen.out).unwrap();
    assert_eq!((&json["schema"], json["cells"].as_array().unwrap().len()), (&2.into(), 2));
    assert_eq!(json["cells"][0]["verdict"], "fine");
}

#[test]
fn a_faster_program_is_an_improvement_and_a_failing_one_fails() {
    let dir = baseline();
    // A sweep whose program was slower: the folder has another program, and its hash.
    let (kept, raw) = (dir.join("bench-cell"), dir.join("raw.jsonl"));
    let hash = || format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&fs::read(&kept).unwrap()));
    let [program, head] = [&kept, &raw].map(|path| fs::read_to_string(path).unwrap());
    let before = hash();
    fs::write(&kept, program.replace("seconds=0.25", "seconds=0.5")).unwrap();
    assert!(head.contains(&before));
    fs::write(&raw, head.replace(&before, &hash())).unwrap();
    let faster = compare("ok", &dir, "--format csv");
    assert_eq!(faster.code, Some(0), "{}", faster.out);
    assert_eq!(faster.out.matches("improvement").count(), 2, "{}", faster.out);
    let failed = compare("bad", &dir, "");
    assert_eq!((failed.code, &*failed.err), (Some(1), "xtask: 2 of 4 cells FAILED\n"));
    assert!(failed.out.contains("masstree: the new program: it ended without a result"), "{}", failed.out);
}

#[test]
fn a_baseline_that_proves_nothing_here_is_refused_in_one_line() {
    let dir = baseline();
    let refused = |code: i32, hint: &str| {
        let printed = compare("ok", &dir, "");
        assert_eq!((printed.code, printed.err.lines().count()), (Some(code), 1), "{}", printed.err);
        assert!(printed.err.contains(hint), "{}", printed.err);
    };
    let raw = dir.join("raw.jsonl");
    let text = fs::read_to_string(&raw).unwrap();
    fs::write(&raw, text.replacen("\"cpu\":\"", "\"cpu\":\"Another ", 1)).unwrap();
    refused(3, "was built for another machine (Another ");
    fs::write(&raw, text.replacen("\"description\":\"", "\"description\":\"features cell,peers,stats, ", 1))
        .unwrap();
    refused(2, "it was swept with --locks");
    fs::write(&raw, &text).unwrap();
    fs::write(dir.join("bench-cell"), "another").unwrap();
    refused(3, "bench-cell is not the program that measured: its hash is");
    fs::remove_file(dir.join("bench-cell")).unwrap();
    refused(3, "its program bench-cell is gone");
    fs::remove_file(&raw).unwrap();
    refused(2, "name the folder of an earlier --out");
}
