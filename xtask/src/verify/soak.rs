//! The soak: runs the program of that name in `tests/soak`, in release, over every arena and promotion
//! policy in turn, as long as wanted.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::report;
use super::suite::{self, VERIFY};
use crate::cargo;
use crate::child::{self, End};
use crate::stop::Stop;
use crate::tree;

const THREADS: &str = "8";

/// The time limits: for building it, and for what a turn may take beyond its time (emptying the map, checks).
const BUILD: Duration = Duration::from_secs(20 * 60);
const BEYOND: Duration = Duration::from_secs(10 * 60);

/// The keys of each thread, for each turn. Few keys make many splits and merges.
const TURNS: [&str; 3] = ["500", "5000", "50000"];

/// Maps in a turn: six arenas, five promotion policies.
const STAGES: u64 = 30;

/// The seconds of a turn, and of each map in it. Together they fill the time, and each map has at least one
/// second.
fn seconds(minutes: u64) -> (u64, u64) {
    let turn = (60 * minutes).div_ceil(TURNS.len() as u64).max(STAGES);
    (turn, turn / STAGES)
}

/// Soaks for `minutes`.
pub(super) fn command(minutes: u64) -> Result<(), Stop> {
    let dir = tree::target().join(VERIFY);
    let program = build(&dir)?;
    let (turn, stage) = seconds(minutes);
    let begun = Instant::now();
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for (number, keys) in TURNS.iter().enumerate() {
        eprintln!("soak: turn {} of {}: {keys} keys a thread, {turn} s", number + 1, TURNS.len());
        let started = Instant::now();
        let (path, log) = suite::log(&dir.join("logs"), &format!("soak-{}", number + 1))
            .map_err(|error| Stop::failure(format!("soak: cannot write a log: {error}")))?;
        let mut soak = Command::new(&program);
        soak.args(["--seconds", &turn.to_string(), "--stage", &stage.to_string(), "--threads", THREADS]);
        soak.args(["--arena", "all", "--promotion", "all", "--keys", keys]).current_dir(tree::root());
        let end = child::run(&mut soak, &log, Duration::from_secs(turn) + BEYOND)
            .map_err(|error| Stop::failure(format!("soak: {error}")))?;
        if end == End::Interrupted {
            return Err(Stop::interrupted());
        }
        let result = if end.is_success() { "ok".into() } else { end.words() };
        // What the soak did, or its seed and what went wrong.
        println!("{}", report::read(&path).trim_end());
        if !end.is_success() {
            failed.push(format!("turn {}: {}, see {}", number + 1, end.words(), report::shown(&path)));
        }
        let time = report::clock(started.elapsed());
        rows.push([(*keys).into(), "all".into(), "all".into(), time, result]);
    }
    let table = report::table(["keys of a thread", "arenas", "promotion", "time", "result"], rows);
    println!("{table}\n{} in all", report::clock(begun.elapsed()));
    if failed.is_empty() { Ok(()) } else { Err(Stop::failure(format!("soak failed: {}", failed.join("; ")))) }
}

/// Builds the soak in release, with arithmetic checks and assertions on.
fn build(dir: &Path) -> Result<PathBuf, Stop> {
    eprintln!("soak: building");
    let failed = |why: String| Stop::failure(format!("soak: {why}"));
    let (path, log) =
        suite::log(&dir.join("logs"), "soak-build").map_err(|error| failed(error.to_string()))?;
    let target = dir.join("soak");
    let mut cargo = cargo::cargo();
    cargo.args(["build", "--release", "-p", "soak", "--target-dir"]).arg(&target);
    cargo.env("CARGO_TERM_COLOR", "never");
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    let end =
        child::run(&mut cargo, &log, BUILD).map_err(|error| failed(format!("cannot run cargo: {error}")))?;
    match end {
        End::Interrupted => Err(Stop::interrupted()),
        end if !end.is_success() => Err(failed(format!(
            "{}; see {}",
            report::first_error(&report::read(&path)),
            report::shown(&path)
        ))),
        _ => Ok(target.join("release/soak")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turns_fill_the_time_and_every_map_has_its_part() {
        assert_eq!(seconds(30), (600, 20));
        assert_eq!(seconds(1), (30, 1));
        for minutes in 1..100 {
            let (turn, stage) = seconds(minutes);
            assert!(turn * TURNS.len() as u64 >= 60 * minutes && turn >= stage * STAGES);
        }
    }
}
