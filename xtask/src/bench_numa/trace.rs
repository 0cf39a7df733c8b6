//! The user's own workload: two text files. The sweep reads them whole before it builds anything, by the
//! rules of the program that runs a cell.
//!
//! Each cell reads them again, and all cells must measure the same operations. So the sweep copies them as it
//! reads: a pipe can be read only once, and a file may change while the sweep runs.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use bench::protocol::{TraceFiles, TraceKeys};
use bench::trace;

use super::durable;
use super::plan::{Plan, Trace};
use crate::stop::Stop;
use crate::tree;

/// The copies in the folder of `--out`.
const KEPT: [&str; 2] = ["trace-load.txt", "trace-run.txt"];

/// The copies of the files of `--trace`. Dropping this removes them.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What the plan must know of them.
    pub(crate) trace: Trace,
    folder: PathBuf,
}

/// Reads both files of `--trace`, whose keys are spelt as `keys` says. `most` is the number of operations that fit into memory.
///
/// # Errors
///
/// One line that names the file, the line if there is one, and what is wrong with it.
pub(crate) fn check(load: &Path, run: &Path, keys: TraceKeys, most: u64) -> Result<Opened, Stop> {
    let [load, run] = [load, run].map(|path| if path == "-" { Path::new("/dev/stdin") } else { path });
    if let (Ok(load), Ok(run)) = (load.metadata(), run.metadata()) {
        trace::check_distinct(&load, &run).map_err(|why| Stop::usage(format!("--trace: {why}")))?;
    }
    let folder = tree::target().join(format!("bench-numa/traces-{}", std::process::id()));
    let text = |name: &str| {
        let path = folder.join(name).to_str().map(str::to_owned);
        path.ok_or_else(|| {
            Stop::environment("the target folder is not UTF-8: set CARGO_TARGET_DIR to another one")
        })
    };
    let files = TraceFiles { load: text("load.txt")?, run: text("run.txt")?, keys };
    fs::create_dir_all(&folder)
        .map_err(|error| Stop::environment(format!("{}: {error}", folder.display())))?;
    let mut opened = Opened { trace: Trace { files, lines: (0, 0) }, folder };
    let Trace { files, lines } = &mut opened.trace;
    *lines = (copy(load, &files.load, keys, most)?, copy(run, &files.run, keys, most)?);
    Ok(opened)
}

/// Copies a trace, and counts its operations.
fn copy(from: &Path, to: &str, keys: TraceKeys, most: u64) -> Result<u64, Stop> {
    let name = format!("--trace {}", from.display());
    let cannot = |error: io::Error| Stop::environment(format!("--trace: cannot copy to {to}: {error}"));
    let from = trace::open(from).map_err(|error| Stop::usage(format!("{name}: {error}")))?;
    let to = BufWriter::new(File::create(to).map_err(cannot)?);
    let mut tee = Tee { from, to, failed: None };
    let mut seen = 0;
    let counted = trace::for_each(BufReader::with_capacity(1 << 20, &mut tee), &name, keys, |_| {
        seen += 1;
        // The message is below.
        if seen > most { Err(String::new()) } else { Ok(()) }
    });
    if let Some(error) = tee.failed.take().or_else(|| tee.to.flush().err()) {
        return Err(cannot(error));
    }
    if seen > most {
        let line = format!("{name}: more than {most} operations do not fit into memory: use a shorter trace");
        return Err(Stop::environment(line));
    }
    counted.map_err(Stop::usage)
}

impl Opened {
    /// Puts the copies into the folder `dir`, where a resumed sweep finds them. Returns their paths.
    pub(crate) fn keep_in(&self, dir: &Path) -> Result<TraceFiles, Stop> {
        let files = paths(dir, self.trace.files.keys)?;
        for (from, to) in [(&self.trace.files.load, &files.load), (&self.trace.files.run, &files.run)] {
            durable::copy(Path::new(from), Path::new(to))
                .map_err(|error| Stop::environment(format!("cannot write {to}: {error}")))?;
        }
        Ok(files)
    }
}

/// The copies that [`Opened::keep_in`] put into the folder, if the plan has a trace.
///
/// # Errors
///
/// The plan has a trace, and a copy is missing.
pub(crate) fn kept(dir: &Path, plan: &Plan) -> Result<Option<TraceFiles>, Stop> {
    let Some(trace) = plan.specs().find_map(|spec| spec.trace.as_ref()) else { return Ok(None) };
    let files = paths(dir, trace.keys)?;
    let gone = [&files.load, &files.run].map(|path| (!Path::new(path).is_file()).then_some(path));
    if let Some(path) = gone.into_iter().flatten().next() {
        return Err(Stop::environment(format!("the copy of the trace, {path}, is gone; begin a new sweep")));
    }
    Ok(Some(files))
}

/// Removes the copies from the folder of a sweep that is complete.
pub(crate) fn forget(dir: &Path) {
    // Without a trace there are none.
    KEPT.iter().for_each(|name| _ = fs::remove_file(dir.join(name)));
}

fn paths(dir: &Path, keys: TraceKeys) -> Result<TraceFiles, Stop> {
    let dir = dir.canonicalize().map_err(|error| Stop::environment(format!("{}: {error}", dir.display())))?;
    let text = |name: &str| {
        let path = dir.join(name).to_str().map(str::to_owned);
        path.ok_or_else(|| Stop::usage(format!("{} is not UTF-8; use another folder", dir.display())))
    };
    Ok(TraceFiles { load: text(KEPT[0])?, run: text(KEPT[1])?, keys })
}

impl Drop for Opened {
    fn drop(&mut self) {
        // If the copies are gone already, nothing is left to do.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A reader that writes down what it reads.
struct Tee {
    from: File,
    to: BufWriter<File>,
    /// Why it could not write.
    failed: Option<io::Error>,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        match self.to.write_all(&buffer[..read]) {
            Ok(()) => Ok(read),
            Err(error) => {
                self.failed = Some(error);
                Ok(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copies_are_what_was_read_and_go_in_the_end() {
        let path = tree::target().join(format!("trace-{}.txt", std::process::id()));
        fs::write(&path, "READ 1\rREAD 2\rREAD 3").unwrap();
        let numbers = |most| check(&path, &path, TraceKeys::Numbers, most);
        let refused = numbers(2).unwrap_err();
        assert!(refused.line.contains("more than 2 operations") && refused.code == Stop::ENVIRONMENT);
        let opened = numbers(3).unwrap();
        fs::remove_file(&path).unwrap();
        let copy = opened.trace.files.run.clone();
        assert_eq!((opened.trace.lines, fs::read_to_string(&copy).unwrap().len()), ((3, 3), 20));
        drop(opened);
        assert!(!Path::new(&copy).exists());
    }
}
