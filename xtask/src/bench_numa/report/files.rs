//! The pictures that a document shows, as SVG files: throughput relative to the first map, bytes a key, and throughput
//! by threads.

use std::collections::HashSet;
use std::iter;

use super::bars::{Bar, bars, length};
use super::cells::{Cell, Panel, Setting, Sweep};
use super::poster::poster;
use super::svg::Picture;
use super::{curves, words};
use crate::cli::distinct;

/// A file.
pub(super) struct File {
    pub(super) name: String,
    /// What it shows, for a reader who cannot see it.
    pub(super) about: String,
    pub(super) svg: String,
}

/// All files of a sweep.
pub(super) fn files(sweep: &Sweep) -> Vec<File> {
    let ids = || sweep.settings.iter().filter_map(Setting::id);
    let has_pins = distinct(ids().map(|id| &id.pin)).len() > 1;
    let has_sizes = distinct(ids().map(|id| (id.keys, id.ops))).len() > 1;
    let key = |setting: &Setting| {
        let id = setting.id();
        let pin = id.filter(|_| has_pins).map(|id| format!("-{}", id.pin)).unwrap_or_default();
        let size = id.filter(|_| has_sizes).map(|id| format!("-{}-{}", id.keys, id.ops)).unwrap_or_default();
        // Not every file system takes `cpus:0,2` in a name.
        format!("{}{pin}{size}", setting.keys())
            .replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-")
    };
    named_apart(sweep.settings.iter().flat_map(|setting| of_setting(setting, &key(setting))).collect())
}

/// The files with names of their own: a name that was used gets a number.
fn named_apart(mut files: Vec<File>) -> Vec<File> {
    let mut used = HashSet::new();
    for File { name, .. } in &mut files {
        let stem = name.trim_end_matches(".svg").to_owned();
        let numbered = (2..).map(|number| format!("{stem}-{number}.svg"));
        let free = iter::once(name.clone()).chain(numbered).find(|name| !used.contains(name));
        name.clone_from(&free.expect("there are more numbers than names"));
        used.insert(name.clone());
    }
    files
}

fn of_setting(setting: &Setting, key: &str) -> Vec<File> {
    let keys = setting.keys();
    let file = |name: String, about: String, pictures: &[Picture]| {
        let svg = poster(&about, pictures);
        File { name, about, svg }
    };
    let mut files = Vec::new();
    for threads in setting.threads() {
        let number = words::threads(threads);
        let pictures: Vec<Picture> = setting.with_threads(threads).into_iter().map(relative).collect();
        let name = format!("throughput-{key}-{}.svg", number.replace(' ', "-"));
        files.push(file(name, format!("Throughput of each map, {keys} keys, {number}"), &pictures));
    }
    if let Some(picture) = bytes(setting) {
        files.push(file(format!("bytes-per-key-{key}.svg"), format!("Bytes a key, {keys} keys"), &[picture]));
    }
    let curves = curves::pictures(setting);
    if setting.threads().len() > 1 && !curves.is_empty() {
        files.push(file(
            format!("threads-{key}.svg"),
            format!("Throughput by threads, {keys} keys"),
            &curves,
        ));
    }
    files
}

/// Throughput relative to the first cell of a panel.
fn relative(panel: &Panel) -> Picture {
    let bar = |cell: &Cell| Bar {
        length: length(cell).and_then(|_| {
            let ratio = cell.numbers().and_then(|numbers| numbers.ratio);
            ratio.ok_or_else(|| ("nothing to compare with in the same rounds".into(), false))
        }),
        ..Bar::of(cell)
    };
    let first = panel.cells.first().map_or("", |cell| &cell.name);
    let of = format!("relative to {first} in the same rounds, with 95 % intervals");
    bars(&words::workload(&panel.workload), &of, &panel.cells.iter().map(bar).collect::<Vec<_>>())
}

