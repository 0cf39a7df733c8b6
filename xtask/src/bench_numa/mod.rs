//! `cargo xtask bench-numa`: the sweep from the command line to the exit code.
//!
//! `args` and `values` read the flags, `plan_file` reads flags from a file, and `machine` looks at the machine. `plan`
//! lists the cells, with what `presets` has where no flag says otherwise. `feasible` says whether they can run here,
//! and `estimate` how long they take. `elsewhere` plans for a machine that is not here. `cell_binary` builds the
//! program that runs a cell. `ceilings` measures what the memory can do. `measure`, `run` and `child` run the cells,
//! `repeating` repeats those that were disturbed. `out_dir`, `cell_copy`, `durable` and `raw` keep what a sweep needs
//! to go on after it was stopped; `resume` reads it. `summary`, `results`, `csv_line`, `cell_columns`, `best_peer`,
//! `table` and `report` report, and so do `tails`, `open_loop`, `counters` and `locks` of all that `cell_rounds` finds.
//! `stats` says how sure the numbers are, and `settings` what else may have moved them. `baseline` compares two
//! versions, and `adaptive` looks for the best setting. `tuned` is about
//! `tuned.toml`.

pub(crate) mod adaptive;
mod args;
mod baseline;
mod best_peer;
mod caveats;
mod ceilings;
mod cell_binary;
mod cell_columns;
mod cell_copy;
mod cell_rounds;
mod child;
mod counters;
mod csv_line;
mod durable;
mod elsewhere;
mod estimate;
mod feasible;
mod hash;
mod last_words;
mod layout;
mod locks;
mod machine;
mod measure;
mod names;
mod open_loop;
mod out_dir;
mod paper;
mod plan;
mod plan_file;
mod presets;
mod progress;
mod raw;
mod repeating;
mod report;
mod results;
mod resume;
mod run;
pub(crate) mod schema;
mod settings;
pub(crate) mod stats;
pub(crate) mod summary;
mod table;
mod tails;
mod trace;
mod tuned;
mod values;

use std::ffi::OsString;
use std::fmt::Write as _;

use bench::units;

use crate::child::{interrupted, listen};
use crate::stop::{Stop, print};
use crate::tree;
pub(crate) use args::Args;
use args::{Format, Sub};
use cell_binary::Build;
use elsewhere::Elsewhere;
use machine::Machine;
use measure::measure;
use out_dir::{OutDir, Recorder};
use plan::Plan;
use raw::{Head, Raw};
use results::Results;

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    match &args.sub {
        Some(Sub::Verify(verify)) => return tuned::verify(verify),
        Some(Sub::Report(args)) => return report::command(args),
        None => {}
    }
    let args = &match &args.plan {
        Some(path) => plan_file::read(path, std::env::args_os().skip(2))?,
        None => args.clone(),
    };
    args.check()?;
    if let Some(description) = &args.topology {
        return plan_elsewhere(args, description);
    }
    let topology = bskip_topology::Machine::discover();
    let machine = Machine::discover(&topology);
    if let Some(dir) = &args.resume {
        let resume::Resumed { raw, out } = resume::open(dir, args, &machine)?;
        if args.asks_for_a_plan() {
            resume::check_plan(&raw.head.plan, &Plan::new(args, None, &machine)?)?;
        }
        listen()?;
        return sweep_and_report(args, raw, Some(out));
    }
    // An operation of a trace takes at least 32 bytes: its line, and what the program makes of it.
    let trace = match &args.trace[..] {
        [load, run] => {
            let (keys, most) = (args.trace_keys.unwrap_or_default(), machine.memory_available / 32);
            Some(trace::check(load, run, keys, most)?)
        }
        _ => None,
    };
    if let Some(dir) = &args.baseline {
        let files = trace.as_ref().map(|opened| &opened.trace.files);
        return baseline::command(
            (dir, args, files),
            command_line(std::env::args_os().skip(2)),
            machine,
            build,
        );
    }
    let planned = trace.as_ref().map(|opened| opened.trace.clone());
    let mut plan = Plan::new(args, planned, &machine)?;
    feasible::memory(&plan, &machine).map_err(Stop::environment)?;
    feasible::pins(&plan, &topology)?;
    if args.dry_run {
        return print(&describe(&plan, &machine));
    }
    let out = args.out.as_deref().map(OutDir::create).transpose()?;
    listen()?;
    let mut build = build(args)?;
    if let Some(dir) = &out {
        build = dir.keep(build)?;
        if let Some(trace) = &trace {
            plan.set_trace(&trace.keep_in(dir.path())?);
        }
    }
    let head = Head {
        schema: Some(schema::SCHEMA),
        command: command_line(std::env::args_os().skip(2)),
        machine,
        build,
        plan,
    };
    let out = out.map(|dir| dir.begin(&head)).transpose()?;
    sweep_and_report(args, Raw { head, runs: Vec::new(), length: 0 }, out)
}

