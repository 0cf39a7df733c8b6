//! The command line of `bench-numa`. This file checks everything that needs no look at the machine.

use std::path::PathBuf;
use std::time::Duration;

use bench::numbers::{rounds, within};
use bench::protocol::TraceKeys;
use bench::units::{self, parse_count};
use clap::{ArgAction, ValueEnum};

use super::values::{
    dists, keys_like, maps, maps_help, pages, percent, pins, placements, preset, preset_help, strings_help,
    threads, trace_keys, workloads, workloads_help,
};
use super::{names, presets, report, tuned};
use crate::cli::wrapped;
use crate::stop::Stop;

/// Seconds of a timeout: a week.
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// What stands below the flags.
const BELOW: &str = "\
A sweep is map x workload x distribution x shape of keys x threads x placement x pinning x page size. Every
cell runs in a fresh process and checks its own answers. Rounds are interleaved. LIST is a,b,c.

Exit code: 0; 1 if a cell FAILED or is slower than its --baseline, or the build failed; 2 for a bad flag or an
impossible plan; 3 if this machine refuses (too little memory, no such node, CPU or pages, a folder that cannot be
written, --resume on another machine, a --baseline without its program); 130 after Ctrl-C, which keeps the finished
cells.
`bench-numa verify --help` says what its exit codes mean.

Examples:
  cargo xtask bench-numa --quick
  cargo xtask bench-numa --preset scaling --out results/scaling
  cargo xtask bench-numa --keys 10M --threads 2 --maps bskip,arctic-map,bplustree --workloads load,a,b,c,e
  cargo xtask bench-numa --maps bskip,bskip-numa --placement local,interleave,node:1 --pages thp,4k
  cargo xtask bench-numa --keys 100k --dist uniform,zipfian --threads 1,2 --repeat 5 --out results/small
  cargo xtask bench-numa --keys-like ycsb,url --workloads load,c,e --keys 2M --threads 2
  cargo xtask bench-numa --strings --maps bskip,arctic-map,artmap,artmap-arena,bplustree --ops 1M --out results/strings
  cargo xtask bench-numa --maps bskip,masstree --trace load.txt run.txt --format csv
  cargo xtask bench-numa --trace load.zst run.gz --trace-keys ycsb
  cargo xtask bench-numa --maps bskip-numa --placement local,interleave --workloads a,c --counters --keys 10M
  cargo xtask bench-numa --resume results/small
  cargo xtask bench-numa --baseline results/small --fail-above 5%
  cargo xtask bench-numa --maps bskip-numa --placement local,interleave --pages thp,4k --threads 8,16 --out results/best
  cargo xtask bench-numa verify results/best/tuned.toml
  cargo xtask bench-numa --adaptive --maps bskip-numa --placement local,interleave --pages thp,4k --threads 4,8,16
  cargo xtask bench-numa report results/before results/after
  cargo xtask bench-numa --preset placement --topology 'package:2 [numa] core:16 pu:2'";

