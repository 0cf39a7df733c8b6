//! Compares the lists "from the bottom up" of ARCHITECTURE.md with the graph of files. In such a list, a file
//! uses only what stands above it.
//!
//! A list is a table, or a block of text, that follows a paragraph with these words. The first name between
//! backticks in the paragraph is the folder. A row of a table names its files between backticks in the first
//! cell. A line of a text begins with names, and two spaces end them. An indented line names files of the
//! folder above it.

use std::path::{Path, PathBuf};

use super::graph::Graph;

/// What the paragraph above a list says.
const MARK: &str = "from the bottom up";

/// A list: its folder, and the paths in each row, without `.rs`.
#[derive(Debug, PartialEq)]
struct List {
    folder: PathBuf,
    rows: Vec<Vec<PathBuf>>,
}

/// Breaches of the lists in `document`.
pub(super) fn check(document: &str, graphs: &[Graph]) -> Vec<String> {
    let mut findings = Vec::new();
    let lists = lists(document);
    if lists.is_empty() {
        findings.push(format!("ARCHITECTURE.md: no list of files {MARK:?}"));
    }
    for list in lists {
        let is_in = |file: &PathBuf| file.starts_with(&list.folder);
        let is_library = |graph: &&Graph| graph.files[0].ends_with("lib.rs");
        let Some(graph) = graphs.iter().filter(is_library).find(|graph| graph.files.iter().any(is_in)) else {
            findings.push(format!("ARCHITECTURE.md: no crate lies in {}", list.folder.display()));
            continue;
        };
        let row = |file: usize| list.row(&graph.files[file]);
        let roots = [list.folder.join("lib.rs"), list.folder.join("mod.rs")];
        let is_missing = |&file: &usize| {
            let path = &graph.files[file];
            // A file of documentation alone uses nothing.
            let is_used = graph.uses.keys().any(|(from, to)| [from, to].contains(&&file));
            row(file).is_none() && is_used && is_in(path) && !roots.contains(path)
        };
        let missing = (0..graph.files.len()).filter(is_missing);
        findings.extend(
            missing.map(|file| format!("ARCHITECTURE.md: the list has no {}", graph.files[file].display())),
        );
        for (&(from, to), (line, name)) in &graph.uses {
            let (Some(user), Some(used)) = (row(from), row(to)) else { continue };
            if user >= used {
                continue;
            }
            let [from, to] = [from, to].map(|file| &graph.files[file]);
            findings.push(format!(
                "{}:{line}: names {name} of {}, which stands below it in ARCHITECTURE.md",
                from.display(),
                to.display()
            ));
        }
    }
    findings
}

/// The lists of a document.
fn lists(document: &str) -> Vec<List> {
    let paragraphs: Vec<&str> = document.split("\n\n").collect();
    let list = |pair: &[&str]| {
        let about = pair[0].split_whitespace().collect::<Vec<_>>().join(" ");
        let folder = PathBuf::from(between_backticks(&about).next().filter(|_| about.contains(MARK))?);
        let mut rows = Vec::new();
        let mut above = folder.clone();
        for line in pair[1].lines().filter(|line| !line.starts_with("```")) {
            let row: Vec<PathBuf> = match line.strip_prefix('|') {
                Some(row) => {
                    let cell = row.split('|').next().unwrap_or_default();
                    between_backticks(cell).map(|name| folder.join(name)).collect()
                }
                None => {
                    let names = line.trim_start();
                    let names = names.split("  ").next().unwrap_or_default().split(", ");
                    let base = if line.starts_with(' ') { &above } else { &folder };
                    names.map(|name| base.join(name)).collect()
                }
            };
            if !line.starts_with(' ') {
                above = row.last().cloned().unwrap_or_default();
            }
            rows.push(row.iter().map(|path| path.with_extension("")).collect());
        }
        Some(List { folder, rows })
    };
    paragraphs.windows(2).filter_map(list).collect()
}

/// What stands between backticks.
fn between_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

impl List {
    /// The row of a file, which is that of the longest path that leads to it.
    fn row(&self, file: &Path) -> Option<usize> {
        let file = file.with_extension("");
        let rows = self.rows.iter().enumerate();
        let paths = rows.flat_map(|(row, paths)| paths.iter().map(move |path| (path, row)));
        let leading = paths.filter(|(path, _)| file.starts_with(path));
        leading.max_by_key(|(path, _)| path.components().count()).map(|(_, row)| row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gives_each_file_its_row() {
        let table = "# A\n\nInside `core/src`, from the\nbottom up:\n\n| file | what |\n| --- | --- |\n\
                     | `a`, `b/c` | x `y` |\n| `b/` | z |\n\nInside `x`.\n";
        let text = "`core/src`, from the bottom up:\n\n```text\n\na, e   x, y\nb/     z:\n  c      w\n  d/     v, u\n```\n";
        let rows = |document: &str, files: [&str; 6]| {
            let [list] = &lists(document)[..] else { panic!("one list") };
            files.map(|file| list.row(&Path::new("core/src").join(file)))
        };
        let files = ["a.rs", "b/c.rs", "b/mod.rs", "b/d/e.rs", "ab.rs", "lib.rs"];
        assert_eq!(rows(table, files), [Some(2), Some(2), Some(3), Some(3), None, None]);
        let text = text.replace("```text\n\n", "```text\n");
        assert_eq!(rows(&text, files), [Some(0), Some(2), Some(1), Some(3), None, None]);
    }
}
