//! The table of figures as text: the compiler in a comment, then a line for each operation.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Figures, and the compiler of the program that they were counted in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// As the compiler names itself.
    pub(super) compiler: String,
    /// In the order of counting.
    pub(super) figures: Vec<Figure>,
}

/// What one operation takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Figure {
    /// The processor that was compiled for.
    pub(super) cpu: String,
    /// The operation's name.
    pub(super) operation: String,
    /// Instructions an operation, the mean over many.
    pub(super) instructions: f64,
}

/// The committed figures, relative to the root.
pub(super) const FILE: &str = "bench/counts.csv";

const ABOUT: &str =
    "# Instructions an operation takes. `cargo xtask counts` compares with this, `--accept` writes it.";
const COMPILER: &str = "# rustc ";
const HEADINGS: &str = "cpu,operation,instructions";

impl FromStr for Table {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let compiler = text.lines().find(|line| line.starts_with(COMPILER));
        let compiler = compiler.ok_or_else(|| format!("no line {COMPILER:?} before the figures"))?;
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let figures = reader.deserialize().collect::<Result<Vec<Figure>, _>>();
        let figures = figures.map_err(|error| error.to_string())?;
        let is_bad = |figure: &&Figure| !(figure.instructions.is_finite() && figure.instructions > 0.0);
        match figures.iter().find(is_bad) {
            Some(Figure { operation, instructions, .. }) => {
                Err(format!("{operation}: {instructions} is no number of instructions"))
            }
            None => Ok(Self { compiler: compiler.trim_start_matches("# ").to_owned(), figures }),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{ABOUT}\n# {}\n{HEADINGS}", self.compiler)?;
        for Figure { cpu, operation, instructions } in &self.figures {
            writeln!(f, "{cpu},{operation},{instructions:.1}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of one processor.
    pub(crate) fn table(compiler: &str, figures: &[(&str, f64)]) -> Table {
        let figure = |&(operation, instructions): &(&str, f64)| Figure {
            cpu: "cpu".into(),
            operation: operation.into(),
            instructions,
        };
        Table { compiler: compiler.into(), figures: figures.iter().map(figure).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        let table = table("rustc 1.2.3 (abc)", &[("get-hit", 250.5), ("scan-100", 3827.0)]);
        assert_eq!(table.to_string().parse(), Ok(table.clone()));
        assert!(table.to_string().ends_with("cpu,get-hit,250.5\ncpu,scan-100,3827.0\n"), "{table}");
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = table("rustc 1", &[("get-hit", 1.0)]).to_string();
        for (bad, hint) in [
            (good.replace("1.0", "many"), "line: 4"),
            (good.replace("1.0", "-1"), "get-hit: -1 is no number"),
            (good.replace("1.0", "0"), "get-hit: 0 is no number"),
            (good.replace("get-hit,", ""), "line: 4"),
            (good.replace("rustc", "gcc"), "no line \"# rustc \""),
            (String::new(), "no line"),
        ] {
            let error = bad.parse::<Table>().unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }
}
