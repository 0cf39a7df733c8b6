//! `cargo xtask bench-numa`: the sweep from the command line to the exit code.
//!
//! `args` reads the flags, `machine` looks around, `axes` and `plan` lay out the cells, `cell_binary` builds
//! what runs them, `run` and `child` run them, `summary`, `results` and `table` tell about it.

mod args;
mod axes;
mod caveats;
mod cell_binary;
mod child;
mod last_words;
mod machine;
mod memory;
mod names;
pub(crate) mod out_dir;
mod pins;
pub(crate) mod plan;
mod progress;
mod results;
mod run;
pub(crate) mod summary;
mod table;
mod trace;
pub(crate) use bench::units;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stop::Stop;
use args::{Args, Format};
use axes::defaults;
use cell_binary::Build;
use child::ChildRunner;
use machine::Machine;
use out_dir::{OutDir, Recorder};
use plan::Plan;
use progress::Progress;
use results::Results;
use run::{Run, sweep};

/// Set by Ctrl-C and by a request to terminate. A flag on its own: it orders nothing else.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let command_line = command_line(&flags);
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        return print(&help());
    }
    let topology = bskip_topology::Machine::discover();
    let machine = Machine::discover(&topology);
    // An operation of a trace takes 32 bytes at least: its line, and what is made of it.
    let check = |(load, run): &(PathBuf, PathBuf)| trace::check(load, run, machine.memory_available / 32);
    let trace = args.trace.as_ref().map(check).transpose().map_err(Stop::usage)?;
    let planned = trace.as_ref().map(|opened| opened.trace.clone());
    let plan = Plan::new(&args, planned, &machine).map_err(Stop::usage)?;
    pins::check(&plan, &topology).map_err(Stop::usage)?;
    if args.dry_run {
        return print(&describe(&plan, &machine));
    }
    let out = args.out.as_deref().map(OutDir::create).transpose()?;
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Stop::failure(format!("cannot listen for Ctrl-C: {error}")))?;
    let build = build(&args)?;
    let head = Results::raw_head(&command_line, &machine, &build);
    let mut out = out.map(|dir| dir.begin(&head)).transpose()?;
    let (runs, complete) = measure(&plan, trace.as_ref(), &build, out.as_mut())?;
    let results = Results {
        command: &command_line,
        machine: &machine,
        build: &build,
        plan: &plan,
        runs: &runs,
        complete,
    };
    if let Some(out) = out {
        out.finish(&results)?;
    }
    print(&match args.formats[..] {
        [Format::Csv] => results.csv(),
        [Format::Json] => results.json(),
        _ => results.table(),
    })?;
    verdict(&results)
}

/// The program that will run the cells.
fn build(args: &Args) -> Result<Build, Stop> {
    let build = match &args.cell_bin {
        Some(path) => Build::given(path.clone()),
        None => Build::run(!args.no_native),
    };
    if INTERRUPTED.load(Ordering::Relaxed) {
        let line = "interrupted before the first cell".to_owned();
        return Err(Stop { code: Stop::INTERRUPTED, line });
    }
    build
}

/// Runs all cells.
fn measure(
    plan: &Plan,
    trace: Option<&trace::Opened>,
    build: &Build,
    mut out: Option<&mut Recorder>,
) -> Result<(Vec<Run>, bool), Stop> {
    let (program, timeout) = (build.path.clone(), plan.timeout);
    let mut runner = ChildRunner { program, timeout, trace, interrupted: &INTERRUPTED };
    let progress = Progress::new(plan);
    let ended = sweep(
        plan,
        &mut runner,
        |round, spec| progress.start(round, spec),
        |run| {
            progress.advance();
            out.as_mut().map_or(Ok(()), |out| out.record(run))
        },
    );
    progress.finish();
    ended
}

/// The exit code that the results deserve. An interruption says more than a failure before it.
fn verdict(results: &Results<'_>) -> Result<(), Stop> {
    match (results.interrupted(), results.failed()) {
        (Some(line), _) => Err(Stop { code: Stop::INTERRUPTED, line }),
        (None, 0) => Ok(()),
        (None, failed) => Err(Stop::failure(format!("{failed} of {} cells FAILED", results.plan.cells()))),
    }
}

/// The plan of `--dry-run`.
fn describe(plan: &Plan, machine: &Machine) -> String {
    let mut text = format!("{}\n", machine.summary());
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes everything");
    let first = &plan.groups[0].cells[0];
    line(format!(
        "{} cells in {} settings, {} rounds: {} processes; {} keys, {} operations, at most {} a cell",
        plan.cells(),
        plan.groups.len(),
        plan.repeat,
        plan.runs(),
        units::count(first.keys),
        units::count(first.ops),
        units::duration(plan.timeout),
    ));
    for group in &plan.groups {
        let rows: Vec<String> = group.cells.iter().map(plan::row_name).collect();
        line(format!("  {}: {}", group.title(), rows.join(" | ")));
    }
    for skip in table::skipped(&plan.skipped) {
        line(format!("  skipped: {skip}"));
    }
    text
}

/// The text of `--help`, with the names and defaults in force.
fn help() -> String {
    let mut text = include_str!("help.txt").to_owned();
    for (gap, value) in [
        ("{maps}", wrapped(names::MAPS)),
        ("{quick_maps}", defaults::QUICK_MAPS.join(",")),
        ("{workloads}", names::WORKLOADS.join(", ")),
        ("{quick_workloads}", defaults::QUICK_WORKLOADS.join(",")),
        ("{dists}", wrapped(names::DISTS)),
        ("{pages}", names::PAGES.join(", ")),
        ("{keys}", units::count(defaults::KEYS)),
        ("{quick_keys}", units::count(defaults::QUICK_KEYS)),
        ("{repeat}", defaults::REPEAT.to_string()),
        ("{quick_repeat}", defaults::QUICK_REPEAT.to_string()),
        ("{pin}", defaults::PIN.to_owned()),
        ("{timeout}", defaults::TIMEOUT.as_secs().to_string()),
    ] {
        text = text.replace(gap, &value);
    }
    text
}

/// A list for the right column of the help.
fn wrapped(names: &[&str]) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (index, name) in names.iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if column + name.len() > 72 => {
                column = 0;
                ",\n                        "
            }
            _ => ", ",
        };
        text.push_str(separator);
        text.push_str(name);
        column += name.len() + 2;
    }
    text
}

/// The command as it can be typed again.
fn command_line(flags: &[OsString]) -> String {
    let plain = |flag: &str| flag.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c));
    let quoted = flags.iter().map(|flag| match flag.to_string_lossy() {
        flag if plain(&flag) && !flag.is_empty() => flag.into_owned(),
        flag => format!("'{}'", flag.replace('\'', r"'\''")),
    });
    ["cargo xtask bench-numa".to_owned()].into_iter().chain(quoted).collect::<Vec<_>>().join(" ")
}

/// Writes to standard output. A reader that has gone away has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::failure(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_no_gaps_left_and_fits_a_terminal() {
        let text = help();
        assert!(!text.contains('{') && !text.contains('}'), "{text}");
        for line in text.lines() {
            assert!(line.len() <= 110, "{line}");
        }
    }

    #[test]
    fn the_command_line_can_be_typed_again() {
        let flags = ["--out", "it's here", "--keys", "10M"].map(OsString::from);
        assert_eq!(command_line(&flags), r"cargo xtask bench-numa --out 'it'\''s here' --keys 10M");
    }
}
