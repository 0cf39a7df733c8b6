//! The subcommands that need the feature `cell`.

use crate::Failure;
use bench::batch::Lookups;
use bench::bulk::Bulk;
use bench::bus::BusLookups;
use bench::ceilings::{CeilingsCommand, CeilingsError};
use bench::contention::Contention;
use bench::described::TopologyCommand;
use bench::maps::NAMES;
use bench::numa_count::NumaCount;
use bench::protocol::{CellSpec, DISTRIBUTIONS, WORKLOADS};
use bench::scan::Scans;
use bench::stem::Stems;
use bench::strings::names::KEYS_LIKE;
use bench::versus::Comparison;
use bench::{cell, numbers, print};
use serde_json::{Map, Value};

/// What the subcommands measure.
#[derive(clap::Subcommand)]
pub(crate) enum Measure {
    /// Measures one cell of a sweep, or compares maps in turns
    Cell(Cell),
    /// Measures what the memory of this machine can do: misses, written lines and bandwidth, by node and pages
    Ceilings(CeilingsCommand),
    /// Describes a machine that is not here, and plans for it, for `cargo xtask bench-numa --topology`
    Topology(TopologyCommand),
    /// Measures many threads on one hot key, ours against a `Mutex<BTreeMap>`
    Contention(Contention),
    /// Measures every way to scan a map, against plain reading of as much memory
    Scan(Scans),
    /// Measures building a map from sorted pairs, against filling fresh memory
    Bulk(Bulk),
    /// Measures batched lookups, against single ones and reading random lines of memory
    Batch(Lookups),
    /// Measures the parallel iterator, snapshots and removal of ranges, against the plain calls
    #[cfg(feature = "rayon")]
    Ranges(bench::ranges::Ranges),
    /// Measures keys that have many bytes in common, against the same keys without these bytes
    Stem(Stems),
    /// Measures a memtable of versions in turns with those on crossbeam-skiplist and artmap
    #[cfg(feature = "peers")]
    Memtable(bench::memtable::Memtables),
    /// Measures floor queries as a hypervisor's bus makes them, against a `RwLock<BTreeMap>`
    Bus(BusLookups),
    /// Does each operation many times with marks around it, for `cargo xtask numa-count`
    NumaCount(NumaCount),
    /// Counts what each operation locks and writes
    #[cfg(feature = "stats")]
    Stats(bench::stats::Stats),
}

impl Measure {
    /// The report for standard output.
    pub(crate) fn run(self) -> Result<String, Failure> {
        let report = match self {
            Self::Cell(cell) => return cell.run(),
            Self::Ceilings(ceilings) => return ceilings.run().map_err(CeilingsError::exit),
            Self::Topology(topology) => return topology.run().map_err(|why| (2, why)),
            Self::Contention(contention) => contention.run(),
            Self::Scan(scans) => scans.run(),
            Self::Bulk(bulk) => bulk.run(),
            Self::Batch(lookups) => lookups.run(),
            #[cfg(feature = "rayon")]
            Self::Ranges(ranges) => ranges.run(),
            Self::Stem(stems) => stems.run(),
            #[cfg(feature = "peers")]
            Self::Memtable(memtables) => memtables.run(),
            Self::Bus(lookups) => lookups.run(),
            Self::NumaCount(numa_count) => numa_count.run(),
            #[cfg(feature = "stats")]
            Self::Stats(stats) => stats.run().map(|report| report.to_string()),
        };
        report.map_err(|why| (1, why))
    }
}

/// One cell, or maps in turns.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Cell {
    /// The cell as JSON
    #[arg(required_unless_present = "versus")]
    spec: Option<String>,
    /// Compare maps with the first one: a JSON array of cells
    ///
    /// The cells differ only in map, placement, pages and workload. If a cell leaves something out, it has
    /// the value of the first. A workload may be a list. All maps are loaded with the same keys and given the
    /// same slices of operations in turns, and the median ratios are printed.
    #[arg(long, value_name = "SPECS", conflicts_with = "spec")]
    versus: Option<String>,
    /// Rounds of a comparison
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = numbers::rounds, conflicts_with = "spec")]
    rounds: usize,
    /// Print a comparison as JSON
    #[arg(long, conflicts_with = "spec")]
    json: bool,
}

fn after_help() -> String {
    format!(
        "\
The outcome of a cell is a line of JSON. A wrong answer is an outcome too, so the program exits with 0.
What the JSON of a cell leaves out is as here:
    {}
maps: {}
workloads: {}
distributions: {}
keys like: {}

A comparison exits with 1 if a map gave a wrong answer. For example:
    bench cell --versus '[{{\"map\":\"bskip\",\"workload\":\"load,a,c,e\",\"threads\":2}},{{\"map\":\"arctic-map\"}}]'",
        serde_json::to_string(&CellSpec::default()).unwrap_or_default(),
        NAMES.join(", "),
        WORKLOADS.join(", "),
        DISTRIBUTIONS.join(", "),
        KEYS_LIKE.join(", "),
    )
}

impl Cell {
    /// The outcome, or the report of a comparison.
    pub(crate) fn run(self) -> Result<String, Failure> {
        let refused = |why| (2, why);
        let Some(specs) = self.versus else {
            let spec = self.spec.unwrap_or_default();
            let spec = serde_json::from_str(&spec).map_err(|error| (2, format!("not a cell: {error}")))?;
            return line(&cell::run(&spec).map_err(refused)?);
        };
        let specs = cells(&specs).map_err(|error| (2, format!("not cells: {error}")))?;
        let report = Comparison::of(&specs, self.rounds).map_err(refused)?.run().map_err(|why| (1, why))?;
        let text = if self.json { line(&report)? } else { format!("{report}\n") };
        match report.failed.is_empty() {
            true => Ok(text),
            false => print(&text).and(Err("a map gave a wrong answer".into())).map_err(|why| (1, why)),
        }
    }
}

fn line(of: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(of).map_err(|error| (1, error.to_string()))? + "\n")
}

/// Cells from a JSON array. If a cell leaves something out, it has the value of the first.
fn cells(json: &str) -> serde_json::Result<Vec<CellSpec>> {
    let mut objects: Vec<Map<String, Value>> = serde_json::from_str(json)?;
    let first = objects.first().cloned().unwrap_or_default();
    for object in &mut objects {
        for (field, value) in &first {
            object.entry(field).or_insert_with(|| value.clone());
        }
    }
    objects.into_iter().map(|object| serde_json::from_value(object.into())).collect()
}
