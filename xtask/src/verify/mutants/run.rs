//! Applies the mutants one at a time and says what caught each.

use std::time::{Duration, Instant};

use super::patch::{Mutant, all};
use super::probes::{Probe, SECOND_OPINIONS, Tool};
use super::work::Work;

use crate::child::{self, End};
use crate::cli::known;
use crate::stop::Stop;
use crate::verify::counts::Counts;
use crate::verify::report;
use crate::verify::suite::{self, Place};

/// Longest time for building a probe, from nothing.
const BUILD: Duration = Duration::from_secs(20 * 60);

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    /// The probe of that name caught it, and how. Then, if others were asked: which other tool caught it too.
    Caught(&'static str, String, Also),
    NotCaught,
    /// The mutant shows nothing about the checks: the patch is stale, or it does not compile, or a probe
    /// fails without it.
    Error(String),
}

/// Whether more than one tool catches a mutant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Also {
    /// No other tool was asked.
    NotAsked,
    NoOther,
    /// The probe of that name, of another tool.
    Probe(&'static str),
}

/// What a probe said.
enum Said {
    Green(Counts),
    Red(String),
    /// It could not be built or started.
    Nothing(String),
    Interrupted,
}

/// Runs the mutants with these names, or all. For each one, asks tools until one catches it, or until a
/// second one does.
pub(in crate::verify) fn command(names: &[String], every_tool: bool) -> Result<(), Stop> {
    let mut mutants = all().map_err(Stop::failure)?;
    for name in names {
        known("mutant", name, mutants.iter().map(|mutant| mutant.name.as_str())).map_err(Stop::usage)?;
    }
    mutants.retain(|mutant| names.is_empty() || names.contains(&mutant.name));
    let work = Work::new()?;
    let place = Place::copy(work.root.clone(), work.target.clone());
    let mut known = Baselines::new();
    let mut rows = Vec::new();
    let (mut missed, mut errors, mut misnamed) = (Vec::new(), Vec::new(), Vec::new());
    for (number, mutant) in mutants.iter().enumerate() {
        let name = mutant.name.as_str();
        let started = Instant::now();
        eprint!("mutants: {} of {}, {}: ", number + 1, mutants.len(), name);
        let fate = fate(&work, &place, mutant, every_tool, &mut known)?;
        let words = match &fate {
            Fate::Caught(probe, how, also) => format!("{probe}: {how}{}", also.words()),
            Fate::NotCaught => "NOT CAUGHT".into(),
            Fate::Error(why) => format!("ERROR: {why}"),
        };
        eprintln!("{words}, after {}", report::clock(started.elapsed()));
        match fate {
            Fate::Caught(_, _, also) if also.contradicts(mutant.only.is_some()) => misnamed.push(name),
            Fate::Caught(..) => {}
            Fate::NotCaught => missed.push(name),
            Fate::Error(_) => errors.push(name),
        }
        let time = report::clock(started.elapsed());
        let words = report::shortened(&words, 70);
        let only = mutant.only.clone().unwrap_or_default();
        rows.push([name.into(), mutant.what.clone(), words, only, time]);
    }
    println!("{}", report::table(["mutant", "what is wrong", "caught by", "only by", "time"], rows));
    println!("{} mutants, {} caught", mutants.len(), mutants.len() - missed.len() - errors.len());
    for tool in Tool::ALL {
        let alone: Vec<&str> = mutants
            .iter()
            .filter(|mutant| mutant.only.as_deref() == Some(tool.name()))
            .map(|mutant| mutant.name.as_str())
            .collect();
        if !alone.is_empty() {
            println!("only {} catches {}", tool.name(), alone.join(", "));
        }
    }
    println!("verify: {} mutants", mutants.len() - missed.len() - errors.len());
    verdict(&missed, &errors, &misnamed)
}

impl Also {
    fn words(self) -> String {
        match self {
            Self::NotAsked => String::new(),
            Self::NoOther => "; no other tool".into(),
            Self::Probe(name) => format!("; {name} too"),
        }
    }

    /// Whether the patch is wrong about `only`, which says that one tool alone catches the mutant.
    fn contradicts(self, only: bool) -> bool {
        match self {
            Self::NotAsked => false,
            Self::NoOther => !only,
            Self::Probe(_) => only,
        }
    }
}

fn verdict(missed: &[&str], errors: &[&str], misnamed: &[&str]) -> Result<(), Stop> {
    let mut parts = Vec::new();
    if !misnamed.is_empty() {
        parts.push(format!("whose `only` is wrong: {}", misnamed.join(", ")));
    }
    if !missed.is_empty() {
        parts.push(format!("not caught: {}", missed.join(", ")));
    }
    if !errors.is_empty() {
        parts.push(format!("without an answer: {}", errors.join(", ")));
    }
    if parts.is_empty() { Ok(()) } else { Err(Stop::failure(format!("mutants {}", parts.join("; ")))) }
}

