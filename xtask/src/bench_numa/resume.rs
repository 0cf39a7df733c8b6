//! `--resume DIR`: goes on with a sweep that was stopped, by Ctrl-C or worse. The runs that `raw.jsonl` holds
//! are not repeated. The program that measured them, which is in the folder, measures the rest.

use std::path::Path;

use bench::units;

use super::args::Args;
use super::cell_copy;
use super::hash::hash;
use super::machine::Machine;
use super::out_dir::Recorder;
use super::plan::Plan;
use super::raw::{self, RAW, Raw};
use super::schema;
use super::trace;
use crate::stop::Stop;

/// A sweep that goes on.
pub(crate) struct Resumed {
    /// What the folder held. Its build is the program in the folder.
    pub(crate) raw: Raw,
    /// The folder, which gets the rest.
    pub(crate) out: Recorder,
}

/// Opens the folder of a sweep that was stopped.
///
/// # Errors
///
/// One line: there is no sweep, it is finished, another process is measuring, or the machine or the program is
/// another than that of the runs in the folder.
pub(crate) fn open(dir: &Path, args: &Args, machine: &Machine) -> Result<Resumed, Stop> {
    let flag = |stop: Stop| Stop { line: format!("--resume {}: {}", dir.display(), stop.line), ..stop };
    opened(dir, args, machine).map_err(flag)
}

fn opened(dir: &Path, args: &Args, machine: &Machine) -> Result<Resumed, Stop> {
    let path = dir.join(RAW);
    if !path.is_file() {
        return Err(Stop::usage(format!("no {RAW} is there; name the folder of a sweep's --out")));
    }
    let mut file = raw::open(&path, false)?;
    let mut raw = raw::read(&mut file).map_err(|why| Stop::usage(format!("{RAW}: {why}")))?;
    if schema::is_finished(dir) {
        return Err(Stop::usage("this sweep is finished; begin another one with --out in a new folder"));
    }
    if let Some(what) = other_machine(&raw.head.machine, machine) {
        return Err(Stop::environment(format!("{what}; resume it there, or begin a new sweep here")));
    }
    raw.head.build = cell_copy::kept(dir, &raw.head.build)?;
    check_program(args, &raw)?;
    if let Some(files) = trace::kept(dir, &raw.head.plan)? {
        raw.head.plan.set_trace(&files);
        raw.runs.iter_mut().for_each(|run| run.spec.trace = Some(files.clone()));
    }
    file.set_len(raw.length).map_err(|error| Stop::environment(format!("{RAW}: {error}")))?;
    Ok(Resumed { raw, out: Recorder::resumed(dir, file) })
}

/// What differs between the machine of the sweep and this one.
fn other_machine(then: &Machine, now: &Machine) -> Option<String> {
    let cpus = |machine: &Machine| machine.cpus.iter().copied().collect::<bskip_topology::CpuSet>();
    let facts = |machine: &Machine| {
        [
            ("the CPU", machine.cpu.clone()),
            ("the kernel", machine.kernel.clone()),
            ("the set of CPUs", cpus(machine).to_string()),
            ("the set of nodes", format!("{:?}", [&machine.nodes, &machine.memory_alone])),
            ("the setting of huge pages", machine.huge_pages.clone()),
        ]
    };
    let pairs = facts(then).into_iter().zip(facts(now));
    let other = pairs.into_iter().find(|(then, now)| then != now);
    // A kernel that boots again may count a little more or less.
    let memory = then.memory.abs_diff(now.memory) > then.memory / 64;
    other.map(|((what, then), (_, now))| format!("{what} was {then} and is {now}")).or_else(|| {
        let words =
            || format!("the memory was {} and is {}", units::bytes(then.memory), units::bytes(now.memory));
        memory.then(words)
    })
}

/// Refuses another program than that of the folder.
fn check_program(args: &Args, raw: &Raw) -> Result<(), Stop> {
    let Some(path) = &args.cell_bin else { return Ok(()) };
    let hash = hash(path).map_err(|why| Stop::usage(format!("--cell-bin {why}")))?;
    match hash == raw.head.build.hash {
        true => Ok(()),
        false => Err(Stop::environment(format!(
            "--cell-bin {} is not the program that measured; leave it out, the folder has a copy",
            path.display()
        ))),
    }
}

/// Refuses flags that would make another plan than that of the folder.
///
/// # Errors
///
/// One line that says what differs.
pub(crate) fn check_plan(then: &Plan, now: &Plan) -> Result<(), Stop> {
    let what = if then.repeat != now.repeat {
        format!("--repeat was {}, not {}", then.repeat, now.repeat)
    } else if then.budget != now.budget {
        let said = |plan: &Plan| {
            plan.budget.map_or("no --adaptive".into(), |budget| format!("--adaptive --budget {budget}"))
        };
        format!("there was {}, not {}", said(then), said(now))
    } else if then.timeout != now.timeout {
        format!("--timeout was {}, not {}", units::duration(then.timeout), units::duration(now.timeout))
    } else if then.cells() != now.cells() {
        format!("the cells were {} in number, not {}", then.cells(), now.cells())
    } else if let Some((then, now)) = then.specs().zip(now.specs()).find(|(then, now)| then != now) {
        let [then, now] = [then, now].map(|spec| serde_json::to_value(spec).expect("a cell is plain data"));
        let fields = then.as_object().into_iter().flatten();
        let field = fields.into_iter().find(|(name, value)| now.get(name) != Some(value));
        let (name, value) = field.expect("they differ in a field");
        format!("a cell's {name} was {value}, not {}", now[name])
    } else {
        return Ok(());
    };
    Err(Stop::usage(format!("--resume: {what}; leave out all flags but --resume, or begin a new sweep")))
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let then = sample(4, 2);
        assert_eq!(
            other_machine(&then, &Machine { load_average: 9.0, memory: then.memory - 4096, ..then.clone() }),
            None
        );
        for (now, hint) in [
            (Machine { cpu: "Another".into(), ..then.clone() }, "the CPU was Sample CPU and is Another"),
            (Machine { cpus: vec![0, 1, 3], ..then.clone() }, "the set of CPUs was 0-3 and is 0-1,3"),
            (
                Machine { nodes: vec![0], ..then.clone() },
                "the set of nodes was [[0, 1], []] and is [[0], []]",
            ),
            (Machine { memory: 1 << 30, ..then.clone() }, "the memory was 8.00 GiB and is 1.00 GiB"),
            (Machine { kernel: "7".into(), ..then.clone() }, "the kernel was 6.1.0 and is 7"),
            (Machine { huge_pages: "never".into(), ..then.clone() }, "was madvise and is never"),
        ] {
            assert!(other_machine(&then, &now).unwrap().contains(hint), "{hint}");
        }
        let of = |flags: &str| plan(&format!("--maps bskip --workloads c {flags}"), &sample(4, 2)).unwrap();
        assert_eq!(check_plan(&of(""), &of("")), Ok(()));
        for (flags, hint) in [
            ("--repeat 2", "--repeat was 3, not 2"),
            ("--timeout 7", "--timeout was 10 min, not 7 s"),
            ("--threads 1,2", "the cells were 1 in number, not 2"),
            ("--keys 7", "keys was 1000000, not 7"),
            ("--pin none", "pin was \"compact\", not \"none\""),
        ] {
            let line = check_plan(&of(""), &of(flags)).unwrap_err().line;
            assert!(line.contains(hint), "{line}");
        }
    }
}
