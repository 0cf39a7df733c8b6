//! The results as a part of a Markdown document: tables, pictures, and where another map is better.

use bench::maps::package;
use bench::units::three_digits;

use super::cells::{Outcome, Panel, Setting, Sweep};
use super::files::File;
use super::interval::Estimate;
use super::tables::{ends_in_words, with_interval};
use super::words;
use crate::bench_numa::schema::CSV;

/// The lines around the part that the command writes.
pub(super) const BEGIN: &str =
    "<!-- results: from here on written by cargo xtask bench-numa report --doc -->";
pub(super) const END: &str = "<!-- results: up to here -->";

/// What the part is made of.
pub(super) struct Part<'a> {
    pub(super) sweep: &'a Sweep,
    /// The folder of the results as seen from the document.
    pub(super) dir: &'a str,
    /// The sweep's table, `results.txt`.
    pub(super) table: &'a str,
    /// `Cargo.lock`, which knows the versions of the peers.
    pub(super) lock: &'a str,
    pub(super) pictures: &'a [File],
}

/// `document` with what stands between the marks replaced.
///
/// # Errors
///
/// The marks are not there, in this order.
pub(super) fn replaced(document: &str, part: &str) -> Result<String, String> {
    let found = document.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match found {
        Some((before, after)) => Ok(format!("{before}{BEGIN}\n\n{part}\n{END}{after}")),
        None => Err(format!("it has no lines {BEGIN} and {END}")),
    }
}

impl Part<'_> {
    /// The text between the marks.
    pub(super) fn render(&self) -> String {
        let dir = self.dir;
        let csv = format!("{dir}/{CSV}");
        let head: Vec<&str> = self.table.lines().take_while(|line| !line.is_empty()).collect();
        let mut text = format!("Every round is in [`{csv}`]({}).\n", target(&csv));
        if !head.is_empty() {
            text += &format!("\n```text\n{}\n```\n", head.join("\n"));
        }
        for setting in &self.sweep.settings {
            for threads in setting.threads() {
                text.push_str(&self.ratios(setting, threads));
            }
        }
        for File { name, about, .. } in self.pictures {
            text += &format!("\n![{about}]({})\n", target(&format!("{dir}/{name}")));
        }
        text.push_str("\n### Where another map is the better one\n\n");
        let better: Vec<String> = self.sweep.settings.iter().flat_map(better).collect();
        match better.is_empty() {
            true => text.push_str("No map was shown to be better.\n"),
            false => better.iter().for_each(|line| text.push_str(line)),
        }
        let caveats = &self.sweep.file.notes;
        if !caveats.is_empty() {
            text.push_str("\n### What this sweep says of itself\n\n");
            caveats.iter().for_each(|line| text.push_str(&format!("* {line}\n")));
        }
        text
    }

    /// The table of one setting at one number of threads.
    fn ratios(&self, setting: &Setting, threads: usize) -> String {
        let panels = setting.with_threads(threads);
        let names = setting.names();
        let first = names.first().map_or("", |(_, name)| name);
        let mut text = format!(
            "\nThroughput relative to {first} in the same rounds, with 95 % intervals: {} keys, {}, pin {}.\n\n| map |",
            setting.keys(),
            words::threads(threads),
            setting.id().map_or("", |id| &id.pin),
        );
        let short = |workload: &str| match workload.len() {
            1 => workload.to_uppercase(),
            _ => workload.to_owned(),
        };
        panels.iter().for_each(|panel| text.push_str(&format!(" {} |", short(&panel.workload))));
        text.push_str(" bytes a key |\n| --- |");
        text.push_str(&" --- |".repeat(panels.len() + 1));
        text.push('\n');
        for (map, name) in names {
            let version = version(self.lock, map).map_or_else(String::new, |version| format!(" {version}"));
            text += &format!("| {name}{version} |");
            panels.iter().for_each(|panel| text.push_str(&format!(" {} |", number(panel, name))));
            let bytes = setting.bytes(name).map_or_else(
                || "-".to_owned(),
                |(bytes, is_counted)| format!("{}{:.1}", if is_counted { "" } else { "~" }, bytes.middle),
            );
            text += &format!(" {bytes} |\n");
        }
        text
    }
}

/// A cell of the table.
fn number(panel: &Panel, name: &str) -> String {
    let Some(cell) = panel.cells.iter().find(|cell| cell.name == name) else { return "-".into() };
    match &cell.outcome {
        Outcome::Without { status, .. } if status == "failed" => "**FAILED**".into(),
        Outcome::Without { .. } => "-".into(),
        Outcome::Measured(numbers) => match &numbers.ratio {
            // The first is compared with itself.
            Some(ratio) if panel.cells[0].name == name => three_digits(ratio.middle),
            Some(ratio) => with_interval(ratio),
            None => format!("{} Mops/s", with_interval(&numbers.mops)),
        },
    }
}

