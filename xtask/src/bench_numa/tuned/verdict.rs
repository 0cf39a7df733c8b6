//! Whether the choices of a configuration hold, by runs of their settings.

use std::path::Path;

use bench::protocol::CellOutcome;
use bench::units::three_digits;

use super::super::results::notes;
use super::super::run::Run;
use super::super::stats::{CONFIDENCE, Interval};
use super::again::Checked;
use super::candidates::{Candidate, candidates, mean};
use super::choose::interval;
use super::why::differences;
use crate::table::aligned;

/// What came of one choice.
pub(super) struct Verdict {
    name: String,
    /// The ratio in the file, with its interval.
    then: String,
    now: Now,
    /// How the next setting differs.
    next: String,
}

/// The ratio of the best to the next setting now.
enum Now {
    /// The geometric mean of the ratios of the same rounds; its interval; and the wider interval that decides.
    Ratio { ratio: f64, interval: Option<Interval>, wide: Option<Interval> },
    /// A cell failed.
    Failed,
    /// There is only one setting.
    Alone,
}

impl Verdict {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the file may still recommend its choice.
    pub(super) fn holds(&self) -> bool {
        match &self.now {
            Now::Ratio { wide, .. } => !wide.is_some_and(|wide| wide.high < 1.0),
            Now::Failed => false,
            Now::Alone => true,
        }
    }

    /// The verdict in words.
    fn words(&self) -> String {
        match &self.now {
            Now::Failed => "a cell FAILED".into(),
            Now::Alone => "holds: there is no other setting".into(),
            Now::Ratio { .. } if !self.holds() => format!("does not hold: faster now with {}", self.next),
            Now::Ratio { interval, .. } if interval.is_some_and(|interval| interval.low > 1.0) => {
                format!("holds: faster than {}", self.next)
            }
            Now::Ratio { .. } => format!("holds: not told apart from {}", self.next),
        }
    }
}

/// The verdict on each choice.
pub(super) fn of(choices: &[Checked<'_>], runs: &[Run]) -> Vec<Verdict> {
    let found = candidates(runs);
    let wide = 1.0 - (1.0 - CONFIDENCE) / choices.len() as f64;
    choices.iter().map(|checked| judge(checked, &found, wide)).collect()
}

fn judge(checked: &Checked<'_>, found: &[Candidate], wide: f64) -> Verdict {
    let written = checked.choice.margin.as_ref();
    let ends = |[low, high]: [f64; 2]| format!(" ({})", Interval { low, high }.ends());
    let then = written.map_or_else(
        || "-".into(),
        |margin| three_digits(margin.ratio) + &margin.interval.map(ends).unwrap_or_default(),
    );
    let verdict = |now, next| Verdict { name: checked.name.to_owned(), then: then.clone(), now, next };
    let Some([best, next]) = checked.pair() else { return verdict(Now::Alone, String::new()) };
    let differs = differences(best, next);
    let [best, next] =
        [best, next].map(|setting| found.iter().find(|candidate| candidate.setting == *setting));
    let (Some(best), Some(next)) = (best, next) else { return verdict(Now::Failed, differs) };
    let [rounds, others] = [best, next].map(|candidate| candidate.rounds(&checked.loads));
    let logs = best.log_ratios(next, &checked.loads, &(&rounds & &others));
    let Some(mean) = mean(&logs) else { return verdict(Now::Failed, differs) };
    let [interval, wide] = [CONFIDENCE, wide].map(|confidence| interval(&logs, confidence));
    verdict(Now::Ratio { ratio: mean.exp(), interval, wide }, differs)
}

/// The verdicts as a table, with why cells failed and what others fell back to.
pub(super) fn table(file: &Path, rounds: usize, verdicts: &[Verdict], runs: &[Run]) -> String {
    let mut rows = vec![["workload", "now", "in the file", "verdict"].map(str::to_owned).to_vec()];
    for verdict in verdicts {
        let now = match &verdict.now {
            Now::Ratio { ratio, interval, .. } => {
                three_digits(*ratio) + &interval.map(|i| format!(" ({})", i.ends())).unwrap_or_default()
            }
            Now::Failed | Now::Alone => "-".into(),
        };
        rows.push(vec![verdict.name.clone(), now, verdict.then.clone(), verdict.words()]);
    }
    let mut text = format!(
        "{}: throughput of the best setting relative to the next, {rounds} interleaved rounds, 95 % intervals\n",
        file.display()
    );
    aligned(&rows, 4).iter().for_each(|line| text += &format!("  {line}\n"));
    for run in runs {
        if let CellOutcome::Failed { reason } = &run.result {
            text += &format!(
                "  FAILED: {}, {}: {reason}\n",
                run.spec.workload,
                super::super::plan::row_name(&run.spec)
            );
        }
    }
    notes(runs).for_each(|note| text += &format!("  Note: {note}\n"));
    text
}