/// What probes say without a mutant. Each is asked once.
type Baselines = Vec<(&'static str, Result<(), String>)>;

/// Asks a probe without a mutant. It must pass, or it would seem to catch everything. It must also run some
/// test, or it could catch nothing. Returns what is wrong with it.
fn baseline(
    work: &Work,
    place: &Place,
    probe: &'static Probe,
    known: &mut Baselines,
) -> Result<Result<(), String>, Stop> {
    if let Some((_, said)) = known.iter().find(|(name, _)| *name == probe.name) {
        return Ok(said.clone());
    }
    eprint!("first {} without a mutant... ", probe.name);
    let said = match ask(work, place, probe, "baseline") {
        Said::Green(counts) if counts.passed > 0 || !counts.tried.is_empty() => Ok(()),
        Said::Green(_) => Err("no test of that name ran".into()),
        Said::Red(why) => Err(format!("fails without a mutant: {why}")),
        Said::Nothing(why) => Err(why),
        Said::Interrupted => return Err(Stop::interrupted()),
    };
    let said = said.map_err(|why| {
        let log = report::shown(&work.logs.join(format!("baseline-{}.log", probe.name)));
        format!("{}: {why}; see {log}", probe.name)
    });
    known.push((probe.name, said.clone()));
    Ok(said)
}

/// Asks the probes of a mutant, the cheapest first, until one catches it. With `every_tool`, goes on until a
/// probe of a second tool does. Before that, each probe is asked once without a mutant.
fn fate(
    work: &Work,
    place: &Place,
    mutant: &Mutant,
    every_tool: bool,
    known: &mut Baselines,
) -> Result<Fate, Stop> {
    let more = if every_tool { SECOND_OPINIONS } else { &[] };
    let mut caught: Option<(&Probe, String)> = None;
    let mut asked = Vec::new();
    for probe in mutant.by.iter().chain(more) {
        let is_asked = match &caught {
            Some((first, _)) => every_tool && probe.tool != first.tool,
            None => mutant.by.iter().any(|own| own.name == probe.name),
        };
        if !is_asked || asked.contains(&probe.name) {
            continue;
        }
        asked.push(probe.name);
        if let Err(why) = baseline(work, place, probe, known)? {
            return Ok(Fate::Error(why));
        }
        let _applied = match work.apply(mutant) {
            Ok(applied) => applied,
            Err(why) => return Ok(Fate::Error(why)),
        };
        match ask(work, place, probe, &mutant.name) {
            Said::Red(how) => match caught.take() {
                Some((first, how)) => return Ok(Fate::Caught(first.name, how, Also::Probe(probe.name))),
                None if every_tool => caught = Some((probe, how)),
                None => return Ok(Fate::Caught(probe.name, how, Also::NotAsked)),
            },
            Said::Green(_) => {}
            Said::Nothing(why) => return Ok(Fate::Error(why)),
            Said::Interrupted => return Err(Stop::interrupted()),
        }
    }
    Ok(match caught {
        Some((probe, how)) => Fate::Caught(probe.name, how, Also::NoOther),
        None => Fate::NotCaught,
    })
}

/// Builds and runs a probe; `name` names the log.
fn ask(work: &Work, place: &Place, probe: &Probe, name: &str) -> Said {
    let ran = (|| {
        let (path, log) = suite::log(&work.logs, &format!("{name}-{}", probe.name))?;
        let built = child::run(&mut probe.suite.building(place), &log, BUILD)?;
        if !built.is_success() {
            return Ok((built, None, path));
        }
        let end = child::run(&mut probe.suite.running(place), &log, Duration::from_secs(probe.seconds))?;
        Ok((built, Some(end), path))
    })();
    let (built, end, path) = match ran {
        Ok(ran) => ran,
        Err(error) => {
            let error: std::io::Error = error;
            return Said::Nothing(format!("cannot run cargo: {error}"));
        }
    };
    let output = report::read(&path);
    match (built, end) {
        (End::Interrupted, _) | (_, Some(End::Interrupted)) => Said::Interrupted,
        (_, None) => Said::Nothing(format!("does not compile: {}", report::first_error(&output))),
        (_, Some(end)) => judge(end, Counts::read(&output, &[])),
    }
}

/// What the exit and the output of a probe mean.
fn judge(end: End, counts: Counts) -> Said {
    if end.is_success() {
        return Said::Green(counts);
    }
    if end == End::TimedOut {
        return Said::Red("hangs".into());
    }
    let test = counts.failed.first().cloned().or_else(|| counts.panic.clone());
    Said::Red(match test {
        Some(test) => report::shortened(&test, 60),
        None => end.words(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn red(end: End, output: &str) -> String {
        match judge(end, Counts::read(output, &[])) {
            Said::Red(how) => how,
            _ => panic!("not caught"),
        }
    }

    #[test]
    fn a_failure_a_crash_and_a_hang_catch() {
        let failed = End::Exited(ExitStatus::from_raw(101 << 8));
        assert_eq!(red(failed, "failures:\n    a::b\n\ntest result: FAILED"), "a::b");
        assert_eq!(red(failed, "thread 'x' (1) panicked at a.rs:1:\nwhy\n"), "a.rs:1: why");
        assert_eq!(
            red(End::Exited(ExitStatus::from_raw(11)), ""),
            "killed by signal 11 (segmentation fault)"
        );
        assert_eq!(red(End::TimedOut, "test result: ok. 1 passed"), "hangs");
        let green =
            judge(End::Exited(ExitStatus::from_raw(0)), Counts::read("test result: ok. 1 passed;", &[]));
        assert!(matches!(green, Said::Green(counts) if counts.passed == 1));
    }

    #[test]
    fn one_that_is_not_caught_fails_the_whole() {
        assert_eq!(verdict(&[], &[], &[]), Ok(()));
        let stop = verdict(&["a"], &["b"], &[]).unwrap_err();
        assert_eq!(stop.code, Stop::FAILURE);
        assert_eq!(stop.line, "mutants not caught: a; without an answer: b");
    }

    #[test]
    fn what_one_tool_alone_catches_is_named_as_such() {
        assert!(Also::NoOther.contradicts(false) && !Also::NoOther.contradicts(true));
        assert!(Also::Probe("unit").contradicts(true) && !Also::Probe("unit").contradicts(false));
        assert!(!Also::NotAsked.contradicts(true) && !Also::NotAsked.contradicts(false));
        assert_eq!(verdict(&[], &[], &["a"]).unwrap_err().line, "mutants whose `only` is wrong: a");
    }
}
