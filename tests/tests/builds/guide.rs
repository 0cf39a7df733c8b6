//! The crate in the embedder's guide builds as it is printed, without std, and its index works.
//!
//! A program with std calls the crate, because a program without needs an entry that depends on the machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::{cargo, output};

const GUIDE: &str = include_str!("../../../bskip-core/docs/EMBEDDING.md");

/// The block of code behind the guide's mark for this file.
fn printed(file: &str) -> &'static str {
    let (_, rest) = GUIDE.split_once(&format!("<!-- file: {file} -->\n```")).expect("the guide has the file");
    let (_, rest) = rest.split_once('\n').expect("a block has lines");
    rest.split_once("```").expect("a block ends").0
}

/// Uses the crate as a kernel would, from two CPUs.
const PROGRAM: &str = "
fn main() {
    assert!(embedded_index::INDEX.try_insert(1, 1).is_err(), \"no memory yet\");
    embedded_index::start().unwrap();
    std::thread::scope(|threads| {
        for first in [0, 1] {
            threads.spawn(move || (first..2000).step_by(2).for_each(|key| {
                embedded_index::INDEX.try_insert(key, key + 1).unwrap();
            }));
        }
    });
    assert_eq!(embedded_index::INDEX.len(), 2000);
    assert_eq!(embedded_index::INDEX.get(&7), Some(8));
}
";

#[test]
fn the_crate_of_the_guide_builds_and_works() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("embedded-index");
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bskip-core");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    // Not a part of this workspace.
    let manifest = format!("{}\n[workspace]\n", printed("Cargo.toml"));
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/lib.rs"), printed("src/lib.rs")).expect("a file");
    fs::write(folder.join("src/main.rs"), PROGRAM).expect("a file");
    let code =
        printed("src/lib.rs").lines().filter(|line| !line.trim().is_empty() && !line.starts_with("///"));
    assert!(code.count() <= 15, "the guide says that the crate has 15 lines");

    let patch = format!("patch.crates-io.bskip-core.path={:?}", core.display().to_string());
    let mut cargo = cargo(&["run", "--offline", "--quiet", "--config", &patch]);
    output(cargo.arg("--target-dir").arg(folder.join("target")).current_dir(&folder));
}