/// Measure the map against other ordered maps, over NUMA placements
// A field is `None` if its flag was not given, because the default may depend on other flags.
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(
    args_override_self = true,
    allow_negative_numbers = true,
    after_help = BELOW,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    subcommand_value_name = "COMMAND"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) sub: Option<Sub>,

    /// Flags from a TOML file, whose keys are their names: maps = ["bskip"], keys = "10M".
    /// Flags of the command line win; bench/plans has an example
    #[arg(long, verbatim_doc_comment, value_name = "FILE", help_heading = "What is measured")]
    pub(crate) plan: Option<PathBuf>,
    #[arg(
        long,
        value_name = "NAME",
        value_parser = preset,
        conflicts_with_all = ["quick", "strings"],
        help = preset_help(),
        help_heading = "What is measured"
    )]
    pub(crate) preset: Option<&'static str>,
    /// Short for --preset quick; small, so look at the spread
    #[arg(long, help_heading = "What is measured")]
    pub(crate) quick: bool,
    #[arg(long, conflicts_with_all = ["quick", "trace"], help = strings_help(), help_heading = "What is measured")]
    pub(crate) strings: bool,
    #[arg(long, value_name = "LIST|all", value_parser = maps, help = maps_help(), help_heading = "What is measured")]
    pub(crate) maps: Option<std::vec::Vec<String>>,
    #[arg(
        long,
        value_name = "LIST|all",
        value_parser = workloads,
        help = workloads_help(),
        help_heading = "What is measured"
    )]
    pub(crate) workloads: Option<std::vec::Vec<String>>,
    #[arg(
        long = "dist",
        value_name = "LIST",
        value_parser = dists,
        help = format!("{}\n[default: uniform]", wrapped(names::DISTS, 72)),
        help_heading = "What is measured"
    )]
    pub(crate) dists: Option<std::vec::Vec<String>>,
    #[arg(
        long,
        value_name = "LIST",
        value_parser = keys_like,
        help = format!(
            "{}\nu64: numbers; the others: byte strings that look like those of real programs, for the\n\
             maps that take them. The numbers of a cell become strings in the same order, so\n\
             all workloads run and check as they do with numbers [default: u64]",
            wrapped(names::KEYS_LIKE, 72)
        ),
        help_heading = "What is measured"
    )]
    pub(crate) keys_like: Option<std::vec::Vec<String>>,
    #[arg(
        long,
        value_name = "N",
        value_parser = |text: &str| within(text, 1..=u64::MAX),
        help = format!(
            "Keys loaded before the run: 10M, 500k, 1_000_000\n[default: {}; with --quick: {}]",
            units::count(presets::KEYS),
            units::count(presets::QUICK_KEYS)
        ),
        help_heading = "What is measured"
    )]
    pub(crate) keys: Option<u64>,
    /// Operations of the run, over all threads [default: as many as keys]
    #[arg(long, value_name = "N", value_parser = |text: &str| within(text, 1..=u64::MAX), help_heading = "What is measured")]
    pub(crate) ops: Option<u64>,
    /// Worker threads [default: the CPUs that this process may use]
    #[arg(long, value_name = "LIST", value_parser = threads, help_heading = "What is measured")]
    pub(crate) threads: Option<std::vec::Vec<usize>>,
    /// Your own workload from two text files, instead of --workloads and --dist. Lines are
    /// INSERT k, READ k, UPDATE k, REMOVE k, SCAN k n; they end with LF, CR LF or CR;
    /// # begins a comment. Files may be compressed by gzip or zstd. - is standard input;
    /// pipes are copied before the first cell
    #[arg(
        long,
        verbatim_doc_comment,
        value_names = ["LOAD", "RUN"],
        num_args = 2,
        action = ArgAction::Set,
        conflicts_with_all = ["workloads", "dists", "keys", "ops"],
        help_heading = "What is measured"
    )]
    pub(crate) trace: Vec<PathBuf>,
    /// What the keys of --trace are. numbers: 7, 0x2a; strings: user7, "a key with blanks\xff";
    /// ycsb: what YCSB's binding basic prints, as in INSERT usertable user7 [ field0=... ].
    /// The last two run on the maps that take byte strings [default: numbers]
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "KIND",
        value_parser = trace_keys,
        requires = "trace",
        help_heading = "What is measured"
    )]
    pub(crate) trace_keys: Option<TraceKeys>,

    /// Where memory is, for bskip-numa and its variants: local, interleave, weighted:N=3,M=1,
    /// node:N, preferred:N,M, nearest (the nearest other node), tiered (the nearest node
    /// without CPUs), range:KEY=N,KEY=M, hash; P+Q: leaves by P, inner levels by Q
    /// [default: local; with several nodes also interleave and a remote node]
    #[arg(
        long = "placement",
        verbatim_doc_comment,
        value_name = "LIST",
        value_parser = placements,
        help_heading = "Where it runs"
    )]
    pub(crate) placements: Option<std::vec::Vec<String>>,
    #[arg(
        long = "pin",
        value_name = "LIST",
        value_parser = pins,
        help = format!(
            "none, compact, scatter, per-node, per-l3, smt-last, cpus:0,2 [default: {}]",
            presets::PIN
        ),
        help_heading = "Where it runs"
    )]
    pub(crate) pins: Option<std::vec::Vec<String>>,
    #[arg(
        long,
        value_name = "LIST|all",
        value_parser = pages,
        help = format!(
            "{}, for bskip-numa and its variants:\ntransparent huge pages, base pages, or pages of the hugetlb pool, \
             which the\nadministrator must have reserved [default: thp]",
            names::PAGES.join(", ")
        ),
        help_heading = "Where it runs"
    )]
    pub(crate) pages: Option<std::vec::Vec<String>>,

    #[arg(
        long,
        value_name = "N",
        value_parser = rounds,
        help = format!(
            "Rounds; the table shows medians with 95 % intervals, which more rounds narrow\n[default: {}; with --quick: {}]",
            presets::REPEAT,
            presets::QUICK_REPEAT
        ),
        help_heading = "How it runs"
    )]
    pub(crate) repeat: Option<usize>,
    /// Find the best setting (threads x placement x pinning x pages) of each map and
    /// workload with a part of the runs: slower settings are dropped, the others run
    /// again. --repeat is then the most rounds of a setting [default then: 9]
    #[arg(long, verbatim_doc_comment, conflicts_with = "baseline", help_heading = "How it runs")]
    pub(crate) adaptive: bool,
    /// With --adaptive: the part of all runs that it may use [default: 1/3]
    #[arg(
        long,
        value_name = "PART",
        value_parser = super::adaptive::budget::parse,
        requires = "adaptive",
        help_heading = "How it runs"
    )]
    pub(crate) budget: Option<f64>,
    /// Seed of keys and operations
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_count, help_heading = "How it runs")]
    pub(crate) seed: u64,
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = |text: &str| within(text, 1..=LONGEST).map(Duration::from_secs),
        help = format!(
            "Time for one cell; it is FAILED after that [default: {}]",
            presets::TIMEOUT.as_secs()
        ),
        help_heading = "How it runs"
    )]
    pub(crate) timeout: Option<Duration>,
    /// Operations also arrive by a schedule, at 50, 70 and 90 % of the throughput of each run;
    /// latency counts from when they should have begun (no coordinated omission).
    /// Cells with more threads than CPUs are skipped
    #[arg(long, verbatim_doc_comment, help_heading = "How it runs")]
    pub(crate) open_loop: bool,
    /// Perf events count cycles, cache misses, loads from memory near and far, contended lines, TLB
    /// misses, page faults and more in each run, where the kernel allows it
    #[arg(long, verbatim_doc_comment, help_heading = "How it runs")]
    pub(crate) counters: bool,
    /// Our maps count the nodes that they lock, failed locks (the operation searches again) and
    /// the words that they write. This makes them slower: compare no rates with other sweeps
    #[arg(long, verbatim_doc_comment, conflicts_with = "cell_bin", help_heading = "How it runs")]
    pub(crate) locks: bool,
    /// Do not measure the ceilings of this machine first (30 s, or 5 s with --quick)
    #[arg(long, help_heading = "How it runs")]
    pub(crate) no_ceilings: bool,
    /// Build for any machine of this kind, without -C target-cpu=native
    #[arg(long, help_heading = "How it runs")]
    pub(crate) no_native: bool,
    /// Measure with this `bench` instead of building one
    #[arg(long, value_name = "PATH", help_heading = "How it runs")]
    pub(crate) cell_bin: Option<PathBuf>,
    /// Print the plan and how long it takes, and stop
    #[arg(long, help_heading = "How it runs")]
    pub(crate) dry_run: bool,
    /// Print the plan for a machine that is not here, and stop: CPUs of each worker, nodes of each
    /// placement. hwloc's synthetic notation, as in 'package:2 numa:1 core:8 pu:2', or a file of
    /// lstopo --of xml
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "MACHINE",
        conflicts_with_all = ["out", "resume", "trace"],
        help_heading = "How it runs"
    )]
    pub(crate) topology: Option<String>,

    /// table, csv, json: one alone goes to standard output; of several, the table does, and the
    /// others go to --out
    #[arg(
        long = "format",
        value_name = "LIST",
        verbatim_doc_comment,
        value_enum,
        hide_possible_values = true,
        value_delimiter = ',',
        action = ArgAction::Set,
        num_args = 1,
        default_value = "table",
        help_heading = "What comes out"
    )]
    pub(crate) formats: Vec<Format>,
    /// A new folder for report.html, a page with tables and pictures; results.txt, results.csv,
    /// results.json; with --open-loop, open-loop.csv; raw.jsonl, which gets each cell as soon as it is
    /// finished; tuned.toml, the best settings of bskip-numa and its variants; and bench-cell, the
    /// program that measured
    #[arg(long, verbatim_doc_comment, value_name = "DIR", help_heading = "What comes out")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the sweep of --out DIR, which was stopped by Ctrl-C, a kill or a crash. It keeps
    /// its plan and its program; flags may be left out. Finished runs are not repeated
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "DIR",
        conflicts_with_all = ["out", "trace", "dry_run"],
        help_heading = "What comes out"
    )]
    pub(crate) resume: Option<PathBuf>,

    /// Is this version slower? Measures the cells of an earlier sweep, whose --out was DIR,
    /// with its program and with the new one in the same rounds, and compares them cell by
    /// cell. Cells that are uncertain get up to 8 times the rounds of --repeat [its default
    /// here: 5]. --maps, --workloads and other axes choose among the cells
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "DIR",
        conflicts_with_all = ["plan", "preset", "quick", "strings", "keys", "ops", "seed", "open_loop", "counters", "locks", "out", "resume"],
        help_heading = "How it compares"
    )]
    pub(crate) baseline: Option<PathBuf>,
    /// With --baseline: exit with 1 if a cell is slower (proven at 1 %), and its measured loss
    /// is above this part of its old rate [default: 5%]
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "PERCENT",
        value_parser = percent,
        requires = "baseline",
        help_heading = "How it compares"
    )]
    pub(crate) fail_above: Option<f64>,
}

