//! Builds `bench`, the program that runs one cell.

use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::hash::hash;
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// Features of the package `bench` that a sweep needs: for the maps and for the peers.
const FEATURES: &str = "cell,peers";
/// The same with counts of what our maps lock and write.
const COUNTING: &str = "cell,peers,stats";

/// How the program that measures was built. Every result says this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Build {
    /// The program.
    #[serde(skip)]
    pub(crate) path: PathBuf,
    /// In words: profile, features, flags, compiler; or that the user gave the program.
    pub(crate) description: String,
    /// A hash of the program's bytes.
    pub(crate) hash: String,
    /// The commit of its sources, `with changes` if they differ from it. `None` if that is not known.
    pub(crate) commit: Option<String>,
}

impl Build {
    /// A program that the user built.
    pub(crate) fn given(path: PathBuf) -> Result<Self, Stop> {
        if !path.is_file() {
            return Err(Stop::usage(format!("--cell-bin {}: no such file", path.display())));
        }
        // The system would look for a bare name in PATH, so the name gets a folder.
        let path = path.canonicalize().map_err(|error| Stop::usage(format!("--cell-bin: {error}")))?;
        let description = format!("not built here: --cell-bin {}", path.display());
        Self::of(path, description, None)
    }

    fn of(path: PathBuf, description: String, commit: Option<String>) -> Result<Self, Stop> {
        let hash = hash(&path).map_err(Stop::environment)?;
        Ok(Self { path, description, hash, commit })
    }

    /// Builds it, in a target folder of its own. `counts_locks`: so that our maps count what they lock and write.
    pub(crate) fn run(native: bool, counts_locks: bool) -> Result<Self, Stop> {
        let flags = rust_flags(native);
        let features = if counts_locks { COUNTING } else { FEATURES };
        match cargo::bench(features, &tree::target().join("bench-numa"), &flags) {
            Ok(path) => Self::of(path, describe(features, &flags), tree::commit()),
            Err(stop) => Err(Stop::failure(why_failed(&stop.line, has_hwloc()))),
        }
    }
}

/// Whether the program of this [description](Build::description) was built for `--locks`. Its rates are lower than those
/// of another program.
pub(crate) fn counts_locks(description: &str) -> bool {
    description.contains(&format!("features {COUNTING},"))
}

/// The caller's own RUSTFLAGS, and ours after them.
fn rust_flags(native: bool) -> String {
    let own = std::env::var("RUSTFLAGS").unwrap_or_default();
    match (own.trim(), native) {
        (own, false) => own.to_owned(),
        ("", true) => "-C target-cpu=native".to_owned(),
        (own, true) => format!("{own} -C target-cpu=native"),
    }
}

fn describe(features: &str, flags: &str) -> String {
    let compiler = cargo::compiler();
    let flags = if flags.is_empty() { "no RUSTFLAGS".to_owned() } else { format!("RUSTFLAGS {flags:?}") };
    format!("{compiler}, release profile, features {features}, {flags}")
}

/// Whether pkg-config finds what the bindings to hwloc link.
fn has_hwloc() -> bool {
    let found = Command::new("pkg-config").args(["--exists", "hwloc", "libudev"]).status();
    found.is_ok_and(|status| status.success())
}

fn why_failed(why: &str, has_hwloc: bool) -> String {
    match has_hwloc {
        true => format!("{why}; nothing was measured"),
        false => "bench cannot be built because hwloc is missing; on Debian: \
                  apt-get install libhwloc-dev libudev-dev pkg-config gcc"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_whether_locks_are_counted() {
        assert!(counts_locks(&describe(COUNTING, "")));
        assert!(!counts_locks(&describe(FEATURES, "")));
    }

    #[test]
    fn a_missing_hwloc_is_named_with_its_packages() {
        assert!(why_failed("", false).contains("libhwloc-dev libudev-dev pkg-config"));
        assert!(!why_failed("", true).contains("hwloc"));
    }
}
