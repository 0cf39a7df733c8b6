//! `xtask plot` from outside: from a sweep with fake cells to pictures and a document.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Printed, bench_numa, fresh_path, run};

/// `xtask plot` with these arguments.
fn plot(arguments: &[&Path]) -> Printed {
    run(Command::new(env!("CARGO_BIN_EXE_xtask")).arg("plot").args(arguments))
}

#[test]
fn a_sweep_becomes_pictures_and_a_part_of_a_document() {
    let dir = fresh_path("plot");
    let results = dir.join("results");
    let flags = format!(
        "--maps bskip,congee --workloads c,e --threads 1,2 --pin none --repeat 2 --out {}",
        results.display()
    );
    let sweep = run(&mut bench_numa("ok", &flags));
    assert_eq!(sweep.code, Some(0), "{}", sweep.err);
    let doc = dir.join("doc.md");
    let (begin, end) =
        ("<!-- results: from here on written by cargo xtask plot -->", "<!-- results: up to here -->");
    fs::write(&doc, format!("head\n{begin}\nof an earlier sweep\n{end}\nfoot\n")).unwrap();

    let printed = plot(&[&results, Path::new("--doc"), &doc]);
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
    assert!(text.contains("| congee 0.4.1 | 0.50 | - |"), "{text}");

    // Once more gives the same.
    assert_eq!(plot(&[&results, Path::new("--doc"), &doc]).code, Some(0));
    assert_eq!(fs::read_to_string(&doc).unwrap(), text);
}

#[test]
fn a_folder_without_results_or_a_document_without_marks_is_named() {
    let dir = fresh_path("empty");
    fs::create_dir_all(&dir).unwrap();
    let printed = plot(&[&dir]);
    assert_eq!((printed.code, printed.err.lines().count()), (Some(1), 1));
    assert!(printed.err.contains("results.csv"), "{}", printed.err);
    let usage = plot(&[]);
    assert_eq!(usage.code, Some(2));
    assert!(usage.err.contains("<DIR>"), "{}", usage.err);
}
