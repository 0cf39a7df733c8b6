//! The table of sizes in the embedder's guide.

use std::fmt::Write as _;

/// The guide, relative to the root.
pub(super) const FILE: &str = "bskip-core/docs/EMBEDDING.md";

const BEGIN: &str = "<!-- sizes: written by `cargo xtask sizes --accept` -->\n";
const END: &str = "<!-- end of sizes -->\n";
const COMPILER: &str = "Compiler: ";

/// Sizes, and the compiler of the programs that they were measured in.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    /// As the compiler names itself.
    pub(super) compiler: String,
    /// In the order of measuring.
    pub(super) figures: Vec<Figure>,
}

/// One size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// In words.
    pub(super) what: String,
    pub(super) bytes: u64,
}

impl Figure {
    /// What the guide promises.
    pub(super) fn limit(&self) -> Option<u64> {
        match self.what.as_str() {
            "code of all four" => Some(24 << 10),
            "an empty map" => Some(256),
            what => what.starts_with("stack ").then_some(2 << 10),
        }
    }
}

impl Table {
    /// Finds the table in the guide.
    pub(super) fn read(guide: &str) -> Result<Self, String> {
        let (_, rest) = guide.split_once(BEGIN).ok_or_else(|| format!("no line {BEGIN:?}"))?;
        let (part, _) = rest.split_once(END).ok_or_else(|| format!("no line {END:?}"))?;
        let compiler = part.lines().find_map(|line| line.strip_prefix(COMPILER)?.strip_suffix('.'));
        let figure = |line: &str| {
            let (what, bytes) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
            Some(Figure { what: what.into(), bytes: bytes.parse().ok()? })
        };
        let compiler = compiler.ok_or_else(|| format!("no line {COMPILER:?} among the sizes"))?.to_owned();
        Ok(Self { compiler, figures: part.lines().filter_map(figure).collect() })
    }

    /// The guide with this table in the place of its own.
    pub(super) fn written_into(&self, guide: &str) -> Result<String, String> {
        let (before, rest) = guide.split_once(BEGIN).ok_or_else(|| format!("no line {BEGIN:?}"))?;
        let (_, after) = rest.split_once(END).ok_or_else(|| format!("no line {END:?}"))?;
        let mut text = format!("{before}{BEGIN}| what | bytes |\n| --- | --- |\n");
        for Figure { what, bytes } in &self.figures {
            let _ = writeln!(text, "| {what} | {bytes} |");
        }
        Ok(format!("{text}\n{COMPILER}{}.\n{END}{after}", self.compiler))
    }

    /// The size of that name.
    pub(super) fn bytes(&self, what: &str) -> Option<u64> {
        self.figures.iter().find(|figure| figure.what == what).map(|figure| figure.bytes)
    }

    /// The names and sizes for which `which` holds.
    pub(super) fn names(&self, which: impl Fn(&Figure) -> bool) -> String {
        let names = self.figures.iter().filter(|figure| which(figure));
        names.map(|figure| format!("{}, {} bytes", figure.what, figure.bytes)).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let figures = vec![Figure { what: "code of `get`".into(), bytes: 812 }];
        let table = Table { compiler: "rustc 1.2.3 (abc)".into(), figures };
        let guide = table.written_into(&format!("before\n{BEGIN}old\n{END}after\n")).unwrap();
        assert!(guide.starts_with("before\n") && guide.ends_with("after\n") && !guide.contains("old"));
        assert_eq!(Table::read(&guide), Ok(table));
        assert!(Table::read("nothing").unwrap_err().contains("sizes"));
    }
}
