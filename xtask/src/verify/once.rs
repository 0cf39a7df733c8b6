//! One run of the checks, and a table of what was tried.

use std::path::Path;
use std::time::{Duration, Instant};

use super::checks::{Check, How};
use super::counts::{Counts, Outcome};
use super::report;
use super::spin;
use super::suite::{self, Place, Suite, VERIFY};
use super::targets;
use crate::child::{self, End};
use crate::stop::Stop;
use crate::{tidy, tree};

/// Runs each of these checks once.
pub(super) fn command(checks: &[&'static Check]) -> Result<(), Stop> {
    let dir = tree::target().join(VERIFY);
    let place = Place::here();
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    for &check in checks {
        eprintln!("verify: {}: {}", check.name, check.what);
        let started = Instant::now();
        let outcome = run(check, &place, &dir);
        if let Outcome::Failed(why) | Outcome::CannotRun(why) = &outcome {
            eprintln!("verify: {}: {why}", check.name);
        }
        let stop = outcome == Outcome::Interrupted;
        outcomes.push((check, outcome, started.elapsed()));
        if stop {
            break;
        }
    }
    print!("{}", render(&outcomes, begun.elapsed()));
    verdict(&outcomes)
}

type Ran = (&'static Check, Outcome, Duration);

/// The table, and the reasons below it.
fn render(outcomes: &[Ran], total: Duration) -> String {
    let rows = outcomes.iter().map(|(check, outcome, time)| {
        let (tried, result) = outcome.cells();
        [check.name.into(), check.what.into(), tried, report::clock(*time), result]
    });
    let table = report::table(["check", "what", "tried", "time", "result"], rows);
    let mut text = format!("{table}\n{} in all\n", report::clock(total));
    for (check, outcome, _) in outcomes {
        if let Outcome::Failed(why) | Outcome::CannotRun(why) = outcome {
            text.push_str(&format!("{}: {why}\n", check.name));
        }
    }
    text
}

fn verdict(outcomes: &[Ran]) -> Result<(), Stop> {
    if outcomes.iter().any(|(_, outcome, _)| *outcome == Outcome::Interrupted) {
        return Err(Stop::interrupted());
    }
    let bad: Vec<&str> = outcomes
        .iter()
        .filter(|(_, outcome, _)| !matches!(outcome, Outcome::Green(_)))
        .map(|(check, ..)| check.name)
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(Stop::failure(format!("verify: {} not passed", bad.join(", ")))) }
}

/// Runs one check.
fn run(check: &Check, place: &Place, dir: &Path) -> Outcome {
    let limit = Duration::from_secs(60 * check.minutes);
    let outcome = match &check.how {
        How::Cargo(suites) => run_suites(check, suites, place, dir, limit),
        How::Spin => spin::run(&dir.join(check.name), limit),
        How::Targets => targets::run(&dir.join(check.name), limit),
        How::Tidy => match tidy::count() {
            Ok(number) => Outcome::Green(Counts {
                tried: vec![("arguments".into(), number as u64)],
                ..Counts::default()
            }),
            Err(stop) => Outcome::failed(stop.line),
        },
    };
    if child::interrupted() { Outcome::Interrupted } else { told(check, outcome) }
}

/// If a check does not say what it tried, or left out tests, it has not passed.
fn told(check: &Check, outcome: Outcome) -> Outcome {
    let Outcome::Green(counts) = outcome else { return outcome };
    if let Some(unit) = check.counts.iter().find(|unit| counts.of(unit) == 0) {
        return Outcome::failed(format!("it passed, but did not say how many {unit} it tried"));
    }
    if counts.passed == 0 && counts.tried.is_empty() {
        return Outcome::failed("it passed, but no test ran");
    }
    if counts.ignored > 0 {
        return Outcome::failed(format!("it passed, but left out {} ignored tests", counts.ignored));
    }
    Outcome::Green(counts)
}

fn run_suites(check: &Check, suites: &[Suite], place: &Place, dir: &Path, limit: Duration) -> Outcome {
    if suites.iter().any(|suite| suite.build.is_sanitized) && !suite::has_sanitizers() {
        let target = suite::SANITIZED_TARGET;
        return Outcome::cannot_run(format!("the sanitizers need a machine of target {target}"));
    }
    let started = Instant::now();
    let mut counts = Counts::default();
    for (number, suite) in suites.iter().enumerate() {
        let name = if suites.len() == 1 { check.name.to_owned() } else { format!("{}-{number}", check.name) };
        let (path, log) = match suite::log(&dir.join("logs"), &name) {
            Ok(opened) => opened,
            Err(error) => {
                return Outcome::cannot_run(format!("cannot write a log in {}: {error}", dir.display()));
            }
        };
        let left = limit.saturating_sub(started.elapsed());
        let end = match child::run(&mut suite.running(place), &log, left) {
            Ok(end) => end,
            Err(error) => return Outcome::cannot_run(format!("cannot run cargo: {error}")),
        };
        let read = Counts::read(&report::read(&path), check.counts);
        if !end.is_success() {
            return Outcome::failed(why(end, &read, suite, &path));
        }
        // This is asked of each suite. Otherwise a suite that has lost its tests would hide behind the
        // others.
        if read.passed == 0 && read.tried.is_empty() {
            return Outcome::failed(format!("no test ran: {}", suite.words()));
        }
        counts.absorb(read);
    }
    Outcome::Green(counts)
}

/// Why a suite failed, where to read about it, and how to run it by hand.
fn why(end: End, counts: &Counts, suite: &Suite, path: &Path) -> String {
    let output = report::read(path);
    let reason = if end == End::TimedOut {
        "did not end in time".to_owned()
    } else if !counts.failed.is_empty() {
        let panic = counts
            .panic
            .as_ref()
            .map_or(String::new(), |panic| format!(" ({})", report::shortened(panic, 200)));
        format!("{}{panic}", counts.failed.join(", "))
    } else if let Some(panic) = &counts.panic {
        format!("{}: {}", end.words(), report::shortened(panic, 200))
    } else {
        format!("{}: {}", end.words(), report::first_error(&output))
    };
    format!("{reason}; see {}; by hand: {}", report::shown(path), suite.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    static CHECK: Check =
        Check { name: "a", what: "b", is_quick: true, counts: &["schedules"], how: How::Tidy, minutes: 1 };

    fn green(output: &str) -> Outcome {
        told(&CHECK, Outcome::Green(Counts::read(output, CHECK.counts)))
    }

    #[test]
    fn a_check_that_does_not_say_what_it_tried_has_not_passed() {
        assert!(matches!(
            green("verify: 5 schedules\ntest result: ok. 1 passed; 0 failed"),
            Outcome::Green(_)
        ));
        for (output, hint) in [
            ("test result: ok. 1 passed; 0 failed", "did not say how many schedules"),
            ("verify: 5 histories", "did not say how many schedules"),
            ("", "did not say how many schedules"),
            ("verify: 5 schedules\ntest result: ok. 1 passed; 0 failed; 2 ignored", "2 ignored"),
        ] {
            let Outcome::Failed(why) = green(output) else { panic!("{output}: passed") };
            assert!(why.contains(hint), "{output}: {why}");
        }
    }

    #[test]
    fn what_could_not_run_is_no_pass() {
        let ran = |outcome| vec![(&CHECK, outcome, Duration::from_secs(61))];
        let good = ran(Outcome::Green(Counts::read("verify: 1200 schedules", &[])));
        assert_eq!(verdict(&good), Ok(()));
        let text = render(&good, Duration::from_secs(62));
        assert!(text.contains("1,200 schedules  1:01  ok") && text.contains("1:02 in all"), "{text}");

        let bad = ran(Outcome::cannot_run("no x here"));
        assert_eq!(verdict(&bad).unwrap_err().code, Stop::FAILURE);
        let text = render(&bad, Duration::ZERO);
        assert!(text.contains("COULD NOT RUN") && text.contains("a: no x here"), "{text}");
        assert_eq!(verdict(&ran(Outcome::failed("x"))).unwrap_err().code, Stop::FAILURE);
        assert_eq!(verdict(&ran(Outcome::Interrupted)).unwrap_err().code, Stop::INTERRUPTED);
    }
}
