//! Compiles the core for machines without an operating system, and runs it in an address space of 32 bits.
//!
//! The stable toolchain has the core library only for targets that were installed with it. Debian has a compiler
//! together with the sources of its core library, from which cargo builds the library for any target. This
//! module downloads these packages by apt, and unpacks them in the target folder. It installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use xshell::{Shell, cmd};

use super::counts::{Counts, Outcome};
use super::{report, suite};
use crate::cargo::own_workspace;
use crate::child;
use crate::stop::Stop;

/// Targets that the core is compiled for. The first two have no 64-bit atomics.
const TARGETS: &[&str] = &[
    "thumbv7em-none-eabihf",
    "riscv32imac-unknown-none-elf",
    "riscv64gc-unknown-none-elf",
    "aarch64-unknown-none",
    "x86_64-unknown-none",
];

/// A target of 32 bits whose programs run on Linux on x86-64.
const RUNS: &str = "i686-unknown-linux-gnu";
/// Its flags: narrow versions, and a program that no library belongs to.
const FLAGS: &str = "--cfg bskip_narrow -C relocation-model=static -C link-arg=-nostdlib -C link-arg=-nostartfiles \
                     -C link-arg=-static -C link-arg=-no-pie";

/// The compiler, the standard library for programs that run while cargo builds, and the library's sources.
const PACKAGES: &[&str] = &["rustc-web", "libstd-rust-web-dev", "rust-web-src"];
/// The beginnings of the names of packages that these depend on. A version follows.
const LIBRARIES: &[&str] = &["libstd-rust-web-", "libllvm"];

/// A crate that uses maps of every kind. From generic code alone, the compiler would compute no layouts and make no
/// machine code.
const USES: &str = "tests/bare-targets";

/// Compiles for every target, and runs the program that can run here.
pub(super) fn run(dir: &Path, limit: Duration) -> Outcome {
    let compiler = match compiler(dir) {
        Ok(compiler) => compiler,
        Err(stop) => {
            return Outcome::cannot_run(format!(
                "no compiler for other targets: {}; this needs Debian 12 on x86-64, and before the first time: \
                 apt-get update",
                stop.line
            ));
        }
    };
    let (path, log) = match suite::log(&dir.join("logs"), "targets") {
        Ok(opened) => opened,
        Err(error) => {
            return Outcome::cannot_run(format!("cannot write a log in {}: {error}", dir.display()));
        }
    };
    let build = dir.join("build");
    let started = Instant::now();
    let run = |command: &mut Command, target: &str| match child::run(
        command,
        &log,
        limit.saturating_sub(started.elapsed()),
    ) {
        Ok(end) if end.is_success() => Ok(()),
        Ok(end) => {
            let error = report::first_error(&report::read(&path));
            Err(Outcome::failed(format!("{target}: {}: {error}; see {}", end.words(), report::shown(&path))))
        }
        Err(error) => Err(Outcome::cannot_run(format!("{target}: cannot run {command:?}: {error}"))),
    };
    let all = || {
        for target in TARGETS {
            run(building(&compiler, &build, target).arg("--lib"), target)?;
        }
        run(building(&compiler, &build, RUNS).args(["--bin", PROGRAM]).env("RUSTFLAGS", FLAGS), RUNS)?;
        run(&mut Command::new(build.join(RUNS).join("debug").join(PROGRAM)), RUNS)
    };
    match all() {
        Ok(()) => {
            let targets = TARGETS.len() as u64 + 1;
            Outcome::Green(Counts { tried: vec![("targets".into(), targets)], ..Counts::default() })
        }
        Err(outcome) => outcome,
    }
}

/// The program of [`USES`].
const PROGRAM: &str = "bare-targets";

/// Cargo, about to build for `target`.
fn building(compiler: &Path, build: &Path, target: &str) -> Command {
    let mut cargo = own_workspace(USES, build);
    cargo.args(["--target", target]);
    cargo.args(["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem"]);
    cargo.env("RUSTC", compiler.join("bin/rustc")).env("LD_LIBRARY_PATH", compiler.join(LIBRARY));
    cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TERM_COLOR", "never").env("CARGO_INCREMENTAL", "0");
    cargo
}

