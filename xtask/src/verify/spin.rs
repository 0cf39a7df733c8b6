//! The model of the protocol under Spin. Runs every scene, each exhaustively.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::counts::{Counts, Outcome};
use super::{report, suite};
use crate::child;
use crate::tree;

/// How deep a search may go, and the slots for its states as a power of two. There are as many slots as the
/// largest scene has states.
const LIMITS: &[&str] = &["-m1000000", "-w25"];

/// The compiler's options besides the scene: no liveness, packed states, at most 2 GB. With `-O2` a search is
/// a tenth faster, but compiling takes two and a half times as long, and that is as long as most searches.
const FLAGS: &[&str] = &["-Og", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000"];

/// The model, relative to the root, and its scenes.
const MODEL: &str = "tests/spin/bskip.pml";
const SCENES: std::ops::RangeInclusive<u32> = 1..=10;

/// How many searches run at once. Each takes a processor and up to 2 GB.
const AT_ONCE: usize = 2;

/// Runs all scenes.
pub(super) fn run(dir: &Path, limit: Duration) -> Outcome {
    if let Some(missing) = missing() {
        return Outcome::cannot_run(missing);
    }
    let scenes = Mutex::new(SCENES);
    let next = || scenes.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || -> Result<Counts, String> {
        let mut counts = Counts::default();
        while let Some(scene) = next() {
            let states = run_scene(&dir.join(format!("scene-{scene}")), scene, limit)
                .map_err(|why| format!("scene {scene}: {why}"))?;
            let tried = vec![("states".into(), states), ("scenes".into(), 1)];
            counts.absorb(Counts { tried, ..Counts::default() });
        }
        Ok(counts)
    };
    let ended: Vec<Result<Counts, String>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join().expect("a worker does not panic");
        workers.into_iter().map(join).collect()
    });
    let mut counts = Counts::default();
    for ended in ended {
        match ended {
            Ok(tried) => counts.absorb(tried),
            Err(why) => return Outcome::failed(why),
        }
    }
    Outcome::Green(counts)
}

/// What to install, if something is missing.
fn missing() -> Option<String> {
    let has = |program: &str, flag: &str| {
        let output = Command::new(program).arg(flag).output();
        output.is_ok_and(|output| output.status.success())
    };
    let missing: Vec<&str> =
        [("spin", "-V"), ("gcc", "--version")].iter().filter(|(p, f)| !has(p, f)).map(|(p, _)| *p).collect();
    let names = missing.join(" ");
    (!missing.is_empty())
        .then(|| format!("no {names} here; run sh .ci/setup --verify, or on Debian: apt-get install {names}"))
}

/// Runs one scene in a folder of its own. Returns how many states it visited.
fn run_scene(dir: &Path, scene: u32, limit: Duration) -> Result<u64, String> {
    let (path, log) = suite::log(dir, "log").map_err(|error| error.to_string())?;
    let mut spin = Command::new("spin");
    spin.arg(format!("-DSCENE={scene}")).arg("-a").arg(tree::root().join(MODEL));
    let mut gcc = Command::new("gcc");
    gcc.args(FLAGS).args(["-o", "pan", "pan.c"]);
    let mut pan = Command::new(dir.join("pan"));
    pan.args(LIMITS);
    for command in [&mut spin, &mut gcc, &mut pan] {
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_os_string();
        let program = program.to_string_lossy().into_owned();
        let end = child::run(command.current_dir(dir), &log, limit)
            .map_err(|error| format!("cannot run {program}: {error}"))?;
        if !end.is_success() {
            return Err(format!("{program}: {}; see {}", end.words(), report::shown(&path)));
        }
    }
    judge(&report::read(&path)).map_err(|why| format!("{why}; see {}", report::shown(&path)))
}

/// The number of states, if the search was complete and found nothing.
fn judge(output: &str) -> Result<u64, String> {
    let errors = number_after(output, "errors:").ok_or("the search said nothing about errors")?;
    if errors > 0 {
        let first = output.lines().find(|line| line.starts_with("pan:")).unwrap_or("pan: an error");
        return Err(report::shortened(first, 120));
    }
    for sign in ["max search depth too small", "out of memory", "Search not completed", "hash-table full"] {
        if output.contains(sign) {
            return Err(format!("the search is not complete: {sign}"));
        }
    }
    let line = output.lines().find(|line| line.contains("states, stored")).ok_or("no states were counted")?;
    let number = line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    match number {
        Some(states) if states >= 1.0 => Ok(states as u64),
        _ => Err(format!("no states were counted: {line}")),
    }
}

fn number_after(text: &str, mark: &str) -> Option<u64> {
    text.split(mark).nth(1)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
State-vector 132 byte, depth reached 402, errors: 0
   195821 states, stored
   358432 states, matched
";

    #[test]
    fn a_complete_search_without_errors_counts_its_states() {
        assert_eq!(judge(GOOD), Ok(195_821));
        assert_eq!(judge(&GOOD.replace("195821", "1.0906e+07")), Ok(10_906_000));
    }

    #[test]
    fn everything_else_fails() {
        let bad = format!(
            "pan:1: assertion violated (x==1) (at depth 5)\n{}",
            GOOD.replace("errors: 0", "errors: 1")
        );
        assert_eq!(judge(&bad), Err("pan:1: assertion violated (x==1) (at depth 5)".into()));
        assert!(
            judge(&format!("error: max search depth too small\n{GOOD}"))
                .unwrap_err()
                .contains("not complete")
        );
        assert!(judge(&format!("{GOOD}pan: out of memory\n")).is_err());
        assert!(judge(&GOOD.replace("195821", "0")).is_err());
        assert!(judge("").is_err());
    }

    #[test]
    fn every_scene_of_the_model_is_listed() {
        let model = std::fs::read_to_string(tree::root().join(MODEL)).unwrap();
        let named = model.split("SCENE ").skip(1).filter_map(|rest| {
            let number = rest.trim_start_matches(['=', '>', '<', ' ']);
            number.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()
        });
        let named: Vec<u32> = named.collect();
        assert!(named.len() >= 5 && named.iter().all(|scene| SCENES.contains(scene)), "{named:?}");
    }
}