/// Bytes a key; `None` if they are known for no map.
fn bytes(setting: &Setting) -> Option<Picture> {
    let cells = || setting.panels.iter().flat_map(|panel| &panel.cells);
    let bar = |(_, name): (&str, &str)| {
        let bytes = setting.bytes(name);
        let mark =
            if bytes.is_none_or(|(_, is_counted)| is_counted) { "" } else { ", growth of the process" };
        let of = cells().find(|cell| cell.name == name)?;
        let length = bytes.map(|(bytes, _)| bytes).ok_or_else(|| ("not known".into(), false));
        Some(Bar { name: format!("{name}{mark}"), length, ..Bar::of(of) })
    };
    let all: Vec<Bar> = setting.names().into_iter().filter_map(bar).collect();
    let title = "After the load (numbers: 16 are key and value)";
    let any = all.iter().any(|bar| bar.length.is_ok());
    any.then(|| bars(title, "bytes a key, with 95 % intervals", &all))
}

#[cfg(test)]
mod tests {
    use super::super::csv_file::{parse, tests::csv};
    use super::super::svg::{WIDTH, width_of};
    use super::*;

    fn sweep(csv: &str) -> Sweep {
        Sweep::new("x".into(), parse(csv, "").unwrap())
    }

    #[test]
    fn files_have_names_of_their_own() {
        let csv = csv(&[(1, "bskip", "c", 1, Ok(4.0)), (1, "bskip", "c", 2, Ok(4.0))]);
        let names =
            |csv: &str| -> Vec<String> { files(&sweep(csv)).into_iter().map(|file| file.name).collect() };
        let expected = [
            "throughput-uniform-1-thread.svg",
            "throughput-uniform-2-threads.svg",
            "bytes-per-key-uniform.svg",
            "threads-uniform.svg",
        ];
        assert_eq!(names(&csv), expected);
        let pinned = format!("{csv}{}\n", csv.lines().nth(1).unwrap().replace("compact", "\"cpus:0,2\""));
        assert!(names(&pinned).contains(&"throughput-uniform-cpus-0-2-1-thread.svg".to_owned()));
        // Another pin, whose other character is written in the same way.
        let twice = format!("{pinned}{}\n", csv.lines().nth(1).unwrap().replace("compact", "cpus:0-2"));
        let all = names(&twice);
        assert!(all.contains(&"throughput-uniform-cpus-0-2-1-thread-2.svg".to_owned()), "{all:?}");
        assert!(all.contains(&"bytes-per-key-uniform-cpus-0-2-2.svg".to_owned()), "{all:?}");
        assert_eq!(distinct(all.iter()).len(), all.len(), "{all:?}");
    }

    #[test]
    fn every_map_has_its_ratio_or_its_reason() {
        let csv = csv(&[
            (1, "bskip", "c", 1, Ok(4.0)),
            (1, "congee", "c", 1, Ok(2.0)),
            (1, "masstree", "c", 1, Err("key 7 < key 8")),
            (1, "bskip", "e", 1, Err("key 7 lost")),
            (1, "congee", "e", 1, Ok(2.0)),
        ]);
        let files = files(&sweep(&csv));
        let document = roxmltree::Document::parse(&files[0].svg).unwrap();
        let text: Vec<&str> = document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
        for words in [
            "C: reads",
            "0.50 (one round)",
            "failed: round 1: key 7 < key 8",
            "nothing to compare with in the same rounds",
            "relative to bskip in the same rounds, with 95 % intervals",
        ] {
            assert!(text.contains(&words), "{words} in {text:?}");
        }
        for file in &files {
            let document = roxmltree::Document::parse(&file.svg).unwrap();
            for title in document.descendants().filter(|node| node.attribute("font-size") == Some("13")) {
                let words = title.text().unwrap();
                assert!(width_of(words, 13) < WIDTH, "{words} is wider than its picture");
            }
        }
        let bytes = &files[1].svg;
        assert!(bytes.contains("congee, growth of the process") && bytes.contains("not known"), "{bytes}");
    }
}
