//! Runs one cell in a fresh process, and makes sense of however that process ends.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use bench::memory::{kills, read};
use bench::protocol::{CellOutcome, CellSpec, check_rate};

use super::last_words::{last_line, last_words};
use super::run::{CellRunner, Ended};
use super::trace::Opened;
use super::units;

/// How often a running cell is looked at: rarely, it measures.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long to wait for the pipes of a process that has ended (its own children might hold them).
const PIPE_PATIENCE: Duration = Duration::from_secs(2);
/// What is kept of each pipe; a cell says less than a tenth of it.
const PIPE_LIMIT: u64 = 1 << 20;
/// Exit code of `bench cell` for a specification that makes no sense.
const REFUSED: i32 = 2;
const SIGKILL: i32 = 9;

/// Runs cells by `bench cell`.
pub(crate) struct ChildRunner<'a> {
    /// The program.
    pub(crate) program: PathBuf,
    /// Longest time for one cell.
    pub(crate) timeout: Duration,
    /// The user's own workload, if it is measured.
    pub(crate) trace: Option<&'a Opened>,
    /// Set when the user wants to stop.
    pub(crate) interrupted: &'a AtomicBool,
}

/// Why a wait ended.
enum End {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

impl CellRunner for ChildRunner<'_> {
    fn run(&mut self, spec: &CellSpec) -> Ended {
        let failed = |reason: String| Ended::With(CellOutcome::Failed { reason });
        if self.interrupted.load(Ordering::Relaxed) {
            return Ended::Interrupted;
        }
        if let Some(why) = self.trace.and_then(Opened::changed) {
            return failed(why);
        }
        let spec = serde_json::to_string(spec).expect("a cell's fields are plain");
        let kills = kills(&read);
        // In a process group of its own, so that Ctrl-C on the terminal reaches us only and we decide.
        let child = Command::new(&self.program)
            .arg("cell")
            .arg(spec)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return failed(format!("cannot start {}: {error}", self.program.display())),
        };
        let stdout = collect(child.stdout.take().expect("stdout was piped"));
        let stderr = collect(child.stderr.take().expect("stderr was piped"));
        match self.wait(&mut child) {
            Ok(End::Exited(status)) => {
                if let Some(why) = self.trace.and_then(Opened::changed) {
                    return failed(why);
                }
                let killer = (status.signal() == Some(SIGKILL)).then(|| killer(kills, self::kills(&read)));
                judge(status, killer, &text(&stdout), &text(&stderr))
            }
            Ok(End::TimedOut) => failed(format!("no result within {}", units::duration(self.timeout))),
            Ok(End::Interrupted) => Ended::Interrupted,
            Err(error) => failed(format!("waiting for the cell: {error}")),
        }
    }
}

impl ChildRunner<'_> {
    /// Waits for the child, and kills it if it must not go on.
    fn wait(&self, child: &mut Child) -> io::Result<End> {
        let started = Instant::now();
        let end = loop {
            if let Some(status) = child.try_wait()? {
                return Ok(End::Exited(status));
            }
            if self.interrupted.load(Ordering::Relaxed) {
                break End::Interrupted;
            }
            if started.elapsed() >= self.timeout {
                break End::TimedOut;
            }
            thread::sleep(PATIENCE);
        };
        child.kill()?;
        child.wait()?;
        Ok(end)
    }
}

/// Reads a pipe to its end on a thread of its own, so that the child never blocks on a full one.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        // An error ends the text; what was read before still tells something.
        let _ = pipe.by_ref().take(PIPE_LIMIT).read_to_end(&mut kept);
        let _ = io::copy(&mut pipe, &mut io::sink());
        let _ = sender.send(kept);
    });
    receiver
}

/// What a pipe gave.
fn text(pipe: &Receiver<Vec<u8>>) -> String {
    let bytes = pipe.recv_timeout(PIPE_PATIENCE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a process that has ended says about its cell.
fn judge(status: ExitStatus, killer: Option<&str>, stdout: &str, stderr: &str) -> Ended {
    let result = last_line(stdout).map(serde_json::from_str::<CellOutcome>);
    let problem = match (status.code(), result) {
        (Some(0), Some(Ok(outcome))) => return Ended::With(with_a_rate(outcome)),
        (Some(0), Some(Err(_))) => format!("its result is no result: {}", shortened(stdout)),
        (Some(0), None) => "it ended without a result".into(),
        (Some(REFUSED), None) => match last_line(stderr) {
            Some(line) => return Ended::Refused(shortened(line)),
            None => "it refused the cell without a word".into(),
        },
        _ => ending(status),
    };
    let problem = killer.map_or(problem, |killer| format!("killed by signal 9: {killer}"));
    let reason = match last_words(stderr) {
        None => problem,
        Some(words) => format!("{problem}; last words: {}", shortened(&words)),
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

/// Who sends SIGKILL: told by how often the system had killed for want of memory before a process ran, and after it;
/// in our control groups, and on the whole machine.
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
        _ => "by whom is unknown; the system counts no process killed for want of memory meanwhile",
    }
}

/// An unhappy exit status in words.
fn ending(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return format!("exit code {}", status.code().unwrap_or(-1));
    };
    let name = match signal {
        4 => " (illegal instruction)",
        6 => " (abort)",
        7 => " (bus error)",
        8 => " (arithmetic)",
        11 => " (segmentation fault)",
        _ => "",
    };
    format!("killed by signal {signal}{name}")
}

/// At most 200 characters, on one line.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        None => line,
        Some((end, _)) => format!("{}...", &line[..end]),
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
    const SIGSEGV: i32 = 11;

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
    fn bad_ends_say_why() {
        assert_eq!(reason(SIGSEGV, "", ""), "killed by signal 11 (segmentation fault)");
        assert_eq!(reason(EXIT_101, "", "thread panicked\nat x\n"), "exit code 101; last words: at x");
        assert_eq!(reason(EXIT_0, "hello", ""), "its result is no result: hello");
        assert_eq!(reason(EXIT_0, "", ""), "it ended without a result");
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
        assert!(told((Some(1), Some(1)), (Some(1), Some(1))).contains("by whom is unknown"));
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
