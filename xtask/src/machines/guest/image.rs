//! A guest's first file system: programs, the shared libraries they need, and process 1.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cpio::newc;
use xshell::{Shell, cmd};

use crate::stop::Stop;
use crate::tree;

/// The commands of a guest. Each has a program by its path in the guest, and the arguments.
pub(crate) type Script = Vec<Vec<String>>;

/// Programs, packed for any number of guests.
#[derive(Debug)]
pub(crate) struct Image {
    archive: Vec<u8>,
}

impl Image {
    /// Packs programs, each under its path in the guest, which begins with `/`. Their libraries keep the
    /// host's paths. Debug information is left out.
    pub(crate) fn new<'a>(programs: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Result<Self, Stop> {
        let sh = Shell::new()?;
        let mut files = BTreeMap::from([("/init".to_owned(), stripped(&sh, &build_init(&sh)?)?)]);
        for (path, file) in programs {
            files.insert(path.to_owned(), stripped(&sh, file)?);
            for library in libraries_of(&sh, file)? {
                files.insert(library.clone(), sh.read_binary_file(library)?);
            }
        }
        let archive = archive(&files).map_err(|error| format!("cannot pack a guest's files: {error}"))?;
        Ok(Self { archive })
    }

    /// An empty image, for tests of its users.
    #[cfg(test)]
    pub(super) fn empty() -> Self {
        Self { archive: Vec::new() }
    }

    /// The image with a script. A kernel unpacks archives that follow one another.
    pub(super) fn with(&self, script: &Script) -> io::Result<Vec<u8>> {
        let script = archive(&BTreeMap::from([("/script".to_owned(), serde_json::to_vec(script)?)]))?;
        Ok([&self.archive[..], &script].concat())
    }
}

/// Packs executable files, after their folders. Paths begin with `/`.
fn archive(files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let folders = files.keys().flat_map(|path| path.match_indices('/').map(|(end, _)| &path[..end]));
    let folders: BTreeSet<&str> = folders.filter(|path| !path.is_empty()).collect();
    let folders = folders.into_iter().map(|path| (path, 0o040_755, &[][..]));
    let files = files.iter().map(|(path, content)| (path.as_str(), 0o100_755, &content[..]));
    let bytes = folders.chain(files).try_fold(Vec::new(), |bytes, (path, mode, content)| {
        let entry = newc::Builder::new(path.trim_start_matches('/')).mode(mode);
        let mut entry = entry.write(bytes, content.len() as u32);
        entry.write_all(content)?;
        entry.finish()
    });
    newc::trailer(bytes?)
}

/// Builds process 1, which needs no library.
fn build_init(sh: &Shell) -> Result<PathBuf, Stop> {
    sh.change_dir(tree::root());
    let build = cmd!(sh, "cargo rustc --quiet --package xtask --bin guest-init");
    build.args(["--", "-C", "target-feature=+crt-static"]).env_remove("CARGO_MANIFEST_DIR").quiet().run()?;
    Ok(tree::target().join("debug/guest-init"))
}

/// A program's bytes, without debug information if the host has `strip`.
fn stripped(sh: &Shell, program: &Path) -> Result<Vec<u8>, Stop> {
    // Not to a pipe, because `strip` seeks in its output.
    let folder = sh.create_temp_dir()?;
    let part = folder.path().join("stripped");
    let strip = cmd!(sh, "strip --strip-debug -o {part} {program}").quiet().run();
    Ok(sh.read_binary_file(if strip.is_ok() { &part } else { program })?)
}

/// The paths of the shared libraries that a program loads, its loader among them.
fn libraries_of(sh: &Shell, program: &Path) -> Result<Vec<String>, Stop> {
    let words = cmd!(sh, "ldd {program}").env("LC_ALL", "C").read()?;
    match words.lines().find(|line| line.ends_with("not found")) {
        None => {
            Ok(words.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned).collect())
        }
        Some(missing) => Err(format!("{}: {}", program.display(), missing.trim()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_after_their_folders_each_once() {
        let file = |path: &str| (path.to_owned(), path.as_bytes().to_vec());
        let files = BTreeMap::from(["/init", "/lib/a/b.so", "/lib/a/c.so"].map(file));
        let mut bytes = &archive(&files).unwrap()[..];
        let mut entries = Vec::new();
        loop {
            let reader = newc::Reader::new(bytes).unwrap();
            let entry = reader.entry();
            if entry.is_trailer() {
                break;
            }
            entries.push((entry.name().to_owned(), entry.mode(), entry.file_size()));
            bytes = reader.finish().unwrap();
        }
        let seen: Vec<_> =
            entries.iter().map(|(name, mode, size)| (name.as_str(), mode >> 12, *size)).collect();
        assert_eq!(
            seen,
            [("lib", 4, 0), ("lib/a", 4, 0), ("init", 8, 5), ("lib/a/b.so", 8, 11), ("lib/a/c.so", 8, 11)]
        );
    }

    #[test]
    fn this_program_has_libraries_that_are_there() {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            return;
        }
        let libraries = libraries_of(&Shell::new().unwrap(), &std::env::current_exe().unwrap()).unwrap();
        assert!(libraries.iter().any(|path| path.contains("libc.so")), "{libraries:?}");
        assert!(libraries.iter().all(|path| Path::new(path).is_file()), "{libraries:?}");
    }
}
