//! Rules for Rust files.
//!
//! Clippy knows some of them too, but sees only the code of one target and one set of features; here every
//! `cfg` counts.

use std::path::Path;

use super::Finding;
use super::source::{Line, Source};

/// Lines that a file may have.
const LIMIT: usize = 400;

/// Files that may have more, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// Folders whose atomic orderings must name their partner.
const LIBRARIES: &[&str] = &["bskip-core/src", "numa-alloc/src", "topology/src"];

/// How far above an ordering its comment may stand: a call can be spread over this many lines.
const NEAR: usize = 6;

/// Checks one file.
pub(super) fn check(path: &Path, content: &str, source: &Source) -> Vec<Finding> {
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
    findings.extend(unsafe_without_reason(&source.lines));
    if LIBRARIES.iter().any(|library| path.starts_with(library)) {
        findings.extend(ordering_without_partner(&source.lines));
    }
    findings
}

/// Every unsafe block, implementation and attribute has a `SAFETY` comment just above its statement.
fn unsafe_without_reason(lines: &[Line]) -> Vec<Finding> {
    let needs =
        |index: &usize| needs_reason(lines, *index) && !comment_above(lines, *index).contains("SAFETY");
    (0..lines.len())
        .filter(needs)
        .map(|index| Finding::new(index + 1, "unsafe without a `SAFETY:` comment just above"))
        .collect()
}

/// Whether this line opens something that must be justified here. Unsafe functions and traits are not: they
/// hand the duty on, and clippy asks for their `# Safety` section.
fn needs_reason(lines: &[Line], index: usize) -> bool {
    let code = &lines[index].code;
    code.match_indices("unsafe").any(|(at, word)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].trim_start();
        let is_word = !before.is_some_and(is_word_char) && !code[at + word.len()..].starts_with(is_word_char);
        // A block may open on the next line.
        let after =
            if after.is_empty() { lines.get(index + 1).map_or("", |line| line.code.trim()) } else { after };
        is_word && (after.starts_with('{') || after.starts_with("impl") || after.starts_with('('))
    })
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The comments on this line, inside its statement above it, and directly above that.
fn comment_above(lines: &[Line], index: usize) -> String {
    let mut text = lines[index].comment.clone();
    let mut above = lines[..index].iter().rev().peekable();
    // Up to the first line of the statement: a line before it ends a statement or opens a block.
    while let Some(line) = above.next_if(|line| continues(line)) {
        text.push_str(&line.comment);
    }
    while let Some(line) = above.next_if(|line| line.code.trim().is_empty() && !line.comment.is_empty()) {
        text.push_str(&line.comment);
    }
    text
}

/// Whether the statement of the next line may have begun on or before this line.
fn continues(line: &Line) -> bool {
    let code = line.code.trim();
    !code.is_empty() && (code.starts_with("#[") || !code.ends_with([';', '{', '}', ',']))
}

/// Every ordering stronger than Relaxed is named in a comment near it, which says what it pairs with.
fn ordering_without_partner(lines: &[Line]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.code.trim_start().starts_with("mod tests {") {
            break;
        }
        let near = &lines[index.saturating_sub(NEAR)..=index];
        let named = |ordering: &str| near.iter().any(|line| line.comment.contains(ordering));
        let used: Vec<&str> = ["Acquire", "Release", "AcqRel", "SeqCst"]
            .into_iter()
            .filter(|ordering| line.code.contains(&format!("Ordering::{ordering}")))
            .collect();
        if !used.is_empty() && !used.iter().any(|ordering| named(ordering)) {
            findings.push(Finding::new(
                index + 1,
                format!("{} without a comment that names it and its partner", used.join(", ")),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn found(path: &str, content: &str) -> Vec<usize> {
        let findings = check(Path::new(path), content, &Source::new(content));
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

    #[test]
    fn unsafe_is_justified_just_above() {
        for good in [
            "// SAFETY: fact.\nunsafe { f() }",
            "// SAFETY: fact,\n// and more.\nlet x =\n    unsafe { f() };",
            "unsafe { f() } // SAFETY: fact.",
            "// SAFETY: fact.\n#[inline]\nunsafe impl Send for X {}",
            "// SAFETY: fact.\n#[unsafe(no_mangle)]\nfn f() {}",
            "pub unsafe fn f() {}",
            "unsafe trait T {}",
            "type F = unsafe extern \"C\" fn();",
            "// It is unsafe { here }.",
            "let s = \"unsafe { f() }\";",
            "deny(unsafe_code);",
        ] {
            assert_eq!(found("a.rs", &format!("//! x\n{good}\n")), NONE, "{good}");
        }
        for bad in [
            "unsafe { f() }",
            "// Because.\nunsafe { f() }",
            "// SAFETY: of the other.\nlet y = 1;\nunsafe { f() }",
            "// SAFETY: of the other.\nunsafe { g() };\nunsafe { f() }",
            "unsafe impl Send for X {}",
            "let x = unsafe\n{ f() };",
        ] {
            assert_eq!(found("a.rs", &format!("//! x\n{bad}\n")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn orderings_name_their_partner_in_libraries() {
        let with = "//! x\n// Acquire pairs with the Release in `unlock`.\nx.load(Ordering::Acquire);\n";
        let without = "//! x\nx.load(Ordering::Acquire);\n";
        let relaxed = "//! x\nx.load(Ordering::Relaxed);\n";
        let test = "//! x\nmod tests {\nx.load(Ordering::SeqCst);\n}\n";
        assert_eq!(found("bskip-core/src/a.rs", with), NONE);
        assert_eq!(found("bskip-core/src/a.rs", without), [2]);
        assert_eq!(found("numa-alloc/src/a.rs", without), [2]);
        assert_eq!(found("bskip-core/src/a.rs", relaxed), NONE);
        assert_eq!(found("bskip-core/src/a.rs", test), NONE);
        assert_eq!(found("bench/src/a.rs", without), NONE);
    }
}
