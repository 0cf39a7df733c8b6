//! Ctrl-C and worse: what is finished stays. Cells and tests synchronize by files, never by time.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::common::{bench_numa, fresh_path, printed, wait_for};
use serde_json::Value;

/// Starts a sweep of two maps, of which the second never ends. Returns it when the second has begun.
fn stuck_sweep(dir: &Path, out: &Path, flags: &str) -> Child {
    fs::create_dir_all(dir).unwrap();
    let begun = dir.join("begun");
    let line = format!("--maps bskip,congee --workloads c,e {flags} --out {}", out.display());
    let mut sweep = bench_numa("slow", &line)
        .env("FAKE_CELL_BEGUN", &begun)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !begun.exists() {
        assert!(sweep.try_wait().unwrap().is_none(), "the sweep ended before its second cell");
        thread::sleep(Duration::from_millis(5));
    }
    sweep
}

/// The process of the cell that never ends.
fn stuck_cell(dir: &Path) -> String {
    fs::read_to_string(dir.join("begun")).unwrap().trim().to_owned()
}

/// Whether a process has not ended yet. A dead process that its parent has not waited for has ended.
fn is_alive(process: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

fn send(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}

#[test]
fn ctrl_c_keeps_the_finished_cells_in_every_form() {
    for signal in ["-INT", "-TERM"] {
        let dir = fresh_path("interrupted");
        let out = dir.join("out");
        let sweep = stuck_sweep(&dir, &out, "--repeat 1");
        send(signal, &sweep.id().to_string());
        let printed = printed(sweep.wait_with_output().unwrap());
        assert_eq!(printed.code, Some(130), "{}", printed.err);
        let message = "interrupted: 1 of 4 cells done (1 of 4 runs)";
        assert_eq!(printed.err, format!("xtask: {message}\n"));
        assert!(printed.out.contains(message), "{}", printed.out);
        assert!(printed.out.contains("  bskip  "), "{}", printed.out);
        assert_eq!(printed.out.matches("not run").count(), 3, "{}", printed.out);

        assert_eq!(fs::read_to_string(out.join("results.txt")).unwrap(), printed.out);
        assert_eq!(fs::read_to_string(out.join("results.csv")).unwrap().lines().count(), 2);
        let json: Value =
            serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
        assert_eq!(json["interrupted"], message);
        assert_eq!(json["cells"][1]["status"], "not_run");
        assert_eq!(json["runs"].as_array().unwrap().len(), 1);
        assert!(!Path::new("/proc").join(stuck_cell(&dir)).exists(), "the running cell was left behind");
    }
}

#[test]
fn a_cell_of_an_unfinished_round_keeps_its_numbers_but_is_not_done() {
    let dir = fresh_path("unfinished");
    let sweep = stuck_sweep(&dir, &dir.join("out"), "--repeat 3");
    send("-INT", &sweep.id().to_string());
    let printed = printed(sweep.wait_with_output().unwrap());
    assert!(printed.out.contains("interrupted: 0 of 4 cells done (1 of 12 runs)"), "{}", printed.out);
    assert!(printed.out.contains("  bskip  "), "{}", printed.out);
}

#[test]
fn even_a_kill_leaves_the_finished_cells_in_the_raw_file() {
    let dir = fresh_path("killed");
    let out = dir.join("out");
    let mut sweep = stuck_sweep(&dir, &out, "--repeat 1");
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    wait_for("the cell ends with the sweep", || !is_alive(&stuck_cell(&dir)));
    let raw = fs::read_to_string(out.join("raw.jsonl")).unwrap();
    let lines: Vec<Value> = raw.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["spec"]["map"], "bskip");
    assert_eq!(lines[1]["result"]["outcome"], "measured");
}
