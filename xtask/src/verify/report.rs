//! What people see: the table, the times, and the messages about a failure.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::table::aligned;
pub(super) use crate::table::shortened;
use crate::tree;

/// Rows of texts under headings.
pub(super) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows = rows.into_iter().map(Vec::from);
    aligned(&std::iter::once(headings.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>(), N)
        .join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

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
