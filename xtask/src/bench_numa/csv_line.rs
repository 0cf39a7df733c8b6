//! A line of `results.csv`.

use bench::interference::Interference;
use bench::perf::Counters;
use bench::protocol::{CellOutcome, CellSpec, Latency, Measurement};
use serde::{Serialize, Serializer};

use super::cell_columns::CellColumns;
use super::plan::Skip;
use super::run::Run;
use super::schema::SCHEMA;
use super::stats::Interval;
use super::summary::{Row, rate};

/// One round of one cell. A line begins with `head`, then comes the cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct CsvLine {
    head: Head,
    cell: CellColumns,
    found: Found,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Head {
    /// What the columns mean, by [`SCHEMA`].
    schema: Option<u32>,
    status: String,
    round: Option<usize>,
}

/// What was found, and where.
#[derive(Clone, Debug, Default, Serialize)]
struct Found {
    seconds: Option<f64>,
    mops: Option<f64>,
    /// The ends of 95 % intervals over all rounds of the cell: of its rate, and of its ratio by round to the
    /// first row. Each line of the cell repeats them.
    mops_low: Option<f64>,
    mops_high: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    p50_ns: Option<u64>,
    p99_ns: Option<u64>,
    p999_ns: Option<u64>,
    p9999_ns: Option<u64>,
    max_ns: Option<u64>,
    slowest_mops: Option<f64>,
    fastest_mops: Option<f64>,
    stolen: Option<f64>,
    others: Option<f64>,
    disturbed: String,
    read_p999_ns: Option<u64>,
    write_p999_ns: Option<u64>,
    bytes_per_key: Option<f64>,
    bytes_source: String,
    key_bytes: Option<f64>,
    reserved_per_key: Option<f64>,
    local_blocks: Option<u64>,
    remote_blocks: Option<u64>,
    // What perf events counted, an operation (`bench::perf::EVENTS`).
    cycles: Option<f64>,
    instructions: Option<f64>,
    llc_loads: Option<f64>,
    llc_load_misses: Option<f64>,
    memory_loads: Option<f64>,
    far_memory_loads: Option<f64>,
    contended_lines: Option<f64>,
    far_contended_lines: Option<f64>,
    dtlb_load_misses: Option<f64>,
    page_faults: Option<f64>,
    context_switches: Option<f64>,
    migrations: Option<f64>,
    /// The names of those that were counted for a part of the time only.
    extrapolated: String,
    counters_unavailable: String,
    // What the map locked and wrote, an operation (`bench::locks::Locks`).
    locks: Option<f64>,
    failed_locks: Option<f64>,
    shared_writes: Option<f64>,
    pool_calls: Option<f64>,
    checked: Option<u64>,
    reason: String,
    notes: String,
    /// The machine, its settings, the program and its sources: `name=value`, with `; ` between them.
    environment: String,
}

impl CsvLine {
    fn new(spec: &CellSpec, status: &str, round: Option<usize>, found: Found) -> Self {
        let head = Head { schema: Some(SCHEMA), status: status.into(), round };
        Self { head, cell: CellColumns::of(spec), found }
    }

    /// The line of a cell that the plan left out.
    pub(crate) fn skipped(skip: &Skip) -> Self {
        let found = Found { reason: skip.reason.clone(), ..Found::default() };
        Self::new(&skip.spec, "skipped", None, found)
    }

    /// The same line with where it was measured.
    pub(crate) fn in_environment(mut self, environment: &str) -> Self {
        environment.clone_into(&mut self.found.environment);
        self
    }

    /// The columns that all rounds of a cell share.
    pub(crate) fn over_rounds(mut self, row: &Row) -> Self {
        let Row::Measured(numbers) = row else { return self };
        let ends = |interval: Option<Interval>| interval.map(|ends| (ends.low, ends.high)).unzip();
        (self.found.mops_low, self.found.mops_high) = ends(numbers.interval);
        (self.found.ratio_low, self.found.ratio_high) = ends(numbers.ratio_interval);
        self
    }

