//! `cargo xtask tidy`: the rules of this repository that no other tool checks.
//!
//! `source` tells code from comments, `tokens` finds the comments about a token, `arguments` counts what needs a
//! written argument, `rust` holds the other rules for Rust files, `text` those for every file and for the list
//! of files. Clippy knows some of them too, but sees only the code of one target and one set of features; here
//! every `cfg` counts.

mod arguments;
mod rust;
mod source;
mod text;
mod tokens;

use std::fs;
use std::path::Path;

use crate::stop::Stop;
use crate::tree;
use arguments::Counts;
use source::Source;

/// A breach of a rule.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    /// The line, from 1; 0 for the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

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
        for Finding { line, message } in found {
            let place = if line == 0 { String::new() } else { format!(":{line}") };
            findings.push(format!("{}{place}: {message}", path.display()));
        }
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    println!("tidy: {counts}");
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing to complain about", files.len());
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
        findings.extend(rust::check(path, content));
        let (counted, found) = arguments::check(&Source::new(content));
        counts = counted;
        findings.extend(found);
    }
    (counts, findings)
}
