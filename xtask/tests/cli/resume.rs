//! `--resume`: what can be resumed, and what cannot.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::{Printed, bench_numa, cell, fresh_path, lines, printed, resume, run, start, wait_for};

/// A sweep that was killed after one run, and its second that never ends.
fn stopped(flags: &str) -> std::path::PathBuf {
    let dir = fresh_path("stopped");
    fs::create_dir(&dir).unwrap();
    let (out, begun) = (dir.join("out"), dir.join("begun"));
    let flags = format!("--maps bskip,congee --repeat 1 {flags} --out {}", out.display());
    let mut sweep = start(bench_numa("slow", &flags).env("FAKE_CELL_BEGUN", &begun));
    wait_for("the second cell has begun", || begun.exists());
    let busy = run(&mut resume(&out));
    assert_eq!(busy.code, Some(3));
    assert!(busy.err.contains("another process is measuring"), "{}", busy.err);
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    out
}

/// Checks that a command is refused in one line.
fn refused(command: &mut Command, code: i32, hint: &str) {
    let Printed { out, err, code: got } = run(command);
    assert_eq!((got, err.lines().count(), &*out), (Some(code), 1, ""), "{err}");
    assert!(err.contains(hint), "{hint} in {err}");
}

#[test]
fn what_cannot_be_resumed_is_refused_in_one_line() {
    let out = stopped("--workloads c");
    let raw = out.join("raw.jsonl");
    let text = fs::read_to_string(&raw).unwrap();
    for (flags, code, hint) in [
        (
            "--maps bskip --workloads c --repeat 1",
            2,
            "the cells were 2 in number, not 1; leave out all flags",
        ),
        ("--maps bskip,congee --workloads c --repeat 2", 2, "--repeat was 1, not 2"),
        ("--maps bskip,congee --workloads c --repeat 1 --keys 5", 2, "keys was 1000000, not 5"),
        ("--out elsewhere", 2, "cannot be used with"),
    ] {
        refused(resume(&out).args(flags.split_whitespace()), code, hint);
    }
    refused(
        resume(&out).arg("--cell-bin").arg(cell("ok")),
        3,
        "is not the program that measured; leave it out",
    );
    fs::write(&raw, text.replace("\"kernel\":\"", "\"kernel\":\"0.")).unwrap();
    refused(&mut resume(&out), 3, "the kernel was 0.");
    fs::write(&raw, "{\"command\"").unwrap();
    refused(&mut resume(&out), 2, "nothing was measured");
    fs::write(&raw, &text).unwrap();
    let again = format!("--maps bskip --out {}", out.display());
    refused(&mut bench_numa("ok", &again), 2, &format!("go on with --resume {}", out.display()));
    fs::write(out.join("bench-cell"), "another").unwrap();
    refused(&mut resume(&out), 3, "is not the program that measured: its hash is");
    fs::remove_file(out.join("bench-cell")).unwrap();
    refused(&mut resume(&out), 3, "is gone");
    assert_eq!(fs::read_to_string(&raw).unwrap(), text, "a refusal changes nothing");
    refused(&mut resume(&fresh_path("nothing")), 2, "no raw.jsonl is there");
}

#[test]
fn a_sweep_that_was_interrupted_goes_on_and_one_that_is_finished_does_not() {
    let dir = fresh_path("interrupted");
    fs::create_dir(&dir).unwrap();
    let (out, begun) = (dir.join("out"), dir.join("begun"));
    let trace = dir.join("trace.txt");
    fs::write(&trace, "INSERT 1\nINSERT 2\n").unwrap();
    let flags =
        format!("--maps bskip,congee --repeat 1 --trace {0} {0} --out {1}", trace.display(), out.display());
    let sweep = bench_numa("slow", &flags)
        .env("FAKE_CELL_BEGUN", &begun)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the second cell has begun", || begun.exists());
    assert!(Command::new("kill").args(["-INT", &sweep.id().to_string()]).status().unwrap().success());
    assert_eq!(printed(sweep.wait_with_output().unwrap()).code, Some(130));
    // The folder has its own copy of the trace, and may have moved.
    fs::remove_file(&trace).unwrap();
    let moved = dir.join("moved");
    fs::rename(&out, &moved).unwrap();
    // What answered for `bskip` alone now answers for all maps.
    let ended = run(resume(&moved).env("FAKE_CELL_FREE", "1"));
    assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{}", ended.err);
    let runs = lines(&moved.join("raw.jsonl")).split_off(1);
    assert_eq!(
        runs.iter().map(|run| run["spec"]["map"].as_str().unwrap()).collect::<Vec<_>>(),
        ["bskip", "congee"]
    );
    assert!(runs[1]["spec"]["trace"]["load"].as_str().unwrap().contains("moved/trace-load.txt"));
    assert!(!moved.join("trace-load.txt").exists(), "a complete sweep needs no copy");
    assert!(fs::read_to_string(moved.join("results.txt")).unwrap().contains("congee  "));
    refused(&mut resume(&moved), 2, "this sweep is finished");
    // A kill between the last run and the results: only these are missing.
    fs::remove_file(moved.join("results.json")).unwrap();
    for name in ["trace-load.txt", "trace-run.txt"] {
        fs::write(moved.join(name), "INSERT 1\nINSERT 2\n").unwrap();
    }
    assert_eq!(run(&mut resume(&moved)).code, Some(0), "nothing is measured");
    assert!(moved.join("results.json").exists());
}
