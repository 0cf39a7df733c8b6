//! `raw.jsonl`: a line about the sweep, then a line for each run as soon as it has ended. So a sweep that is
//! killed keeps its finished runs, and `--resume` knows what is left.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use bench::protocol::{CellOutcome, CellSpec};
use serde::{Deserialize, Serialize};

use super::cell_binary::Build;
use super::machine::Machine;
use super::plan::Plan;
use super::run::{Place, Run};
use super::schema;
use crate::stop::Stop;

/// The file's name.
pub(crate) const RAW: &str = "raw.jsonl";

/// The first line: all that is needed to go on with the sweep.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Head {
    /// What the fields mean, by [`SCHEMA`](super::schema::SCHEMA).
    pub(crate) schema: Option<u32>,
    /// The command line.
    pub(crate) command: String,
    /// Where it runs.
    pub(crate) machine: Machine,
    /// What runs.
    pub(crate) build: Build,
    /// All cells, and how often they run.
    pub(crate) plan: Plan,
}

/// The other lines. See [`Run`].
#[derive(Deserialize)]
struct Line {
    round: usize,
    spec: CellSpec,
    result: CellOutcome,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) head: Head,
    pub(crate) runs: Vec<Run>,
    /// Bytes of whole lines.
    pub(crate) length: u64,
}

/// Opens the file to append runs. No other sweep can do so at the same time, until this process ends.
///
/// # Errors
///
/// The file cannot be opened or made, or a sweep is running that writes to it.
pub(crate) fn open(path: &Path, is_new: bool) -> Result<File, Stop> {
    let opened = OpenOptions::new().read(true).append(true).create_new(is_new).open(path);
    let file =
        opened.map_err(|error| Stop::environment(format!("cannot write to {}: {error}", path.display())))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Stop::environment(format!(
            "another process is measuring for {}: wait for its end, or stop it",
            path.display()
        ))),
        // A file system without locks cannot say it.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Appends a line by a single write. It is on the disk when this returns: a cell takes longer than that.
pub(crate) fn append(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let line = serde_json::to_string(line).expect("the lines are plain data");
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}

/// Reads the file. A last line without its end is ignored: the process was killed while it wrote the line.
///
/// # Errors
///
/// A message that names the line, or says that there is no sweep.
pub(crate) fn read(file: &mut File) -> Result<Raw, String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let text = str::from_utf8(&bytes[..end]).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut lines = text.lines();
    let head = lines.next().ok_or("it has no whole line, so nothing was measured: remove the folder")?;
    let head: Head = serde_json::from_str(head)
        .map_err(|error| format!("its line 1 comes from another version of this command: {error}"))?;
    schema::check(head.schema)?;
    let places: HashMap<String, Place> = places(&head.plan).collect();
    let (mut runs, mut known) = (Vec::new(), HashSet::new());
    for (number, line) in (2..).zip(lines) {
        let wrong = |why: String| format!("line {number}: {why}");
        let line: Line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let place = *places.get(&key(&line.spec)).ok_or_else(|| wrong("no cell of the plan".into()))?;
        if !known.insert((place, line.round)) || line.round > head.plan.repeat {
            return Err(wrong(format!("round {} of this cell is there twice or too many", line.round)));
        }
        // The plan's specification: the folder of a trace may have another name than it had.
        let spec = head.plan.groups[place.group].cells[place.row].clone();
        runs.push(Run { place, round: line.round, spec, result: line.result });
    }
    Ok(Raw { head, runs, length: end as u64 })
}

/// Every cell of the plan, with its place.
fn places(plan: &Plan) -> impl Iterator<Item = (String, Place)> {
    plan.groups.iter().enumerate().flat_map(|(group, cells)| {
        cells.cells.iter().enumerate().map(move |(row, spec)| (key(spec), Place { group, row }))
    })
}

/// A cell without the paths of its trace, in words.
fn key(spec: &CellSpec) -> String {
    let mut spec = spec.clone();
    if let Some(trace) = &mut spec.trace {
        trace.load.clear();
        trace.run.clear();
    }
    serde_json::to_string(&spec).expect("a cell is plain data")
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::*;
    use crate::tree;
    use std::fs;

    #[test]
    fn whole_lines_count_and_wrong_ones_are_named() {
        let path = tree::target().join(format!("raw-{}.jsonl", std::process::id()));
        let plan = plan("--maps bskip,bskip-numa --workloads c --repeat 2", &sample(2, 1)).unwrap();
        let build =
            Build { path: "cell".into(), description: "rustc".into(), hash: "1".into(), commit: None };
        let head = Head { schema: None, command: "it".into(), machine: sample(2, 1), build, plan };
        let place = Place { group: 0, row: 1 };
        let spec = head.plan.groups[0].cells[1].clone();
        let run = Run { place, round: 2, spec, result: measured(2.0) };
        let mut file = open(&path, true).unwrap();
        append(&mut file, &head).unwrap();
        append(&mut file, &run).unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(open(&path, false).unwrap_err().line.contains("another process"));
        drop(file);
        let read_of = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read(&mut open(&path, false).unwrap())
        };
        let raw = read_of(&whole).unwrap();
        assert_eq!((raw.head.plan, raw.runs, raw.length), (head.plan, vec![run], whole.len() as u64));
        let head_end = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for torn in [head_end, head_end + 1, whole.len() - 1] {
            let raw = read_of(&whole[..torn]).unwrap();
            assert_eq!((raw.runs.len(), raw.length), (0, head_end as u64));
        }
        for nothing in [0, 1, head_end - 1] {
            assert!(read_of(&whole[..nothing]).unwrap_err().contains("nothing was measured"));
        }
        let text = String::from_utf8(whole.clone()).unwrap();
        let (first, second) = text.split_at(head_end);
        for (bad, hint) in [
            (format!("{first}{second}{second}"), "line 3: round 2 of this cell is there twice"),
            (format!("{first}{}", second.replace("\"round\":2", "\"round\":3")), "too many"),
            (format!("{first}{}", second.replace("bskip-numa", "congee")), "line 2: no cell of the plan"),
            (format!("{first}x\n"), "line 2: "),
            (text.replace("\"plan\":", "\"pan\":"), "another version"),
        ] {
            let error = read_of(bad.as_bytes()).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
        fs::remove_file(&path).unwrap();
    }
}
