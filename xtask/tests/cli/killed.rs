//! Sweeps that are killed again and again and go on. No cell may get lost, and none may be measured twice.

use std::collections::hash_map::RandomState;
use std::fs::{self, OpenOptions};
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::{bench_numa, fresh_path, lines, resume, run, start, wait_for};
use serde_json::Value;

/// Kills in a row. All of them hit a sweep that runs, however fast it is: before each kill, it may begin a twelfth
/// more of its runs, and then waits in a run.
const KILLS: usize = 10;

/// A number below `end`, another one each time.
fn random(end: u64) -> u64 {
    RandomState::new().hash_one(0) % end
}

/// The JSON without what differs between two sweeps: the command and the state of the machine.
fn found(out: &Path) -> Value {
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
    let json = json.as_object_mut().unwrap();
    assert_eq!(json["interrupted"], Value::Null);
    let parts = ["cells", "runs", "adaptive"].map(|part| json.remove(part).unwrap_or_default());
    Value::from(parts.to_vec())
}

/// Kills a sweep of fake cells with `count` runs ten times, and lets it go on each time. Then compares it with one that
/// was not stopped. Returns the folder of the sweep.
fn killed_ten_times(flags: &str, answers: &str, count: usize) -> std::path::PathBuf {
    let (dir, whole) = (fresh_path("killed"), fresh_path("whole"));
    fs::create_dir(&dir).unwrap();
    let (out, starts) = (dir.join("out"), dir.join("starts"));
    let with = |out: &Path| {
        let mut command = bench_numa("counted", &format!("{flags} --out {}", out.display()));
        command.env("FAKE_CELL_ANSWERS", answers);
        command
    };
    let most = |kills: usize| ((kills + 1) * count / (KILLS + 2)).to_string();
    let mut sweep = start(with(&out).env("FAKE_CELL_STARTS", &starts).env("FAKE_CELL_MOST", most(0)));
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
        let mut go_on = resume(&out);
        go_on.env("FAKE_CELL_STARTS", &starts).env("FAKE_CELL_ANSWERS", answers);
        if killed < KILLS {
            go_on.env("FAKE_CELL_MOST", most(killed));
        }
        sweep = start(&mut go_on);
    }
    assert!(sweep.wait().unwrap().success());

    // The results are those of a sweep that was not stopped.
    let unbroken = run(with(&whole).env("FAKE_CELL_STARTS", dir.join("others")));
    assert_eq!(unbroken.code, Some(0), "{}", unbroken.err);
    assert_eq!(found(&out), found(&whole));
    let runs = |out: &Path| lines(&out.join("raw.jsonl")).split_off(1);
    assert_eq!(runs(&whole).len(), count);
    let mut seen: Vec<String> =
        runs(&out).iter().map(|run| format!("{} {}", run["round"], run["spec"])).collect();
    assert_eq!(seen.len(), count);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "a cell was measured twice");
    // Each kill costs at most the run that it hit.
    let started = fs::read_to_string(&starts).unwrap().lines().count();
    assert!((count..=count + killed).contains(&started), "{started} runs for {count}, {killed} kills");
    out
}

#[test]
fn ten_kills_in_a_row_lose_no_cell_and_repeat_none() {
    let flags = "--maps bskip,bskip-numa,congee --workloads load,a,b,c,e --threads 1,2 --repeat 8";
    // `congee` skips workload `e`, and a skipped cell has one round.
    killed_ten_times(flags, "ok", (2 * 5 + 4) * 2 * 8 + 2);
}

#[test]
fn an_adaptive_search_survives_kills_and_finds_the_same() {
    // Eight settings for each of twelve searches. `tuned.sh` has two that are as good as each other, and the others
    // are dropped after two rounds.
    let flags = "--adaptive --maps bskip-numa --workloads a,b,c,e,u,x --dist uniform,zipfian --placement local \
                 --pages thp,4k --threads 1,2 --pin none,compact";
    let out = killed_ten_times(flags, "tuned", 12 * 8 * 2);
    let races = &found(&out)[2]["races"];
    let races = races.as_array().unwrap();
    assert_eq!(races.len(), 12);
    for race in races {
        assert_eq!(
            (&race["decided"], race["dropped"].as_array().unwrap().len()),
            (&true.into(), 6),
            "{race}"
        );
    }
}

#[test]
fn latencies_at_given_rates_survive_kills() {
    let flags = "--open-loop --maps bskip,bskip-numa --workloads a,b,c --threads 1 --pin none --repeat 32";
    let out = killed_ten_times(flags, "scheduled", 2 * 3 * 32);
    for run in lines(&out.join("raw.jsonl")).split_off(1) {
        assert_eq!(run["spec"]["open_loop"], true);
        assert_eq!(run["result"]["open_loop"].as_array().map(Vec::len), Some(3), "{run}");
    }
}
