//! Builds programs and libraries of this workspace with special flags, and says where they are.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::stop::Stop;
use crate::tree;

/// Something that cargo built.
#[derive(Debug, PartialEq)]
pub(crate) struct Built {
    /// Its package's folder.
    pub(crate) package: PathBuf,
    /// The name of the program, test or library.
    pub(crate) name: String,
    /// The program, or the library that others load.
    pub(crate) path: PathBuf,
}

/// Cargo at the root of the workspace, without the variables that another cargo has set for this process.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(tree::root()).env_remove("CARGO_MANIFEST_DIR");
    cargo
}

/// Variables that would replace or change the flags of a workspace that has flags of its own.
const OUTER: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
];
/// What begins the names of variables that would change its profile.
const OUTER_PROFILE: &str = "CARGO_PROFILE_RELEASE_";

/// Cargo, about to build the workspace in `folder`, which is relative to the root, with the workspace's own lock file,
/// flags and profile, in the target folder `target`.
pub(crate) fn own_workspace(folder: &str, target: &Path) -> Command {
    let mut cargo = cargo();
    cargo.current_dir(tree::root().join(folder)).args(["build", "--locked", "--target-dir"]).arg(target);
    for name in OUTER {
        cargo.env_remove(name);
    }
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(OUTER_PROFILE.as_bytes()) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs cargo with `args`, which must make it build. Its messages go to standard error. Returns the files
/// that can be run or loaded.
///
/// # Errors
///
/// Cargo cannot be started, or failed.
pub(crate) fn build(cargo: &mut Command) -> Result<Vec<Built>, Stop> {
    let cannot = |error: std::io::Error| Stop::failure(format!("cargo: {error}"));
    cargo.args(["--message-format", "json-render-diagnostics"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = cargo.spawn().map_err(cannot)?;
    let messages = BufReader::new(child.stdout.take().expect("stdout was piped"));
    let built = messages.lines().map_while(Result::ok).filter_map(|line| artifact(&line)).collect();
    match child.wait().map_err(cannot)?.success() {
        true => Ok(built),
        false => Err(Stop::failure("cargo cannot build it, and says why above")),
    }
}

/// Builds the program `bench` in the target folder `target`. The flags differ from those of everyday builds,
/// so in one folder each build would throw the other away.
///
/// # Errors
///
/// As [`build`].
pub(crate) fn bench(features: &str, target: &Path, rust_flags: &str) -> Result<PathBuf, Stop> {
    let mut cargo = cargo();
    cargo.args(["build", "--release", "--package", "bench", "--bin", "bench"]);
    cargo.args(["--no-default-features", "--features", features, "--target-dir"]).arg(target);
    // Built bit by bit, a crate has many parts, and the compiler inlines less: a lookup takes a fifth more
    // instructions.
    cargo.env("CARGO_INCREMENTAL", "0");
    if !rust_flags.is_empty() {
        cargo.env("RUSTFLAGS", rust_flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
    }
    let built = build(&mut cargo)?.into_iter().rfind(|built| built.name == "bench");
    built.map(|built| built.path).ok_or_else(|| Stop::failure("cargo did not say where bench is"))
}

/// What one of cargo's messages says was built.
fn artifact(message: &str) -> Option<Built> {
    #[derive(Deserialize)]
    struct Message {
        manifest_path: PathBuf,
        target: Target,
        executable: Option<PathBuf>,
        filenames: Vec<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        kind: Vec<String>,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    let library = message.filenames.into_iter().find(|_| message.target.kind == ["cdylib"]);
    let package = message.manifest_path.parent()?.to_owned();
    Some(Built { package, name: message.target.name, path: message.executable.or(library)? })
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
    fn messages_about_what_can_be_run_or_loaded_give_a_path() {
        let message = |kind: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/x/bench/Cargo.toml",
                     "target":{{"name":"a","kind":["{kind}"]}},"filenames":["/x/liba.so"],"executable":{executable}}}"#
            )
        };
        let built =
            |path: &str| Some(Built { package: "/x/bench".into(), name: "a".into(), path: path.into() });
        assert_eq!(artifact(&message("bin", "\"/x/a\"")), built("/x/a"));
        assert_eq!(artifact(&message("cdylib", "null")), built("/x/liba.so"));
        for other in [message("lib", "null"), r#"{"reason":"build-finished"}"#.into(), "no json".into()] {
            assert_eq!(artifact(&other), None, "{other}");
        }
    }

    #[test]
    fn the_compiler_has_a_name() {
        assert!(compiler().starts_with("rustc "), "{}", compiler());
    }
}
