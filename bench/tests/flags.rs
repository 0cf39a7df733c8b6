//! The numbers in the flags of every subcommand: at the ends of their types, and texts that are not numbers.

use std::process::{Command, Output};

/// A subcommand, and the least value of each of its flags.
type Subcommand = (&'static str, &'static [(&'static str, &'static str)]);

const SUBCOMMANDS: &[Subcommand] = &[
    ("ceilings", &[("--seconds", "1"), ("--mib", "1"), ("--threads", "1")]),
    ("contention", &[("--threads", "2"), ("--ops", "2"), ("--rounds", "1"), ("--hold", "1")]),
    ("scan", &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1"), ("--repeat", "1"), ("--shorts", "1")]),
    ("batch", &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1"), ("--lookups", "64")]),
    (
        "bus",
        &[("--threads", "1"), ("--devices", "1"), ("--lookups", "1"), ("--every", "1"), ("--rounds", "1")],
    ),
    ("bulk", &[("--threads", "1"), ("--keys", "1"), ("--rounds", "1")]),
    (
        "numa-count",
        &[
            ("--keys", "200"),
            ("--ops", "10"),
            ("--warm", "0"),
            ("--workers", "1"),
            ("--run", "18446744073709551615"),
            ("--seed", "18446744073709551615"),
        ],
    ),
    #[cfg(feature = "stats")]
    ("stats", &[("--threads", "1"), ("--keys", "1")]),
];

/// Values that every flag refuses.
const NO_NUMBERS: [&str; 9] =
    ["", " ", "-1", "+1", "1e999", "inf", "NaN", "99999999T", "18446744073709551616"];
/// Values that most flags refuse.
const ENDS: [&str; 2] = ["0", "18446744073709551615"];
/// Flags that take both.
const TAKES_ALL: [&str; 2] = ["--run", "--seed"];

fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench")).args(args).output().unwrap()
}

#[test]
fn values_that_are_no_numbers_or_too_large_or_too_small_are_refused() {
    for (subcommand, flags) in SUBCOMMANDS {
        for (flag, least) in *flags {
            let ends = ENDS.iter().filter(|value| !TAKES_ALL.contains(flag) && *value != least);
            for value in NO_NUMBERS.iter().chain(ends) {
                let output = bench(&[subcommand, flag, value]);
                let why = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(2), "{subcommand} {flag} {value}: {why}");
                let first = why.lines().next().unwrap_or_default();
                let wanted = format!("invalid value '{value}' for '{flag} <");
                assert!(first.contains(&wanted), "{subcommand} {flag} {value}: {why}");
                assert!(output.stdout.is_empty());
            }
        }
    }
}

#[test]
fn the_least_values_of_flags_give_numbers() {
    for (subcommand, flags) in SUBCOMMANDS {
        let flags = flags.iter().flat_map(|(flag, value)| [*flag, *value]);
        let output = bench(&[*subcommand].into_iter().chain(flags).collect::<Vec<_>>());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{subcommand}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{subcommand}: {text}");
    }
}

#[test]
fn what_is_no_command_line_is_refused() {
    for (args, words) in [
        (&["many"][..], "unrecognized subcommand 'many'"),
        (&["counts", "get-hit", "get-miss"], "unexpected argument 'get-miss'"),
    ] {
        let output = bench(args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(words), "{args:?}");
    }
    assert_eq!(bench(&["counts", "get"]).status.code(), Some(1));
    assert!(bench(&["--help"]).status.success() && bench(&["scan", "--help"]).status.success());
}
