//! `cargo xtask tidy` checks the rules of this repository that no other tool checks.
//!
//! `arguments` requires a written argument for each `unsafe` and each ordering. `tokens` finds the comments
//! that belong to a token. `graph` finds cyclic dependencies between files. `layers` checks that files depend
//! on each other only in the order that ARCHITECTURE.md gives. `text` holds the rules for every file and for
//! the list of files. Clippy has some of these rules too, but it sees only the code of one target and one set
//! of features. Here every `cfg` counts.

mod arguments;
mod graph;
mod layers;
mod text;
mod tokens;

use std::fs;
use std::path::Path;

use crate::stop::Stop;
use crate::tree;
use arguments::Counts;
use text::Finding;
use tokens::Tokens;

/// Checks every file that git knows or would add.
pub(crate) fn command() -> Result<(), Stop> {
    count().map(drop)
}

/// As [`command`]; gives the number of written arguments.
pub(crate) fn count() -> Result<usize, Stop> {
    let files = tree::files()?;
    let mut findings: Vec<String> = text::layout(&files);
    let mut counts = Counts::default();
    for path in &files {
        let Ok(content) = fs::read_to_string(tree::root().join(path)) else {
            findings.push(format!("{}: not readable as UTF-8 text", path.display()));
            continue;
        };
        let (counted, found) = check(path, &content);
        counts += counted;
        findings.extend(found.into_iter().map(|finding| finding.told(path)));
    }
    match graph::all(&files) {
        Ok(graphs) => {
            findings.extend(graph::circles(&graphs));
            let document = fs::read_to_string(tree::root().join("ARCHITECTURE.md")).unwrap_or_default();
            findings.extend(layers::check(&document, &graphs));
        }
        Err(why) => findings.push(why),
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    println!("tidy: {counts}");
    match findings.len() {
        0 => {
            println!("tidy: {} files, no findings", files.len());
            Ok(counts.total())
        }
        number => Err(Stop::failure(format!("tidy: {number} findings"))),
    }
}

/// All rules for one file.
fn check(path: &Path, content: &str) -> (Counts, Vec<Finding>) {
    let mut findings = text::check(path, content);
    let mut counts = Counts::default();
    if path.extension().is_some_and(|extension| extension == "rs") {
        match Tokens::new(content) {
            Ok(tokens) => {
                let (counted, found) = arguments::check(&tokens);
                counts = counted;
                findings.extend(found);
            }
            Err(why) => findings.push(Finding::new(0, why)),
        }
    }
    (counts, findings)
}
