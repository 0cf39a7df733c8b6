//! `cargo xtask tidy`: the rules of this repository that no other tool checks.
//!
//! `source` tells code from comments, `rust` holds the rules for Rust files, `text` those for every file and
//! for the list of files.

mod rust;
mod source;
mod text;

use std::fs;
use std::path::Path;

use crate::stop::Stop;
use crate::tree;
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
    let files = tree::files()?;
    let mut findings: Vec<String> = text::layout(&files);
    for path in &files {
        let Ok(content) = fs::read_to_string(tree::root().join(path)) else {
            findings.push(format!("{}: not readable as UTF-8 text", path.display()));
            continue;
        };
        for Finding { line, message } in check(path, &content) {
            let place = if line == 0 { String::new() } else { format!(":{line}") };
            findings.push(format!("{}{place}: {message}", path.display()));
        }
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing to complain about", files.len());
            Ok(())
        }
        number => Err(Stop::failure(format!("tidy: {number} findings"))),
    }
}

/// All rules for one file.
fn check(path: &Path, content: &str) -> Vec<Finding> {
    let mut findings = text::check(path, content);
    if path.extension().is_some_and(|extension| extension == "rs") {
        findings.extend(rust::check(path, content, &Source::new(content)));
    }
    findings
}
