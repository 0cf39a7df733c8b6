//! Puts together what came back from a guest: the program's output and the plugin's counts.

use bench::marks::{Counted, DONE, Done, Report};
use serde::Serialize;

/// One program run in a guest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Run {
    pub(super) nodes: usize,
    /// Processors of each node, each with a worker.
    pub(super) cpus: usize,
    pub(super) map: String,
    pub(super) setting: String,
    /// Which keys, and in which order.
    pub(super) seed: u64,
}

/// One operation of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    pub(super) run: Run,
    pub(super) operation: String,
    #[serde(flatten)]
    pub(super) counted: Counted,
}

/// The plugin's report.
///
/// # Errors
///
/// A message: the error that the plugin reports, or a line that is no report.
pub(super) fn read_report(text: &str) -> Result<Vec<Counted>, String> {
    let line = |line: &str| match serde_json::from_str(line) {
        Ok(Report::Counted(counted)) => Ok(counted),
        Ok(Report::Error(why)) => Err(format!("the plugin: {why}")),
        Err(error) => Err(format!("the plugin's report has a line {line:?}: {error}")),
    };
    text.lines().map(line).collect()
}

/// The rows of run number `number`, from the program's output and all counts.
///
/// # Errors
///
/// A message that says where the two differ.
pub(super) fn rows(run: &Run, number: u64, words: &str, counted: &[Counted]) -> Result<Vec<Row>, String> {
    let lines = words.lines().filter_map(|line| line.trim().strip_prefix(DONE));
    let done: Vec<Done> = lines
        .map(|line| {
            serde_json::from_str(line).map_err(|error| format!("{line:?} is not of the program: {error}"))
        })
        .collect::<Result<_, _>>()?;
    let mut mine = counted.iter().filter(|counted| counted.run == number);
    let row = |done: Done| match mine.next() {
        Some(counted) if (done.run, done.phase, done.ops) == (counted.run, counted.phase, counted.ops) => {
            Ok(Row { run: run.clone(), operation: done.operation, counted: counted.clone() })
        }
        other => Err(format!("the program did {done:?}, the plugin counted {other:?}")),
    };
    let rows: Vec<Row> = done.into_iter().map(row).collect::<Result<_, _>>()?;
    match mine.next() {
        None if !rows.is_empty() => Ok(rows),
        None => Err("the program said nothing of what it did".into()),
        Some(more) => Err(format!("the plugin counted {more:?}, of which the program said nothing")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn run(map: &str, setting: &str) -> Run {
        Run { nodes: 2, cpus: 2, map: map.into(), setting: setting.into(), seed: 1 }
    }

    fn words(ops: u64) -> String {
        let done = Done { run: 1, phase: 0, operation: "get".into(), ops, checked: 2 * ops };
        format!("some words\r\n{DONE}{}\r\n", serde_json::to_string(&done).unwrap())
    }

    fn counted(run: u64, phase: u64) -> Counted {
        Counted { run, phase, ops: 10, instructions: 50, ..Counted::default() }
    }

    #[test]
    fn a_report_is_read_and_an_error_in_it_is_one() {
        let line = |report: &Report| serde_json::to_string(report).unwrap() + "\n";
        let good = line(&Report::Counted(counted(1, 0)));
        assert_eq!(read_report(&good), Ok(vec![counted(1, 0)]));
        let bad = good.clone() + &line(&Report::Error("no node".into()));
        assert_eq!(read_report(&bad), Err("the plugin: no node".into()));
        assert!(read_report("half a li").unwrap_err().contains("half a li"));
    }

    #[test]
    fn words_and_counts_of_one_run_are_put_together() {
        let all = [counted(0, 0), counted(1, 0), counted(2, 0)];
        let rows = rows(&run("bskip", "local"), 1, &words(10), &all).unwrap();
        let expected = Row { run: run("bskip", "local"), operation: "get".into(), counted: counted(1, 0) };
        assert_eq!(rows, [expected]);
    }

    #[test]
    fn words_and_counts_that_do_not_agree_are_an_error() {
        let run = run("bskip", "local");
        let error = |words: &str, counted: &[Counted]| rows(&run, 1, words, counted).unwrap_err();
        assert!(error(&words(9), &[counted(1, 0)]).contains("the plugin counted"));
        assert!(error(&words(10), &[]).contains("counted None"));
        assert!(error(&words(10), &[counted(1, 0), counted(1, 1)]).contains("said nothing"));
        assert!(error("no words", &[]).contains("said nothing"));
    }
}
