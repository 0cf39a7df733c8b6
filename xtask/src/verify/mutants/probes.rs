//! The tests that catch mutants, each as small as possible. Most are a part of a check.

use crate::verify::builds::{self, LOOM, NARROW_LOOM, PLAIN, SMALL, THREAD};
use crate::verify::suite::{Build, Suite};

/// A suite that is asked about mutants.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) tool: Tool,
    pub(super) suite: Suite,
    /// If a probe runs longer than this, it counts as hanging. It is many times what a probe takes.
    pub(super) seconds: u64,
}

/// A way of looking for bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Ordinary tests.
    Tests,
    /// The same, on small nodes, with threads that yield in every window.
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

/// A test program of the crate `tests`, or a part of it, on small nodes and with threads that yield in every window.
macro_rules! chaos {
    ($name:literal, $program:literal $(, $part:literal)?) => {
        probe(
            Tool::Chaos,
            $name,
            &SMALL,
            &["-p", "tests", "--no-default-features", "--features", "bskip-core/chaos", "--test", $program],
            &[$($part)?],
        )
    };
}

/// Tests of the crate `tests`: a program, and a part of it.
macro_rules! plain {
    ($name:literal, $program:literal, $part:literal) => {
        probe(Tool::Tests, $name, &PLAIN, &["-p", "tests", "--test", $program], &[$part])
    };
}

const CORE: &[&str] = &["-p", "bskip-core", "--lib", "--features", "check"];
const CORE_WITH_CHECKS: &[&str] = &["-p", "bskip-core", "--lib", "--features", "bump,check"];
const ARENA: &[&str] = &["-p", "numa-alloc", "--lib"];
const STRESS: &[&str] = &["-p", "tests", "--no-default-features", "--test", "stress"];

const TRIMMED: &[&str] = &["-p", "numa-alloc", "--test", "trim"];

static TRIM: Probe = probe(Tool::Tests, "trim", &PLAIN, TRIMMED, &[]);
static UNIT: Probe = probe(Tool::Tests, "unit", &PLAIN, CORE_WITH_CHECKS, &[]);
static BYTE_NODES: Probe = probe(Tool::Tests, "byte-nodes", &PLAIN, CORE_WITH_CHECKS, &["node::bytes"]);
static LOOM_LOCK: Probe = probe(Tool::Loom, "loom-lock", &LOOM, CORE, &["loom_tests::lock"]);
static LOOM_NARROW: Probe = probe(Tool::Loom, "loom-narrow", &NARROW_LOOM, CORE, &["loom_tests::lock"]);
static LOOM_LEAF: Probe = probe(Tool::Loom, "loom-leaf", &LOOM, CORE, &["loom_tests::leaf"]);
static LOOM_ACROSS: Probe = probe(Tool::Loom, "loom-across", &LOOM, CORE, &["loom_tests::across"]);
static LOOM_HANDLERS: Probe = probe(Tool::Loom, "loom-handlers", &LOOM, CORE, &["loom_tests::handlers"]);
static LOOM_HINTS: Probe = probe(Tool::Loom, "loom-hints", &LOOM, CORE, &["leaf_table::loom_tests"]);
static LOOM_REPLICA: Probe = probe(Tool::Loom, "loom-replica", &LOOM, CORE, &["loom_tests::replica"]);
static LOOM_ARENA: Probe = probe(Tool::Loom, "loom-arena", &LOOM, CORE, &["loom_tests::arena"]);
static LOOM_CELLS: Probe = probe(Tool::Loom, "loom-cells", &LOOM, CORE, &["loom_tests::cells"]);
static LOOM_BLOBS: Probe = probe(Tool::Loom, "loom-blobs", &LOOM, CORE, &["loom_tests::blobs"]);
static LOOM_INBOX: Probe = probe(Tool::Loom, "loom-inbox", &LOOM, ARENA, &["loom_tests"]);
static SHUTTLE: Probe = probe(Tool::Shuttle, "shuttle", &builds::SHUTTLE, CORE, &["shuttle_tests"]);
static RACES: Probe = probe(Tool::ThreadSanitizer, "races", &THREAD, STRESS, &[]);
static BATCHES: Probe = plain!("batches", "many_pairs", "batches::");
static DROPS: Probe = plain!("drops", "values", "drops::");
static FALLIBLE: Probe = plain!("fallible", "faults", "fallible::");
static COUNTED: Probe = plain!("counted", "concurrent", "counted::");
static HOLDERS: Probe = plain!("holders", "faults", "holders::");
static LIFETIMES: Probe = plain!("lifetimes", "values", "lifetimes::");
static FINDINGS: Probe = plain!("findings", "answers", "review_findings::");
static WRONG_KEYS: Probe = plain!("wrong-keys", "faults", "wrong_keys::");
static SHARED: Probe = plain!("shared", "concurrent", "shared::");
static COMPUTED: Probe = plain!("computed", "concurrent", "computed::");
static SWEPT: Probe = plain!("swept", "structure", "ranges::");
static ESTIMATES: Probe = plain!("estimates", "structure", "estimates::");
static TAKEN: Probe = plain!("taken", "values", "taken::");
static COMPUTED_VALUES: Probe = plain!("computed-values", "values", "computed::");
static RANGE_ENDS: Probe = plain!("range-ends", "answers", "range_ends::");
static SHRINK: Probe = plain!("shrink", "structure", "shrink::");
static HANDLERS_MODEL: Probe = plain!("handlers-model", "handlers", "model::");
static HANDLERS_HELD: Probe = plain!("handlers-held", "handlers", "held::");
static HANDLERS_EDGES: Probe = plain!("handlers-edges", "handlers", "edges::");
static REPLICAS: Probe = plain!("replicas", "structure", "replicas::");
static MIGRATE: Probe = plain!("migrate", "structure", "migrate::");
static FUZZ: Probe = plain!("fuzz", "answers", "fuzz_corpus::");
static CURSORS: Probe = plain!("cursors", "cursors", "model::");
static SCANS: Probe = plain!("scans", "concurrent", "scans::");
static BLOBS: Probe = plain!("blobs", "byte_strings", "blob_");
static BYTE_MODEL: Probe = plain!("byte-model", "byte_strings", "model::");
static BYTE_BULK: Probe = plain!("byte-bulk", "byte_strings", "bulk::");
static BYTE_RANGES: Probe = plain!("byte-ranges", "byte_strings", "ranges::");
static BYTE_THREADS: Probe = plain!("byte-threads", "byte_strings", "concurrent::");
static CHAOS_SHARED: Probe = chaos!("chaos-shared", "concurrent", "shared::");
static CHAOS_COMPUTED: Probe = chaos!("chaos-computed", "concurrent", "computed::");
static CHAOS_OWNERS: Probe = chaos!("chaos-owners", "concurrent", "owners::");
static CHAOS_SCANS: Probe = chaos!("chaos-scans", "concurrent", "scans::");
static CHAOS_POPS: Probe = chaos!("chaos-pops", "concurrent", "pops::");
static CHAOS_CURSORS: Probe = chaos!("chaos-cursors", "cursors", "concurrent::");
static CHAOS_LIFETIMES: Probe = chaos!("chaos-lifetimes", "values", "lifetimes::");
static CHAOS_BLOBS: Probe = chaos!("chaos-blobs", "byte_strings", "blob_threads::");
static CHAOS_BYTES: Probe = chaos!("chaos-bytes", "byte_strings", "concurrent::");