    /// The columns of a run.
    pub(crate) fn of_run(run: &Run) -> Self {
        let without = |reason: &String| Found { reason: reason.clone(), ..Found::default() };
        let (status, found) = match &run.result {
            CellOutcome::Failed { reason } => ("failed", without(reason)),
            CellOutcome::Skipped { reason } => ("skipped", without(reason)),
            CellOutcome::Measured(m) => ("measured", Found::of(m)),
        };
        let mut line = Self::new(&run.spec, status, Some(run.round), found);
        if let CellOutcome::Measured(m) = &run.result {
            line.cell.ops = m.ops;
        }
        line
    }
}

impl Serialize for CsvLine {
    /// In parts, because `csv` writes the fields of a struct within a tuple, and not of one within a struct.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.head, &self.cell, &self.found).serialize(serializer)
    }
}

impl Found {
    fn of(m: &Measurement) -> Self {
        Self {
            seconds: Some(m.seconds),
            mops: Some(rate(m)),
            p50_ns: Some(m.latency.p50),
            p99_ns: Some(m.latency.p99),
            p999_ns: Some(m.latency.p999),
            p9999_ns: Some(m.latency.p9999),
            max_ns: Some(m.latency.max),
            slowest_mops: m.slowest_mops,
            fastest_mops: m.fastest_mops,
            stolen: m.interference.as_ref().map(|seen| seen.stolen),
            others: m.interference.as_ref().map(|seen| seen.others),
            disturbed: m.interference.as_ref().and_then(Interference::disturbed).unwrap_or_default(),
            read_p999_ns: p999(&m.reads),
            write_p999_ns: p999(&m.writes),
            bytes_per_key: m.bytes_per_key,
            bytes_source: m.bytes_source.clone(),
            key_bytes: m.key_bytes,
            reserved_per_key: m.reserved_per_key,
            local_blocks: m.local_blocks,
            remote_blocks: m.remote_blocks,
            locks: m.locks.map(|counted| counted.locks),
            failed_locks: m.locks.map(|counted| counted.failed_locks),
            shared_writes: m.locks.map(|counted| counted.shared_writes),
            pool_calls: m.locks.map(|counted| counted.pool_calls),
            checked: Some(m.checked),
            notes: m.notes.join("; "),
            ..Self::default().counted(m.counters.as_ref())
        }
    }

    /// The columns of perf events.
    fn counted(self, counters: Option<&Counters>) -> Self {
        let Some(counters) = counters else { return self };
        let count = |name: &str| counters.per_op.get(name).copied();
        Self {
            cycles: count("cycles"),
            instructions: count("instructions"),
            llc_loads: count("llc_loads"),
            llc_load_misses: count("llc_load_misses"),
            memory_loads: count("memory_loads"),
            far_memory_loads: count("far_memory_loads"),
            contended_lines: count("contended_lines"),
            far_contended_lines: count("far_contended_lines"),
            dtlb_load_misses: count("dtlb_load_misses"),
            page_faults: count("page_faults"),
            context_switches: count("context_switches"),
            migrations: count("migrations"),
            extrapolated: counters.counted_for.keys().cloned().collect::<Vec<_>>().join("; "),
            counters_unavailable: counters.unavailable.clone().unwrap_or_default(),
            ..self
        }
    }
}

/// `None` if no operation was sampled.
fn p999(latency: &Latency) -> Option<u64> {
    (latency.samples > 0).then_some(latency.p999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::perf::EVENTS;

    #[test]
    fn every_event_has_its_column() {
        let counters = Counters {
            per_op: EVENTS
                .into_iter()
                .zip(1..)
                .map(|((name, _), n)| (name.to_owned(), f64::from(n)))
                .collect(),
            counted_for: [("cycles".to_owned(), 0.5), ("llc_loads".to_owned(), 0.5)].into(),
            ..Counters::default()
        };
        let line = Found::default().counted(Some(&counters));
        let json = serde_json::to_value(&line).unwrap();
        for ((name, _), n) in EVENTS.into_iter().zip(1..) {
            assert_eq!(json[name], f64::from(n), "{name}");
        }
        assert_eq!(line.extrapolated, "cycles; llc_loads");
    }
}
