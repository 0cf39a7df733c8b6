//! What users give to a sweep, and what cells answer: traces of every kind, sizes beyond the machine,
//! crashes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::{bench_numa, cell, fresh_path, printed, run};

const SMALL: &str = "--maps bskip --repeat 1 --format csv";

fn file(text: &str) -> PathBuf {
    let path = fresh_path("input");
    fs::write(&path, text).unwrap();
    path
}

/// A shell command in which `$B` is the sweep with the fake cell and small flags.
fn shell(script: &str) -> Command {
    let mut command = Command::new("bash");
    let program = env!("CARGO_BIN_EXE_xtask");
    let sweep = format!("{program} bench-numa {SMALL} --cell-bin {}", cell("ok").display());
    command.args(["-c", &script.replace("$B", &sweep)]);
    command
}

#[test]
fn every_end_of_line_and_a_mark_are_understood() {
    for text in
        ["\u{feff}# c\rINSERT 1\rREAD 1\r", "# c\nINSERT 1\nREAD 1", "\u{feff}INSERT 1\r\n\r\nREAD 1\r\n"]
    {
        let path = file(text);
        let printed =
            run(&mut bench_numa("ok", &format!("{SMALL} --dry-run --trace {0} {0}", path.display())));
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        assert!(printed.out.contains("2 keys, 2 operations"), "{text:?}: {}", printed.out);
    }
}

