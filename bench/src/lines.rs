//! How many lines each operation of each map takes from memory, as `cargo xtask numa-count --accept` counted them.
//!
//! `bench/lines.csv` has the counts: 1M random keys, small caches, uniform draws. A sweep divides what the memory can
//! do by these numbers.

use std::fmt::Write as _;

/// The file, as it was when this crate was built.
const ACCEPTED: &str = include_str!("../lines.csv");
/// Its first line.
const HEAD: &str = "map,operation,lines,dependent";

/// The lines of one operation of one map.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The map.
    pub map: String,
    /// The operation, `get`, `scan 100`, `insert`, `remove`.
    pub operation: String,
    /// Lines that come from memory or from another cache, for each operation.
    pub lines: f64,
    /// How many of them wait for each other. Our map loads the lines of a node side by side, so a node counts once.
    /// Of the other maps only the lines are known, so all of them count.
    pub dependent: f64,
}

/// The counts that the repository has.
#[must_use]
pub fn accepted() -> Vec<Lines> {
    // A test reads the whole file, so no line is lost here.
    ACCEPTED.lines().skip(1).filter_map(read).collect()
}

fn read(line: &str) -> Option<Lines> {
    let [map, operation, lines, dependent] = *line.split(',').collect::<Vec<_>>() else { return None };
    Some(Lines {
        map: map.into(),
        operation: operation.into(),
        lines: lines.parse().ok()?,
        dependent: dependent.parse().ok()?,
    })
}

/// The text of `bench/lines.csv` with these counts.
#[must_use]
pub fn text(lines: &[Lines]) -> String {
    let mut text = format!("{HEAD}\n");
    for Lines { map, operation, lines, dependent } in lines {
        writeln!(text, "{map},{operation},{lines:.2},{dependent:.2}").expect("a String takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_was_written() {
        let all = accepted();
        assert_eq!(text(&all), ACCEPTED);
        for operation in ["get", "scan 100", "insert", "remove"] {
            let ours = all.iter().find(|row| row.map == "bskip-numa" && row.operation == operation);
            let ours = ours.unwrap_or_else(|| panic!("{operation} is not counted"));
            assert!(ours.lines >= ours.dependent && ours.dependent > 0.0, "{ours:?}");
        }
        assert!(all.iter().all(|row| crate::maps::NAMES.contains(&&*row.map)));
    }
}
