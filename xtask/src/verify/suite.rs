//! How tests are built and started: the compiler's flags, the target folder, the command.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::tree;

/// The checks' folder in the target folder.
pub(super) const VERIFY: &str = "verify";

/// The only target for which the toolchain has the sanitizers' runtimes.
pub(super) const SANITIZED_TARGET: &str = "x86_64-unknown-linux-gnu";

/// A way to compile the workspace.
#[derive(Debug, PartialEq)]
pub(super) struct Build {
    /// The name of its target folder. Each build with flags has its own. In one folder, each build would
    /// rebuild everything.
    pub(super) dir: &'static str,
    /// RUSTFLAGS, in place of the caller's. If empty, the caller's stay.
    pub(super) flags: &'static str,
    /// Whether it uses flags that a stable compiler accepts only with RUSTC_BOOTSTRAP.
    pub(super) is_sanitized: bool,
}

/// Tests that one cargo command runs.
#[derive(Debug, PartialEq)]
pub(super) struct Suite {
    pub(super) build: &'static Build,
    /// Arguments of `cargo test` up to the `--`.
    pub(super) args: &'static [&'static str],
    /// Arguments of the tests: filters.
    pub(super) filter: &'static [&'static str],
}

/// Where to run a suite.
pub(super) struct Place {
    /// The workspace.
    pub(super) root: PathBuf,
    /// What the builds' folders lie in.
    pub(super) target: PathBuf,
    /// The target folder of a build without flags: the everyday one.
    pub(super) plain: PathBuf,
}

impl Place {
    /// The workspace itself.
    pub(super) fn here() -> Self {
        Self { root: tree::root().into(), target: tree::target().join(VERIFY), plain: tree::target() }
    }

    /// A copy of the workspace at `root`, with folders of its own in `target`. In a shared folder, cargo
    /// would confuse the crates of the copy with ours.
    pub(super) fn copy(root: PathBuf, target: PathBuf) -> Self {
        let plain = target.join("plain");
        Self { root, target, plain }
    }

    fn target_dir(&self, build: &Build) -> PathBuf {
        if build.flags.is_empty() { self.plain.clone() } else { self.target.join(build.dir) }
    }
}

impl Suite {
    /// The command that builds the tests.
    pub(super) fn building(&self, place: &Place) -> Command {
        let mut cargo = self.cargo(place);
        cargo.arg("--no-run");
        cargo
    }

    /// The command that runs them and shows what they print.
    pub(super) fn running(&self, place: &Place) -> Command {
        let mut cargo = self.cargo(place);
        // All test programs run, even after a failure, so that every failure is named.
        cargo.arg("--no-fail-fast").arg("--").args(self.filter).arg("--nocapture");
        cargo
    }

    fn cargo(&self, place: &Place) -> Command {
        let mut cargo = cargo::cargo();
        cargo.arg("test").args(self.args).arg("--target-dir").arg(place.target_dir(self.build));
        cargo.current_dir(&place.root).env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "0");
        if !self.build.flags.is_empty() || place.plain != tree::target() {
            // A killed build must not leave incremental data that the next build would trust.
            cargo.env("CARGO_INCREMENTAL", "0");
        }
        if !self.build.flags.is_empty() {
            cargo.env("RUSTFLAGS", self.build.flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
            // A panic names its line without debug information, and building takes an eighth less time. The
            // sanitizers' reports are backtraces, so they need it.
            let debug = if self.build.is_sanitized { "line-tables-only" } else { "none" };
            cargo.env("CARGO_PROFILE_TEST_DEBUG", debug);
        }
        if self.build.is_sanitized {
            cargo.env("RUSTC_BOOTSTRAP", "1").args(["--target", SANITIZED_TARGET]);
        }
        cargo
    }

    /// The command in words, to type it by hand.
    pub(super) fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        if self.build.is_sanitized {
            words.push("RUSTC_BOOTSTRAP=1".into());
        }
        if !self.build.flags.is_empty() {
            words.push(format!("RUSTFLAGS=\"{}\"", self.build.flags));
        }
        words.push("cargo test".into());
        words.extend(self.args.iter().map(ToString::to_string));
        if self.build.is_sanitized {
            words.push(format!("--target {SANITIZED_TARGET}"));
        }
        words.push("--".into());
        words.extend(self.filter.iter().map(ToString::to_string));
        words.push("--nocapture".into());
        words.join(" ")
    }
}

/// Whether this machine can run what the sanitizers build.
pub(super) fn has_sanitizers() -> bool {
    cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))
}

/// Opens the file `name` in `dir` for output, empty.
pub(super) fn log(dir: &Path, name: &str) -> std::io::Result<(PathBuf, std::fs::File)> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(format!("{name}.log"));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
    file.set_len(0)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: Build = Build { dir: "thread", flags: "-Zsanitizer=thread", is_sanitized: true };
    const PLAIN: Build = Build { dir: "plain", flags: "", is_sanitized: false };

    fn place() -> Place {
        Place { root: "root".into(), target: "t".into(), plain: "everyday".into() }
    }

    fn args(command: &Command) -> String {
        command.get_args().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_command_is_what_it_says() {
        static THREAD: Build = BUILD;
        let suite = Suite { build: &THREAD, args: &["-p", "tests"], filter: &["lock"] };
        let command = suite.running(&place());
        let expected = format!(
            "test -p tests --target-dir t/thread --target {SANITIZED_TARGET} --no-fail-fast -- lock --nocapture"
        );
        assert_eq!(args(&command), expected);
        assert!(command.get_envs().any(|(name, _)| name == "RUSTC_BOOTSTRAP"));
        assert!(args(&suite.building(&place())).ends_with("--no-run"));
        assert_eq!(
            suite.words(),
            format!(
                "RUSTC_BOOTSTRAP=1 RUSTFLAGS=\"-Zsanitizer=thread\" cargo test -p tests \
                 --target {SANITIZED_TARGET} -- lock --nocapture"
            )
        );
    }

    #[test]
    fn a_build_without_flags_uses_the_everyday_folder() {
        static NO_FLAGS: Build = PLAIN;
        let suite = Suite { build: &NO_FLAGS, args: &[], filter: &[] };
        assert!(args(&suite.running(&place())).contains("--target-dir everyday "));
        assert_eq!(suite.words(), "cargo test -- --nocapture");
    }
}
