//! The command line of `numa-count`.

use std::path::PathBuf;

use bench::maps::is_placed;
use bench::numbers::{operations, within};
use clap::{ArgAction, ValueEnum};

use super::model::Costs;
use super::predicted::{GRID, RECOMMENDED};
use crate::bench_numa::adaptive::budget::REPEAT;
use crate::cli::known_list;

/// How much the counts of two guests may differ, for each operation: the kernel may put a page on the other
/// node.
pub(super) const NOISE: f64 = 0.005;

/// The setting of maps without a placement of their own. Their memory comes from the global allocator, so it
/// is on the node of the thread that touches it first.
pub(super) const PEER_SETTING: &str = "local";

/// The help text below the flags.
const BELOW: &str = "\
A setting of bskip-numa is a placement as numa-alloc spells it, or `partition` (a leaf is on the node of the workers in
whose range its keys are), followed by any of:
  +replicas  each node searches its own replica of the inner levels
  +lazy      the same, but replicas follow only when a search was led astray
  +ranges    each worker has a range of the keys to itself, loads it and works on no other
  +locks     a shared lock of each node on the way, hand over hand, as in the paper of the B-skiplist; emulated beside
             the map, with interleave only
The other maps, the default bskip among them, place nothing and have one setting.

The guests run under QEMU, with a plugin that models a cache for each processor and sees every access. Nothing is
timed. Then a model says what the counts come to on real sockets; what it ignores stands below its table.

The workers take turns, one operation each: an operation finds in the caches what the others left there, but no two
meet. Only the program's own loads and stores in the operations are counted; not the kernel's, nor instructions, page
tables and prefetching. A line that one cache has unmodified is treated like a line that many have.

Exit code: 0; 1 if a guest or a map failed, if counts differ, or if the search of --adaptive loses more than 3 % or
takes too many runs; 2 for a bad flag; 130 after Ctrl-C.";

/// Count the lines that each operation fetches from near and far nodes, in guests
#[derive(Clone, Debug, PartialEq, clap::Parser)]
#[command(args_override_self = true, allow_negative_numbers = true, after_help = BELOW)]
pub(crate) struct Args {
    /// One machine of 2 nodes, 100k keys, 20k operations: under a minute once everything is built
    #[arg(long)]
    quick: bool,
    /// Machines to boot, by their number of nodes
    #[arg(
        long,
        value_name = "LIST",
        default_value = "2,4",
        default_value_ifs([("recommend", "true", "2,4,8"), ("adaptive", "true", "4"), ("quick", "true", "2")]),
        value_delimiter = ',',
        action = ArgAction::Set,
        num_args = 1,
        value_parser = |text: &str| within(text, 1..=16).map(|nodes| nodes as usize)
    )]
    pub(super) nodes: Vec<usize>,
    /// Processors of a node, each with a worker
    #[arg(
        long,
        value_name = "N",
        default_value = "2",
        value_parser = |text: &str| within(text, 1..=64).map(|cpus| cpus as usize)
    )]
    pub(super) cpus: usize,
    /// Memory of a node
    #[arg(
        long = "memory",
        value_name = "MIB",
        default_value = "512",
        value_parser = |text: &str| within(text, 1..=1 << 20).map(|mib| mib as usize)
    )]
    pub(super) mib: usize,
    /// Keys that are loaded
    #[arg(
        long,
        value_name = "N",
        default_value = "1M",
        default_value_ifs([("adaptive", "true", "30k"), ("quick", "true", "100k")]),
        value_parser = operations
    )]
    pub(super) keys: u64,
    /// Operations of each kind, by all workers together: as many again warm the caches
    /// first; scans of 100 pairs do a tenth of both
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "N",
        default_value = "100k",
        default_value_ifs([("adaptive", "true", "6k"), ("quick", "true", "20k")]),
        value_parser = operations
    )]
    pub(super) ops: u64,
    /// Maps that are counted
    #[arg(
        long,
        value_name = "LIST",
        default_value = "bskip-numa,crossbeam-skiplist,arctic-map,rwlock-btreemap",
        default_value_ifs([("recommend", "true", "bskip-numa"), ("adaptive", "true", "bskip-numa")]),
        value_parser = maps
    )]
    pub(super) maps: std::vec::Vec<String>,
    /// Settings of bskip-numa
    #[arg(
        long,
        value_name = "LIST",
        default_value = "local,interleave,interleave+replicas,node:0,node:0+replicas,hash+replicas,local+ranges,\
                         partition+ranges,partition+lazy+ranges,interleave+locks",
        default_value_ifs([("recommend", "true", RECOMMENDED), ("adaptive", "true", GRID)]),
        hide_default_value = true,
        value_delimiter = ',',
        action = ArgAction::Set,
        num_args = 1
    )]
    pub(super) settings: Vec<String>,
    /// Each processor's cache; least recently used, write-back
    #[arg(
        long,
        value_name = "KIB",
        default_value = "256",
        default_value_if("adaptive", "true", "16"),
        value_parser = |text: &str| within(text, 1..=1 << 20).map(|kib| (kib as usize) << 10)
    )]
    pub(super) cache: usize,
    /// Lines in a set of the cache
    #[arg(
        long,
        value_name = "N",
        default_value = "16",
        value_parser = |text: &str| within(text, 1..=1 << 10).map(|ways| ways as usize)
    )]
    pub(super) ways: usize,
    #[arg(long, help = format!(
        "Count everything twice, in guests of their own, and fail if a number differs by more than\n{NOISE} an operation"
    ))]
    pub(super) twice: bool,
    /// Also predict the best setting for each workload, on 2, 4 and 8 nodes
    #[arg(long, conflicts_with_all = ["twice", "adaptive"])]
    pub(super) recommend: bool,
    /// Also compare the search of `bench-numa --adaptive` with the whole grid: 12 settings,
    /// 9 rounds with other keys, 4 nodes, 30k keys, 6k operations, caches of 16 KiB
    #[arg(long, verbatim_doc_comment, conflicts_with_all = ["twice", "accept"])]
    pub(super) adaptive: bool,
    /// Write the lines of each operation to bench/lines.csv (needs setting local); with
    /// --recommend, write bench/docs/predicted.md instead
    #[arg(long, verbatim_doc_comment)]
    pub(super) accept: bool,
    /// Formats of the results
    #[arg(
        long = "format",
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        action = ArgAction::Set,
        num_args = 1,
        default_value = "table,json"
    )]
    pub(super) formats: Vec<Format>,
    /// Where table.txt, results.json and the guests' words go [default: target/numa-count]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Boot this kernel (an ELF image), instead of fetching Debian's
    #[arg(long, value_name = "FILE")]
    pub(super) kernel: Option<PathBuf>,
    #[command(flatten)]
    pub(super) costs: Costs,
}

