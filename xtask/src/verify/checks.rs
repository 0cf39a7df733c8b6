//! The checks. This is the one list of names and commands.

use super::builds::{ADDRESS, LOOM, NARROW, NARROW_LOOM, NARROW_SMALL, PLAIN, SHUTTLE, SMALL, THREAD};
use super::suite::{Build, Suite};

/// A check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    /// In a few words.
    pub(super) what: &'static str,
    /// Whether a quick run has it. A quick run leaves out long forms of what `cargo test` runs, and targets without
    /// 64-bit atomics, which few have.
    pub(super) is_quick: bool,
    /// The units that the check must count in its output. If it does not, it has failed.
    pub(super) counts: &'static [&'static str],
    pub(super) how: How,
    /// The time limit, building included: many times what the check takes.
    pub(super) minutes: u64,
}

/// How a check is run.
#[derive(Debug)]
pub(super) enum How {
    /// One after the other.
    Cargo(&'static [Suite]),
    /// The model in `tests/spin`, every scene.
    Spin,
    /// `tidy`'s arguments, counted.
    Tidy,
    /// The core compiled for other targets.
    Targets,
}

const fn suite(
    build: &'static Build,
    args: &'static [&'static str],
    filter: &'static [&'static str],
) -> Suite {
    Suite { build, args, filter }
}

/// Arguments for flags, and test programs of the crate `tests`.
macro_rules! tests {
    ([$($flag:literal),*] $($file:literal),+) => { &["-p", "tests", $($flag,)* $("--test", $file),+] };
    ($($file:literal),+) => { tests!([] $($file),+) };
}

const CORE: &[&str] = &["-p", "bskip-core", "--lib", "--features", "check"];

