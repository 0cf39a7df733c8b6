//! The tests that catch mutants, as small as they can be. Most are a part of one of the checks.

use crate::verify::builds::{self, LOOM, PLAIN, SMALL};
use crate::verify::suite::{Build, Suite};

/// A suite that is asked about mutants.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) suite: Suite,
    /// Who runs longer hangs. Many times what it takes.
    pub(super) seconds: u64,
}

const fn probe(
    name: &'static str,
    build: &'static Build,
    args: &'static [&'static str],
    filter: &'static [&'static str],
) -> Probe {
    Probe { name, suite: Suite { build, args, filter }, seconds: 120 }
}

/// Tests of the crate `tests`, by file, with small nodes that yield in every window.
macro_rules! chaos {
    ($name:literal, $($file:literal),+) => {
        probe($name, &SMALL, &["-p", "tests", "--features", "bskip-core/chaos", $("--test", $file),+], &[])
    };
}

/// Tests of the crate `tests`, by file, as every day.
macro_rules! plain {
    ($name:literal, $file:literal) => {
        probe($name, &PLAIN, &["-p", "tests", "--test", $file], &[])
    };
}

const CORE: &[&str] = &["-p", "bskip-core", "--lib", "--features", "check"];
const CORE_WITH_CHECKS: &[&str] = &["-p", "bskip-core", "--lib", "--features", "bump,check"];

pub(super) static UNIT: Probe = probe("unit", &PLAIN, CORE_WITH_CHECKS, &[]);
pub(super) static LOOM_LOCK: Probe = probe("loom-lock", &LOOM, CORE, &["loom_tests::lock"]);
pub(super) static LOOM_LEAF: Probe = probe("loom-leaf", &LOOM, CORE, &["loom_tests::leaf"]);
pub(super) static LOOM_ARENA: Probe = probe("loom-arena", &LOOM, CORE, &["loom_tests::arena"]);
pub(super) static LOOM_INBOX: Probe =
    probe("loom-inbox", &LOOM, &["-p", "numa-alloc", "--lib"], &["loom_tests"]);
pub(super) static SHUTTLE: Probe = probe("shuttle", &builds::SHUTTLE, CORE, &["shuttle_tests"]);
pub(super) static FALLIBLE: Probe = plain!("fallible", "fallible");
pub(super) static HOLDERS: Probe = plain!("holders", "holders");
pub(super) static LIFETIMES: Probe = plain!("lifetimes", "lifetimes");
pub(super) static REGRESSIONS: Probe = plain!("regressions", "regressions");
pub(super) static SHARED: Probe = plain!("shared", "concurrent_shared");
pub(super) static SCANS: Probe = plain!("scans", "concurrent_scans");
pub(super) static CHAOS_SHARED: Probe = chaos!("chaos-shared", "concurrent_shared");
pub(super) static CHAOS_OWNERS: Probe = chaos!("chaos-owners", "concurrent_owners");
pub(super) static CHAOS_SCANS: Probe = chaos!("chaos-scans", "concurrent_scans");
pub(super) static CHAOS_POPS: Probe = chaos!("chaos-pops", "concurrent_pops");
pub(super) static CHAOS_LIFETIMES: Probe = chaos!("chaos-lifetimes", "lifetimes");
