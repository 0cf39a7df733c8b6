//! A line of `results.csv`.

use bench::interference::Interference;
use bench::perf::Counters;
use bench::protocol::{CellOutcome, CellSpec, Latency};
use serde::Serialize;

use super::run::Run;
use super::schema::SCHEMA;
use super::stats::Interval;
use super::summary::{Row, rate};

/// One round of one cell.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct CsvLine {
    /// What the columns mean, by [`SCHEMA`].
    pub(crate) schema: Option<u32>,
    pub(crate) status: String,
    pub(crate) round: Option<usize>,
    pub(crate) map: String,
    pub(crate) workload: String,
    pub(crate) dist: String,
    pub(crate) keys_like: String,
    pub(crate) threads: usize,
    pub(crate) placement: String,
    pub(crate) pin: String,
    pub(crate) pages: String,
    pub(crate) keys: u64,
    pub(crate) ops: u64,
    pub(crate) seed: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) mops: Option<f64>,
    /// The ends of 95 % intervals over all rounds of the cell: of its rate, and of its ratio by round to the
    /// first row. Each line of the cell repeats them.
    pub(crate) mops_low: Option<f64>,
    pub(crate) mops_high: Option<f64>,
    pub(crate) ratio_low: Option<f64>,
    pub(crate) ratio_high: Option<f64>,
    pub(crate) p50_ns: Option<u64>,
    pub(crate) p99_ns: Option<u64>,
    pub(crate) p999_ns: Option<u64>,
    pub(crate) p9999_ns: Option<u64>,
    pub(crate) max_ns: Option<u64>,
    pub(crate) slowest_mops: Option<f64>,
    pub(crate) fastest_mops: Option<f64>,
    pub(crate) stolen: Option<f64>,
    pub(crate) others: Option<f64>,
    pub(crate) disturbed: String,
    pub(crate) read_p999_ns: Option<u64>,
    pub(crate) write_p999_ns: Option<u64>,
    pub(crate) bytes_per_key: Option<f64>,
    pub(crate) bytes_source: String,
    pub(crate) key_bytes: Option<f64>,
    pub(crate) reserved_per_key: Option<f64>,
    pub(crate) local_blocks: Option<u64>,
    pub(crate) remote_blocks: Option<u64>,
    // What perf events counted, an operation (`bench::perf::EVENTS`).
    pub(crate) cycles: Option<f64>,
    pub(crate) instructions: Option<f64>,
    pub(crate) llc_loads: Option<f64>,
    pub(crate) llc_load_misses: Option<f64>,
    pub(crate) memory_loads: Option<f64>,
    pub(crate) far_memory_loads: Option<f64>,
    pub(crate) contended_lines: Option<f64>,
    pub(crate) far_contended_lines: Option<f64>,
    pub(crate) dtlb_load_misses: Option<f64>,
    pub(crate) page_faults: Option<f64>,
    pub(crate) context_switches: Option<f64>,
    pub(crate) migrations: Option<f64>,
    /// The names of those that were counted for a part of the time only.
    pub(crate) extrapolated: String,
    pub(crate) counters_unavailable: String,
    // What the map locked and wrote, an operation (`bench::locks::Locks`).
    pub(crate) locks: Option<f64>,
    pub(crate) failed_locks: Option<f64>,
    pub(crate) shared_writes: Option<f64>,
    pub(crate) pool_calls: Option<f64>,
    pub(crate) checked: Option<u64>,
    pub(crate) reason: String,
    pub(crate) notes: String,
    /// The machine, its settings, the program and its sources: `name=value`, with `; ` between them.
    pub(crate) environment: String,
}

impl CsvLine {
    /// The columns that say which cell it is.
    pub(crate) fn of(spec: &CellSpec) -> Self {
        let cell = super::cell_columns::CellColumns::of(spec);
        Self {
            schema: Some(SCHEMA),
            map: cell.map,
            workload: cell.workload,
            dist: cell.dist,
            keys_like: cell.keys_like,
            threads: cell.threads,
            placement: cell.placement,
            pin: cell.pin,
            pages: cell.pages,
            keys: cell.keys,
            ops: cell.ops,
            seed: cell.seed,
            ..Self::default()
        }
    }

    /// The columns that all rounds of a cell share.
    pub(crate) fn over_rounds(self, row: &Row) -> Self {
        let Row::Measured(numbers) = row else { return self };
        let ends = |interval: Option<Interval>| interval.map(|ends| (ends.low, ends.high)).unzip();
        let (mops_low, mops_high) = ends(numbers.interval);
        let (ratio_low, ratio_high) = ends(numbers.ratio_interval);
        Self { mops_low, mops_high, ratio_low, ratio_high, ..self }
    }

    /// The columns of a run.
    pub(crate) fn of_run(run: &Run) -> Self {
        let line = Self { round: Some(run.round), ..Self::of(&run.spec) };
        match &run.result {
            CellOutcome::Failed { reason } => {
                Self { status: "failed".into(), reason: reason.clone(), ..line }
            }
            CellOutcome::Skipped { reason } => {
                Self { status: "skipped".into(), reason: reason.clone(), ..line }
            }
            CellOutcome::Measured(m) => Self {
                status: "measured".into(),
                ops: m.ops,
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
                ..line.counted(m.counters.as_ref())
            },
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
        let line = CsvLine::default().counted(Some(&counters));
        let json = serde_json::to_value(&line).unwrap();
        for ((name, _), n) in EVENTS.into_iter().zip(1..) {
            assert_eq!(json[name], f64::from(n), "{name}");
        }
        assert_eq!(line.extrapolated, "cycles; llc_loads");
    }
}
