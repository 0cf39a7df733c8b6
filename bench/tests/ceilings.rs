//! The exit code of `bench ceilings` if the machine refuses what is asked.

use std::fs;
use std::process::{Command, Output};

/// `bench ceilings` with as little memory and time as possible.
fn ceilings(flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["ceilings", "--mib", "1", "--seconds", "1", "--threads", "1"]).args(flags).output().unwrap()
}

/// Whether the machine has reserved pages of 1 GiB.
fn has_gigabyte_pages() -> bool {
    fs::read_to_string("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages")
        .is_ok_and(|number| number.trim() != "0")
}

#[test]
fn a_machine_that_refuses_is_exit_code_3_and_one_line() {
    let mut cases = vec![(vec!["--pages", "4k", "--pin", "cpus:8191"], "8191")];
    if !has_gigabyte_pages() {
        cases.push((vec!["--pages", "hugetlb-1g"], "hugetlb-1g: "));
    }
    for (flags, hint) in cases {
        let output = ceilings(&flags);
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), why.lines().count()), (Some(3), 1), "{flags:?}: {why}");
        assert!(why.starts_with("bench: ") && why.contains(hint) && output.stdout.is_empty(), "{why}");
    }
}
