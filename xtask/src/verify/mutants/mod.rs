//! Deliberate bugs in the protocol, each of which a check must catch: a check of the checks.
//!
//! A mutant is a text that stands exactly once in a file, and what to put in its place. `work` keeps the copy of
//! the sources that is changed, `probes` names the tests that catch them, `run` applies and judges; the mutants
//! themselves are in `lock`, `node`, `index`, `compact`, `numa` and `memory`, by what they break.
//!
//! Some bugs have no mutant because the types exclude them. A structural change that a hint table or a replica does not learn of:
//! only a `Reshaped` node can be changed so, and it tells its witness as it drops. A block that leaks on an early return, or is
//! released twice or under a lock: `Fresh` gives it back as it drops, and `Retired` can be used once, by the commit, which ends
//! after the locks.

mod compact;
mod index;
mod lock;
mod memory;
mod node;
mod numa;
mod probes;
mod run;
mod work;

pub(super) use run::command;

use std::fs;
use std::path::Path;

use probes::Probe;

/// A deliberate bug.
#[derive(Debug)]
pub(super) struct Mutant {
    pub(super) name: &'static str,
    /// What is wrong with it.
    pub(super) what: &'static str,
    edits: &'static [Edit],
    /// The probes that catch it, the cheapest first. One that another catches before need not be able to.
    by: &'static [&'static Probe],
    /// Whether the first probe's tool alone catches it. A run with `--every-tool` finds out.
    only: bool,
}

/// A change of one place.
#[derive(Debug)]
struct Edit {
    /// Relative to the root.
    file: &'static str,
    /// Stands there exactly once. A line's indentation does not matter, its words do.
    find: &'static str,
    replace: &'static str,
}

/// Every mutant.
pub(super) fn all() -> impl Iterator<Item = &'static Mutant> + Clone {
    let all =
        [lock::MUTANTS, node::MUTANTS, index::MUTANTS, compact::MUTANTS, numa::MUTANTS, memory::MUTANTS];
    all.into_iter().flatten()
}

impl Mutant {
    /// The one tool that catches it, if no other does.
    fn only_tool(&self) -> &'static str {
        if self.only { self.by.first().map_or("", |probe| probe.tool.name()) } else { "" }
    }

    /// The changed texts of its files, under `root`.
    ///
    /// # Errors
    ///
    /// What is stale about it: the code has changed, and the mutant must be written anew.
    fn changed(&self, root: &Path) -> Result<Vec<(&'static str, String)>, String> {
        let mut files: Vec<(&'static str, String)> = Vec::new();
        for edit in self.edits {
            let at = match files.iter().position(|(file, _)| *file == edit.file) {
                Some(at) => at,
                None => {
                    let text = fs::read_to_string(root.join(edit.file))
                        .map_err(|error| format!("stale: {}: {error}", edit.file))?;
                    files.push((edit.file, text));
                    files.len() - 1
                }
            };
            let text = &files[at].1;
            files[at].1 = replaced(text, edit.find, edit.replace)
                .map_err(|why| format!("stale: {}: {why}", edit.file))?;
        }
        Ok(files)
    }
}

/// `text` with `replace` in place of `find`, which must stand there once.
fn replaced(text: &str, find: &str, replace: &str) -> Result<String, String> {
    let first_line = find.trim().lines().next().unwrap_or_default();
    let places = places(text, find);
    match places[..] {
        [(start, end)] => Ok(format!("{}{replace}{}", &text[..start], &text[end..])),
        [] => Err(format!("`{first_line}` is not there")),
        _ => Err(format!("`{first_line}` is there {} times", places.len())),
    }
}

/// Where `find` stands in `text`, space between words being as good as any other.
fn places(text: &str, find: &str) -> Vec<(usize, usize)> {
    let words: Vec<&str> = find.split_whitespace().collect();
    let Some(first) = words.first() else { return Vec::new() };
    let starts = text.match_indices(first).map(|(start, _)| start);
    starts.filter_map(|start| Some((start, end_of(text, start, &words)?))).collect()
}

/// The end of `words`, if they stand at `start`.
fn end_of(text: &str, start: usize, words: &[&str]) -> Option<usize> {
    let mut at = start;
    for (number, word) in words.iter().enumerate() {
        let rest = &text[at..];
        let skipped = rest.len() - rest.trim_start().len();
        if number > 0 && skipped == 0 {
            return None;
        }
        at += if number == 0 { 0 } else { skipped };
        text[at..].starts_with(word).then_some(())?;
        at += word.len();
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails as soon as the code that a mutant breaks is written differently.
    #[test]
    fn no_mutant_is_stale() {
        let stale: Vec<String> = all()
            .filter_map(|mutant| {
                Some(format!("{}: {}", mutant.name, mutant.changed(crate::tree::root()).err()?))
            })
            .collect();
        assert!(stale.is_empty(), "{}", stale.join("\n"));
    }

    #[test]
    fn every_mutant_changes_something_and_is_told_apart() {
        for (number, mutant) in all().enumerate() {
            assert!(!mutant.by.is_empty() && !mutant.edits.is_empty(), "{}", mutant.name);
            assert!(mutant.edits.iter().all(|edit| edit.find != edit.replace), "{}", mutant.name);
            assert!(all().skip(number + 1).all(|other| other.name != mutant.name), "{} twice", mutant.name);
            let name_is_plain = mutant.name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(name_is_plain && mutant.what.ends_with('.'), "{}", mutant.name);
        }
        assert!(all().count() >= 24);
    }

    #[test]
    fn a_text_that_is_not_there_once_is_stale() {
        assert_eq!(replaced("a b c", "b", "x"), Ok("a x c".into()));
        assert_eq!(replaced("f(a,\n      b);\nc", "f(a, b);", "g();"), Ok("g();\nc".into()));
        assert_eq!(replaced("a b b", "b", "x"), Err("`b` is there 2 times".into()));
        assert_eq!(replaced("a bc", "b c", "x"), Err("`b c` is not there".into()));
        assert_eq!(replaced("a", "", "x"), Err("`` is not there".into()));
        assert_eq!(replaced("ab ab c", "ab c", "x"), Ok("ab x".into()));
    }
}
