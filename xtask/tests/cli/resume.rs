//! `--resume`: sweeps that are killed and go on. No cell may get lost, and none may be measured twice.

use std::collections::hash_map::RandomState;
use std::fs::{self, OpenOptions};
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::common::{Printed, bench_numa, cell, fresh_path, printed, run, wait_for};
use serde_json::Value;

/// Kills in a row. All of them hit a sweep that runs: it takes at least 10 ms for a run, so more than 2 s, and
/// the kills come within 1 s of its time.
const KILLS: usize = 10;
const FLAGS: &str = "--maps bskip,bskip-numa,congee --workloads load,a,b,c,e --threads 1,2 --repeat 8";
/// Runs of that plan: `congee` skips workload `e`, and a skipped cell has one round.
const RUNS: usize = (2 * 5 + 4) * 2 * 8 + 2;

/// A number below `end`, another one each time.
fn random(end: u64) -> u64 {
    RandomState::new().hash_one(0) % end
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect()
}

/// The JSON without what differs between two sweeps: the command and the state of the machine.
fn cells(out: &Path) -> Value {
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
    let json = json.as_object_mut().unwrap();
    assert_eq!(json["interrupted"], Value::Null);
    Value::from(vec![json.remove("cells").unwrap(), json.remove("runs").unwrap()])
}

/// A command that goes on with the sweep.
fn resume(out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["bench-numa", "--no-ceilings", "--format", "csv", "--resume"]).arg(out);
    command.env("FAKE_CELLS", cell("ok").parent().unwrap());
    command
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn ten_kills_in_a_row_lose_no_cell_and_repeat_none() {
    let (dir, whole) = (fresh_path("killed"), fresh_path("whole"));
    fs::create_dir(&dir).unwrap();
    let (out, starts) = (dir.join("out"), dir.join("starts"));
    let flags = format!("{FLAGS} --out {}", out.display());
    let mut sweep = start(bench_numa("counted", &flags).env("FAKE_CELL_STARTS", &starts));
    wait_for("a run is recorded", || {
        fs::read_to_string(out.join("raw.jsonl")).is_ok_and(|text| text.lines().count() > 1)
    });
    let mut killed = 0;
    while killed < KILLS {
        thread::sleep(Duration::from_millis(random(100)));
        assert_eq!(sweep.try_wait().unwrap(), None, "the sweep ended before kill {}", killed + 1);
        sweep.kill().unwrap();
        sweep.wait().unwrap();
        killed += 1;
        // A kill within a write leaves a part of a line. That is rare, so this test does it too.
        let raw = fs::read(out.join("raw.jsonl")).unwrap();
        if random(2) == 0 && raw.ends_with(b"\n") {
            let last = raw[..raw.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
            let length = random((raw.len() - last) as u64) as usize;
            let mut file = OpenOptions::new().append(true).open(out.join("raw.jsonl")).unwrap();
            file.write_all(&raw[last..last + length]).unwrap();
        }
        sweep = start(resume(&out).env("FAKE_CELL_STARTS", &starts));
    }
    assert!(sweep.wait().unwrap().success());

    let runs = lines(&out.join("raw.jsonl")).split_off(1);
    let mut seen: Vec<String> = runs.iter().map(|run| format!("{} {}", run["round"], run["spec"])).collect();
    seen.sort();
    seen.dedup();
    assert_eq!((runs.len(), seen.len()), (RUNS, RUNS));
    // Each kill costs at most the run that it hit.
    let started = fs::read_to_string(&starts).unwrap().lines().count();
    assert!((RUNS..=RUNS + killed).contains(&started), "{started} runs for {RUNS}, {killed} kills");
    // The results are those of a sweep that was not stopped.
    let flags = format!("{FLAGS} --out {}", whole.display());
    let unbroken = run(bench_numa("counted", &flags).env("FAKE_CELL_STARTS", dir.join("others")));
    assert_eq!(unbroken.code, Some(0), "{}", unbroken.err);
    assert_eq!(cells(&out), cells(&whole));
}

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
