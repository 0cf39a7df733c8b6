//! The folder of `--out`. It gets the program that measures, each finished cell at once, and the results at
//! the end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::cell_binary::Build;
use super::cell_copy::{self, CELL};
use super::raw::{self, Head, RAW};
use super::report::{self, REPORT};
use super::results::Results;
use super::run::Run;
use super::schema::{self, CSV, JSON, TABLE, TUNED};
use super::{durable, open_loop, table, trace, tuned};
use crate::stop::Stop;

/// Only with `--open-loop`.
const OPEN_LOOP: &str = "open-loop.csv";

/// A folder that is ready for the results of one sweep.
pub(crate) struct OutDir(PathBuf);

/// A folder that gets the cells of a running sweep.
pub(crate) struct Recorder {
    dir: PathBuf,
    raw: File,
}

impl OutDir {
    /// Makes the folder, before anything is built.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, or it holds the results of another sweep. Results are never
    /// overwritten.
    pub(crate) fn create(dir: &Path) -> Result<Self, Stop> {
        let flag = format!("--out {}", dir.display());
        let probe = dir.join(format!(".writable-{}", std::process::id()));
        let made = fs::create_dir_all(dir).and_then(|()| File::create_new(&probe)).map(drop);
        made.and_then(|()| fs::remove_file(&probe)).map_err(|error| {
            Stop::environment(format!("{flag}: {error}; name a folder that can be written"))
        })?;
        if dir.join(RAW).exists() && !schema::is_finished(dir) {
            return Err(Stop::usage(format!(
                "{flag}: it already holds {RAW} of a sweep that was stopped; go on with --resume {}, or name a new \
                 folder",
                dir.display()
            )));
        }
        match [RAW, TABLE, CSV, OPEN_LOOP, JSON, REPORT, CELL, TUNED]
            .into_iter()
            .find(|name| dir.join(name).exists())
        {
            None => Ok(Self(dir.to_owned())),
            Some(old) => Err(Stop::usage(format!("{flag}: it already holds {old}; name a new folder"))),
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps a copy of the program, and returns the build whose program is that copy.
    pub(crate) fn keep(&self, build: Build) -> Result<Build, Stop> {
        cell_copy::keep(&self.0, build)
    }

    /// Before anything runs, writes a line about the sweep to the raw file.
    pub(crate) fn begin(self, head: &Head) -> Result<Recorder, Stop> {
        let mut raw = raw::open(&self.0.join(RAW), true)?;
        let begun = raw::append(&mut raw, head).and_then(|()| durable::folder(&self.0));
        begun.map_err(|error| cannot(&self.0, RAW, &error))?;
        Ok(Recorder { dir: self.0, raw })
    }
}

impl Recorder {
    /// The folder of a sweep that goes on, and its raw file, open at its end.
    pub(crate) fn resumed(dir: &Path, raw: File) -> Self {
        Self { dir: dir.to_owned(), raw }
    }

    /// Appends a finished run to the raw file.
    pub(crate) fn record(&mut self, run: &Run) -> Result<(), Stop> {
        raw::append(&mut self.raw, run).map_err(|error| cannot(&self.dir, RAW, &error))
    }

    /// Writes the results in every form. They replace those of an interrupted sweep that was resumed.
    pub(crate) fn finish(self, results: &Results<'_>) -> Result<(), Stop> {
        let tuned = tuned::answer(results).ok().map(|tuned| (TUNED, tuned.to_string()));
        let open_loop = open_loop::csv(results.runs).map(|csv| (OPEN_LOOP, csv));
        let files = [(TABLE, table::render(results)), (CSV, results.csv())].into_iter();
        for (name, text) in files.chain(open_loop).chain(tuned).chain([(JSON, results.json())]) {
            let written = durable::replace(&self.dir.join(name), &text);
            written.map_err(|error| cannot(&self.dir, name, &error))?;
        }
        durable::folder(&self.dir).map_err(|error| cannot(&self.dir, JSON, &error))?;
        report::write_in(&self.dir)?;
        if results.complete {
            trace::forget(&self.dir);
        }
        Ok(())
    }
}

fn cannot(dir: &Path, name: &str, error: &io::Error) -> Stop {
    Stop::failure(format!("cannot write {}: {error}", dir.join(name).display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn the_folder_of_an_interrupted_sweep_is_one_to_resume_and_that_of_a_finished_one_is_not() {
        let dir = tree::target().join(format!("bench-numa/out-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let refused = || OutDir::create(&dir).map(|_| ()).unwrap_err().line;
        fs::write(dir.join(RAW), "{}").unwrap();
        assert!(refused().contains("go on with --resume"), "it was killed");
        fs::write(dir.join(JSON), r#"{"interrupted":"after 1 of 2 runs"}"#).unwrap();
        assert!(refused().contains("go on with --resume"), "Ctrl-C writes results");
        fs::write(dir.join(JSON), r#"{"interrupted":null}"#).unwrap();
        assert!(refused().ends_with("it already holds raw.jsonl; name a new folder"));
        fs::remove_dir_all(&dir).unwrap();
    }
}
