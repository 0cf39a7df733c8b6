//! The earlier sweep: its cells, and the program that measured them.

use std::fs;
use std::path::{Path, PathBuf};

use bench::protocol::{CellSpec, TraceFiles};
use serde::Deserialize;
use serde_json::Value;

use super::super::args::Args;
use super::super::cell_binary::counts_locks;
use super::super::cell_copy::CELL;
use super::super::hash::hash;
use super::super::machine::Machine;
use super::super::raw::RAW;
use super::super::schema;
use crate::stop::Stop;

/// What the old sweep left in its folder.
#[derive(Debug)]
pub(super) struct Old {
    /// Its program.
    pub(super) program: PathBuf,
    /// How it was built, in words.
    pub(super) description: String,
    /// Its cells that were measured in every round, in their order.
    pub(super) cells: Vec<Cell>,
}

/// A cell of the old sweep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) spec: CellSpec,
    /// The specification as the old program takes it. A newer one may have fields that it does not know.
    pub(super) json: String,
}

/// The first line of `raw.jsonl`, as far as a comparison needs it.
#[derive(Debug, Deserialize)]
struct Head {
    schema: Option<u32>,
    machine: OldMachine,
    build: OldBuild,
}

#[derive(Debug, Deserialize)]
struct OldMachine {
    cpu: String,
}

#[derive(Debug, Deserialize)]
struct OldBuild {
    description: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    commit: Option<String>,
}

/// Any other line.
#[derive(Deserialize)]
struct Line {
    spec: Value,
    result: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    outcome: String,
}

/// Opens the folder `dir` of an earlier `--out`. Cells that `args` does not ask for are left out.
///
/// # Errors
///
/// One line: there is no sweep, its program is gone or is another one, or it was built for another machine.
pub(super) fn open(
    dir: &Path,
    args: &Args,
    trace: Option<&TraceFiles>,
    machine: &Machine,
) -> Result<Old, Stop> {
    let raw = dir.join(RAW);
    let named = |why: String| format!("--baseline {}: {why}", dir.display());
    let text = fs::read_to_string(&raw).map_err(|error| {
        Stop::usage(named(format!("raw.jsonl: {error}; name the folder of an earlier --out")))
    })?;
    let (head, cells) = read(&text, trace).map_err(|why| Stop::usage(named(why)))?;
    if counts_locks(&head.build.description) {
        let why = "it was swept with --locks, which makes the maps slower; measure a baseline without it";
        return Err(Stop::usage(named(why.into())));
    }
    if head.machine.cpu != machine.cpu {
        return Err(Stop::environment(named(format!(
            "its program was built for another machine ({}), and this one is {}; measure a baseline here",
            head.machine.cpu, machine.cpu
        ))));
    }
    let program = dir.join(CELL).canonicalize().map_err(|error| {
        Stop::environment(named(format!(
            "its program bench-cell is gone ({error}), and numbers of another day prove nothing; measure a \
             baseline again, with --out"
        )))
    })?;
    let found = hash(&program).map_err(|why| Stop::environment(named(why)))?;
    if found != head.build.hash {
        return Err(Stop::environment(named(format!(
            "bench-cell is not the program that measured: its hash is {found}, not {}; measure a baseline again, \
             with --out",
            head.build.hash
        ))));
    }
    let all = cells.len();
    let cells: Vec<Cell> = cells.into_iter().filter(|cell| asks_for(args, &cell.spec)).collect();
    match (all, cells.is_empty()) {
        (0, _) => Err(Stop::usage(named("none of its cells was measured".into()))),
        (_, true) => Err(Stop::usage(named(format!("none of its {all} cells is what the flags name")))),
        _ => {
            let commit = head.build.commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
            Ok(Old { program, description: format!("{}{commit}", head.build.description), cells })
        }
    }
}

