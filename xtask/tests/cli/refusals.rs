//! What `bench-numa` refuses: one line that says what to do, exit code 2 if the command line is wrong and 3 if
//! the machine cannot do it. Nothing runs, and no file changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::{bench_numa, fresh_path, run};

/// What is wrong, the flags, the exit code, and a part of the line. `DIR` is a folder with the files below.
const REFUSED: &[(&str, &str, i32, &str)] = &[
    ("a machine elsewhere and a folder", "--topology pu:2 --out DIR/new", 2, "cannot be used with"),
    ("an unknown flag", "--frobnicate", 2, "see --help"),
    ("a word that is no flag", "fast", 2, "see --help"),
    ("an unknown map", "--maps bskp", 2, "there are bskip, bskip-numa"),
    ("an unknown workload", "--workloads d", 2, "there are load, a, b"),
    ("an unknown distribution", "--dist normal", 2, "there are uniform"),
    ("an unknown shape of keys", "--keys-like uuid", 2, "there are u64, ycsb"),
    ("a map without byte strings", "--maps congee --keys-like url", 2, "takes no byte strings"),
    ("no thread", "--threads 0", 2, "at least 1"),
    ("an empty item", "--threads 1,", 2, "is not a count"),
    ("too many threads", "--threads 9999", 2, "at most 4096"),
    ("no key", "--keys 0", 2, "at least 1"),
    ("keys in words", "--keys lots", 2, "write 1000000"),
    ("a negative number", "--ops -1", 2, "--ops"),
    ("no round", "--repeat 0", 2, "at least 1"),
    ("no time", "--timeout 0", 2, "at least 1"),
    ("a number beyond its type", "--seed 18446744073709551616", 2, "--seed"),
    ("a value that is missing", "--keys", 2, "a value is required"),
    ("an unknown placement", "--placement far", 2, "is not a placement: local, "),
    ("a weight of nothing", "--placement weighted:0=", 2, "--placement"),
    ("a placement without a map for it", "--maps bskip --placement local", 2, "add bskip-numa to --maps"),
    ("pages without a map for them", "--maps congee --pages 4k", 2, "add bskip-numa to --maps"),
    ("an unknown pinning", "--pin tight", 2, "choose none, compact"),
    ("a CPU twice", "--pin cpus:0,0", 2, "--pin cpus:0,0"),
    ("an unknown page size", "--pages 1g", 2, "there are thp, 4k"),
    ("an unknown format", "--format xml", 2, "table, csv, json"),
    ("several formats, one place", "--format csv,table", 2, "--out DIR"),
    ("an unknown preset", "--preset fast", 2, "there are quick, paper"),
    ("two presets", "--preset paper --quick", 2, "cannot be used with"),
    ("a plan file that is missing", "--plan DIR/nothing.toml", 2, "nothing.toml: No such file"),
    ("a plan file with an unknown key", "--plan DIR/key.toml", 2, "key.toml:2: no key \"colour\"; there are"),
    ("a plan file with a bad value", "--plan DIR/value.toml", 2, "value.toml:1: "),
    ("a plan file that is no TOML", "--plan DIR/bad.txt", 2, "bad.txt:1: "),
    ("a program that is missing", "--cell-bin DIR/nothing", 2, "no such file"),
    ("a program that is a folder", "--cell-bin DIR", 2, "no such file"),
    ("a trace that is missing", "--trace DIR/nothing DIR/good.txt", 2, "No such file"),
    ("a trace that is a folder", "--trace DIR DIR/good.txt", 2, "directory"),
    ("an empty trace", "--trace DIR/good.txt DIR/empty.txt", 2, "there is no operation in it"),
    ("a bad line", "--trace DIR/good.txt DIR/bad.txt", 2, "bad.txt:2: unknown operation \"JUMP\\u{200b}\""),
    ("bytes that are no text", "--trace DIR/good.txt DIR/binary", 2, "binary:1: "),
    ("a trace and a workload", "--trace DIR/good.txt DIR/good.txt --workloads c", 2, "cannot be used with"),
    (
        "an unknown kind of keys",
        "--trace DIR/good.txt DIR/good.txt --trace-keys words",
        2,
        "there are numbers",
    ),
    (
        "a folder with results",
        "--maps bskip --out DIR/full",
        2,
        "already holds results.csv; name a new folder",
    ),
    ("a sweep that was stopped", "--maps bskip --out DIR/stopped", 2, "go on with --resume"),
    ("nothing to go on with", "--resume DIR", 2, "no raw.jsonl is there"),
    ("a torn beginning", "--resume DIR/stopped", 2, "nothing was measured"),
    ("a sweep beside a resumed one", "--resume DIR/stopped --out DIR/new", 2, "cannot be used with"),
    ("too many keys", "--keys 900G", 3, "use at most --keys"),
    ("too many operations", "--maps bskip --ops 100G", 3, "use at most --ops"),
    (
        "a node that is missing",
        "--maps bskip-numa --placement node:9999",
        3,
        "node 9999 is missing, this machine has",
    ),
    ("a CPU that is missing", "--pin cpus:60000", 3, "60000"),
    ("a folder that is a file", "--maps bskip --out DIR/good.txt", 3, "name a folder that can be written"),
    ("a folder below a file", "--maps bskip --out DIR/good.txt/new", 3, "name a folder that can be written"),
    (
        "a folder that the system refuses",
        "--maps bskip --out /proc/new",
        3,
        "name a folder that can be written",
    ),
];

/// The files of a folder and all folders in it.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => _ = found.insert(path.display().to_string(), fs::read(&path).unwrap()),
        }
    }
    found
}

#[test]
fn bad_input_gets_one_line_and_an_exit_code_and_changes_nothing() {
    let dir = fresh_path("refused");
    fs::create_dir_all(dir.join("full")).unwrap();
    fs::create_dir_all(dir.join("stopped")).unwrap();
    for (name, text) in [
        ("good.txt", &b"INSERT 1\n"[..]),
        ("empty.txt", b"# INSERT 1\n"),
        ("bad.txt", "INSERT 1\nJUMP\u{200b} 1\n".as_bytes()),
        ("binary", b"\xff\xfe\0\x01\n"),
        ("key.toml", b"maps = [\"bskip\"]\ncolour = \"red\"\n"),
        ("value.toml", b"keys = \"many\"\n"),
        ("full/results.csv", b"kept"),
        ("stopped/raw.jsonl", b"{\"command\""),
    ] {
        fs::write(dir.join(name), text).unwrap();
    }
    let before = files(&dir);
    let mut tried = 0;
    for &(what, flags, code, hint) in REFUSED {
        let flags = flags.replace("DIR", dir.to_str().expect("the target folder is UTF-8"));
        // Of two equal flags the last counts, so the fake cell goes first.
        let own_program = flags.contains("--cell-bin");
        let mut command = match own_program {
            true => std::process::Command::new(env!("CARGO_BIN_EXE_xtask")),
            false => bench_numa("ok", &flags),
        };
        if own_program {
            command.arg("bench-numa").args(flags.split_whitespace());
        }
        let printed = run(&mut command);
        assert_eq!((printed.code, printed.err.lines().count()), (Some(code), 1), "{what}: {}", printed.err);
        assert!(printed.err.contains(hint), "{what}: {hint} in {}", printed.err);
        assert_eq!(printed.out, "", "{what}");
        assert!(!printed.err.contains("panicked"), "{what}: {}", printed.err);
        tried += 1;
    }
    assert_eq!(files(&dir), before, "{tried} refusals changed files");
    assert!(tried >= 30);
}
