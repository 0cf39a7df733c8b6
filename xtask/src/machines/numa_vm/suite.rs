//! The test programs that run in the guests, and how they are built.

use std::path::PathBuf;

use crate::cargo::{self, Built};
use crate::stop::Stop;

/// An integration test of one of the packages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Program {
    /// The package's folder.
    pub(super) folder: &'static str,
    pub(super) name: &'static str,
}

/// The programs of each guest. The first six test what only a machine with several nodes can show. The
/// others pass on any machine, so they must pass there too.
pub(super) const PROGRAMS: &[Program] = &[
    Program { folder: "numa-alloc", name: "policies" },
    Program { folder: "numa-alloc", name: "full_node" },
    Program { folder: "numa-alloc", name: "replica_pages" },
    Program { folder: "numa-alloc", name: "tuned" },
    Program { folder: "tests", name: "numa_map" },
    Program { folder: "tests", name: "homes" },
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

/// Builds the programs that are named, or all, as `cargo test --workspace --all-features` builds them: after
/// that command there is nothing left to build. Returns them in the order in which they run.
pub(super) fn build(names: &[String]) -> Result<Vec<(Program, PathBuf)>, Stop> {
    let wanted = |program: &&Program| names.is_empty() || names.iter().any(|name| name == program.name);
    let wanted: Vec<Program> = PROGRAMS.iter().filter(wanted).copied().collect();
    let mut cargo = cargo::cargo();
    cargo.args(["test", "--no-run", "--workspace", "--all-features"]);
    cargo.args(wanted.iter().flat_map(|program| ["--test", program.name]));
    let built = cargo::build(&mut cargo)?;
    let find = |program: Program| {
        let is_it = |built: &&Built| program.name == built.name && built.package.ends_with(program.folder);
        match built.iter().find(is_it) {
            Some(built) => Ok((program, built.path.clone())),
            None => Err(Stop::failure(format!("cargo built no test {} of {}", program.name, program.folder))),
        }
    };
    wanted.into_iter().map(find).collect()
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
}
