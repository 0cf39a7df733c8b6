//! The copy of the sources that mutants are put into. The user's own files are only read.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::patch::Mutant;
use crate::stop::Stop;
use crate::tree;

/// The copy, and what else a run of mutants needs to keep.
pub(super) struct Work {
    /// The copy.
    pub(super) root: PathBuf,
    /// What the tests print.
    pub(super) logs: PathBuf,
    /// The builds' folders.
    pub(super) target: PathBuf,
}

impl Work {
    /// Makes the copy what the sources are now.
    pub(super) fn new() -> Result<Self, Stop> {
        let base = tree::target().join("mutants");
        let work = Self { root: base.join("work"), logs: base.join("logs"), target: base.join("target") };
        let files = tree::files()?;
        copy(tree::root(), &work.root, &files)
            .map_err(|error| Stop::failure(format!("cannot copy the sources for mutants: {error}")))?;
        Ok(work)
    }

    /// Puts `mutant` into the copy. Dropping the returned value takes it out again.
    pub(super) fn apply<'a>(&'a self, mutant: &'a Mutant) -> Result<Applied<'a>, String> {
        mutant.apply(&self.root, &[]).map_err(|why| format!("stale: {why}"))?;
        Ok(Applied { root: &self.root, mutant })
    }
}

/// A mutant in the copy. Dropping it restores the files.
pub(super) struct Applied<'a> {
    root: &'a Path,
    mutant: &'a Mutant,
}

impl Drop for Applied<'_> {
    fn drop(&mut self) {
        if let Err(why) = self.mutant.apply(self.root, &["--reverse"]) {
            // The next run compares all files and repairs this one. The later mutants of this run cannot be
            // judged.
            panic!("cannot take {} out again: {why}", self.mutant.name);
        }
    }
}

/// Copies `files` from one root to another. Leaves a file alone if it is the same already, so that it need
/// not be built again. Deletes all other files there.
fn copy(from: &Path, to: &Path, files: &[PathBuf]) -> io::Result<()> {
    for file in files {
        let wanted = fs::read(from.join(file))?;
        let path = to.join(file);
        if fs::read(&path).is_ok_and(|found| found == wanted) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, wanted)?;
    }
    let wanted: BTreeSet<PathBuf> = files.iter().map(|file| to.join(file)).collect();
    delete_others(to, &wanted)
}

fn delete_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            delete_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = tree::target().join("mutants/tests").join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_copy_follows_the_sources_and_keeps_what_is_the_same() {
        let base = folder("copy");
        let (from, to) = (base.join("from"), base.join("to"));
        fs::create_dir_all(from.join("a")).unwrap();
        fs::write(from.join("a/b"), "one").unwrap();
        fs::write(from.join("c"), "two").unwrap();
        copy(&from, &to, &["a/b".into(), "c".into()]).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b")).unwrap(), "one");
        let before = fs::metadata(to.join("c")).unwrap().modified().unwrap();

        fs::write(from.join("a/b"), "three").unwrap();
        fs::write(to.join("a/stale"), "").unwrap();
        copy(&from, &to, &["a/b".into(), "c".into()]).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b")).unwrap(), "three");
        assert!(!to.join("a/stale").exists());
        assert_eq!(fs::metadata(to.join("c")).unwrap().modified().unwrap(), before);
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_mutant_is_put_in_and_taken_out() {
        let root = folder("apply");
        let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
        fs::write(root.join("f"), "a\nb\n").unwrap();
        fs::write(root.join("g"), "c\nb\n").unwrap();
        let path = root.join("m.patch");
        let hunk = |file: &str, from: &str, to: &str| {
            format!("--- a/{file}\n+++ b/{file}\n@@ -1,2 +1,2 @@\n-{from}\n+{to}\n b\n")
        };
        fs::write(&path, format!("what: x\n\n{}{}", hunk("f", "a", "x"), hunk("g", "c", "z"))).unwrap();
        let mutant = Mutant { name: "m".into(), what: "Wrong.".into(), by: Vec::new(), only: None, path };
        let work = Work { root: root.clone(), logs: root.clone(), target: root.clone() };
        let applied = work.apply(&mutant).unwrap();
        assert_eq!((read("f"), read("g")), ("x\nb\n".into(), "z\nb\n".into()));
        drop(applied);
        assert_eq!((read("f"), read("g")), ("a\nb\n".into(), "c\nb\n".into()));

        fs::write(root.join("g"), "d\nb\n").unwrap();
        assert!(work.apply(&mutant).is_err_and(|why| why.starts_with("stale: ")));
        assert_eq!(read("f"), "a\nb\n", "a stale mutant leaves nothing behind");
        fs::remove_dir_all(root).unwrap();
    }
}
