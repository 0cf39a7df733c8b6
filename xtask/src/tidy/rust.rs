//! Rules for the form of Rust files.

use std::path::Path;

use super::Finding;

/// Lines that a file may have.
const LIMIT: usize = 400;

/// Files that may have more, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// Checks one file.
pub(super) fn check(path: &Path, content: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !content.starts_with("//!") {
        findings.push(Finding::new(1, "must begin with `//!` and what the file is for"));
    }
    let length = content.lines().count();
    let listed = LONG.iter().any(|(long, _)| path == Path::new(long));
    match (length > LIMIT, listed) {
        (true, false) => {
            findings
                .push(Finding::new(0, format!("{length} lines, more than {LIMIT}: does it hold two ideas?")));
        }
        (false, true) => {
            findings.push(Finding::new(0, "no longer long: take it from tidy's list of long files"));
        }
        _ => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn found(path: &str, content: &str) -> Vec<usize> {
        let findings = check(Path::new(path), content);
        findings.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert_eq!(found("a.rs", "//! Why.\n"), NONE);
        assert_eq!(found("a.rs", "use x;\n//! Why.\n"), [1]);
        assert_eq!(found("a.rs", ""), [1]);
    }

    #[test]
    fn a_file_is_not_long() {
        let lines = |number| "//! x\n".repeat(number);
        assert_eq!(found("a.rs", &lines(LIMIT)), NONE);
        assert_eq!(found("a.rs", &lines(LIMIT + 1)), [0]);
    }
}
