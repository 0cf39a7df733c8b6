//! The mutants: every file `xtask/mutants/NAME.patch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::probes::{self, Probe};
use crate::tree;

/// A deliberate bug.
#[derive(Debug)]
pub(in crate::verify) struct Mutant {
    pub(in crate::verify) name: String,
    /// What is wrong with it.
    pub(in crate::verify) what: String,
    /// The probes that catch the mutant, the cheapest first. Probes after the first need not be able to.
    pub(super) by: Vec<&'static Probe>,
    /// The one tool that catches the mutant, if no other does. A run with `--every-tool` finds this out.
    pub(super) only: Option<String>,
    /// The patch.
    pub(super) path: PathBuf,
}

/// The folder of the patches.
fn folder() -> PathBuf {
    tree::root().join("xtask/mutants")
}

/// Every mutant, by name.
///
/// # Errors
///
/// One line that names the patch and what is wrong with its header.
pub(in crate::verify) fn all() -> Result<Vec<Mutant>, String> {
    let entries = fs::read_dir(folder()).map_err(|error| format!("{}: {error}", folder().display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        text.and_then(|text| Mutant::parse(&path, &text)).map_err(|why| format!("{}: {why}", path.display()))
    };
    paths.into_iter().map(read).collect()
}

impl Mutant {
    /// Reads the header of a patch.
    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let header = text.split("\n--- ").next().unwrap_or_default();
        let field = |name: &str| {
            let mut lines = header.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        let required = |name: &str| field(name).ok_or_else(|| format!("its header has no line `{name}: `"));
        let probe =
            |name: &str| probes::named(name).ok_or_else(|| format!("caught-by: no probe is called {name:?}"));
        let mutant = Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            what: required("what")?,
            by: required("caught-by")?.split(", ").map(probe).collect::<Result<_, _>>()?,
            only: field("only"),
            path: path.to_owned(),
        };
        match &mutant.only {
            Some(tool) if tool != mutant.by[0].tool.name() => {
                Err(format!("only: {tool} is not the tool of {}, which stands first", mutant.by[0].name))
            }
            _ => Ok(mutant),
        }
    }

    /// Runs `git apply` with the patch on the tree at `root`. `what` is a further option of `git apply`, such
    /// as `--check` or `--reverse`.
    ///
    /// # Errors
    ///
    /// Git's error message. The patch is stale, because the code that it changes has changed.
    pub(super) fn apply(&self, root: &Path, what: &[&str]) -> Result<(), String> {
        let output = Command::new("git")
            .args(["apply", "-C1", "--whitespace=nowarn"])
            .args(what)
            .arg(&self.path)
            .current_dir(root)
            // The copy lies in the target folder, and so within the repository. Git would look for the
            // repository's files.
            .env("GIT_CEILING_DIRECTORIES", root.parent().unwrap_or(root))
            .output()
            .map_err(|error| format!("git apply: {error}; install git"))?;
        let words = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(()),
            false => Err(words.lines().next().unwrap_or("git apply failed").to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This fails as soon as the code that a mutant breaks is written differently.
    #[test]
    fn no_mutant_is_stale() {
        let mutants = all().unwrap();
        assert!(mutants.len() >= 24);
        let check = |mutant: &Mutant| mutant.apply(tree::root(), &["--check"]).err();
        let stale: Vec<String> = mutants
            .iter()
            .filter_map(|mutant| Some(format!("{}: {}", mutant.name, check(mutant)?)))
            .collect();
        assert!(
            stale.is_empty(),
            "stale mutants; try cargo xtask verify --mutants --refresh:\n{}",
            stale.join("\n")
        );
    }

    #[test]
    fn a_header_is_read_or_its_mistake_is_named() {
        let parse = |text: &str| Mutant::parse(Path::new("x/lost-key.patch"), text);
        let good = "what: It is lost.\ncaught-by: loom-lock, unit\nonly: loom\n\n--- a/f\n+++ b/f\n";
        let mutant = parse(good).unwrap();
        assert_eq!(
            (mutant.name.as_str(), mutant.what.as_str(), mutant.by.len()),
            ("lost-key", "It is lost.", 2)
        );
        for (from, to, hint) in [
            ("what: ", "why: ", "no line `what: `"),
            ("unit", "units", "no probe is called \"units\""),
            ("only: loom", "only: tests", "not the tool of loom-lock"),
        ] {
            assert!(parse(&good.replace(from, to)).unwrap_err().contains(hint), "{hint}");
        }
    }
}
