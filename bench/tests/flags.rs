//! The numbers in the flags of every measuring program: at the ends of their types, and what is no number.

use std::process::{Command, Output};

/// A program, and the least that each of its flags may say.
type Program = (&'static str, &'static [(&'static str, &'static str)]);

const PROGRAMS: [Program; 5] = [
    (
        env!("CARGO_BIN_EXE_bench-crowd"),
        &[("--threads", "2"), ("--ops", "2"), ("--rounds", "1"), ("--hold", "1")],
    ),
    (
        env!("CARGO_BIN_EXE_bench-scan"),
        &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1"), ("--repeat", "1"), ("--shorts", "1")],
    ),
    (
        env!("CARGO_BIN_EXE_bench-many"),
        &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1"), ("--lookups", "64")],
    ),
    (env!("CARGO_BIN_EXE_bench-bulk"), &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1")]),
    (
        env!("CARGO_BIN_EXE_bench-numa-count"),
        &[
            ("--keys", "200"),
            ("--ops", "10"),
            ("--warm", "0"),
            ("--workers", "1"),
            ("--run", "18446744073709551615"),
        ],
    ),
];

/// What no flag takes.
const NO_NUMBERS: [&str; 9] =
    ["", " ", "-1", "+1", "1e999", "inf", "NaN", "99999999T", "18446744073709551616"];
/// What only some take.
const ENDS: [&str; 2] = ["0", "18446744073709551615"];
/// Flags that take both.
const TAKES_ALL: [&str; 1] = ["--run"];

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap()
}

fn refused(program: &str, flag: &str, value: &str) {
    let output = run(program, &[flag, value]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{program} {flag} {value}: {why}");
    assert!(why.lines().count() == 1 && why.contains(flag), "{program} {flag} {value}: {why}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_is_no_number_or_too_large_or_too_small_is_refused_in_one_line() {
    for (program, flags) in PROGRAMS {
        for (flag, least) in flags {
            for value in NO_NUMBERS {
                refused(program, flag, value);
            }
            for value in ENDS.iter().filter(|value| !TAKES_ALL.contains(flag) && *value != least) {
                refused(program, flag, value);
            }
        }
    }
}

#[test]
fn the_least_that_flags_may_say_gives_numbers() {
    for (program, flags) in PROGRAMS {
        let args: Vec<&str> = flags.iter().flat_map(|(flag, value)| [*flag, *value]).collect();
        let output = run(program, &args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{program}: {text}");
    }
}
