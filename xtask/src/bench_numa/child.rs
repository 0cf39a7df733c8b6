//! Runs one cell in a fresh process, and turns the end of that process into an outcome.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use bench::memory::{kills, read};
use bench::protocol::{CellOutcome, CellSpec, check_rate};
use bench::units;

use super::last_words::{last_line, last_words};
use super::run::{CellRunner, Ended};
use crate::child::{self, End, ending};
use crate::table::shortened;
use crate::tree;

/// How much of each output is read. A cell prints less than a tenth of it.
const LIMIT: u64 = 1 << 20;
/// The exit code of `bench cell` if the specification makes no sense.
const REFUSED: i32 = 2;
const SIGKILL: i32 = 9;

/// Runs cells by `bench cell`.
pub(crate) struct ChildRunner {
    /// The program.
    pub(crate) program: PathBuf,
    /// Longest time for one cell.
    pub(crate) timeout: Duration,
}

impl CellRunner for ChildRunner {
    fn run(&mut self, spec: &CellSpec) -> Ended {
        self.run_text(&serde_json::to_string(spec).expect("a cell's fields are plain"))
    }
}

impl ChildRunner {
    /// Runs the cell that `spec` describes as JSON.
    pub(crate) fn run_text(&self, spec: &str) -> Ended {
        let failed = |reason: String| Ended::With(CellOutcome::Failed { reason });
        let kills = kills(&read);
        let mut cell = Command::new(&self.program);
        match run_to_its_end(cell.args(["cell", spec]), self.timeout) {
            Ok((End::Exited(status), [out, err])) => {
                let killer = (status.signal() == Some(SIGKILL)).then(|| killer(kills, self::kills(&read)));
                judge(status, killer, &out, &err)
            }
            Ok((End::TimedOut, _)) => failed(format!("no result within {}", units::duration(self.timeout))),
            Ok((End::Interrupted, _)) => Ended::Interrupted,
            Err(error) => failed(format!("cannot run {}: {error}", self.program.display())),
        }
    }
}

/// Runs a cell. Returns how it ended, and what it printed on standard output and on standard error.
pub(super) fn run_to_its_end(cell: &mut Command, timeout: Duration) -> io::Result<(End, [String; 2])> {
    let folder = tree::target().join("bench-numa");
    fs::create_dir_all(&folder)?;
    let paths = ["out", "err"].map(|name| folder.join(format!("cell-{}.{name}", std::process::id())));
    let ran = (|| {
        let files = [File::create(&paths[0])?, File::create(&paths[1])?];
        let end = child::run_into(cell, [&files[0], &files[1]], timeout)?;
        Ok((end, [text(&paths[0])?, text(&paths[1])?]))
    })();
    // If a file was not created, there is nothing to remove.
    paths.iter().for_each(|path| _ = fs::remove_file(path));
    ran
}

/// The beginning of a file.
fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the end of a process says about its cell.
fn judge(status: ExitStatus, killer: Option<&str>, stdout: &str, stderr: &str) -> Ended {
    let result = last_line(stdout).map(serde_json::from_str::<CellOutcome>);
    let problem = match (status.code(), result) {
        (Some(0), Some(Ok(outcome))) => return Ended::With(with_a_rate(outcome)),
        (Some(0), Some(Err(_))) => format!("its result is no result: {}", shortened(stdout, 200)),
        (Some(0), None) => "it ended without a result".into(),
        (Some(REFUSED), None) => match last_line(stderr) {
            Some(line) => return Ended::Refused(shortened(line, 200)),
            None => "it refused the cell without a word".into(),
        },
        _ => ending(status),
    };
    let problem = killer.map_or(problem, |killer| format!("killed by signal 9: {killer}"));
    let reason = match last_words(stderr) {
        None => problem,
        Some(words) => format!("{problem}; last words: {}", shortened(&words, 200)),
    };
    Ended::With(CellOutcome::Failed { reason })
}

/// The outcome, unless its numbers give no rate.
fn with_a_rate(outcome: CellOutcome) -> CellOutcome {
    match &outcome {
        CellOutcome::Measured(m) => match check_rate(m.ops, m.seconds) {
            Ok(()) => outcome,
            Err(reason) => CellOutcome::Failed { reason },
        },
        _ => outcome,
    }
}

