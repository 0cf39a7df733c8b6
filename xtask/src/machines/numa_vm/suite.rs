//! The test programs that run in the guests, and how they are built.

use std::path::{Path, PathBuf};

use super::super::guest::{Image, Script};
use crate::cargo::{self, Built};
use crate::stop::Stop;

/// An integration test of one of the packages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Program {
    /// The package's folder.
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
}

/// The programs of each guest. The first four test what only a machine with several nodes can show. The
/// others pass on any machine, so they must pass there too.
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
    /// Builds the named programs, or all of them, exactly as `cargo test --workspace --all-features` does.
    /// After that command, nothing is left to build.
    pub(super) fn build(names: &[String]) -> Result<Self, Stop> {
        let wanted: Vec<Program> = PROGRAMS
            .iter()
            .filter(|program| names.is_empty() || names.iter().any(|name| name == program.name))
            .copied()
            .collect();
        let mut cargo = cargo::cargo();
        cargo.args(["test", "--no-run", "--workspace", "--all-features"]);
        cargo.args(wanted.iter().flat_map(|program| ["--test", program.name]));
        let program = |built: Built| {
            let is_it = |p: &&Program| p.name == built.name && built.package.ends_with(p.folder);
            Some((*wanted.iter().find(is_it)?, built.path))
        };
        let built: Vec<(Program, PathBuf)> =
            cargo::build(&mut cargo)?.into_iter().filter_map(program).collect();
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

    /// An image that holds all programs.
    pub(super) fn image(&self) -> Result<Image, Stop> {
        let files: Vec<(String, &Path)> =
            self.built.iter().map(|(program, file)| (program.path(), file.as_path())).collect();
        Image::new(files.iter().map(|(path, file)| (path.as_str(), *file)))
    }

    /// A script that runs all programs in turn, one test at a time, and does not capture what they print.
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
    /// The program's path in a guest.
    pub(super) fn path(self) -> String {
        format!("/bin/{}/{}", self.folder, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn programs_are_there_and_named_once() {
        for (number, program) in PROGRAMS.iter().enumerate() {
            let source = tree::root().join(program.folder).join("tests").join(format!("{}.rs", program.name));
            assert!(source.is_file(), "{} is not there", source.display());
            assert!(PROGRAMS[..number].iter().all(|other| other.name != program.name), "{program:?}");
        }
    }

    #[test]
    fn a_guest_runs_test_by_test() {
        let suite = Suite { built: PROGRAMS[..2].iter().map(|program| (*program, "x".into())).collect() };
        assert_eq!(suite.script().commands(), 2);
        assert_eq!(suite.programs().collect::<Vec<_>>(), PROGRAMS[..2]);
        assert_eq!(PROGRAMS[0].path(), "/bin/numa-alloc/policies");
    }
}
