//! The user's own workload: two text files. The sweep reads them whole before it builds anything, by the
//! rules of the program that runs a cell.
//!
//! Each cell reads the files again, and all cells must measure the same operations. A pipe or standard input
//! can be read only once, so the sweep copies it. It watches a file for changes.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bench::protocol::TraceFiles;
use bench::trace;

use super::plan::Trace;
use crate::tree;

/// The files of `--trace` while a sweep runs.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What the plan must know of them.
    pub(crate) trace: Trace,
    sources: [Source; 2],
}

/// One file.
#[derive(Debug)]
enum Source {
    /// The user's file, and its identity when it was read.
    File(PathBuf, Stamp),
    /// A copy; dropping this removes it.
    Copy(PathBuf),
}

/// A change of the file changes one of these: its device, its number, its length, or the time of its last
/// change.
type Stamp = (u64, u64, u64, i64, i64);

/// Reads both files of `--trace`. `most` is the number of operations that fit into memory.
///
/// # Errors
///
/// One line that names the file, the line if there is one, and what is wrong with it.
pub(crate) fn check(load: &Path, run: &Path, most: u64) -> Result<Opened, String> {
    if let (Ok(load), Ok(run)) = (metadata(load), metadata(run)) {
        trace::check_distinct(&load, &run).map_err(|why| format!("--trace: {why}"))?;
    }
    let (load, of_load) = Source::read(load, "load", most)?;
    let (run, of_run) = Source::read(run, "run", most)?;
    let files = TraceFiles { load: load.text()?, run: run.text()? };
    Ok(Opened { trace: Trace { files, lines: (of_load, of_run) }, sources: [load, run] })
}

impl Opened {
    /// Why the cells would no longer measure what was planned, if a file has changed.
    pub(crate) fn changed(&self) -> Option<String> {
        self.sources.iter().find_map(|source| {
            let Source::File(path, stamp) = source else { return None };
            let why = match fs::metadata(path) {
                Ok(now) if self::stamp(&now) == *stamp => return None,
                Ok(_) => "it changed while the sweep ran".to_owned(),
                Err(error) => error.to_string(),
            };
            Some(format!("--trace {}: {why}; give a file that stays as it is", path.display()))
        })
    }
}

impl Source {
    /// Reads a file to its end, and counts its operations.
    fn read(path: &Path, role: &str, most: u64) -> Result<(Self, u64), String> {
        let name = format!("--trace {}", path.display());
        let at = |error: io::Error| format!("{name}: {error}");
        let count = |reader: &mut dyn Read| {
            let mut seen = 0;
            trace::for_each(BufReader::with_capacity(1 << 20, reader), &name, |_| {
                seen += 1;
                match seen > most {
                    true => Err(format!(
                        "{name}: more than {most} operations do not fit into memory: use a shorter trace"
                    )),
                    false => Ok(()),
                }
            })
        };
        if path.as_os_str() == "-" {
            return Self::copy(&mut io::stdin().lock(), role, count);
        }
        let mut file = trace::open(path).map_err(at)?;
        let before = file.metadata().map_err(at)?;
        if !before.is_file() {
            return Self::copy(&mut file, role, count);
        }
        let lines = count(&mut file)?;
        let path = path.canonicalize().map_err(at)?;
        match stamp(&file.metadata().map_err(at)?) == stamp(&before) {
            true => Ok((Self::File(path, stamp(&before)), lines)),
            false => Err(format!("{name}: it changes while it is read: give a file that stays as it is")),
        }
    }

    /// Copies an input that can be read only once into the target folder, and counts its operations
    /// meanwhile.
    fn copy(
        from: &mut dyn Read,
        role: &str,
        count: impl Fn(&mut dyn Read) -> Result<u64, String>,
    ) -> Result<(Self, u64), String> {
        let dir = tree::target().join("bench-numa/traces");
        let path = dir.join(format!("{role}-{}.txt", std::process::id()));
        let cannot = |error: io::Error| format!("--trace: cannot copy to {}: {error}", path.display());
        fs::create_dir_all(&dir).map_err(cannot)?;
        let to = BufWriter::new(File::create(&path).map_err(cannot)?);
        // From here on, dropping this removes the copy.
        let copy = Self::Copy(path.clone());
        let mut tee = Tee { from, to, failed: None };
        let lines = count(&mut tee);
        if let Some(error) = tee.failed.take().or_else(|| tee.to.flush().err()) {
            return Err(cannot(error));
        }
        Ok((copy, lines?))
    }

    /// The path as text that holds in any folder.
    fn text(&self) -> Result<String, String> {
        let (Self::File(path, _) | Self::Copy(path)) = self;
        let text = path.to_str().ok_or_else(|| format!("--trace {}: not UTF-8", path.display()))?;
        Ok(text.to_owned())
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Self::Copy(path) = self {
            // If the copy is gone already, there is nothing to do.
            let _ = fs::remove_file(path);
        }
    }
}

/// A reader that writes down what it reads.
struct Tee<'a, W> {
    from: &'a mut dyn Read,
    to: W,
    /// Why it could not write.
    failed: Option<io::Error>,
}

impl<W: Write> Read for Tee<'_, W> {
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

fn metadata(path: &Path) -> io::Result<Metadata> {
    fs::metadata(if path.as_os_str() == "-" { Path::new("/dev/stdin") } else { path })
}

fn stamp(of: &Metadata) -> Stamp {
    (of.dev(), of.ino(), of.len(), of.mtime(), of.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let dir = tree::target().join("bench-numa/tests");
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(format!("{name}-{}.txt", std::process::id()));
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_file_that_grows_or_goes_is_noticed() {
        let (load, run) = (file("load", "INSERT 1\rINSERT 2"), file("run", "READ 1"));
        let opened = check(&load, &run, 9).unwrap();
        assert_eq!((opened.trace.lines, opened.changed()), ((2, 1), None));
        fs::write(&run, "READ 1\nREAD 2").unwrap();
        let why = opened.changed().unwrap();
        assert!(why.contains("run-") && why.contains("it changed"), "{why}");
        fs::remove_file(&run).unwrap();
        assert!(opened.changed().unwrap().contains("No such file"));
    }

    #[test]
    fn more_operations_than_fit_are_refused() {
        let path = file("long", "READ 1\nREAD 2\nREAD 3");
        assert!(check(&path, &path, 2).unwrap_err().contains("more than 2 operations"));
        assert!(check(&path, &path, 3).is_ok());
    }
}