/// Says what sent SIGKILL. The system counts how often it kills a process because memory ran out, in our
/// control groups and on the whole machine. This compares the counts before and after the run.
fn killer(before: (Option<u64>, Option<u64>), after: (Option<u64>, Option<u64>)) -> &'static str {
    let rose =
        |before: Option<u64>, after: Option<u64>| before.zip(after).map(|(before, after)| after > before);
    match (rose(before.0, after.0), rose(before.1, after.1)) {
        (Some(true), _) => {
            "out of memory: the control group's limit was reached; raise it, or use fewer --keys or --ops"
        }
        (_, Some(true)) => {
            "out of memory: the system killed a process for it meanwhile; use fewer --keys or --ops"
        }
        (None, None) => "probably out of memory; use fewer --keys or --ops",
        _ => "the sender is unknown; the system counted no process killed because memory ran out",
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::measured;
    use super::*;
    use bench::protocol::Measurement;

    const EXIT_0: i32 = 0;
    const EXIT_2: i32 = 2 << 8;
    const EXIT_101: i32 = 101 << 8;

    fn judged(status: i32, stdout: &str, stderr: &str) -> Ended {
        judge(ExitStatus::from_raw(status), None, stdout, stderr)
    }

    fn reason(status: i32, stdout: &str, stderr: &str) -> String {
        match judged(status, stdout, stderr) {
            Ended::With(CellOutcome::Failed { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_end_gives_the_outcome() {
        let line = serde_json::to_string(&measured(2.0)).unwrap();
        assert_eq!(judged(EXIT_0, &format!("{line}\n"), "chatter"), Ended::With(measured(2.0)));
    }

    #[test]
    fn numbers_of_a_process_that_failed_do_not_count() {
        let line = serde_json::to_string(&measured(2.0)).unwrap();
        assert_eq!(reason(EXIT_101, &line, ""), "exit code 101");
    }

    #[test]
    fn a_cell_that_makes_no_sense_is_refused_in_its_own_words() {
        assert_eq!(judged(EXIT_2, "", "bench: t:3: what?\n"), Ended::Refused("bench: t:3: what?".into()));
        assert_eq!(reason(EXIT_2, "", ""), "it refused the cell without a word");
    }

    #[test]
    fn a_kill_is_told_with_its_probable_cause() {
        let told = |before, after| killer(before, after);
        assert!(told((Some(1), Some(1)), (Some(2), Some(2))).contains("control group's limit"));
        assert!(told((Some(1), Some(1)), (Some(1), Some(2))).contains("the system killed"));
        assert!(told((None, Some(1)), (None, Some(2))).contains("the system killed"));
        assert!(told((None, None), (None, None)).contains("probably out of memory"));
        assert!(told((Some(1), Some(1)), (Some(1), Some(1))).contains("the sender is unknown"));
        let Ended::With(CellOutcome::Failed { reason }) =
            judge(ExitStatus::from_raw(SIGKILL), Some("out of memory"), "", "")
        else {
            panic!()
        };
        assert_eq!(reason, "killed by signal 9: out of memory");
    }

    #[test]
    fn what_gives_no_rate_has_failed() {
        let CellOutcome::Measured(good) = measured(2.0) else { panic!() };
        for (ops, seconds) in [(0, 1.0), (0, 0.0), (5, 0.0), (5, -1.0), (5, f64::NAN), (5, f64::INFINITY)] {
            let outcome = CellOutcome::Measured(Box::new(Measurement { ops, seconds, ..(*good).clone() }));
            let CellOutcome::Failed { reason } = with_a_rate(outcome) else { panic!("{ops} in {seconds}") };
            assert!(reason.contains("no rate"), "{reason}");
        }
    }

    #[test]
    fn rubbish_is_shortened() {
        let text = reason(EXIT_0, &"é".repeat(100_000), "");
        assert!(text.len() < 600 && text.ends_with("..."), "{text}");
    }
}
