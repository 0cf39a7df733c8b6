//! The copy of the program that measures, in the folder of `--out`. The sweep runs this copy. So a build that
//! happens meanwhile does not change what is measured, and the program that measured is still there later: for
//! `--resume`, and for a comparison with another build.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::cell_binary::Build;
use super::durable;
use super::hash::hash;
use crate::stop::Stop;

/// The name of the copy.
pub(crate) const CELL: &str = "bench-cell";

/// Copies the program of `build` to the folder `dir`. Returns the same build, with the copy as its program.
///
/// # Errors
///
/// The folder takes no more bytes, or has such a file already.
pub(crate) fn keep(dir: &Path, build: Build) -> Result<Build, Stop> {
    let path = dir.join(CELL);
    let copied = File::create_new(&path).and_then(|_| durable::copy(&build.path, &path));
    let copied = copied.and_then(|()| durable::folder(dir));
    copied.map_err(|error| {
        Stop::environment(format!("cannot copy {} to {}: {error}", build.path.display(), path.display()))
    })?;
    Ok(Build { path: absolute(&path)?, ..build })
}

/// The copy in the folder `dir`, if it is the program that `build` describes.
///
/// # Errors
///
/// The copy is missing, or it is another program.
pub(crate) fn kept(dir: &Path, build: &Build) -> Result<Build, Stop> {
    let path = dir.join(CELL);
    let begin = "begin a new sweep in a new folder";
    let found = hash(&path)
        .map_err(|error| Stop::environment(format!("the program that measured is gone: {error}; {begin}")))?;
    match found == build.hash {
        true => Ok(Build { path: absolute(&path)?, ..build.clone() }),
        false => Err(Stop::environment(format!(
            "{} is not the program that measured: its hash is {found}, not {}; {begin}",
            path.display(),
            build.hash
        ))),
    }
}

/// The path with all its folders: the system would look for a bare name in PATH.
fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    let absolute: io::Result<PathBuf> = path.canonicalize();
    absolute.map_err(|error| Stop::environment(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;
    use std::fs;

    #[test]
    fn the_copy_is_the_program_until_it_is_changed() {
        let dir = tree::target().join(format!("bench-numa/copy-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("program");
        fs::write(&path, "one").unwrap();
        let build = Build {
            path,
            description: "given".into(),
            hash: hash(&dir.join("program")).unwrap(),
            commit: None,
        };
        let copy = keep(&dir, build.clone()).unwrap();
        assert_eq!(copy.path, dir.canonicalize().unwrap().join(CELL));
        assert_eq!(kept(&dir, &build), Ok(copy.clone()));
        assert!(keep(&dir, build.clone()).unwrap_err().line.contains("exists"), "nothing is overwritten");
        fs::write(&copy.path, "two").unwrap();
        assert!(kept(&dir, &build).unwrap_err().line.contains("is not the program that measured"));
        fs::remove_file(&copy.path).unwrap();
        assert!(kept(&dir, &build).unwrap_err().line.contains("is gone"));
        fs::remove_dir_all(&dir).unwrap();
    }
}
