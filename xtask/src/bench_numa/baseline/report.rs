//! What a comparison found: as a table for people, as CSV and as JSON.

use bench::protocol::{CellOutcome, CellSpec};
use bench::units::three_digits;
use serde::Serialize;

use super::super::cell_columns::{self, CellColumns};
use super::super::machine::Machine;
use super::super::plan::{Group, row_name};
use super::super::schema::SCHEMA;
use super::super::stats::{Interval, Spread};
use super::judge::{FALSE_ALARMS, LOOKS, Verdict};
use super::old::Cell;
use super::rounds::{Compared, Comparison, Side};
use crate::stop::Stop;
use crate::table::aligned;

/// A comparison with all that a reader needs to judge it.
#[derive(Serialize)]
pub(super) struct Report {
    schema: u32,
    pub(super) command: String,
    /// Where it ran.
    pub(super) machine: Machine,
    /// The old program and the new one, in words.
    pub(super) old: String,
    pub(super) new: String,
    /// The part of its rate that a cell may lose.
    pub(super) fail_above: f64,
    pub(super) interrupted: bool,
    pub(super) cells: Vec<Line>,
}

/// A cell.
#[derive(Serialize)]
pub(super) struct Line {
    #[serde(flatten)]
    cell: CellColumns,
    #[serde(flatten)]
    pub(super) found: Found,
    #[serde(skip)]
    title: String,
    #[serde(skip)]
    interval: String,
}

/// What was found of it: the last part of a line of CSV.
#[derive(Clone, Serialize)]
pub(super) struct Found {
    /// `regression`, `improvement`, `fine`, `uncertain`, `failed`, `skipped` or `not run`.
    pub(super) verdict: String,
    rounds: usize,
    /// Medians of the rounds.
    old_mops: Option<f64>,
    new_mops: Option<f64>,
    /// New to old: the geometric mean over the rounds, and its 95 % interval.
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    reason: String,
}

impl Report {
    /// A report without lines.
    pub(super) fn new(command: String, machine: Machine, fail_above: f64) -> Self {
        let (old, new) = (String::new(), String::new());
        Self { schema: SCHEMA, command, machine, old, new, fail_above, interrupted: false, cells: Vec::new() }
    }

    /// Takes what was found.
    pub(super) fn fill(&mut self, cells: &[Cell], comparison: &Comparison) {
        self.interrupted = !comparison.complete;
        self.cells =
            cells.iter().zip(&comparison.cells).map(|(cell, found)| line(&cell.spec, found)).collect();
    }

    /// What `--dry-run` prints.
    pub(super) fn planned(&self, cells: &[Cell], repeat: usize) -> String {
        let mut text = format!(
            "{}\n{} cells, {repeat} rounds of the old and the new program, up to {} for cells that are uncertain\n\
             old: {}\n",
            self.machine.summary(),
            cells.len(),
            repeat << (LOOKS - 1),
            self.old,
        );
        for Cell { spec, .. } in cells {
            let group = Group { cells: vec![spec.clone()] };
            text.push_str(&format!("  {}: {}\n", group.title(), row_name(spec)));
        }
        text
    }

    /// The exit code.
    pub(super) fn end(&self) -> Result<(), Stop> {
        if self.interrupted {
            return Err(Stop {
                code: Stop::INTERRUPTED,
                line: "interrupted: the comparison is not complete".into(),
            });
        }
        let (slower, failed) = (self.count("regression"), self.count("failed"));
        let of_all = self.cells.len();
        let proven = format!("slower ({}), {}", Self::proven(), self.beyond("loss"));
        match (slower, failed) {
            (0, 0) => Ok(()),
            (0, failed) => Err(Stop::failure(format!("{failed} of {of_all} cells FAILED"))),
            (slower, 0) => Err(Stop::failure(format!("{slower} of {of_all} cells {proven}"))),
            _ => Err(Stop::failure(format!("{slower} of {of_all} cells {proven}; {failed} FAILED"))),
        }
    }

    /// How sure it is that a cell is slower or faster at all.
    fn proven() -> String {
        format!("proven at {} %", FALSE_ALARMS * 100.0)
    }

    /// What the rounds have measured, which is not proven.
    fn beyond(&self, what: &str) -> String {
        format!("measured {what} above {} %", three_digits(self.fail_above * 100.0))
    }

    /// How many cells have this verdict.
    pub(super) fn count(&self, verdict: &str) -> usize {
        self.cells.iter().filter(|cell| cell.found.verdict == verdict).count()
    }

    pub(super) fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a report is plain data");
        format!("{text}\n")
    }

    pub(super) fn csv(&self) -> String {
        cell_columns::csv(self.cells.iter().map(|line| (&line.cell, &line.found)))
    }

    pub(super) fn table(&self) -> String {
        let headings = ["setting", "map", "old", "new", "new/old", "95 %", "rounds", "verdict"];
        let headings = headings.map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> =
            std::iter::once(headings).chain(self.cells.iter().map(Line::row)).collect();
        let mut text = format!(
            "{}\n{}\nold: {}\nnew: {}\n\n{}\n",
            self.command,
            self.machine.summary(),
            self.old,
            self.new,
            aligned(&rows, 2).join("\n"),
        );
        text.push_str(
            "\nold, new: Mops/s, medians of the rounds. new/old: geometric mean of the ratios within each round.\n",
        );
        let percent = three_digits(self.fail_above * 100.0);
        for (verdict, heading) in [
            ("regression", format!("Regressions: slower ({}), {}", Self::proven(), self.beyond("loss"))),
            ("failed", "Failed".to_owned()),
            (
                "uncertain",
                format!("Uncertain: may be slower by more than {percent} %, but the rounds differ too much"),
            ),
            ("improvement", format!("Improvements: faster ({}), {}", Self::proven(), self.beyond("gain"))),
            ("skipped", "Skipped".to_owned()),
        ] {
            if self.count(verdict) > 0 {
                text.push_str(&format!("\n{heading}:\n"));
            }
            for line in self.cells.iter().filter(|line| line.found.verdict == verdict) {
                text.push_str(&format!("  {}\n", line.told()));
            }
        }
        text
    }
}

