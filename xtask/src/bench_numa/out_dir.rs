//! The folder of `--out`. It gets each finished cell at once, and the results at the end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::results::Results;
use super::run::Run;
use super::table;
use crate::stop::Stop;

/// This file gets a line for each run as soon as the run has ended, so a sweep that is killed keeps its
/// finished cells.
const RAW: &str = "raw.jsonl";
/// Written at the end.
pub(crate) const TABLE: &str = "results.txt";
pub(crate) const CSV: &str = "results.csv";
const JSON: &str = "results.json";

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
    /// The folder cannot be made, or it holds the results of another sweep. Results are never overwritten.
    pub(crate) fn create(dir: &Path) -> Result<Self, Stop> {
        fs::create_dir_all(dir).map_err(|error| Stop::usage(format!("--out {}: {error}", dir.display())))?;
        match [RAW, TABLE, CSV, JSON].into_iter().find(|name| dir.join(name).exists()) {
            None => Ok(Self(dir.to_owned())),
            Some(old) => Err(Stop::usage(format!(
                "--out {}: it already holds {old}; name a new folder",
                dir.display()
            ))),
        }
    }

    /// Before anything runs, writes a line about the sweep to the raw file.
    pub(crate) fn begin(self, head: &str) -> Result<Recorder, Stop> {
        let path = self.0.join(RAW);
        let raw = OpenOptions::new().append(true).create_new(true).open(&path);
        let raw = raw.map_err(|error| Stop::failure(format!("cannot write {}: {error}", path.display())))?;
        let mut recorder = Recorder { dir: self.0, raw };
        recorder.append(head)?;
        Ok(recorder)
    }
}

impl Recorder {
    /// Appends a finished run to the raw file.
    pub(crate) fn record(&mut self, run: &Run) -> Result<(), Stop> {
        self.append(&serde_json::to_string(run).expect("a run is plain data"))
    }

    fn append(&mut self, line: &str) -> Result<(), Stop> {
        // One write for the line and its end, so a reader never sees half a line.
        self.raw.write_all(format!("{line}\n").as_bytes()).map_err(|error| self.cannot(RAW, &error))
    }

    /// Writes the results in every form.
    pub(crate) fn finish(self, results: &Results<'_>) -> Result<(), Stop> {
        for (name, text) in [(TABLE, table::render(results)), (CSV, results.csv()), (JSON, results.json())] {
            fs::write(self.dir.join(name), text).map_err(|error| self.cannot(name, &error))?;
        }
        Ok(())
    }

    fn cannot(&self, name: &str, error: &io::Error) -> Stop {
        Stop::failure(format!("cannot write {}: {error}", self.dir.join(name).display()))
    }
}