/// A line for each cell in which a map was faster than the first one, and a line for each map that takes less
/// memory. What the intervals do not show has no line.
fn better(setting: &Setting) -> Vec<String> {
    let mut lines = Vec::new();
    let keys = setting.keys();
    for panel in &setting.panels {
        for cell in panel.cells.iter().skip(1) {
            let ratio = cell.numbers().and_then(|numbers| numbers.ratio);
            let is_faster = |ratio: &Estimate| ratio.interval.is_some_and(|(low, _)| low > 1.0);
            let Some(ratio) = ratio.filter(is_faster) else { continue };
            lines.push(format!(
                "* {}, {keys} keys, {}: {} {} ({} with 95 % confidence).\n",
                words::workload(&panel.workload),
                words::threads(panel.threads),
                cell.name,
                three_digits(ratio.middle),
                ends_in_words(ratio.interval, three_digits),
            ));
        }
    }
    let names = setting.names();
    let Some((ours, _)) = names.first().and_then(|(_, name)| setting.bytes(name)) else { return lines };
    for (_, name) in names.iter().skip(1) {
        let takes_less = |bytes: &Estimate| {
            bytes.interval.zip(ours.interval).is_some_and(|((_, high), (low, _))| high < low)
        };
        if let Some((bytes, is_counted)) = setting.bytes(name).filter(|(bytes, _)| takes_less(bytes)) {
            let (mark, theirs, ours) = (if is_counted { "" } else { "~" }, bytes.middle, ours.middle);
            lines.push(format!("* Bytes a key, {keys} keys: {name} {mark}{theirs:.1}, ours {ours:.1}.\n"));
        }
    }
    lines
}

/// A path as the target of a link.
fn target(path: &str) -> String {
    match path.contains(|c: char| c.is_whitespace() || "()<>".contains(c)) {
        true => format!("<{}>", path.replace('<', "\\<").replace('>', "\\>")),
        false => path.to_owned(),
    }
}

/// The version of a map's package in a `Cargo.lock`.
fn version<'a>(lock: &'a str, map: &str) -> Option<&'a str> {
    let name = format!("name = \"{}\"", package(map));
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use bench::maps::is_ours;

    use super::super::csv_file::parse;
    use super::super::csv_file::tests::{Round, csv};
    use super::*;

    const TABLE: &str = "cargo xtask bench-numa\nSample CPU\n\nc, uniform\n  rows\n\n\
                          What these numbers cannot show:\n  2 CPUs.\n  One NUMA node.\n\nNotes:\n  x\n";
    const LOCK: &str = "[[package]]\nname = \"congee\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"a\"\n";

    fn rendered(rounds: &[Round<'_>]) -> String {
        rendered_in("bench/x", rounds)
    }

    fn rendered_in(dir: &str, rounds: &[Round<'_>]) -> String {
        let sweep = Sweep::new("x".into(), parse(&csv(rounds), TABLE).unwrap());
        let pictures = [File { name: "a.svg".into(), about: "Bars".into(), svg: String::new() }];
        let part = Part { sweep: &sweep, dir, table: TABLE, lock: LOCK, pictures: &pictures };
        part.render()
    }

    #[test]
    fn the_part_has_command_table_pictures_and_caveats() {
        let text = rendered(&[
            (1, "bskip", "load", 2, Ok(4.0)),
            (1, "congee", "load", 2, Ok(3.0)),
            (1, "bskip", "e", 2, Ok(4.0)),
            (1, "congee", "e", 2, Err("no scan")),
            (1, "masstree", "e", 2, Err("key 7 lost")),
        ]);
        for words in [
            "```text\ncargo xtask bench-numa\nSample CPU\n```",
            "| map | load | E | bytes a key |\n| --- | --- | --- | --- |\n",
            "| bskip | 1.00 | 1.00 | 26.5 |",
            "| congee 0.4.1 | 0.75 (one round) | - | ~26.5 |",
            "| masstree | - | **FAILED** | - |",
            "![Bars](bench/x/a.svg)",
            "No map was shown to be better.",
            "* 2 CPUs.\n* One NUMA node.\n",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert!(!text.contains("* x"));
    }

    #[test]
    fn links_to_folders_with_blanks_stand_in_brackets() {
        let text = rendered_in("my (new) results", &[(1, "bskip", "c", 1, Ok(4.0))]);
        assert!(text.contains("![Bars](<my (new) results/a.svg>)"), "{text}");
        assert!(text.contains("[`my (new) results/results.csv`](<my (new) results/results.csv>)"), "{text}");
    }

    #[test]
    fn where_another_map_is_better_is_said() {
        let text = rendered(&[
            (1, "bskip", "c", 1, Ok(4.0)),
            (1, "congee", "c", 1, Ok(4.0)),
            (1, "masstree", "c", 1, Ok(5.0)),
            (2, "bskip", "c", 1, Ok(2.0)),
            (2, "congee", "c", 1, Ok(3.0)),
            (2, "masstree", "c", 1, Ok(2.5)),
        ]);
        let masstree =
            "\n* C: reads, uniform keys, 1 thread: masstree 1.25 (1.25–1.25 with 95 % confidence).\n";
        assert!(text.contains(masstree), "{text}");
        // Its interval includes 1.
        assert!(!text.contains("1 thread: congee"), "{text}");
        assert!(!text.contains("No map was shown"), "{text}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let document = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = replaced(&document, "new\n").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replaced(&once, "new\n"), Ok(once.clone()));
        assert!(replaced("before", "new").unwrap_err().contains("no lines"));
        assert!(replaced(&format!("{END}{BEGIN}"), "new").is_err());
    }

    #[test]
    fn peers_have_versions_in_the_lock() {
        let lock = std::fs::read_to_string(crate::tree::root().join("Cargo.lock")).unwrap();
        let peers = bench::maps::NAMES.iter().filter(|map| !is_ours(map) && **map != "rwlock-btreemap");
        for peer in peers {
            assert!(version(&lock, peer).is_some(), "{peer}");
        }
        assert_eq!(version(LOCK, "a"), None);
    }
}