impl Line {
    fn row(&self) -> Vec<String> {
        let number = |number: Option<f64>| number.map_or_else(|| "-".into(), three_digits);
        let found = &self.found;
        vec![
            self.title.clone(),
            self.cell.map.clone(),
            number(found.old_mops),
            number(found.new_mops),
            number(found.ratio),
            self.interval.clone(),
            found.rounds.to_string(),
            found.verdict.clone(),
        ]
    }

    /// The cell with its ratio and interval, or with what stopped it.
    fn told(&self) -> String {
        let cell = format!("{}: {}", self.title, self.cell.map);
        let Found { ratio, ratio_low, ratio_high, rounds, reason, .. } = &self.found;
        match (ratio, ratio_low.zip(*ratio_high)) {
            (Some(ratio), Some((low, high))) => format!(
                "{cell}: {ratio:.3} of the old rate ({} with 95 % confidence, {rounds} rounds)",
                Interval { low, high }.told("..", |end| format!("{end:.3}")),
            ),
            (Some(ratio), None) => format!("{cell}: {ratio:.3} of the old rate (one round)"),
            (None, _) => format!("{cell}: {reason}"),
        }
    }
}

fn line(spec: &CellSpec, found: &Compared) -> Line {
    let group = Group { cells: vec![spec.clone()] };
    let median = |rates: Vec<f64>| Spread::of(rates).map(|spread| spread.median);
    let (verdict, reason) = match (&found.stopped, &found.judged) {
        (Some((Side::New, CellOutcome::Failed { reason })), _) => {
            ("failed", format!("the new program: {reason}"))
        }
        // The old program measured it.
        (Some((Side::New, CellOutcome::Skipped { reason })), _) => {
            ("failed", format!("the new program skips it: {reason}"))
        }
        // There is nothing to compare with.
        (Some((Side::Old, CellOutcome::Failed { reason })), _) => {
            ("skipped", format!("the old program failed: {reason}"))
        }
        (Some((Side::Old, CellOutcome::Skipped { reason })), _) => {
            ("skipped", format!("the old program skips it: {reason}"))
        }
        (_, Some(judged)) => (judged.verdict.name(), String::new()),
        _ => ("not run", String::new()),
    };
    let interval = found.judged.and_then(|judged| judged.interval);
    let beside =
        found.judged.zip(interval).map(|(judged, interval)| interval.beside(judged.ratio, three_digits));
    let found = Found {
        verdict: verdict.into(),
        rounds: found.rates.len(),
        old_mops: median(found.rates.iter().map(|rates| rates.0).collect()),
        new_mops: median(found.rates.iter().map(|rates| rates.1).collect()),
        ratio: found.judged.map(|judged| judged.ratio),
        ratio_low: interval.map(|interval| interval.low),
        ratio_high: interval.map(|interval| interval.high),
        reason,
    };
    Line {
        cell: CellColumns { map: row_name(spec), ..CellColumns::of(spec) },
        found,
        title: group.title(),
        interval: beside.unwrap_or_else(|| "-".into()),
    }
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Improvement => "improvement",
            Self::Fine => "fine",
            Self::Uncertain => "uncertain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::sample;
    use super::*;

    /// The verdict, the reason and the exit code of a comparison of one cell.
    fn told(side: Side, outcome: CellOutcome) -> (String, String, u8) {
        let mut report = Report::new("it".into(), sample(2, 1), 0.05);
        let cell = Cell { spec: CellSpec::default(), json: String::new() };
        let found = Compared { stopped: Some((side, outcome)), ..Compared::default() };
        report.fill(&[cell], &Comparison { cells: vec![found], complete: true });
        let code = report.end().map_or_else(|stop| stop.code, |()| 0);
        (report.cells[0].found.verdict.clone(), report.cells[0].found.reason.clone(), code)
    }

    #[test]
    fn what_the_new_program_does_not_measure_fails_and_what_the_old_one_does_not_is_skipped() {
        let failed = || CellOutcome::Failed { reason: "key 7 lost".into() };
        let skipped = || CellOutcome::Skipped { reason: "no scans".into() };
        let all = |verdict: &str, reason: &str, code| (verdict.to_owned(), reason.to_owned(), code);
        assert_eq!(told(Side::New, failed()), all("failed", "the new program: key 7 lost", 1));
        assert_eq!(told(Side::New, skipped()), all("failed", "the new program skips it: no scans", 1));
        assert_eq!(told(Side::Old, failed()), all("skipped", "the old program failed: key 7 lost", 0));
        assert_eq!(told(Side::Old, skipped()), all("skipped", "the old program skips it: no scans", 0));
    }
}