/// What `bench-numa` does besides a sweep.
#[derive(Clone, Debug, PartialEq, clap::Subcommand)]
pub(crate) enum Sub {
    Verify(tuned::Verify),
    Report(report::Report),
}

/// A form of the results.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[value(help = None)]
    Table,
    /// One line for each round of each cell.
    #[value(help = None)]
    Csv,
    /// Everything.
    #[value(help = None)]
    Json,
}

impl Args {
    /// The preset, or the defaults.
    pub(crate) fn preset(&self) -> presets::Preset {
        let name = self.preset.or(self.quick.then_some(presets::QUICK)).or(self.strings.then_some("strings"));
        name.and_then(|name| presets::named(name).ok()).unwrap_or_else(presets::defaults)
    }

    /// Whether flags ask for a plan, beside those that a resumed sweep takes.
    pub(crate) fn asks_for_a_plan(&self) -> bool {
        let none = <Self as clap::Parser>::parse_from(["bench-numa"]);
        let Self { resume, cell_bin, no_native, no_ceilings, formats, .. } = self.clone();
        *self != Self { resume, cell_bin, no_native, no_ceilings, formats, ..none }
    }

    /// Refuses flags that contradict each other.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if let Some(maps) = self.maps.as_ref().filter(|maps| !maps.iter().any(|map| names::is_placed(map))) {
            for (given, flag) in
                [(self.placements.is_some(), "--placement"), (self.pages.is_some(), "--pages")]
            {
                if given {
                    let maps = maps.join(", ");
                    return Err(Stop::usage(format!(
                        "{flag} has no effect on {maps}: add bskip-numa to --maps"
                    )));
                }
            }
        }
        if self.formats.len() > 1 && self.out.is_none() && self.resume.is_none() {
            return Err(Stop::usage(
                "with several formats only the table goes to standard output: give --out DIR for the others",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli;

    pub(crate) fn parse(line: &str) -> Result<Args, String> {
        let args: Args = cli::parse(line)?;
        args.check().map(|()| args).map_err(|stop| stop.line)
    }

    #[test]
    fn a_subcommand_stands_alone() {
        let verify = tuned::Verify { file: "tuned.toml".into(), ..tuned::Verify::default() };
        assert_eq!(parse("verify tuned.toml").unwrap().sub, Some(Sub::Verify(verify)));
        for line in ["--quick verify tuned.toml", "verify", "verify a b", "verify --quick a"] {
            let error = parse(line).expect_err(line);
            assert!(error.contains("--help") && !error.contains('\n'), "{line}: {error}");
        }
    }

    #[test]
    fn all_stands_for_every_name_and_a_name_counts_once() {
        let args = parse("--maps all --workloads all").unwrap();
        assert_eq!(args.maps.unwrap(), names::MAPS);
        assert_eq!(args.workloads.unwrap(), names::WORKLOADS);
        assert_eq!(parse("--threads 1,2,2").unwrap().threads, Some(vec![1, 2]));
    }

    /// Words that no flag for a number accepts: no numbers, numbers beyond their type, and suffixes that are
    /// too large.
    const NO_NUMBERS: [&str; 10] = [
        "",
        " ",
        "-1",
        "+1",
        "1e999",
        "inf",
        "NaN",
        "99999999T",
        "18446744073709551616",
        "18446744073709551615G",
    ];

    #[test]
    fn numbers_at_the_ends_of_their_types_are_read_or_refused() {
        let parse = |flag: &str, value: &str| {
            let args = <Args as clap::Parser>::try_parse_from(["xtask", flag, value]);
            args.map_err(|error| cli::one_line(&error))
        };
        for (flag, takes_zero, takes_most) in [
            ("--keys", false, true),
            ("--ops", false, true),
            ("--seed", true, true),
            ("--repeat", false, false),
            ("--timeout", false, false),
            ("--threads", false, false),
        ] {
            for value in NO_NUMBERS {
                let error = parse(flag, value).expect_err(flag);
                assert!(error.contains(flag) && !error.contains('\n'), "{flag} {value}: {error}");
            }
            for (value, is_taken) in [("0", takes_zero), ("1", true), ("18446744073709551615", takes_most)] {
                assert_eq!(parse(flag, value).is_ok(), is_taken, "{flag} {value}");
            }
        }
        for (flag, kind) in [("--pin", "cpus:"), ("--placement", "node:"), ("--placement", "weighted:0=")] {
            for value in NO_NUMBERS {
                let error = parse(flag, &format!("{kind}{value}")).expect_err(flag);
                assert!(!error.contains('\n'), "{flag} {kind}{value}: {error}");
            }
        }
        assert!(
            parse("--pin", "cpus:0-4294967295").is_err(),
            "a range is not written out before it is judged"
        );
    }

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("--maps bskp", "there are bskip, bskip-numa"),
            ("--workloads d", "there are load, a, b"),
            ("--dist normal", "there are uniform"),
            ("--keys-like uuid", "there are u64, ycsb"),
            ("--threads 0", "at least 1"),
            ("--threads 1,", "is not a count"),
            ("--threads 9999", "at most 4096"),
            ("--keys 0", "at least 1"),
            ("--keys lots", "write 1000000"),
            ("--repeat 0", "at least 1"),
            ("--placement far", "is not a placement: local, "),
            ("--trace a", "2 values required"),
            (
                "--maps bskip,congee --placement local",
                "--placement has no effect on bskip, congee: add bskip-numa",
            ),
            ("--pages 4k --maps bskip-coin", "--pages has no effect on bskip-coin: add bskip-numa"),
            ("--pin tight", "choose none, compact"),
            ("--pages 1g", "there are thp, 4k, hugetlb-2m, hugetlb-1g"),
            ("--format xml", "table, csv, json"),
            ("--format csv,json", "--out DIR"),
            ("--trace a b --keys 5", "cannot be used with '--keys"),
            ("--trace a b --workloads a", "cannot be used with"),
            ("--trace a b --trace-keys words", "there are numbers, strings, ycsb"),
            ("--trace-keys strings", "--trace"),
            ("--strings --trace a b", "cannot be used with"),
            ("--strings --quick", "cannot be used with"),
            ("--resume a --out b", "cannot be used with"),
            ("--resume a --trace b c", "cannot be used with"),
            ("--preset fast", "there are quick, paper, placement"),
            ("--preset paper --quick", "cannot be used with"),
            ("--fail-above 5%", "--baseline"),
            ("--baseline a --fail-above 0%", "more than 0 %"),
            ("--baseline a --fail-above 100", "less than 100 %"),
            ("--baseline a --fail-above much", "5%"),
            ("--baseline a --keys 5", "cannot be used with"),
            ("--baseline a --open-loop", "cannot be used with"),
            ("--baseline a --counters", "cannot be used with"),
            ("--baseline a --locks", "cannot be used with"),
            ("--locks --cell-bin a", "cannot be used with"),
            ("--budget 1/3", "--adaptive"),
            ("--adaptive --budget 2", "at most 1"),
            ("--adaptive --baseline a", "cannot be used with"),
            ("--fast", "--help"),
            ("fast", "--help"),
            ("--keys", "a value is required"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }
}
