//! Reads `results.json` back. A file of another version may have more fields or fewer: what the report does not
//! know is ignored, and what is missing is empty.

use std::fmt;

use bench::protocol::CellOutcome;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bench_numa::schema;

/// What `results.json` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) schema: Option<u32>,
    pub(super) command: String,
    pub(super) machine: Map<String, Value>,
    pub(super) build: Map<String, Value>,
    pub(super) interrupted: Option<String>,
    /// Every cell of the plan, in its order.
    pub(super) cells: Vec<Planned>,
    /// The cells that the plan left out.
    pub(super) skipped: Vec<Planned>,
    pub(super) notes: Vec<String>,
    pub(super) runs: Vec<Run>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

/// A cell of the plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Planned {
    #[serde(flatten)]
    pub(super) id: Id,
    /// `measured`, `failed`, `skipped`, `not_run`, …
    pub(super) status: String,
    /// Why it has no numbers.
    pub(super) reason: String,
    /// How near it comes to what the memory allows.
    pub(super) ceiling: Option<Ceiling>,
}

/// What limits a cell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ceiling {
    /// Throughput in per cent of the ceiling.
    pub(super) percent: f64,
    /// What limits most, in words.
    pub(super) limit: String,
    /// Million operations a second that the memory allows.
    pub(super) mops: f64,
    /// Nanoseconds that a lookup takes by the ceilings.
    pub(super) predicted_ns: Option<f64>,
}

/// One run of one cell.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WrittenRun")]
pub(super) struct Run {
    pub(super) round: usize,
    pub(super) id: Id,
    pub(super) result: CellOutcome,
    /// The result as it is written, with all that this version does not know.
    pub(super) written: Map<String, Value>,
}

#[derive(Deserialize)]
struct WrittenRun {
    round: usize,
    spec: Id,
    result: Map<String, Value>,
}

impl TryFrom<WrittenRun> for Run {
    type Error = serde_json::Error;

    fn try_from(WrittenRun { round, spec, result }: WrittenRun) -> Result<Self, Self::Error> {
        let written = result.clone();
        Ok(Self { round, id: spec, result: serde_json::from_value(Value::Object(result))?, written })
    }
}

/// What tells one cell from another.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Id {
    pub(super) map: String,
    pub(super) workload: String,
    pub(super) dist: String,
    pub(super) keys_like: String,
    pub(super) threads: usize,
    pub(super) keys: u64,
    pub(super) ops: u64,
    pub(super) placement: String,
    pub(super) pin: String,
    pub(super) pages: String,
}

impl fmt::Display for Id {
    /// In one line, as in `bskip-numa local thp, c, uniform u64, 2 threads, pin none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { map, placement, pages, workload, dist, keys_like, threads, pin, .. } = self;
        write!(f, "{map} {placement} {pages}, {workload}, {dist} {keys_like}, {threads} threads, pin {pin}")
    }
}

impl File {
    /// Reads the text of a `results.json`.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong with it, and what to do.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(text).map_err(|error| {
            format!("{error}; it is no results.json of this version of bench-numa: measure again")
        })?;
        schema::check(file.schema)?;
        match file.cells.is_empty() && file.runs.is_empty() {
            true => Err("it has no cells; name the results.json of a sweep".into()),
            false => Ok(file),
        }
    }
}

/// A part of the file; `None` if the file does not have it.
pub(super) fn part<T: for<'de> Deserialize<'de>>(other: &Map<String, Value>, name: &str) -> Option<T> {
    serde_json::from_value(other.get(name)?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_version_is_read_and_what_is_no_result_is_refused() {
        let old = r#"{"cells": [{"map": "bskip", "status": "measured", "mops": {"median": 1}, "new": []}]}"#;
        let file = File::parse(old).unwrap();
        assert_eq!((file.cells[0].id.map.as_str(), file.cells[0].status.as_str()), ("bskip", "measured"));
        for bad in ["", "[]", "{}", "{\"cells\": 7}", "{\"runs\": [{}]}"] {
            let error = File::parse(bad).expect_err(bad);
            assert!(!error.contains('\n') && error.contains("results.json"), "{bad}: {error}");
        }
    }
}