/// The cells that all their lines call measured.
fn read(text: &str, trace: Option<&TraceFiles>) -> Result<(Head, Vec<Cell>), String> {
    // If a sweep was killed, its last line may be a part of one.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut lines = (1..).zip(whole.lines());
    let wrong = |number: usize, why: &dyn std::fmt::Display| {
        format!("raw.jsonl, line {number}: {why}; it comes from another version of this command")
    };
    let (_, head) = lines.next().ok_or("raw.jsonl is empty")?;
    let head: Head = serde_json::from_str(head).map_err(|error| wrong(1, &error))?;
    schema::check(head.schema)?;
    let (mut cells, mut bad): (Vec<Cell>, Vec<CellSpec>) = (Vec::new(), Vec::new());
    for (number, line) in lines {
        let Line { mut spec, result } = serde_json::from_str(line).map_err(|error| wrong(number, &error))?;
        if spec.get("trace").is_some_and(|trace| !trace.is_null()) {
            // The sweep measured copies of the user's files, which are gone.
            let files = trace.ok_or("its cells ran a trace; give the same files: --trace LOAD RUN")?;
            spec["trace"] = serde_json::to_value(files).expect("paths are text");
        }
        let json = spec.to_string();
        let spec: CellSpec = serde_json::from_value(spec).map_err(|error| wrong(number, &error))?;
        if result.outcome != "measured" {
            bad.push(spec);
        } else if !cells.iter().any(|cell| cell.spec == spec) {
            cells.push(Cell { spec, json });
        }
    }
    cells.retain(|cell| !bad.contains(&cell.spec));
    Ok((head, cells))
}

/// Whether the flags for the axes name this cell. A flag that is not given names all.
fn asks_for(args: &Args, spec: &CellSpec) -> bool {
    let words = [
        (&args.maps, &spec.map),
        (&args.workloads, &spec.workload),
        (&args.dists, &spec.dist),
        (&args.keys_like, &spec.keys_like),
        (&args.placements, &spec.placement),
        (&args.pins, &spec.pin),
        (&args.pages, &spec.pages),
    ];
    words.into_iter().all(|(list, word)| list.as_ref().is_none_or(|list| list.contains(word)))
        && args.threads.as_ref().is_none_or(|list| list.contains(&spec.threads))
}

#[cfg(test)]
mod tests {
    use super::super::super::args::tests::parse;
    use super::*;
    use bench::protocol::TraceKeys;

    const HEAD: &str = r#"{"command":"x","machine":{"cpu":"A"},"build":{"description":"rustc"}}"#;

    fn line(map: &str, outcome: &str, trace: &str) -> String {
        format!(
            r#"{{"round":1,"spec":{{"map":"{map}","trace":{trace}}},"result":{{"outcome":"{outcome}"}}}}"#
        )
    }

    #[test]
    fn cells_that_were_measured_in_every_round_are_compared_once_as_they_were_written() {
        let lines = [
            HEAD,
            &line("bskip", "measured", "null"),
            &line("congee", "measured", "null"),
            &line("bskip", "measured", "null"),
            &line("congee", "failed", "null"),
            r#"{"round":2,"spec":{"map":"mass"#,
        ];
        let (head, cells) = read(&lines.join("\n"), None).unwrap();
        assert_eq!(head.machine.cpu, "A");
        let [cell] = &cells[..] else { panic!("{cells:?}") };
        assert_eq!(cell.spec.map, "bskip");
        assert!(!cell.json.contains("threads"), "the old program need not know newer fields");
    }

    #[test]
    fn a_trace_must_be_given_again() {
        let text = format!("{HEAD}\n{}\n", line("bskip", "measured", r#"{"load":"gone","run":"gone"}"#));
        assert!(read(&text, None).unwrap_err().contains("--trace LOAD RUN"));
        let files = TraceFiles { load: "l".into(), run: "r".into(), keys: TraceKeys::Numbers };
        let (_, cells) = read(&text, Some(&files)).unwrap();
        assert_eq!(cells[0].spec.trace, Some(files));
        assert!(cells[0].json.contains(r#""run":"r""#));
    }

    #[test]
    fn what_is_no_sweep_is_named_with_its_line() {
        let newer = HEAD.replacen('{', r#"{"schema":999,"#, 1);
        for (text, hint) in [
            ("", "is empty"),
            ("{}\n", "line 1"),
            (&format!("{HEAD}\nx\n"), "line 2"),
            (&format!("{HEAD}\n{}\n", line("bskip", "measured", "7")), "--trace"),
            (&format!("{newer}\n"), "schema 999"),
        ] {
            let error = read(text, None).err().unwrap_or_else(|| panic!("{text}"));
            assert!(error.contains(hint) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn flags_for_the_axes_choose_among_the_cells() {
        let spec = CellSpec::default();
        for (line, is_asked_for) in [
            ("", true),
            ("--maps bskip,congee --threads 1", true),
            ("--threads 2", false),
            ("--workloads a", false),
        ] {
            assert_eq!(asks_for(&parse(line).unwrap(), &spec), is_asked_for, "{line}");
        }
    }
}
