//! Builds a program of this workspace with flags of its own, and says where it is.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::tree;

/// A program of the package `bench`.
pub(crate) struct Program<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The features that it needs, the default ones not among them.
    pub(crate) features: &'a str,
}

impl Program<'_> {
    /// Runs cargo, whose words go to standard error, in the target folder `target`: the flags differ from those of
    /// everyday builds, which would otherwise be thrown away each time. `None` where cargo failed.
    pub(crate) fn build(&self, target: &Path, rust_flags: &str) -> io::Result<Option<PathBuf>> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(tree::root())
            .args(["build", "--release", "--package", "bench", "--bin", self.name])
            .args(["--no-default-features", "--features", self.features])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            .arg(target)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if !rust_flags.is_empty() {
            cargo.env("RUSTFLAGS", rust_flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        let mut child = cargo.spawn()?;
        let messages = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let paths = messages.lines().map_while(Result::ok).filter_map(|line| executable(&line, self.name));
        let path = paths.last();
        match (child.wait()?.success(), path) {
            (true, None) => Err(io::Error::other("cargo built it but did not say where it is")),
            (true, path) => Ok(path),
            (false, _) => Ok(None),
        }
    }
}

/// The path in cargo's message that the program `name` is linked.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
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
    message.executable.filter(|_| message.target.name == name)
}

/// The compiler, as it names itself: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub(crate) fn compiler() -> String {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")))
        .arg("--version")
        .current_dir(tree::root())
        .output()
        .map_or_else(|_| "unknown rustc".into(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_message_about_the_program_gives_a_path() {
        let built = r#"{"reason":"compiler-artifact","target":{"name":"bench","kind":["bin"]},
                        "executable":"/somewhere/bench","fresh":true}"#;
        assert_eq!(executable(built, "bench"), Some("/somewhere/bench".into()));
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"bench"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/somewhere/other"}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "no json",
        ] {
            assert_eq!(executable(other, "bench"), None, "{other}");
        }
    }

    #[test]
    fn the_compiler_has_a_name() {
        assert!(compiler().starts_with("rustc "), "{}", compiler());
    }
}
