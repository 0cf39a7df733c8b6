//! What people see: the table, times, the words about a failure.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::tree;

/// Rows of `N` texts, all left-aligned.
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned)] }
    }

    pub(super) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The table, without a newline at its end.
    pub(super) fn render(&self) -> String {
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        let line = |row: &[String; N]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Minutes and seconds.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A path as the user would type it at the root.
pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(tree::root()).unwrap_or(path).display().to_string()
}

/// The text of a log; empty if it cannot be read.
pub(super) fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The compiler's or cargo's first complaint.
pub(super) fn first_error(output: &str) -> String {
    let line = output.lines().find(|line| line.starts_with("error"));
    shortened(line.or(output.lines().last()).unwrap_or("without a word"), 120)
}

/// At most `most` characters, on one line.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => format!("{}...", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["check", "result"]);
        table.row(["é".into(), "ok".into()]);
        table.row(["a longer name".into(), "FAILED".into()]);
        let expected = "check          result\né              ok\na longer name  FAILED";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn times_and_complaints_are_short() {
        assert_eq!(clock(Duration::from_millis(59_600)), "1:00");
        assert_eq!(clock(Duration::from_secs(3_661)), "61:01");
        assert_eq!(
            first_error("warning: x\nerror[E0308]: mismatched\nerror: aborting"),
            "error[E0308]: mismatched"
        );
        assert_eq!(first_error(""), "without a word");
        assert_eq!(shortened("a  b\nc", 3), "a b...");
        assert_eq!(shown(&tree::root().join("target/x")), "target/x");
    }
}
