//! The table of figures as text: the compiler in a comment, then a line for each operation.

use std::fmt;
use std::str::FromStr;

/// Figures, and the compiler of the program that they were counted in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// As the compiler names itself.
    pub(super) compiler: String,
    /// In the order of counting.
    pub(super) figures: Vec<Figure>,
}

/// What one operation takes.
#[derive(Clone, Debug, PartialEq)]
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
        let mut table = Self::default();
        let mut lines = (1..).zip(text.lines());
        for (_, line) in lines.by_ref().take_while(|(_, line)| *line != HEADINGS) {
            if line.starts_with(COMPILER) {
                line.trim_start_matches("# ").clone_into(&mut table.compiler);
            }
        }
        if table.compiler.is_empty() {
            return Err(format!("no line {COMPILER:?} before the headings {HEADINGS:?}"));
        }
        for (number, line) in lines {
            table.figures.push(line.parse().map_err(|why| format!("line {number}: {why}"))?);
        }
        Ok(table)
    }
}

impl FromStr for Figure {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let cells: Vec<&str> = line.split(',').collect();
        let [cpu, operation, number] = cells[..] else {
            return Err(format!("{line:?} is not {HEADINGS}"));
        };
        match number.parse::<f64>() {
            Ok(instructions) if instructions.is_finite() && instructions > 0.0 => {
                Ok(Self { cpu: cpu.to_owned(), operation: operation.to_owned(), instructions })
            }
            _ => Err(format!("{number:?} is no number of instructions")),
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
            (good.replace("1.0", "many"), "line 4: \"many\" is no number"),
            (good.replace("1.0", "-1"), "line 4: \"-1\" is no number"),
            (good.replace("1.0", "0"), "line 4: \"0\" is no number"),
            (good.replace("get-hit,", ""), "line 4: \"cpu,1.0\" is not cpu,operation"),
            (good.replace("rustc", "gcc"), "no line \"# rustc \""),
            (String::new(), "no line"),
        ] {
            let error = bad.parse::<Table>().unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }
}
