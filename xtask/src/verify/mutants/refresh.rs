//! Adapts patches to changed code. If the lines of a patch were moved, reformatted or put into another file,
//! the patch is written again. If their words have changed, the patch must be repaired by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::patch::{Mutant, all};
use crate::stop::Stop;
use crate::tree;

/// A hunk of a patch: a file, the lines to look for, and the lines to put in their place.
#[derive(Debug, Default, PartialEq)]
struct Hunk {
    file: String,
    before: Vec<String>,
    after: Vec<String>,
}

/// Writes every patch again that can be.
pub(in crate::verify) fn command() -> Result<(), Stop> {
    let sources: BTreeMap<String, String> = tree::files()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| {
            Some((path.to_str()?.to_owned(), fs::read_to_string(tree::root().join(&path)).ok()?))
        })
        .collect();
    let mut stale = Vec::new();
    for mutant in all().map_err(Stop::failure)? {
        match refreshed(&mutant, &sources) {
            Ok(text) => fs::write(&mutant.path, text)
                .map_err(|error| Stop::failure(format!("{}: {error}", mutant.path.display())))?,
            Err(why) => {
                eprintln!("{}: {why}", mutant.name);
                stale.push(mutant.name);
            }
        }
    }
    match stale.is_empty() {
        true => Ok(()),
        false => Err(Stop::failure(format!("repair these mutants by hand: {}", stale.join(", ")))),
    }
}

/// The text of the patch as it must be for `sources`.
fn refreshed(mutant: &Mutant, sources: &BTreeMap<String, String>) -> Result<String, String> {
    let old = fs::read_to_string(&mutant.path).map_err(|error| error.to_string())?;
    let header = old.split("--- ").next().unwrap_or_default();
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    for hunk in hunks(&old) {
        let text = |file: &str| changed.get(file).or_else(|| sources.get(file)).map(String::as_str);
        let (file, text) = match text(&hunk.file).and_then(|text| hunk.applied(text)) {
            Some(text) => (hunk.file.clone(), text),
            None => {
                let mut found = sources.keys().filter_map(|file| Some((file, hunk.applied(text(file)?)?)));
                match (found.next(), found.next()) {
                    (Some((file, text)), None) => (file.clone(), text),
                    (None, _) => return Err(format!("its lines are neither in {} nor elsewhere", hunk.file)),
                    _ => return Err(format!("its lines left {} and are in several files", hunk.file)),
                }
            }
        };
        changed.insert(file, text);
    }
    let diffs: Result<String, String> =
        changed.iter().map(|(file, text)| diff(file, &laid_out(text))).collect();
    Ok(format!("{header}{}", diffs?))
}

/// The hunks of a unified diff.
fn hunks(patch: &str) -> Vec<Hunk> {
    let mut file = String::new();
    let mut hunks: Vec<Hunk> = Vec::new();
    for line in patch.lines() {
        if let Some(name) = line.strip_prefix("+++ b/") {
            name.clone_into(&mut file);
        } else if line.starts_with("@@ ") {
            hunks.push(Hunk { file: file.clone(), ..Hunk::default() });
        } else if let Some(hunk) = hunks.last_mut().filter(|_| !line.starts_with("--- ")) {
            let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
            if mark != "+" {
                hunk.before.push(text.to_owned());
            }
            if mark != "-" {
                hunk.after.push(text.to_owned());
            }
        }
    }
    hunks
}

impl Hunk {
    /// `text` with the hunk applied, if the hunk's lines occur there exactly once: with the lines around
    /// them, or if that fails, without.
    fn applied(&self, text: &str) -> Option<String> {
        let Self { before, after, .. } = self;
        let same_start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let rest = before.len().min(after.len()) - same_start;
        let same_end =
            before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let inner = |lines: &[String]| lines[same_start..lines.len() - same_end].join("\n");
        let replaced = |before: &str, after: &str| match places(text, before)[..] {
            [(start, end)] => Some(format!("{}{}{}", &text[..start], after.trim(), &text[end..])),
            _ => None,
        };
        replaced(&before.join("\n"), &after.join("\n")).or_else(|| replaced(&inner(before), &inner(after)))
    }
}

/// Where `find` stands in `text`, if any space between two words counts as the same.
fn places(text: &str, find: &str) -> Vec<(usize, usize)> {
    let words: Vec<&str> = find.split_whitespace().collect();
    let Some(first) = words.first() else { return Vec::new() };
    let end = |start: usize| {
        let mut at = start;
        for (number, word) in words.iter().enumerate() {
            let skipped = text[at..].len() - text[at..].trim_start().len();
            if number > 0 && skipped == 0 {
                return None;
            }
            at += if number == 0 { 0 } else { skipped };
            text[at..].starts_with(word).then_some(())?;
            at += word.len();
        }
        Some(at)
    };
    text.match_indices(first).filter_map(|(start, _)| Some((start, end(start)?))).collect()
}

/// The text as rustfmt formats it. If rustfmt refuses it, the text as it is.
fn laid_out(text: &str) -> String {
    piped(Command::new("rustfmt").args(["--edition", "2024", "--config-path"]).arg(tree::root()), text)
        .filter(|formatted| !formatted.is_empty())
        .unwrap_or_else(|| text.to_owned())
}

/// The unified diff from `file` to `text`, with one line of context.
fn diff(file: &str, text: &str) -> Result<String, String> {
    let labels = ["--label".into(), format!("a/{file}"), "--label".into(), format!("b/{file}")];
    let mut diff = Command::new("diff");
    diff.arg("-U1").args(labels).arg(Path::new(file)).arg("-").current_dir(tree::root());
    match piped(&mut diff, text) {
        Some(diff) if !diff.is_empty() => Ok(diff),
        _ => Err(format!("{file}: `diff -U1` finds no difference, or is not installed")),
    }
}

/// What `command` prints when `text` is its standard input.
fn piped(command: &mut Command, text: &str) -> Option<String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    // A program that does not read to the end has seen enough.
    let _ = writer.join();
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "what: x\n\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b(1);\n+b(2);\n c\n";

    #[test]
    fn a_hunk_follows_its_lines_and_their_layout() {
        let [hunk] = &hunks(PATCH)[..] else { panic!("one hunk") };
        assert_eq!((hunk.file.as_str(), hunk.before.len(), hunk.after.len()), ("f", 3, 3));
        for (text, changed) in [
            ("x\na\nb(1);\nc\n", "x\na\nb(2);\nc\n"),
            ("  a\n\n    b(1);\n  c", "  a\nb(2);\nc"),
            ("new\nb(1);\nneighbours", "new\nb(2);\nneighbours"),
        ] {
            assert_eq!(hunk.applied(text).as_deref(), Some(changed), "{text}");
        }
        for text in ["a\nb(3);\nc", "b(1);\nx\nb(1);"] {
            assert_eq!(hunk.applied(text), None, "{text}");
        }
    }
}
