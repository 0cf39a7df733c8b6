//! Compares what was counted with what is committed.

use std::fmt;

use super::table::{FILE, Figure, Table};
use crate::table::aligned;

/// The part by which a count may differ from the committed figure.
pub(super) const TOLERANCE: f64 = 0.05;

const ACCEPT: &str = "cargo xtask counts --accept";

/// Both tables, line by line.
pub(super) struct Comparison<'a> {
    compiler: &'a str,
    committed: Table,
    lines: Vec<Line<'a>>,
}

/// An operation that was counted.
struct Line<'a> {
    figure: &'a Figure,
    committed: Option<f64>,
}

impl Line<'_> {
    /// What was counted relative to what is committed.
    fn ratio(&self) -> Option<f64> {
        self.committed.map(|committed| self.figure.instructions / committed)
    }
}

impl<'a> Comparison<'a> {
    pub(super) fn new(committed: Table, counted: &'a Table) -> Self {
        let line = |figure: &'a Figure| {
            let mut old = committed.figures.iter();
            let old = old.find(|old| is_same(old, figure)).map(|old| old.instructions);
            Line { figure, committed: old }
        };
        let lines = counted.figures.iter().map(line).collect();
        Self { compiler: &counted.compiler, committed, lines }
    }

    /// The last lines of the report. Empty if every count is as committed.
    ///
    /// # Errors
    ///
    /// One line that says which operations take more, or which figures are missing or superfluous, and what
    /// to do.
    pub(super) fn verdict(&self) -> Result<String, String> {
        if self.committed.compiler != self.compiler {
            return Ok(format!(
                "\nThe figures are of {}, these counts of {}: nothing is judged. Accept them when the project \
                 changes to it: {ACCEPT}\n",
                self.committed.compiler, self.compiler
            ));
        }
        let percent = TOLERANCE * 100.0;
        let more = self.names(|line| line.ratio().is_some_and(|ratio| ratio > 1.0 + TOLERANCE));
        if !more.is_empty() {
            return Err(format!(
                "over {percent} % more instructions than committed: {more}; if it is worth it, accept it: {ACCEPT}"
            ));
        }
        let new = self.names(|line| line.committed.is_none());
        if !new.is_empty() {
            return Err(format!("no figure in {FILE} for {new}; accept one: {ACCEPT}"));
        }
        let is_counted = |old: &&Figure| self.lines.iter().any(|line| is_same(line.figure, old));
        if let Some(old) = self.committed.figures.iter().find(|old| !is_counted(old)) {
            return Err(format!(
                "{FILE} has a figure for {}, which is not counted any more; accept that: {ACCEPT}",
                name(old)
            ));
        }
        let less = self.names(|line| line.ratio().is_some_and(|ratio| ratio < 1.0 - TOLERANCE));
        Ok(match less.as_str() {
            "" => String::new(),
            less => {
                format!("\nOver {percent} % fewer instructions than committed: {less}; keep that: {ACCEPT}\n")
            }
        })
    }

    /// The operations for which `which` holds.
    fn names(&self, which: impl Fn(&Line<'_>) -> bool) -> String {
        let names = self.lines.iter().filter(|line| which(line)).map(|line| name(line.figure));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn is_same(a: &Figure, b: &Figure) -> bool {
    (&a.cpu, &a.operation) == (&b.cpu, &b.operation)
}

fn name(figure: &Figure) -> String {
    format!("{} ({})", figure.operation, figure.cpu)
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = ["cpu", "operation", "instructions", "committed", "ratio"];
        let mut rows = vec![headings.map(str::to_owned).to_vec()];
        rows.extend(self.lines.iter().map(|line| {
            let Figure { cpu, operation, instructions } = line.figure;
            let or_dash = |number: Option<String>| number.unwrap_or_else(|| "-".into());
            let committed = or_dash(line.committed.map(|committed| format!("{committed:.1}")));
            let ratio = or_dash(line.ratio().map(|ratio| format!("{ratio:.3}")));
            vec![cpu.clone(), operation.clone(), format!("{instructions:.1}"), committed, ratio]
        }));
        writeln!(f, "{}\n{}", self.compiler, aligned(&rows, 2).join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;

    fn verdict(committed: &[(&str, f64)], counted: &[(&str, f64)]) -> Result<String, String> {
        Comparison::new(table("rustc 1", committed), &table("rustc 1", counted)).verdict()
    }

    #[test]
    fn within_five_per_cent_nothing_is_said() {
        for counted in [95.1, 100.0, 104.9] {
            assert_eq!(verdict(&[("get", 100.0)], &[("get", counted)]), Ok(String::new()), "{counted}");
        }
    }

    #[test]
    fn more_fails_and_less_asks_and_both_say_how_to_accept() {
        let error = verdict(&[("get", 100.0), ("put", 100.0)], &[("get", 105.1), ("put", 90.0)]).unwrap_err();
        assert!(error.contains("5 % more instructions than committed: get (cpu);"), "{error}");
        assert!(error.ends_with(ACCEPT) && !error.contains("put"), "{error}");
        let asked = verdict(&[("get", 100.0), ("put", 100.0)], &[("get", 100.0), ("put", 94.9)]).unwrap();
        assert!(asked.contains("fewer instructions than committed: put (cpu); keep that: cargo"), "{asked}");
    }

    #[test]
    fn both_tables_must_name_the_same_operations() {
        let error = verdict(&[("get", 100.0)], &[("get", 100.0), ("put", 1.0)]).unwrap_err();
        assert!(error.contains("no figure in bench/counts.csv for put (cpu)"), "{error}");
        let error = verdict(&[("get", 100.0), ("put", 1.0)], &[("get", 100.0)]).unwrap_err();
        assert!(error.contains("put (cpu), which is not counted any more"), "{error}");
    }

    #[test]
    fn figures_of_another_compiler_judge_nothing() {
        let counted = table("rustc 2", &[("get", 500.0), ("put", 1.0)]);
        let comparison = Comparison::new(table("rustc 1", &[("get", 100.0)]), &counted);
        let words = comparison.verdict().unwrap();
        assert!(words.contains("of rustc 1, these counts of rustc 2: nothing is judged"), "{words}");
    }

    #[test]
    fn the_table_has_ratios_or_dashes() {
        let counted = table("rustc 1", &[("get", 110.0), ("put", 1.0)]);
        let text = Comparison::new(table("rustc 1", &[("get", 100.0)]), &counted).to_string();
        let words = |at: usize| text.lines().nth(at).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(words(2), ["cpu", "get", "110.0", "100.0", "1.100"]);
        assert_eq!(words(3), ["cpu", "put", "1.0", "-", "-"]);
    }
}
