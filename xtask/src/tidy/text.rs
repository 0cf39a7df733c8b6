//! Rules for every file: what may lie at the top level, and what no text may name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A breach of a rule.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    /// The line, from 1; 0 for the file as a whole.
    pub(super) line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    /// As a line for people.
    pub(super) fn told(&self, path: &Path) -> String {
        match self.line {
            0 => format!("{}: {}", path.display(), self.message),
            line => format!("{}:{line}: {}", path.display(), self.message),
        }
    }
}

/// What lies at the top level; a `?` marks what may be absent.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore?",
    "ARCHITECTURE.md",
    "BENCHMARKS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bench",
    "bskip-core",
    "clippy.toml?",
    "deny.toml?",
    "numa-alloc",
    "rustfmt.toml?",
    "tests",
    "topology",
    "typos.toml?",
    "xtask",
];

/// Folders that exist on one machine only. Each is written in two parts, or this file would name it itself.
const PRIVATE_FOLDERS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/tm", "p/")];

/// The registry that dependencies come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the top level of the tree.
pub(super) fn layout(files: &[PathBuf]) -> Vec<String> {
    let found: BTreeSet<String> = files
        .iter()
        .filter_map(|path| path.components().next())
        .map(|top| top.as_os_str().to_string_lossy().into_owned())
        .collect();
    let allowed: BTreeSet<&str> = TOP.iter().map(|name| name.trim_end_matches('?')).collect();
    let strange = found.iter().filter(|name| !allowed.contains(name.as_str()));
    let absent = TOP.iter().filter(|name| !name.ends_with('?') && !found.contains(**name));
    strange
        .map(|name| format!("{name}: not part of the top level, which is fixed; move it into a crate"))
        .chain(absent.map(|name| format!("{name}: missing at the top level")))
        .collect()
}

/// Checks the text of one file.
pub(super) fn check(path: &Path, content: &str) -> Vec<Finding> {
    let lines = || content.lines().zip(1..);
    let mut findings: Vec<Finding> = lines()
        .filter_map(|(line, number)| {
            let folder = PRIVATE_FOLDERS.iter().find(|folder| names_folder(line, folder))?;
            Some(Finding::new(
                number,
                format!("names {folder}, a folder of one machine; use a relative path"),
            ))
        })
        .collect();
    if path.extension().is_some_and(|extension| extension == "rs") && !content.starts_with("//!") {
        findings.push(Finding::new(1, "must begin with `//!` and what the file is for"));
    }
    if path == Path::new("Cargo.lock") {
        let sources = lines().filter_map(|(line, number)| Some((line.strip_prefix("source = ")?, number)));
        findings.extend(
            sources
                .filter(|(source, _)| source.trim_matches('"') != REGISTRY)
                .map(|(source, number)| Finding::new(number, format!("{source} is not crates.io"))),
        );
    }
    if path.starts_with(".cargo") {
        let sections = ["[source", "[registry", "[registries", "[http", "[net"];
        findings.extend(
            lines().filter(|(line, _)| sections.iter().any(|section| line.trim().starts_with(section))).map(
                |(line, number)| {
                    Finding::new(number, format!("{line} belongs in a user's own configuration"))
                },
            ),
        );
    }
    findings
}

/// Whether `line` holds `folder` at the start of a path. `target` before it makes it another folder.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~}$)".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_level_is_fixed() {
        let complete: Vec<PathBuf> =
            TOP.iter().map(|name| Path::new(name.trim_end_matches('?')).join("x")).collect();
        assert_eq!(layout(&complete), Vec::<String>::new());

        let mut other = complete.clone();
        other.retain(|path| !path.starts_with("bench") && !path.starts_with("deny.toml"));
        other.push("notes.txt".into());
        let findings = layout(&other);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].starts_with("notes.txt: not part"));
        assert!(findings[1].starts_with("bench: missing"));
    }

    #[test]
    fn a_rust_file_says_what_it_is_for() {
        assert_eq!(check(Path::new("a.rs"), "//! Why.\n"), []);
        for bad in ["use x;\n//! Why.\n", ""] {
            assert_eq!(check(Path::new("a.rs"), bad)[0].line, 1);
        }
    }

    #[test]
    fn folders_of_one_machine_are_found_where_a_path_starts() {
        let folder = PRIVATE_FOLDERS[3];
        for line in [format!("see {folder}x"), format!("{folder}x"), format!("\"{folder}\"")] {
            assert_eq!(check(Path::new("a.md"), &format!("fine\n{line}")).len(), 1, "{line}");
        }
        for line in [format!("target{folder}x"), format!("$DIR{folder}x"), folder.trim_matches('/').into()] {
            assert_eq!(check(Path::new("a.md"), &line), [], "{line}");
        }
    }

    #[test]
    fn dependencies_come_from_the_public_registry() {
        let lock = format!("name = \"a\"\nsource = \"{REGISTRY}\"\n");
        assert_eq!(check(Path::new("Cargo.lock"), &lock), []);
        let other = lock.replace("github.com/rust-lang", "mirror.example");
        assert_eq!(check(Path::new("Cargo.lock"), &other).len(), 1);
        let config = "[alias]\nxtask = \"run\"\n[source.crates-io]\n";
        let findings = check(Path::new(".cargo/config.toml"), config);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [3]);
    }
}