/// Runs what is left of a sweep, and reports all of it.
fn sweep_and_report(args: &Args, raw: Raw, mut out: Option<Recorder>) -> Result<(), Stop> {
    let Raw { head: Head { command, machine, build, plan, .. }, runs: done, .. } = raw;
    let ceilings = match args.no_ceilings {
        true => ceilings::Measured::default(),
        false => ceilings::measure(&build.path, &plan, plan.is_quick()),
    };
    // A quick sweep has no time for it.
    let repeats = if plan.is_quick() { 0 } else { plan.runs() };
    let (runs, complete) = measure(&plan, &build, repeats, done, out.as_mut())?;
    let results = Results {
        command: &command,
        machine: &machine,
        build: &build,
        plan: &plan,
        runs: &runs,
        ceilings: &ceilings,
        complete,
    };
    if let Some(out) = out {
        out.finish(&results)?;
    }
    print(&match args.formats[..] {
        [Format::Csv] => results.csv(),
        [Format::Json] => results.json(),
        _ => table::render(&results),
    })?;
    verdict(&results)
}

/// Prints the plan for a machine that is not here.
fn plan_elsewhere(args: &Args, description: &str) -> Result<(), Stop> {
    listen()?;
    let build = build(args)?;
    let there = Elsewhere::ask(&build.path, description)?;
    let plan = Plan::new(args, None, &there.machine)?;
    print(&format!("{}{}", describe(&plan, &there.machine), there.lists(&plan)?))
}

/// The program that will run the cells.
fn build(args: &Args) -> Result<Build, Stop> {
    let build = match &args.cell_bin {
        Some(path) => Build::given(path.clone()),
        None => Build::run(!args.no_native, args.locks),
    };
    if interrupted() {
        let line = "interrupted before the first cell".to_owned();
        return Err(Stop { code: Stop::INTERRUPTED, line });
    }
    build
}

/// The exit code of the results. If the sweep was interrupted, that counts more than an earlier failure.
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
    line(match estimate::words(plan, machine.cpus.len(), &tree::root().join("bench/results")) {
        Some(words) => format!("  {words}"),
        None => "  how long it takes is unknown: no sweep is in bench/results".into(),
    });
    for group in &plan.groups {
        let rows: Vec<String> = group.cells.iter().map(plan::row_name).collect();
        line(format!("  {}: {}", group.title(), rows.join(" | ")));
    }
    for skip in table::skipped(&plan.skipped) {
        line(format!("  skipped: {skip}"));
    }
    text
}

/// The command as it can be typed again.
fn command_line(flags: impl Iterator<Item = OsString>) -> String {
    let plain = |flag: &str| flag.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c));
    let quoted = flags.map(|flag| match flag.to_string_lossy() {
        flag if plain(&flag) && !flag.is_empty() => flag.into_owned(),
        flag => format!("'{}'", flag.replace('\'', r"'\''")),
    });
    ["cargo xtask bench-numa".to_owned()].into_iter().chain(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_can_be_typed_again() {
        let flags = ["--out", "it's here", "--keys", "10M"].map(OsString::from).into_iter();
        assert_eq!(command_line(flags), r"cargo xtask bench-numa --out 'it'\''s here' --keys 10M");
    }
}
