//! The test programs that run in the guests, and how they are built.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::guest::{Image, Script};
use crate::stop::Stop;
use crate::tree;

/// An integration test of one of the packages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Program {
    /// The package's folder.
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
}

/// What runs in each guest. The first four hold what a machine with several nodes must show; the others pass
/// anywhere, and must so there.
pub(super) const PROGRAMS: &[Program] = &[
    Program { folder: "numa-alloc", name: "policies" },
    Program { folder: "numa-alloc", name: "full_node" },
    Program { folder: "numa-alloc", name: "replica_pages" },
    Program { folder: "tests", name: "numa_map" },
    Program { folder: "numa-alloc", name: "hugetlb_nodes" },
    Program { folder: "numa-alloc", name: "pages" },
    Program { folder: "numa-alloc", name: "trim" },
    Program { folder: "numa-alloc", name: "real_nodes" },
    Program { folder: "numa-alloc", name: "kernel" },
    Program { folder: "numa-alloc", name: "contract" },
    Program { folder: "numa-alloc", name: "limit" },
    Program { folder: "numa-alloc", name: "several_nodes" },
    Program { folder: "topology", name: "this_machine" },
    Program { folder: "topology", name: "kernels_view" },
];

/// Test programs, built, and their places in a guest.
pub(super) struct Suite {
    built: Vec<(Program, PathBuf)>,
}

impl Suite {
    /// Builds the programs that are named, or all, as `cargo test --workspace --all-features` builds them: who has
    /// run that waits for nothing.
    pub(super) fn build(names: &[String]) -> Result<Self, Stop> {
        let wanted: Vec<Program> = PROGRAMS
            .iter()
            .filter(|program| names.is_empty() || names.iter().any(|name| name == program.name))
            .copied()
            .collect();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(tree::root())
            .args(["test", "--no-run", "--workspace", "--all-features"])
            .args(["--message-format", "json-render-diagnostics"])
            .args(wanted.iter().flat_map(|program| ["--test", program.name]))
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let failed = |error: std::io::Error| Stop::failure(format!("cargo: {error}"));
        let mut child = cargo.spawn().map_err(failed)?;
        let messages = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let built: Vec<(Program, PathBuf)> =
            messages.lines().map_while(Result::ok).filter_map(|line| executable(&line, &wanted)).collect();
        if !child.wait().map_err(failed)?.success() {
            return Err(Stop::failure("the tests for the guests do not build, cargo says why above"));
        }
        match wanted.iter().find(|program| built.iter().all(|(there, _)| there != *program)) {
            Some(missing) => {
                Err(Stop::failure(format!("cargo built no test {} of {}", missing.name, missing.folder)))
            }
            None => Ok(Self { built }),
        }
    }

    /// The programs, in the order in which they run.
    pub(super) fn programs(&self) -> impl Iterator<Item = Program> {
        PROGRAMS.iter().filter(|program| self.built.iter().any(|(there, _)| there == *program)).copied()
    }

    /// All of them, packed.
    pub(super) fn image(&self) -> Result<Image, Stop> {
        let files: Vec<(String, &Path)> =
            self.built.iter().map(|(program, file)| (program.path(), file.as_path())).collect();
        Image::new(files.iter().map(|(path, file)| (path.as_str(), *file)))
    }

    /// All of them, one after the other, test by test, with what each prints.
    pub(super) fn script(&self) -> Script {
        let mut script = Script::default();
        script.env("RUST_BACKTRACE", "1");
        for program in self.programs() {
            script.run(&program.path(), &["--test-threads=1", "--nocapture"]);
        }
        script
    }
}

impl Program {
    /// Where it lies in a guest.
    pub(super) fn path(self) -> String {
        format!("/bin/{}/{}", self.folder, self.name)
    }
}

/// The program of `wanted` in cargo's message that one was linked, and where.
fn executable(message: &str, wanted: &[Program]) -> Option<(Program, PathBuf)> {
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        manifest_path: PathBuf,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    let folder = message.manifest_path.parent()?;
    let program = wanted
        .iter()
        .find(|program| program.name == message.target.name && folder.ends_with(program.folder))?;
    Some((*program, message.executable?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_there_and_named_once() {
        for (number, program) in PROGRAMS.iter().enumerate() {
            let source = tree::root().join(program.folder).join("tests").join(format!("{}.rs", program.name));
            assert!(source.is_file(), "{} is not there", source.display());
            assert!(PROGRAMS[..number].iter().all(|other| other.name != program.name), "{program:?}");
        }
    }

    #[test]
    fn cargos_messages_name_the_programs() {
        let message = |folder: &str, name: &str| {
            format!(
                r#"{{"manifest_path":"/x/{folder}/Cargo.toml","target":{{"name":"{name}"}},"executable":"/x/{name}"}}"#
            )
        };
        let kernel = Program { folder: "numa-alloc", name: "kernel" };
        let found = executable(&message("numa-alloc", "kernel"), &[kernel]);
        assert_eq!(found, Some((kernel, "/x/kernel".into())));
        assert_eq!(executable(&message("other", "kernel"), &[kernel]), None);
        assert_eq!(executable(&message("numa-alloc", "limit"), &[kernel]), None);
        assert_eq!(executable(r#"{"reason":"build-finished"}"#, &[kernel]), None);
    }

    #[test]
    fn a_guest_runs_test_by_test() {
        let suite = Suite { built: PROGRAMS[..2].iter().map(|program| (*program, "x".into())).collect() };
        assert_eq!(suite.script().commands(), 2);
        assert_eq!(suite.programs().collect::<Vec<_>>(), PROGRAMS[..2]);
        assert_eq!(PROGRAMS[0].path(), "/bin/numa-alloc/policies");
    }
}
