//! Adapts patches to changed code. If the lines of a patch were moved, reformatted or put into another file,
//! the patch is written again. If their words have changed, the patch must be repaired by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use xshell::{Shell, cmd};

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
    let sh = Shell::new()?;
    sh.change_dir(tree::root());
    let files = tree::files()?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let source = |path: PathBuf| Some((path.to_str()?.to_owned(), sh.read_file(&path).ok()?));
    let sources: BTreeMap<String, String> = files.filter_map(source).collect();
    let mut stale = Vec::new();
    for mutant in all()? {
        match refreshed(&sh, &mutant, &sources) {
            Ok(text) => sh.write_file(&mutant.path, text)?,
            Err(stop) => {
                eprintln!("{}: {}", mutant.name, stop.line);
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
fn refreshed(sh: &Shell, mutant: &Mutant, sources: &BTreeMap<String, String>) -> Result<String, Stop> {
    let old = sh.read_file(&mutant.path)?;
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
                    (None, _) => {
                        return Err(format!("its lines are neither in {} nor elsewhere", hunk.file).into());
                    }
                    _ => return Err(format!("its lines left {} and are in several files", hunk.file).into()),
                }
            }
        };
        changed.insert(file, text);
    }
    let diffs = changed.iter().map(|(file, text)| diff(sh, file, text));
    Ok(header.to_owned() + &diffs.collect::<Result<String, _>>()?)
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
fn laid_out(sh: &Shell, text: &str) -> Result<String, Stop> {
    let formatted =
        cmd!(sh, "rustfmt --edition 2024 --config-path .").stdin(text).ignore_status().ignore_stderr();
    let formatted = formatted.read()?;
    Ok(if formatted.is_empty() { text.to_owned() } else { formatted + "\n" })
}

/// The unified diff from `file` to `text`, with one line of context.
fn diff(sh: &Shell, file: &str, text: &str) -> Result<String, Stop> {
    let text = laid_out(sh, text)?;
    let diff =
        cmd!(sh, "diff -U1 --label a/{file} --label b/{file} {file} -").stdin(text).ignore_status().read()?;
    if diff.is_empty() { Err(format!("{file}: nothing is different").into()) } else { Ok(diff + "\n") }
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
