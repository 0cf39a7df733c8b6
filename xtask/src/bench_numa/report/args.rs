//! The command line of `bench-numa report`.

use std::path::PathBuf;

/// What stands below the flags.
const BELOW: &str = "\
The page is one file without scripts that fetches nothing. It follows the browser's light or dark style and can be
printed. bench-numa --out DIR writes it with the other results; this command writes it again, for example after
bench-numa has written a newer tuned.toml. bench/docs/tuning.md says how to read it.

With --doc, it draws for a Markdown document instead, and writes into DIR, in place of older ones:
  throughput-DIST-N-threads.svg  relative to the sweep's first map in the same rounds
  bytes-per-key-DIST.svg         memory after the load
  threads-DIST.svg               throughput against threads, if the sweep had several
A name that was used by another picture of the sweep gets -2, -3, and so on.

Exit code: 0; 1 if a file cannot be written; 2 for a bad flag, a folder without results, or a file that is in the way
and no report.

Examples:
  cargo xtask bench-numa report results/quick
  cargo xtask bench-numa report results/before results/after --out difference.html
  cargo xtask bench-numa report bench/results/zen4-2cpu-default --doc BENCHMARKS.md";

/// Make one HTML page of the results of a sweep, or of several sweeps side by side
#[derive(Clone, Debug, PartialEq, clap::Args)]
#[command(after_help = BELOW)]
pub(crate) struct Report {
    /// Folders that bench-numa --out has written; with several, the others are compared with the
    /// first. results.csv and results.txt are enough
    #[arg(required = true, value_name = "DIR", verbatim_doc_comment)]
    pub(super) dirs: Vec<PathBuf>,
    /// Where the page goes; an older report there is replaced
    /// [default: report.html in DIR; with several, compare.html in the first]
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    pub(super) out: Option<PathBuf>,
    /// Write tables, pictures and where another map is better into this Markdown file, between its
    /// marks; BENCHMARKS.md has them. One DIR, which lies below the file's folder
    #[arg(long, value_name = "FILE", conflicts_with = "out", verbatim_doc_comment)]
    pub(super) doc: Option<PathBuf>,
}
