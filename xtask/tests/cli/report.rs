//! `report.html` from outside: what a sweep with fake cells writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Printed, bench_numa, fresh_path, run};
use serde_json::Value;

/// The report in this folder, and the text that it shows. Reading the body as XML fails if an element stays open
/// or a name is not escaped.
fn read(dir: &Path) -> (String, String) {
    read_page(&dir.join("report.html"))
}

fn read_page(path: &Path) -> (String, String) {
    let page = fs::read_to_string(path).expect("there is a page");
    let body =
        page.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>")).expect("it has a body").0;
    let body = format!("<body>{body}</body>");
    let document = roxmltree::Document::parse(&body).expect("every element is closed");
    let pictures: Vec<_> = document.descendants().filter(|node| node.has_tag_name("svg")).collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        assert!(picture.attribute("viewBox").is_some() && picture.attribute("role") == Some("img"));
        for part in ["title", "desc"] {
            let text = picture.children().find(|node| node.has_tag_name(part)).and_then(|node| node.text());
            assert!(text.is_some_and(|text| !text.trim().is_empty()), "{part}");
        }
        let texts: Vec<_> =
            picture.descendants().filter(|node| node.has_tag_name("text")).map(TextBox::of).collect();
        assert!(texts.len() > 1, "a picture without numbers or units");
        nothing_overlaps(picture.attribute("viewBox").unwrap(), &texts);
    }
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
    (page.clone(), texts.join("\n"))
}

/// Where a text of a picture is, with narrow characters: what overlaps here does so with every font.
#[derive(Debug)]
struct TextBox {
    words: String,
    left: f64,
    right: f64,
    middle: f64,
    height: f64,
}

impl TextBox {
    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
        let words = node.text().unwrap_or("").trim().to_owned();
        let (x, size) = (number("x"), number("font-size"));
        let width = words.chars().count() as f64 * size * 0.45;
        let left = match node.attribute("text-anchor") {
            Some("end") => x - width,
            Some("middle") => x - width / 2.0,
            _ => x,
        };
        Self { words, left, right: left + width, middle: number("y"), height: size * 0.8 }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let apart = (self.middle - other.middle).abs() * 2.0;
        self.left < other.right && other.left < self.right && apart < self.height + other.height
    }
}

/// No text of a picture overlaps another one or leaves the picture.
fn nothing_overlaps(view_box: &str, texts: &[TextBox]) {
    let size: Vec<f64> = view_box.split(' ').map(|number| number.parse().unwrap()).collect();
    for (index, text) in texts.iter().enumerate() {
        assert!(
            text.left >= -1.0 && text.right <= size[2] + 1.0,
            "{} leaves {view_box}: {text:?}",
            text.words
        );
        assert!(
            text.middle >= 5.0 && text.middle <= size[3] - 3.0,
            "{} leaves {view_box}: {text:?}",
            text.words
        );
        for other in &texts[index + 1..] {
            assert!(!text.overlaps(other), "{} and {}: {text:?} {other:?}", text.words, other.words);
        }
    }
}

