//! A guest's first file system: programs, the shared libraries they need, and process 1.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cpio::Archive;
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// The path of the script in a guest.
const SCRIPT: &str = "/script";

/// Programs, packed for any number of guests.
#[derive(Debug)]
pub(crate) struct Image {
    archive: Vec<u8>,
}

/// The commands that a guest runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Script {
    lines: String,
}

impl Script {
    /// Sets a variable for the commands that come after.
    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.line("env", &[&format!("{name}={value}")]);
    }

    /// Runs a program, named by its path in the guest, with arguments.
    pub(crate) fn run(&mut self, program: &str, args: &[&str]) {
        let words: Vec<&str> = [program].iter().chain(args).copied().collect();
        self.line("run", &words);
    }

    /// How many commands it has.
    pub(crate) fn commands(&self) -> usize {
        self.lines.lines().filter(|line| line.starts_with("run\t")).count()
    }

    fn line(&mut self, what: &str, words: &[&str]) {
        let fits = |word: &&str| !word.contains(['\t', '\n']);
        assert!(
            words.iter().all(fits),
            "words of a guest's script hold neither tabs nor newlines: {words:?}"
        );
        self.lines += &format!("{what}\t{}\n", words.join("\t"));
    }
}

impl Image {
    /// Packs programs, each under its path in the guest, which begins with `/`. Their libraries keep the
    /// host's paths. Debug information is left out.
    pub(crate) fn new<'a>(programs: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Result<Self, Stop> {
        let mut archive = Archive::default();
        let init = build_init()?;
        archive.file("/init", &stripped(&init)?);
        for folder in ["/dev", "/proc", "/sys"] {
            archive.folder(folder);
        }
        let mut libraries = BTreeSet::new();
        for (path, file) in programs {
            archive.file(path, &stripped(file)?);
            libraries.extend(libraries_of(file)?);
        }
        for library in libraries {
            archive.file(&library, &read(Path::new(&library))?);
        }
        Ok(Self { archive: archive.finish() })
    }

    /// An empty image, for tests of its users.
    #[cfg(test)]
    pub(super) fn empty() -> Self {
        Self { archive: Vec::new() }
    }

    /// The image with a script: the file system that a kernel unpacks.
    pub(super) fn with(&self, script: &Script) -> Vec<u8> {
        let mut second = Archive::default();
        second.file(SCRIPT, script.lines.as_bytes());
        let mut bytes = self.archive.clone();
        bytes.extend(second.finish());
        bytes
    }
}

/// Builds process 1, which needs no library.
fn build_init() -> Result<PathBuf, Stop> {
    const NAME: &str = "guest-init";
    let mut cargo = cargo::cargo();
    cargo.args(["rustc", "--quiet", "--package", "xtask", "--bin", NAME]);
    cargo.args(["--", "-C", "target-feature=+crt-static"]);
    let status = cargo.status().map_err(|error| Stop::failure(format!("cargo: {error}")))?;
    match status.success() {
        true => Ok(tree::target().join("debug").join(NAME)),
        false => Err(Stop::failure("cargo cannot build guest-init, and says why above")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    fs::read(path).map_err(|error| Stop::failure(format!("{}: {error}", path.display())))
}

/// A program's bytes, without debug information if the host has `strip`.
fn stripped(program: &Path) -> Result<Vec<u8>, Stop> {
    // Not to a pipe, because `strip` seeks in its output.
    let part = tree::target().join("guest").join(format!("stripped-{}", std::process::id()));
    let _ = fs::create_dir_all(tree::target().join("guest"));
    let strip = Command::new("strip").arg("--strip-debug").arg("-o").arg(&part).arg(program).status();
    let bytes = if strip.is_ok_and(|status| status.success()) { read(&part) } else { read(program) };
    let _ = fs::remove_file(part);
    bytes
}

/// The paths of the shared libraries that a program loads, its loader among them.
fn libraries_of(program: &Path) -> Result<Vec<String>, Stop> {
    let output =
        Command::new("ldd").arg(program).env("LC_ALL", "C").output().map_err(|error| {
            Stop::failure(format!("ldd: {error}; it comes with the C library (libc-bin)"))
        })?;
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let is_static = [&out, &err]
        .iter()
        .any(|text| text.contains("statically linked") || text.contains("not a dynamic executable"));
    match listed(&out) {
        Ok(libraries) if output.status.success() || is_static => Ok(libraries),
        Ok(_) => Err(Stop::failure(format!("ldd {}: {}", program.display(), err.trim()))),
        Err(missing) => {
            Err(Stop::failure(format!("{} needs {missing}, which is not found", program.display())))
        }
    }
}

/// The paths in the output of `ldd`, or the name of a library that it did not find.
fn listed(words: &str) -> Result<Vec<String>, String> {
    let mut paths = Vec::new();
    for line in words.lines().map(str::trim) {
        match line.split_once(" => ") {
            Some((name, "not found")) => return Err(name.to_owned()),
            Some((_, place)) => paths.extend(place.split(" (").next().map(str::to_owned)),
            None if line.starts_with('/') => paths.extend(line.split(" (").next().map(str::to_owned)),
            // A library that the kernel supplies (the vDSO), or a line that names no library.
            None => {}
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_ldds_words() {
        let words = "\tlinux-vdso.so.1 (0x00007ffd)\n\
                     \tlibhwloc.so.15 => /lib/x86_64-linux-gnu/libhwloc.so.15 (0x00007f)\n\
                     \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected = ["/lib/x86_64-linux-gnu/libhwloc.so.15", "/lib64/ld-linux-x86-64.so.2"];
        assert_eq!(listed(words).unwrap(), expected);
        assert_eq!(listed("\tstatically linked\n"), Ok(vec![]));
        assert_eq!(listed("\tlibx.so.1 => not found\n"), Err("libx.so.1".into()));
    }

    #[test]
    fn a_script_is_lines_of_words() {
        let mut script = Script::default();
        script.env("RUST_BACKTRACE", "1");
        script.run("/bin/a", &["--exact", "two words"]);
        script.run("/bin/b", &[]);
        assert_eq!(script.lines, "env\tRUST_BACKTRACE=1\nrun\t/bin/a\t--exact\ttwo words\nrun\t/bin/b\n");
        assert_eq!(script.commands(), 2);
    }

    #[test]
    #[should_panic(expected = "neither tabs nor newlines")]
    fn a_word_that_would_be_two_is_refused() {
        Script::default().run("/bin/a", &["one\ttwo"]);
    }

    #[test]
    fn this_program_has_libraries_that_are_there() {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            return;
        }
        let libraries = libraries_of(&std::env::current_exe().unwrap()).unwrap();
        assert!(libraries.iter().any(|path| path.contains("libc.so")), "{libraries:?}");
        assert!(libraries.iter().all(|path| Path::new(path).is_file()), "{libraries:?}");
    }
}