/// A format of the results.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

impl Args {
    /// How often everything is counted, each time with other keys.
    pub(super) fn rounds(&self) -> u64 {
        if self.adaptive { REPEAT as u64 } else { 1 }
    }

    /// Refuses numbers that contradict each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let widest = self.nodes.iter().max().map_or(1, |nodes| nodes * self.cpus);
        if widest > 64 {
            return Err(format!("--cpus {}: at most 64 processors in all, not {widest}", self.cpus));
        }
        if self.adaptive && self.nodes.len() != 1 {
            return Err("--adaptive searches on one machine: give --nodes one number".into());
        }
        let comparing = [(self.adaptive, "--adaptive"), (self.recommend, "--recommend")];
        let placed = self.maps.iter().filter(|map| is_placed(map)).count();
        if let Some((_, flag)) = comparing.iter().find(|(is_on, _)| *is_on && placed != 1) {
            return Err(format!(
                "{flag} compares the settings of one map: give --maps one that has settings, not {placed}"
            ));
        }
        // Each worker scans only keys of its own range.
        for (flag, number, each) in [("--keys", self.keys, 200), ("--ops", self.ops, 10)] {
            let least = each * widest as u64;
            if number < least {
                return Err(format!("{flag} {number}: at least {least}"));
            }
        }
        Ok(())
    }
}

fn maps(list: &str) -> Result<Vec<String>, String> {
    known_list("map", list, bench::maps::NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn parse(line: &str) -> Result<Args, String> {
        let args: Args = cli::parse(line)?;
        args.check().map(|()| args)
    }

    #[test]
    fn bad_flags_are_told_with_what_may_be() {
        let largest = "18446744073709551615";
        for (line, hint) in [
            ("--fast", "--help"),
            ("--nodes two", "\"two\""),
            ("--nodes 17", "at most 16"),
            ("--adaptive --nodes 2,4", "one machine"),
            ("--adaptive --recommend", "cannot be used with"),
            ("--adaptive --accept", "cannot be used with"),
            ("--adaptive --maps bskip-numa,bskip-numa-replicas", "one that has settings, not 2"),
            (
                "--recommend --maps bskip-numa,bskip-numa-replicas",
                "--recommend compares the settings of one map",
            ),
            ("--recommend --maps bskip", "one that has settings, not 0"),
            ("--nodes 16 --cpus 8", "64 processors in all"),
            ("--keys many", "is not a count"),
            ("--maps hashmap", "there are bskip"),
            ("--format csv", "table, json"),
            ("--latencies 1,2,3", "local,remote,near,far"),
            ("--latencies 1,2,3,0", "above 0"),
            ("--keys 1599", "at least 1600"),
            ("--keys 18446744073709551616", "too large"),
            ("--ops 79", "at least 80"),
            ("--ops 99999999999G", "too large"),
            ("--nodes -1", "--nodes"),
            ("--ghz inf", "above 0"),
            ("--ghz NaN", "above 0"),
            ("--ghz 1e999", "above 0"),
            ("--ipc 1e-300", "above 0"),
            ("--latencies 1,2,3,inf", "above 0"),
            ("--ghz fast", "above 0"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(hint), "{line}: {error}");
        }
        assert!(parse("--recommend --maps bskip,bskip-numa-replicas").is_ok());
        for flag in ["--nodes", "--cpus", "--memory", "--keys", "--ops", "--cache", "--ways", "--cores"] {
            assert!(parse(&format!("{flag} 0")).unwrap_err().contains("at least 1"), "{flag}");
            assert!(parse(&format!("{flag} {largest}")).unwrap_err().contains("at most"), "{flag}");
        }
    }
}
