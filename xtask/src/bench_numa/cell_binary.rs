//! Builds `bench-cell`, the program that runs one cell.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::stop::Stop;
use crate::tree;

/// Features of the package `bench` that a sweep needs: the maps and the peers.
const FEATURES: &str = "cell,peers";

/// How the program that measures was built; part of every result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Build {
    /// The program.
    #[serde(skip)]
    pub(crate) path: PathBuf,
    /// In words: profile, features, flags, compiler; or that it was given.
    pub(crate) description: String,
}

impl Build {
    /// A program that the user built.
    pub(crate) fn given(path: PathBuf) -> Result<Self, Stop> {
        if !path.is_file() {
            return Err(Stop::usage(format!("--cell-bin {}: no such file", path.display())));
        }
        // A bare name would be looked for in PATH.
        let path = path.canonicalize().map_err(|error| Stop::usage(format!("--cell-bin: {error}")))?;
        let description = format!("not built here: --cell-bin {}", path.display());
        Ok(Self { path, description })
    }

    /// Runs cargo, whose words go to standard error, in a target folder of its own: the flags differ from
    /// those of everyday builds, which would otherwise be thrown away each time.
    pub(crate) fn run(native: bool) -> Result<Self, Stop> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(tree::root())
            .args(["build", "--release", "--package", "bench", "--bin", "bench-cell"])
            .args(["--features", FEATURES, "--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            .arg(tree::target().join("bench-numa"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let flags = rust_flags(native);
        if !flags.is_empty() {
            cargo.env("RUSTFLAGS", &flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        let cannot = |error| Stop::failure(format!("cannot run cargo to build bench-cell: {error}"));
        let mut child = cargo.spawn().map_err(cannot)?;
        let messages = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let path = messages.lines().map_while(Result::ok).filter_map(|line| executable(&line)).last();
        match (child.wait().map_err(cannot)?.success(), path) {
            (true, Some(path)) => Ok(Self { path, description: describe(&flags) }),
            (true, None) => Err(Stop::failure("cargo built bench-cell but did not say where it is")),
            (false, _) => Err(Stop::failure(why_failed(has_hwloc()))),
        }
    }
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

/// The path in cargo's message that `bench-cell` is linked.
fn executable(message: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    message.executable.filter(|_| message.target.name == "bench-cell")
}

fn describe(flags: &str) -> String {
    let compiler = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
        .arg("--version")
        .output()
        .map_or_else(
            |_| "unknown rustc".into(),
            |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
        );
    let flags = if flags.is_empty() { "no RUSTFLAGS".to_owned() } else { format!("RUSTFLAGS {flags:?}") };
    format!("{compiler}, release profile, features {FEATURES}, {flags}")
}

/// Whether pkg-config finds what the bindings to hwloc link.
fn has_hwloc() -> bool {
    let found = Command::new("pkg-config").args(["--exists", "hwloc", "libudev"]).status();
    found.is_ok_and(|status| status.success())
}

fn why_failed(has_hwloc: bool) -> String {
    if has_hwloc {
        return "building bench-cell failed, cargo says why above; nothing was measured".into();
    }
    "building bench-cell failed because hwloc is missing; on Debian: \
     apt-get install libhwloc-dev libudev-dev pkg-config gcc"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_message_about_the_program_gives_a_path() {
        let built = r#"{"reason":"compiler-artifact","target":{"name":"bench-cell","kind":["bin"]},
                        "executable":"/somewhere/bench-cell","fresh":true}"#;
        assert_eq!(executable(built), Some("/somewhere/bench-cell".into()));
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"bench-cell"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/somewhere/other"}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "no json",
        ] {
            assert_eq!(executable(other), None, "{other}");
        }
    }

    #[test]
    fn a_missing_hwloc_is_named_with_its_packages() {
        assert!(why_failed(false).contains("libhwloc-dev libudev-dev pkg-config"));
        assert!(!why_failed(true).contains("hwloc"));
    }
}
