//! The command line of `bench-numa verify`.

use std::path::PathBuf;
use std::time::Duration;

use bench::numbers::within;

use super::super::presets;
use super::super::values::workloads;

/// Rounds, if neither the command nor the file asks for more. Fewer give intervals that hardly tell anything.
pub(super) const ROUNDS: usize = 5;

/// What stands below the flags.
const BELOW: &str = "\
The best setting and the next one of each workload run in interleaved rounds, with the keys and operations of
the file. A choice holds unless the next setting is faster now, and the rounds show it: the 95 % interval of the
ratio, widened for the number of workloads, lies below 1.

Exit code: 0 if all choices hold; 1 if one does not, or a cell FAILED; 2 for a bad flag, or if the file is no
tuned.toml; 3 if it was made on another machine, or this one lacks a node or reserved pages; 130 after Ctrl-C.

Examples:
  cargo xtask bench-numa verify results/tuned.toml
  cargo xtask bench-numa verify results/tuned.toml --workloads c,e --repeat 10";

/// Measure again whether the choices of a tuned.toml hold
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(args_override_self = true, after_help = BELOW)]
pub(crate) struct Verify {
    /// The tuned.toml of a sweep with --out
    pub(crate) file: PathBuf,
    /// Only these workloads of the file [default: all]
    #[arg(long, value_name = "LIST", value_parser = workloads)]
    pub(crate) workloads: Option<std::vec::Vec<String>>,
    #[arg(
        long,
        value_name = "N",
        value_parser = |text: &str| within(text, 2..=1000),
        help = format!("Rounds, at least 2 [default: those of the file, at least {ROUNDS}]")
    )]
    pub(crate) repeat: Option<u64>,
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = |text: &str| within(text, 1..=604_800).map(Duration::from_secs),
        help = format!("Time for one cell in seconds [default: {}]", presets::TIMEOUT.as_secs())
    )]
    pub(crate) timeout: Option<Duration>,
    /// Build for any machine of this kind, without -C target-cpu=native
    #[arg(long)]
    pub(crate) no_native: bool,
    /// Measure with this `bench` instead of building one
    #[arg(long, value_name = "PATH")]
    pub(crate) cell_bin: Option<PathBuf>,
}
