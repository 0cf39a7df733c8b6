//! The tests that catch mutants, as small as they can be. Most are a part of one of the checks.

use crate::verify::builds::{self, LOOM, PLAIN, SMALL, THREAD};
use crate::verify::suite::{Build, Suite};

/// A suite that is asked about mutants.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) tool: Tool,
    pub(super) suite: Suite,
    /// Who runs longer hangs. Many times what it takes.
    pub(super) seconds: u64,
}

/// A way of looking for bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Ordinary tests, as every day.
    Tests,
    /// The same on small nodes that yield in every window.
    Chaos,
    Shuttle,
    Loom,
    ThreadSanitizer,
}

impl Tool {
    pub(super) const ALL: [Self; 5] =
        [Self::Tests, Self::Chaos, Self::Shuttle, Self::Loom, Self::ThreadSanitizer];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Chaos => "chaos",
            Self::Shuttle => "shuttle",
            Self::Loom => "loom",
            Self::ThreadSanitizer => "thread-sanitizer",
        }
    }
}

const fn probe(
    tool: Tool,
    name: &'static str,
    build: &'static Build,
    args: &'static [&'static str],
    filter: &'static [&'static str],
) -> Probe {
    // Chaos and the sanitizer are slow by themselves.
    let seconds = if matches!(tool, Tool::Chaos | Tool::ThreadSanitizer) { 400 } else { 120 };
    Probe { name, tool, suite: Suite { build, args, filter }, seconds }
}

/// Tests of the crate `tests`, by file, with small nodes that yield in every window.
macro_rules! chaos {
    ($name:literal, $($file:literal),+) => {
        probe(
            Tool::Chaos,
            $name,
            &SMALL,
            &["-p", "tests", "--no-default-features", "--features", "bskip-core/chaos", $("--test", $file),+],
            &[],
        )
    };
}

/// Tests of the crate `tests`, by file, as every day.
macro_rules! plain {
    ($name:literal, $file:literal) => {
        probe(Tool::Tests, $name, &PLAIN, &["-p", "tests", "--test", $file], &[])
    };
}

const CORE: &[&str] = &["-p", "bskip-core", "--lib", "--features", "check"];
const CORE_WITH_CHECKS: &[&str] = &["-p", "bskip-core", "--lib", "--features", "bump,check"];
const ARENA: &[&str] = &["-p", "numa-alloc", "--lib"];
const STRESS: &[&str] = &["-p", "tests", "--no-default-features", "--test", "stress"];

const TRIMMED: &[&str] = &["-p", "numa-alloc", "--test", "trim"];

pub(super) static TRIM: Probe = probe(Tool::Tests, "trim", &PLAIN, TRIMMED, &[]);
pub(super) static UNIT: Probe = probe(Tool::Tests, "unit", &PLAIN, CORE_WITH_CHECKS, &[]);
pub(super) static LOOM_LOCK: Probe = probe(Tool::Loom, "loom-lock", &LOOM, CORE, &["loom_tests::lock"]);
pub(super) static LOOM_LEAF: Probe = probe(Tool::Loom, "loom-leaf", &LOOM, CORE, &["loom_tests::leaf"]);
pub(super) static LOOM_ACROSS: Probe = probe(Tool::Loom, "loom-across", &LOOM, CORE, &["loom_tests::across"]);
pub(super) static LOOM_HINTS: Probe =
    probe(Tool::Loom, "loom-hints", &LOOM, CORE, &["leaf_table::loom_tests"]);
pub(super) static LOOM_REPLICA: Probe =
    probe(Tool::Loom, "loom-replica", &LOOM, CORE, &["loom_tests::replica"]);
pub(super) static LOOM_ARENA: Probe = probe(Tool::Loom, "loom-arena", &LOOM, CORE, &["loom_tests::arena"]);
pub(super) static LOOM_INBOX: Probe = probe(Tool::Loom, "loom-inbox", &LOOM, ARENA, &["loom_tests"]);
pub(super) static SHUTTLE: Probe =
    probe(Tool::Shuttle, "shuttle", &builds::SHUTTLE, CORE, &["shuttle_tests"]);
pub(super) static RACES: Probe = probe(Tool::ThreadSanitizer, "races", &THREAD, STRESS, &[]);
pub(super) static BATCHES: Probe = plain!("batches", "batches");
pub(super) static DROPS: Probe = plain!("drops", "drops");
pub(super) static FALLIBLE: Probe = plain!("fallible", "fallible");
pub(super) static HOLDERS: Probe = plain!("holders", "holders");
pub(super) static LIFETIMES: Probe = plain!("lifetimes", "lifetimes");
pub(super) static FINDINGS: Probe = plain!("findings", "review_findings");
pub(super) static WRONG_KEYS: Probe = plain!("wrong-keys", "wrong_keys");
pub(super) static SHARED: Probe = plain!("shared", "concurrent_shared");
pub(super) static RANGE_ENDS: Probe = plain!("range-ends", "range_ends");
pub(super) static SHRINK: Probe = plain!("shrink", "shrink");
pub(super) static REPLICAS: Probe = plain!("replicas", "replicas");
pub(super) static MIGRATE: Probe = plain!("migrate", "migrate");
pub(super) static FUZZ: Probe = plain!("fuzz", "fuzz_corpus");
pub(super) static SCANS: Probe = plain!("scans", "concurrent_scans");
pub(super) static CHAOS_SHARED: Probe = chaos!("chaos-shared", "concurrent_shared");
pub(super) static CHAOS_OWNERS: Probe = chaos!("chaos-owners", "concurrent_owners");
pub(super) static CHAOS_SCANS: Probe = chaos!("chaos-scans", "concurrent_scans");
pub(super) static CHAOS_POPS: Probe = chaos!("chaos-pops", "concurrent_pops");
pub(super) static CHAOS_LIFETIMES: Probe = chaos!("chaos-lifetimes", "lifetimes");

pub(super) static CHAOS_STRESS: Probe = chaos!("chaos-stress", "stress");

/// What is asked whether it catches a mutant too, the cheapest first: of each tool what sees the most of the code.
pub(super) static SECOND_OPINIONS: &[&Probe] =
    &[&SHUTTLE, &UNIT, &LOOM_LEAF, &LOOM_REPLICA, &LOOM_LOCK, &LOOM_ARENA, &CHAOS_STRESS, &RACES];