/// All numbers in a value.
fn numbers(value: &Value) -> Vec<String> {
    match value {
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(parts) => parts.values().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_sweep_writes_a_page_with_all_its_numbers_that_needs_nothing_else() {
    let dir = fresh_path("report");
    let flags = "--maps bskip,bskip-numa,congee --workloads c,e --threads 1,2 --pin none --placement local --repeat 3";
    let printed = run(&mut bench_numa("ok", &format!("{flags} --out {}", dir.display())));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let (page, text) = read(&dir);
    for absent in ["http", "<script", "url(", "@import"] {
        assert!(!page.contains(absent), "{absent}");
    }
    for part in ["prefers-color-scheme: dark", "@media print", "<html lang=\"en\">"] {
        assert!(page.contains(part), "{part}");
    }
    let json: Value = serde_json::from_str(&fs::read_to_string(dir.join("results.json")).unwrap()).unwrap();
    let results = json["runs"].as_array().unwrap().iter().map(|run| &run["result"]);
    // The picture of the machine has the layout, with readable units.
    let facts = json["machine"].as_object().unwrap().iter().filter(|(name, _)| *name != "layout");
    for number in results.chain(facts.map(|(_, fact)| fact)).flat_map(numbers) {
        assert!(text.contains(&number), "{number} in {text}");
    }
    for words in [
        "cargo xtask bench-numa --maps bskip,bskip-numa,congee",
        "C: reads, 1 thread",
        "million operations a second, with 95 % intervals",
        "4.00 (4.00–4.00)",
        "no ordered scan",
        "huge pages were refused, 4 KiB ones used",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn reasons_are_shown_as_they_are_spelt_whatever_characters_they_have() {
    let dir = fresh_path("report");
    let flags = format!("--maps bskip,bplustree,masstree --workloads c --out {}", dir.display());
    let printed = run(&mut bench_numa("bad", &flags));
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    let (_, text) = read(&dir);
    assert!(text.contains("exit code 101; last words: at the disco, with a \"quote\""), "{text}");
    assert!(text.contains("it ended without a result"), "{text}");
}

#[test]
fn names_of_traces_may_have_any_character() {
    let dir = fresh_path("report");
    fs::create_dir_all(&dir).unwrap();
    let [load, run_file] = ["lo<a>&\"d'.txt", "r]]>un&amp;.txt"].map(|name| dir.join(name));
    fs::write(&load, "INSERT 1\n").unwrap();
    fs::write(&run_file, "READ 1\n").unwrap();
    let flags = format!("--maps bskip --threads 1 --pin none --out {}", dir.join("out").display());
    let printed = run(bench_numa("ok", &flags).arg("--trace").args([&load, &run_file]));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let (_, text) = read(&dir.join("out"));
    assert!(text.contains("lo<a>&\"d'") && text.contains("r]]>un&amp;.txt"), "{text}");
}

/// `bench-numa report` with these arguments.
fn report(arguments: &[&Path]) -> Printed {
    run(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["bench-numa", "report"]).args(arguments))
}

/// A folder with the results of a small sweep.
fn swept(flags: &str) -> PathBuf {
    let dir = fresh_path("report");
    let printed = run(&mut bench_numa("ok", &format!("{flags} --pin none --out {}", dir.display())));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    dir
}

#[test]
fn a_page_has_the_machine_placements_latency_and_scaling() {
    let dir = swept(
        "--maps bskip-numa,congee --workloads c --threads 1,2,3,4 --pages thp,4k --placement local --repeat 2",
    );
    fs::write(dir.join("tuned.toml"), "best = \"<local>\"\n").unwrap();
    let printed = report(&[&dir]);
    let path = dir.join("report.html");
    assert_eq!((printed.code, printed.out), (Some(0), format!("{}\n", path.display())), "{}", printed.err);
    let (_, text) = read(&dir);
    for words in [
        "best = \"<local>\"",
        "NUMA nodes, with their CPUs, memory and caches",
        "Where the memory went, 4 threads",
        "share of the blocks on each node, all workloads together",
        "0.0 % (0.0–0.0) remote",
        "75.0 % (75.0–75.0)",
        "threads; upwards: million operations a second",
        "bskip-numa local 4k, and its fit",
        "knee, threads",
        "local, 4k pages",
        "million operations a second, with 95 % intervals; darker is more",
        "latency of one operation (logarithmic), with 95 % intervals",
        "p99.99",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn latencies_at_given_rates_and_the_ends_of_the_threads_are_shown_and_written() {
    let dir = fresh_path("report");
    let flags = "--maps bskip --workloads c --threads 1 --pin none --repeat 2 --open-loop";
    let printed = run(&mut bench_numa("open", &format!("{flags} --out {}", dir.display())));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let (_, text) = read(&dir);
    for words in [
        "Latency at a given rate",
        "bskip, 90 % of its peak",
        "latency from the time of arrival (logarithmic), with 95 % intervals",
        "arrive, Mops/s",
        "40.0 us–40.0 us",
        "slowest thread, Mops/s",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let csv = fs::read_to_string(dir.join("open-loop.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * 3, "{csv}");
    let printed = run(&mut bench_numa("open", &format!("{flags} --out {}", dir.display())));
    assert_eq!(printed.code, Some(2), "{}", printed.out);
}

#[test]
fn three_thread_counts_give_no_fit_and_the_page_says_so() {
    let (_, text) = read(&swept("--maps bskip --workloads c --threads 1,2,3 --repeat 2"));
    assert!(
        text.contains("No fit of the Universal Scalability Law") && !text.contains("and its fit"),
        "{text}"
    );
}

#[test]
fn sweeps_are_compared_side_by_side() {
    let [a, b] = [
        swept("--maps bskip,congee --workloads c --threads 1"),
        swept("--maps bskip --workloads c,e --threads 1"),
    ];
    assert_eq!(report(&[&a, &b]).code, Some(0));
    let (_, text) = read_page(&a.join("compare.html"));
    for words in ["2 sweeps side by side", "B / A", "no difference shown", "not in this sweep", "command"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(text.contains("1.00 (1.00–1.00)"), "{text}");
    // The lines of one of them are enough, though they lack the planned operations.
    fs::remove_file(b.join("results.json")).unwrap();
    assert_eq!(report(&[&a, &b]).code, Some(0));
    let (_, text) = read_page(&a.join("compare.html"));
    assert!(text.contains("no difference shown"), "{text}");
}

#[test]
fn nothing_but_a_report_is_replaced_and_what_is_no_result_is_named() {
    let dir = swept("--maps bskip --workloads c --threads 1 --repeat 1");
    let own = dir.join("own.html");
    fs::write(&own, "<html>my notes</html>").unwrap();
    let empty = fresh_path("empty");
    fs::create_dir_all(&empty).unwrap();
    let broken = fresh_path("broken");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("results.json"), "{\"cells\": [").unwrap();
    for (arguments, hint) in [
        (
            &[dir.as_path(), Path::new("--out"), &own][..],
            "is no report of bench-numa: name another file with --out",
        ),
        (&[&empty], "results.json"),
        (&[&broken], "measure again"),
        (&[&dir, Path::new("/no/such/folder")], "name a folder that bench-numa --out has written"),
        (&[], "--help"),
        (&[&dir, Path::new("--quick")], "--help"),
    ] {
        let printed = report(arguments);
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{hint}: {}", printed.err);
        assert!(printed.err.contains(hint), "{hint}: {}", printed.err);
    }
    assert_eq!(fs::read_to_string(&own).unwrap(), "<html>my notes</html>");
    assert_eq!(report(&[&dir, Path::new("--out"), &dir.join("report.html")]).code, Some(0));
}
