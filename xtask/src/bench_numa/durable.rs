//! Files that are still there after the machine has crashed: their bytes, and their names in the folder, are on the
//! disk before the sweep relies on them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces a file, or makes one. A kill or a crash leaves the old file or the new one, never a part of it. No other
/// file is overwritten.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let (mut file, part) = part_of(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(&part, path));
    renamed.inspect_err(|_| drop(fs::remove_file(&part)))
}

/// A fresh file beside `path`. A kill may have left older ones, and a user may have one of that name.
fn part_of(path: &Path) -> io::Result<(File, OsString)> {
    for number in 1_u64.. {
        let mut part = path.as_os_str().to_owned();
        part.push(if number == 1 { ".part".to_owned() } else { format!(".part-{number}") });
        match File::create_new(&part) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, part)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Copies the bytes of a file to `to`, which is made or overwritten.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Keeps the names in the folder.
pub(super) fn folder(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        // Some file systems of a network cannot do that for folders. The sweep runs there too.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_copy_has_the_same_bytes() {
        let dir = tree::target().join(format!("bench-numa/durable-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let [file, copied, own] = ["file.json", "copied", "file.json.part"].map(|name| dir.join(name));
        fs::write(&own, "mine").unwrap();
        for text in ["one", "two"] {
            replace(&file, text).unwrap();
            copy(&file, &copied).unwrap();
            folder(&dir).unwrap();
            assert_eq!([&file, &copied].map(|path| fs::read_to_string(path).unwrap()), [text; 2]);
        }
        assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 3, "no part is left");
        assert!(replace(&dir.join("no/folder"), "").is_err() && folder(&dir.join("no")).is_err());
        fs::remove_dir_all(&dir).unwrap();
    }
}
