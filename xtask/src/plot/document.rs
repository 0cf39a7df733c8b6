//! The results as a part of a Markdown document: tables, pictures, and where another map is better.

use bench::maps::package;
use bench::units::three_digits;

use super::rows::{Outcome, Panel, Setting, Sweep};
use super::words;
use crate::bench_numa::stats::Spread;

/// The lines around the part that the command writes.
pub(super) const BEGIN: &str = "<!-- results: from here on written by cargo xtask plot -->";
pub(super) const END: &str = "<!-- results: up to here -->";

/// A picture that was written.
pub(super) struct Picture {
    /// Its file's name.
    pub(super) file: String,
    /// What the picture shows, for a reader who cannot see it.
    pub(super) about: String,
}

/// What the part is made of.
pub(super) struct Part<'a> {
    pub(super) sweep: &'a Sweep,
    /// The folder of the results as seen from the document.
    pub(super) dir: &'a str,
    /// The sweep's own report, `results.txt`.
    pub(super) report: &'a str,
    /// `Cargo.lock`, which knows the versions of the peers.
    pub(super) lock: &'a str,
    pub(super) pictures: &'a [Picture],
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
        let head: Vec<&str> = self.report.lines().take_while(|line| !line.is_empty()).collect();
        let mut text = format!("Every round is in [`{dir}/results.csv`]({dir}/results.csv).\n");
        if !head.is_empty() {
            text += &format!("\n```text\n{}\n```\n", head.join("\n"));
        }
        for setting in &self.sweep.settings {
            for threads in setting.threads() {
                text.push_str(&self.table(setting, threads));
            }
        }
        for Picture { file, about } in self.pictures {
            text += &format!("\n![{about}]({dir}/{file})\n");
        }
        text.push_str("\n### Where another map is the better one\n\n");
        let better: Vec<String> = self.sweep.settings.iter().flat_map(better).collect();
        match better.is_empty() {
            true => text.push_str("In none of these cells.\n"),
            false => better.iter().for_each(|line| text.push_str(line)),
        }
        let caveats = self.caveats();
        if !caveats.is_empty() {
            text.push_str("\n### What this sweep says of itself\n\n");
            caveats.iter().for_each(|line| text.push_str(&format!("* {line}\n")));
        }
        text
    }

    /// The table of one setting at one number of threads.
    fn table(&self, setting: &Setting, threads: usize) -> String {
        let panels = setting.with_threads(threads);
        let names = setting.names();
        let first = names.first().map_or("", |(_, name)| name);
        let mut text = format!(
            "\nThroughput relative to {first}, medians of the rounds: {} keys, {}, pin {}.\n\n| map |",
            setting.dist,
            words::threads(threads),
            setting.pin,
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
            let bytes = setting.bytes(name).map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
            text += &format!(" {bytes} |\n");
        }
        text
    }

    /// What the report says that it cannot show.
    fn caveats(&self) -> Vec<&str> {
        let lines = self.report.lines().skip_while(|line| *line != "What these numbers cannot show:").skip(1);
        lines.take_while(|line| !line.is_empty()).map(str::trim).collect()
    }
}

/// A cell of the table.
fn number(panel: &Panel, name: &str) -> String {
    let Some(cell) = panel.cells.iter().find(|cell| cell.name == name) else { return "-".into() };
    match (&cell.outcome, panel.relative(cell)) {
        (Outcome::Failed(_), _) => "**FAILED**".into(),
        (Outcome::Skipped(_), _) => "-".into(),
        (_, Some(spread)) => three_digits(spread.median),
        (Outcome::Measured { mops, .. }, None) => format!("{} Mops/s", three_digits(mops.median)),
    }
}

/// A line for each cell in which a map was faster than the first one, and a line for each map that takes less
/// memory.
fn better(setting: &Setting) -> Vec<String> {
    let mut lines = Vec::new();
    for panel in &setting.panels {
        for cell in panel.cells.iter().skip(1) {
            let Some(Spread { median, min, max }) = panel.relative(cell) else { continue };
            if median > 1.0 {
                let round = if min > 1.0 { "in every round" } else { "not in every round" };
                lines.push(format!(
                    "* {}, {} keys, {}: {} {} (rounds {} to {}), {round} faster than our median.\n",
                    words::workload(&panel.workload),
                    setting.dist,
                    words::threads(panel.threads),
                    cell.name,
                    three_digits(median),
                    three_digits(min),
                    three_digits(max),
                ));
            }
        }
    }
    let names = setting.names();
    let Some(ours) = names.first().and_then(|(_, name)| setting.bytes(name)) else { return lines };
    for (_, name) in names.iter().skip(1) {
        if let Some(bytes) = setting.bytes(name).filter(|bytes| bytes.spread.median < ours.spread.median) {
            let ours = ours.spread.median;
            lines.push(format!("* Bytes a key, {} keys: {name} {bytes}, ours {ours:.1}.\n", setting.dist));
        }
    }
    lines
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

    use super::super::rows::tests::csv;
    use super::*;

    const REPORT: &str = "cargo xtask bench-numa\nSample CPU\n\nc, uniform\n  rows\n\n\
                          What these numbers cannot show:\n  2 CPUs.\n  One NUMA node.\n\nNotes:\n  x\n";
    const LOCK: &str = "[[package]]\nname = \"congee\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"a\"\n";

    fn rendered(rounds: &[(&str, &str, usize, Result<f64, &str>)]) -> String {
        let sweep = Sweep::parse(&csv(rounds)).unwrap();
        let pictures = [Picture { file: "a.svg".into(), about: "Bars".into() }];
        let part = Part { sweep: &sweep, dir: "bench/x", report: REPORT, lock: LOCK, pictures: &pictures };
        part.render()
    }

    #[test]
    fn the_part_has_command_table_pictures_and_caveats() {
        let text = rendered(&[
            ("bskip", "load", 2, Ok(4.0)),
            ("congee", "load", 2, Ok(3.0)),
            ("bskip", "e", 2, Ok(4.0)),
            ("congee", "e", 2, Err("no scan")),
            ("masstree", "e", 2, Err("key 7 lost")),
        ]);
        for words in [
            "```text\ncargo xtask bench-numa\nSample CPU\n```",
            "| map | load | E | bytes a key |\n| --- | --- | --- | --- |\n",
            "| bskip | 1.00 | 1.00 | 26.5 |",
            "| congee 0.4.1 | 0.75 | - | ~26.5 |",
            "| masstree | - | **FAILED** | - |",
            "![Bars](bench/x/a.svg)",
            "In none of these cells.",
            "* 2 CPUs.\n* One NUMA node.\n",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert!(!text.contains("* x"));
    }

    #[test]
    fn where_another_map_is_better_is_said() {
        let text = rendered(&[
            ("bskip", "c", 1, Ok(4.0)),
            ("congee", "c", 1, Ok(4.0)),
            ("congee", "c", 1, Ok(6.0)),
            ("masstree", "c", 1, Ok(5.0)),
        ]);
        assert!(
            text.contains("C: reads, uniform keys, 1 thread: congee 1.25 (rounds 1.00 to 1.50), not in"),
            "{text}"
        );
        assert!(text.contains("masstree 1.25 (rounds 1.25 to 1.25), in every round"), "{text}");
        assert!(!text.contains("In none"));
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