static CHAOS_STRESS: Probe = chaos!("chaos-stress", "stress");

/// Every probe.
static ALL: &[&Probe] = &[
    &TRIM,
    &UNIT,
    &BYTE_NODES,
    &LOOM_LOCK,
    &LOOM_NARROW,
    &LOOM_LEAF,
    &LOOM_ACROSS,
    &LOOM_HANDLERS,
    &LOOM_HINTS,
    &LOOM_REPLICA,
    &LOOM_ARENA,
    &LOOM_CELLS,
    &LOOM_BLOBS,
    &LOOM_INBOX,
    &SHUTTLE,
    &RACES,
    &BATCHES,
    &DROPS,
    &FALLIBLE,
    &COUNTED,
    &HOLDERS,
    &LIFETIMES,
    &FINDINGS,
    &WRONG_KEYS,
    &SHARED,
    &COMPUTED,
    &COMPUTED_VALUES,
    &SWEPT,
    &ESTIMATES,
    &TAKEN,
    &RANGE_ENDS,
    &SHRINK,
    &HANDLERS_MODEL,
    &HANDLERS_HELD,
    &HANDLERS_EDGES,
    &REPLICAS,
    &MIGRATE,
    &FUZZ,
    &CURSORS,
    &SCANS,
    &BLOBS,
    &BYTE_MODEL,
    &BYTE_BULK,
    &BYTE_RANGES,
    &BYTE_THREADS,
    &CHAOS_SHARED,
    &CHAOS_COMPUTED,
    &CHAOS_OWNERS,
    &CHAOS_SCANS,
    &CHAOS_POPS,
    &CHAOS_CURSORS,
    &CHAOS_LIFETIMES,
    &CHAOS_BLOBS,
    &CHAOS_BYTES,
    &CHAOS_STRESS,
];

/// The probe of that name.
pub(super) fn named(name: &str) -> Option<&'static Probe> {
    ALL.iter().copied().find(|probe| probe.name == name)
}

/// Probes that `--every-tool` asks too, the cheapest first. For each tool, these are the ones that see the
/// most of the code.
pub(super) static SECOND_OPINIONS: &[&Probe] =
    &[&SHUTTLE, &UNIT, &LOOM_LEAF, &LOOM_REPLICA, &LOOM_LOCK, &LOOM_ARENA, &CHAOS_STRESS, &RACES];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    /// The folder of the files that a probe's tests are in, and what their paths contain.
    fn places(probe: &Probe) -> (String, String) {
        let after = |flag| {
            let mut args = probe.suite.args.iter().skip_while(|arg| **arg != flag);
            args.nth(1).copied().unwrap_or_default()
        };
        let folder = match after("--test") {
            "" => format!("{}/src/", after("-p")),
            program => format!("{}/tests/{program}", after("-p")),
        };
        let part = probe.suite.filter.first().copied().unwrap_or_default();
        (folder, part.trim_end_matches("::").replace("::", "/"))
    }

    #[test]
    fn every_probe_names_a_file_of_tests() {
        let files = tree::files().unwrap();
        for probe in ALL {
            let (folder, part) = places(probe);
            let has_tests = |path: &std::path::PathBuf| {
                let name = path.to_string_lossy();
                let end = name.strip_prefix(&folder).filter(|end| end.ends_with(".rs"));
                // A filter names the beginning of a file's or a folder's name.
                let is_there = end.is_some_and(|end| format!("/{end}").contains(&format!("/{part}")));
                // The stress test has no harness.
                is_there
                    && std::fs::read_to_string(tree::root().join(path))
                        .is_ok_and(|text| text.contains("#[test]") || text.contains("fn main()"))
            };
            assert!(files.iter().any(has_tests), "{}: no tests in {folder}…{part}", probe.name);
        }
    }
}
