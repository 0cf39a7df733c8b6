//! `bare-metal` from outside: flags that it refuses, and a machine without QEMU.

use std::process::Command;

use crate::common::run;

/// `xtask bare-metal` with the flags in `line`, where no program is installed.
fn bare_metal(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("bare-metal").args(line.split_whitespace()).env("PATH", "");
    command
}

#[test]
fn bad_flags_are_refused_before_anything_is_built() {
    for (line, hint) in [
        ("--cpus 17", "17 is too large: at most 16"),
        ("--boots none", "--boots <N>"),
        ("--interrupts 3", "at least 1000"),
        ("--kvm", "--kvm"),
        ("8", "see --help"),
    ] {
        let printed = run(&mut bare_metal(line));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{line}: {}", printed.err);
        assert!(printed.err.contains(hint), "{line}: {}", printed.err);
        assert_eq!(printed.out, "");
    }
}

#[test]
fn without_qemu_it_says_what_installs_it() {
    let printed = run(&mut bare_metal(""));
    assert_eq!((printed.code, printed.out.as_str()), (Some(1), ""));
    assert!(printed.err.contains("sh .ci/setup --guests"), "{}", printed.err);
    assert_eq!(printed.err.lines().count(), 1, "{}", printed.err);
}