/// Where the packages have libraries, below `usr`.
const LIBRARY: &str = "lib/x86_64-linux-gnu";

/// The folder `usr` of the unpacked packages.
fn compiler(dir: &Path) -> Result<PathBuf, Stop> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(Stop::failure("the packages are for x86-64 Linux"));
    }
    let folder = dir.join("compiler");
    let usr = folder.join("usr");
    let was_there = folder.is_dir();
    if was_there && starts(&usr).is_ok() {
        return Ok(usr);
    }
    let sh = Shell::new()?;
    if was_there {
        eprintln!("verify: the compiler in {} does not start: fetching it again", folder.display());
        sh.remove_path(&folder)?;
    }
    fetch(&sh, dir, &folder)?;
    match starts(&usr) {
        Ok(()) => Ok(usr),
        Err(said) => Err(Stop::failure(format!(
            "rustc of the packages does not start: {said}; if a library is missing: \
             apt-get install libedit2 libxml2 libz3-4"
        ))),
    }
}

/// Starts the compiler. An error is what it said.
fn starts(usr: &Path) -> Result<(), String> {
    let rustc = usr.join("bin/rustc");
    match Command::new(&rustc).arg("-V").env("LD_LIBRARY_PATH", usr.join(LIBRARY)).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{}, {}", output.status, String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{}: {error}", rustc.display())),
    }
}

/// Downloads the packages and unpacks them into `folder`.
fn fetch(sh: &Shell, dir: &Path, folder: &Path) -> Result<(), Stop> {
    let scratch = dir.join("unpacked");
    sh.remove_path(&scratch)?;
    sh.create_dir(&scratch)?;
    let _inside = sh.push_dir(&scratch);
    let mut packages: Vec<String> = PACKAGES.iter().map(ToString::to_string).collect();
    let listed = cmd!(sh, "apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts")
        .args(["--no-replaces", "--no-breaks", "--no-enhances", PACKAGES[1]])
        .env("LC_ALL", "C")
        .read()?;
    for library in LIBRARIES {
        let name = depends_on(&listed, library);
        packages.push(name.ok_or_else(|| format!("apt knows no {library}…"))?.to_owned());
    }
    eprintln!("verify: fetching {}", packages.join(", "));
    cmd!(sh, "apt-get download -q {packages...}").quiet().run()?;
    for deb in sh.read_dir(&scratch)? {
        cmd!(sh, "dpkg-deb -x {deb} .").quiet().run()?;
        sh.remove_path(&deb)?;
    }
    // A rename is atomic, so an interrupted run leaves no part of a compiler.
    std::fs::rename(&scratch, folder).map_err(|error| Stop::failure(format!("{}: {error}", folder.display())))
}

/// The first package in the output of `apt-cache depends` whose name is `start` and a number.
fn depends_on<'a>(listed: &'a str, start: &str) -> Option<&'a str> {
    let named = listed.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let is_it = |name: &&str| {
        name.strip_prefix(start).is_some_and(|end| end.starts_with(|c: char| c.is_ascii_digit()))
    };
    named.into_iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_found_in_apts_words() {
        let listed = "libstd-rust-web-dev\n  Depends: libstd-rust-web-1.96\nlibstd-rust-web-1.96\n  Depends: libc6\n  \
                      Depends: libllvm22\n";
        assert_eq!(depends_on(listed, LIBRARIES[0]), Some("libstd-rust-web-1.96"));
        assert_eq!(depends_on(listed, LIBRARIES[1]), Some("libllvm22"));
        assert_eq!(depends_on("N: Unable to locate package\n", LIBRARIES[0]), None);
        assert_eq!(depends_on("  Depends: libstd-rust-web-dev\n", LIBRARIES[0]), None);
    }
}
