//! `bench-numa report --doc` from outside: from a sweep with fake cells to pictures and a part of a document.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Printed, bench_numa, fresh_path, run};

/// `bench-numa report` with these arguments.
fn report(arguments: &[&Path]) -> Printed {
    run(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["bench-numa", "report"]).args(arguments))
}

const DOC: &str = "--doc";
const BEGIN: &str = "<!-- results: from here on written by cargo xtask bench-numa report --doc -->";
const END: &str = "<!-- results: up to here -->";

#[test]
fn a_sweep_becomes_pictures_and_a_part_of_a_document() {
    let dir = fresh_path("document");
    let results = dir.join("results");
    let flags = format!(
        "--maps bskip,congee --workloads c,e --threads 1,2 --pin none --repeat 2 --out {}",
        results.display()
    );
    let sweep = run(&mut bench_numa("ok", &flags));
    assert_eq!(sweep.code, Some(0), "{}", sweep.err);
    // The table and the lines are enough.
    fs::remove_file(results.join("results.json")).unwrap();
    let doc = dir.join("doc.md");
    fs::write(&doc, format!("head\n{BEGIN}\nof an earlier sweep\n{END}\nfoot\n")).unwrap();

    let printed = report(&[&results, Path::new(DOC), &doc]);
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    let files = [
        "throughput-uniform-1-thread.svg",
        "throughput-uniform-2-threads.svg",
        "bytes-per-key-uniform.svg",
        "threads-uniform.svg",
    ];
    let text = fs::read_to_string(&doc).unwrap();
    for file in files {
        let picture = fs::read_to_string(results.join(file)).expect(file);
        roxmltree::Document::parse(&picture).expect(file);
        assert!(picture.contains("bskip") && picture.contains("congee"), "{file}: {picture}");
        assert!(text.contains(&format!("](results/{file})")), "{file} in {text}");
        assert!(printed.out.contains(file));
    }
    assert!(
        text.starts_with("head\n") && text.ends_with("foot\n") && !text.contains("of an earlier sweep"),
        "{text}"
    );
    assert!(text.contains("cargo xtask bench-numa --maps bskip,congee"), "{text}");
    assert!(text.contains("| bskip | 1.00 | 1.00 | 26.8 |"), "{text}");
    assert!(text.contains("| congee 0.4.1 | 0.50 (0.50–0.50) | - |"), "{text}");

    // Once more gives the same.
    assert_eq!(report(&[&results, Path::new(DOC), &doc]).code, Some(0));
    assert_eq!(fs::read_to_string(&doc).unwrap(), text);

    // A document in the folder itself, by a link. The link stays one, and another file beside it stays as it is.
    let [inside, link, part] = ["inside.md", "link.md", "inside.md.part"].map(|name| results.join(name));
    fs::write(&inside, format!("{BEGIN}\n{END}\n")).unwrap();
    fs::write(&part, "mine").unwrap();
    std::os::unix::fs::symlink(&inside, &link).unwrap();
    assert_eq!(report(&[&results, Path::new(DOC), &link]).code, Some(0));
    let text = fs::read_to_string(&inside).unwrap();
    assert!(text.contains("](./results.csv)") && text.contains("](./threads-uniform.svg)"), "{text}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&part).unwrap(), "mine");
}

#[test]
fn what_cannot_be_drawn_is_named_and_nothing_is_written() {
    let dir = fresh_path("document");
    let flags = format!("--maps bskip --workloads c --repeat 1 --out {}", dir.display());
    assert_eq!(run(&mut bench_numa("ok", &flags)).code, Some(0));
    fs::remove_file(dir.join("results.json")).unwrap();
    let [doc, plain] = ["doc.md", "plain.md"].map(|name| dir.parent().unwrap().join(name));
    fs::write(&doc, format!("{BEGIN}\n{END}\n")).unwrap();
    fs::write(&plain, "no marks\n").unwrap();
    let csv = dir.join("results.csv");
    let text = fs::read_to_string(&csv).unwrap();
    let elsewhere = fresh_path("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    let outside = elsewhere.join("doc.md");
    fs::write(&outside, format!("{BEGIN}\n{END}\n")).unwrap();
    let refused = |arguments: &[&Path], hint: &str| {
        let printed = report(arguments);
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{hint}: {}", printed.err);
        assert!(printed.err.contains(hint), "{hint}: {}", printed.err);
    };
    let flag = Path::new(DOC);
    refused(&[&dir, flag, &plain], "it has no lines");
    refused(&[&dir, flag, &outside], "does not lie below");
    refused(&[&dir, &dir, flag, &doc], "--doc takes one folder");
    refused(&[&dir, flag, &dir.join("none.md")], "there is no such file");
    fs::write(&csv, text.replace(",4.0,", ",NaN,")).unwrap();
    refused(&[&dir, flag, &doc], "line 2, column mops: NaN");
    fs::remove_file(&csv).unwrap();
    refused(&[&dir], "name a folder that bench-numa --out has written");
    let pictures = fs::read_dir(&dir)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "svg"));
    assert_eq!(pictures.count(), 0);
}