#[test]
fn a_trace_without_operations_or_with_a_bad_line_is_refused_before_anything_runs() {
    let good = file("INSERT 1\n");
    for (text, hint) in [
        ("", "there is no operation in it"),
        ("# INSERT 1\r# READ 1\r", "there is no operation in it"),
        ("READ 1\r\u{feff}READ 2", r#":2: unknown operation "\u{feff}READ""#),
    ] {
        let bad = file(text);
        for (load, of_run) in [(&good, &bad), (&bad, &good)] {
            let flags = format!("{SMALL} --trace {} {}", load.display(), of_run.display());
            let printed = run(&mut bench_numa("ok", &flags));
            assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{}", printed.err);
            assert!(printed.err.contains(hint), "{}", printed.err);
            assert_eq!(printed.out, "");
        }
    }
    let printed = run(&mut bench_numa("ok", &format!("{SMALL} --trace / {}", good.display())));
    assert!(printed.code == Some(2) && printed.err.contains("directory"), "{}", printed.err);
}

#[test]
fn a_trace_may_have_byte_strings() {
    let strings = file("\u{feff}INSERT user1 # one\r\n\r\nREAD \"a # b\"\r\n");
    let ycsb = file(
        "\"recordcount\"=\"2\"\nINSERT usertable user1 [ field0=#x]\nREAD usertable user1 [ <all fields>]\n",
    );
    for (path, keys) in [(&strings, "strings"), (&ycsb, "ycsb")] {
        let flags = format!("{SMALL} --trace {0} {0} --trace-keys {keys}", path.display());
        let printed = run(&mut bench_numa("ok", &flags));
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        assert!(printed.out.contains("measured,1,bskip,trace,uniform,trace,"), "{}", printed.out);
    }
    let empty = file("# INSERT user1\n");
    for (path, keys, hint) in [
        (
            &strings,
            "numbers",
            r#":1: "user1" is not a key (an unsigned 64-bit number; other keys need --trace-keys"#,
        ),
        (&ycsb, "strings", r#":1: unknown operation "\"recordcount"#),
        (&strings, "ycsb", r#":1: "one" is too much in "INSERT user1"#),
        (&empty, "strings", "there is no operation in it; write one a line, such as INSERT user1"),
        (&empty, "ycsb", "there is no operation in it; give it what `ycsb load basic`"),
    ] {
        let flags = format!("{SMALL} --trace {0} {0} --trace-keys {keys}", path.display());
        let printed = run(&mut bench_numa("ok", &flags));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{}", printed.err);
        assert!(printed.err.contains(hint), "{}", printed.err);
    }
    let flags = format!("--maps congee --trace {0} {0} --trace-keys ycsb", ycsb.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert!(printed.code == Some(2) && printed.err.contains("maps that do are bskip"), "{}", printed.err);
}

#[test]
fn pipes_and_standard_input_are_read_once() {
    for script in [
        "$B --trace <(echo INSERT 1) <(echo READ 1)",
        "echo INSERT 1 | $B --trace - <(echo READ 1)",
        "echo READ 1 | $B --trace <(echo INSERT 1) /dev/stdin",
        "exec 7< <(echo READ 1); echo INSERT 1 | $B --trace - /dev/fd/7",
    ] {
        let printed = run(&mut shell(script));
        assert_eq!(printed.code, Some(0), "{script}: {}", printed.err);
        assert!(printed.out.contains("measured,1,bskip,trace"), "{script}: {}", printed.out);
    }
    for script in ["echo INSERT 1 | $B --trace - -", "echo INSERT 1 | $B --trace /dev/stdin -"] {
        let printed = run(&mut shell(script));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{script}: {}", printed.err);
        assert!(printed.err.contains("only once"), "{script}: {}", printed.err);
    }
}

#[test]
fn a_trace_may_be_compressed_in_a_file_or_a_pipe() {
    for script in [
        "$B --trace <(echo INSERT 1 | gzip) <(echo READ 1)",
        "echo INSERT 1 | gzip | $B --trace - <({ echo READ 1 | gzip; echo READ 2 | gzip; })",
        "echo INSERT 1 | gzip > $T && $B --trace $T $T && rm $T",
    ] {
        let path = fresh_path("load.txt");
        let printed = run(&mut shell(&script.replace("$T", &path.display().to_string())));
        assert_eq!(printed.code, Some(0), "{script}: {}", printed.err);
        assert!(printed.out.contains("measured,1,bskip,trace"), "{script}: {}", printed.out);
    }
    for (script, hint) in [
        (
            "echo READ 1 | gzip | head -c 15 | $B --trace - $L",
            ":1: cannot decompress this gzip data: the file ends too early",
        ),
        ("echo READ x | gzip | $B --trace - $L", ":1: \"x\" is not a key"),
        (r"printf '\xfd7zXZ\0..' | $B --trace - $L", "this is an xz file: decompress it with `xz -dc`"),
        (
            r"printf '\x28\xb5\x2f\xfd' | $B --trace - $L",
            "cannot decompress this zstd data: the file ends too early",
        ),
    ] {
        let load = file("INSERT 1");
        let printed = run(&mut shell(&script.replace("$L", &load.display().to_string())));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{script}: {}", printed.err);
        assert!(printed.err.contains(hint), "{script}: {}", printed.err);
    }
}

#[test]
fn cells_that_die_are_told_with_what_helps_and_numbers_without_a_rate_fail() {
    let out = fresh_path("dead");
    let flags = "--maps bskip,congee,masstree --workloads c --repeat 2 --out";
    let printed = run(&mut bench_numa("panic", &format!("{flags} {}", out.display())));
    assert_eq!(printed.code, Some(1));
    for hint in
        ["exit code 101; last words: key 7 is lost\n", "killed by signal 9: ", "no operation was done"]
    {
        assert!(printed.out.contains(hint), "{hint} in {}", printed.out);
    }
    for name in ["results.txt", "results.csv", "results.json", "raw.jsonl"] {
        assert!(!fs::read_to_string(out.join(name)).unwrap().contains("NaN"), "{name}");
    }
    let json = fs::read_to_string(out.join("results.json")).unwrap();
    assert!(!json.contains("\"mops\"") && json.matches("\"failed\"").count() >= 3, "{json}");
}

#[test]
fn operations_and_limits_of_the_process_count_before_anything_runs() {
    let limited = "ulimit -v 300000; $B --workloads c --keys 20M";
    for script in ["$B --workloads c --ops 100G", "$B --keys 18446744073709551615", limited] {
        let printed = run(&mut shell(script));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(3), 1), "{script}: {}", printed.err);
        assert!(printed.err.contains("use at most --"), "{script}: {}", printed.err);
        assert_eq!(script == limited, printed.err.contains("ulimit -v"), "{}", printed.err);
    }
}

#[test]
fn a_full_disk_and_a_folder_that_is_none_are_errors_of_one_line() {
    for args in [
        &["bench-numa", "--help"][..],
        &["bench-numa", "report", "--help"],
        &["help"],
        &["counts", "--help"],
        &["verify", "--help"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let child = command.args(args).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let printed = printed(child.wait_with_output().unwrap());
        assert_eq!((printed.code, printed.err.lines().count()), (Some(1), 1), "{args:?}: {}", printed.err);
        assert!(printed.err.contains("cannot write to standard output"), "{args:?}: {}", printed.err);
    }
    let no_folder = file("text");
    let printed = run(&mut bench_numa("ok", &format!("{SMALL} --workloads c --out {}", no_folder.display())));
    assert_eq!((printed.code, printed.err.lines().count()), (Some(3), 1), "{}", printed.err);
}