/// Every check, the quick ones first.
pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "arguments",
        what: "every unsafe and every ordering has its written argument",
        is_quick: true,
        counts: &["arguments"],
        how: How::Tidy,
        minutes: 2,
    },
    Check {
        name: "spin",
        what: "the protocol as a model, every interleaving",
        is_quick: true,
        counts: &["states"],
        how: How::Spin,
        minutes: 5,
    },
    Check {
        name: "loom",
        what: "lock, node, free lists and map, every execution the memory model allows",
        is_quick: true,
        counts: &["executions"],
        how: How::Cargo(&[suite(
            &LOOM,
            &["-p", "bskip-core", "-p", "numa-alloc", "--features", "bskip-core/check", "--lib"],
            &["loom_tests"],
        )]),
        minutes: 10,
    },
    Check {
        name: "shuttle",
        what: "whole operations under random and priority schedules",
        is_quick: true,
        counts: &["schedules"],
        how: How::Cargo(&[suite(&SHUTTLE, CORE, &["shuttle_tests"])]),
        minutes: 10,
    },
    Check {
        name: "model",
        what: "unit tests; every operation against BTreeMap; the fuzzer's inputs",
        is_quick: false,
        counts: &["steps"],
        how: How::Cargo(&[
            suite(&PLAIN, &["-p", "bskip-core", "--lib", "--features", "bump,check"], &[]),
            suite(&PLAIN, tests!("answers", "byte_strings", "collections", "cursors", "memtable"), &[]),
            suite(&PLAIN, tests!("handlers"), &["model::", "edges::", "held::", "reserved::"]),
        ]),
        minutes: 20,
    },
    Check {
        name: "histories",
        what: "recorded concurrent calls are linearizable, as documented",
        is_quick: false,
        counts: &["histories", "operations"],
        how: How::Cargo(&[
            suite(&PLAIN, tests!("histories"), &[]),
            suite(&PLAIN, tests!("handlers"), &["histories::"]),
        ]),
        minutes: 10,
    },
    Check {
        name: "scale",
        what: "threads, many pairs in one call and large maps, on nodes of the usual size",
        is_quick: false,
        counts: &["operations"],
        how: How::Cargo(&[suite(&PLAIN, tests!("concurrent", "many_pairs", "structure"), &[])]),
        minutes: 15,
    },
    Check {
        name: "builds",
        what: "programs without std and without optimisation",
        is_quick: false,
        counts: &[],
        how: How::Cargo(&[suite(&PLAIN, tests!("builds"), &[])]),
        minutes: 10,
    },
    Check {
        name: "chaos",
        what: "histories, stress and byte strings on small nodes that yield in every window",
        is_quick: true,
        counts: &["histories", "operations"],
        how: How::Cargo(&[suite(
            &SMALL,
            tests!(
                ["--no-default-features", "--features", "bskip-core/chaos"]
                "histories",
                "stress",
                "byte_strings",
                "cursors"
            ),
            &[],
        )]),
        minutes: 10,
    },
    Check {
        name: "chaos-threads",
        what: "threads, many pairs and lifetimes of values on small nodes that yield in every window",
        is_quick: false,
        counts: &[],
        how: How::Cargo(&[suite(
            &SMALL,
            tests!(
                ["--no-default-features", "--features", "bskip-core/chaos"]
                "concurrent",
                "many_pairs",
                "values"
            ),
            // Crowds are about nodes of the usual size.
            &[
                "owners::",
                "pops::",
                "scans::",
                "shared::",
                "computed::",
                "shrink_to_fit::",
                "batches::",
                "lifetimes::",
            ],
        )]),
        minutes: 10,
    },
    Check {
        name: "narrow",
        what: "without 64-bit atomics: histories and stress on small nodes",
        is_quick: false,
        counts: &["histories", "operations"],
        how: How::Cargo(&[suite(
            &NARROW_SMALL,
            tests!(["--no-default-features", "--features", "bskip-core/chaos"] "histories", "stress"),
            &[],
        )]),
        minutes: 10,
    },
    Check {
        name: "narrow-model",
        what: "without 64-bit atomics, long form: the lock under loom; unit tests, answers and histories",
        is_quick: false,
        counts: &["executions", "steps", "histories", "operations"],
        how: How::Cargo(&[
            suite(&NARROW_LOOM, CORE, &["loom_tests::lock"]),
            suite(&NARROW, &["-p", "bskip-core", "--lib", "--features", "bump,check"], &[]),
            suite(&NARROW, tests!("answers", "byte_strings", "collections", "cursors", "histories"), &[]),
        ]),
        minutes: 20,
    },
    Check {
        name: "targets",
        what: "the core for machines without an operating system; answers in 32 bits",
        is_quick: false,
        counts: &["targets"],
        how: How::Targets,
        minutes: 20,
    },
    Check {
        name: "faults",
        what: "every allocation fails once; panics in user code; limits; dead and suspended holders",
        is_quick: false,
        counts: &["faults"],
        how: How::Cargo(&[suite(
            &PLAIN,
            tests!("failing_allocation", "faults", "values", "large_values", "memory", "address_space"),
            &[],
        )]),
        minutes: 10,
    },
    Check {
        name: "handlers",
        what: "a signal handler uses the map that the interrupted thread is changing",
        is_quick: false,
        counts: &["calls"],
        how: How::Cargo(&[suite(&PLAIN, tests!("handlers"), &["signals::"])]),
        minutes: 15,
    },
    Check {
        name: "thread-sanitizer",
        what: "no data race",
        is_quick: true,
        counts: &["histories"],
        how: How::Cargo(&[suite(&THREAD, tests!(["--no-default-features"] "stress"), &[])]),
        minutes: 10,
    },
    Check {
        name: "address-sanitizer",
        what: "nothing used after free, out of bounds, or leaked",
        is_quick: true,
        counts: &["histories"],
        how: How::Cargo(&[suite(&ADDRESS, tests!(["--no-default-features"] "stress"), &[])]),
        minutes: 10,
    },
];

/// The checks with these names, or all. A quick run leaves out long forms, and what it would have to download.
pub(super) fn chosen(names: Option<&[String]>, quick: bool) -> Vec<&'static Check> {
    let is_named = |check: &Check| names.is_none_or(|names| names.iter().any(|name| name == check.name));
    CHECKS.iter().filter(|check| is_named(check) && (!quick || check.is_quick)).collect()
}

/// The names and what they are, one a line.
pub(super) fn list() -> String {
    let width = CHECKS.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let lines = CHECKS.iter().map(|check| format!("  {:<width$}  {}", check.name, check.what));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_leaves_out_long_forms() {
        let names = |quick| chosen(None, quick).iter().map(|check| check.name).collect::<Vec<_>>();
        assert_eq!(names(false).len(), CHECKS.len());
        let short =
            ["arguments", "spin", "loom", "shuttle", "chaos", "thread-sanitizer", "address-sanitizer"];
        assert_eq!(names(true), short);
        assert_eq!(chosen(Some(&["spin".into()]), false)[0].name, "spin");
    }

    #[test]
    fn names_are_told_apart() {
        for (number, check) in CHECKS.iter().enumerate() {
            assert!(CHECKS[number + 1..].iter().all(|other| other.name != check.name), "{}", check.name);
            assert!(check.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", check.name);
        }
    }
}
