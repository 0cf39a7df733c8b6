//! The most that a cell could do: lines of its operations, divided by what the memory gives.
//!
//! `bench/lines.csv` says how many lines an operation takes. The lines that the cache cannot hold come from memory.
//! There are three limits. Every operation finds its leaf, and the lines of that are divided by the rate of independent
//! misses. What an insertion, an update or a removal takes beyond these lines is divided by the rate of written lines.
//! What a scan reads behind its first leaf is divided by the bandwidth. Threads can do all three at the same time, so
//! the slowest one is the ceiling.
//!
//! What the model leaves out stands in `bench/docs/tuning.md`.

use bench::ceilings::{Bandwidth, Ceilings};
use bench::lines::Lines;
use bench::protocol::CellSpec;
use bench::workload::{LONGEST_SCAN, Mix, Workload};
use serde::Serialize;

use super::far::Far;

/// Bytes of a line.
const LINE: f64 = 64.0;
/// Pairs of the scans that are counted.
const COUNTED_SCAN: f64 = 100.0;
/// The least lines that an insertion, an update or a removal writes: the one with its pair.
const LEAST_WRITTEN: f64 = 1.0;
/// If less than this part of a map is outside of the cache, the memory does not limit it.
const IN_CACHE: f64 = 0.05;

/// The most that a cell could do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Limit {
    /// Million operations a second that the memory allows.
    pub(crate) mops: f64,
    /// What limits most: `misses`, `written lines` or `bandwidth`.
    pub(crate) limit: &'static str,
    /// Nanoseconds that a lookup waits for lines, one after the other, if nothing else runs. `None` for scans, for
    /// batches, and if all operations are insertions.
    pub(crate) predicted_ns: Option<f64>,
}

/// What the ceilings of cells come from.
pub(super) struct Model<'a> {
    pub(super) ceilings: &'a Ceilings,
    pub(super) lines: Vec<Lines>,
}

/// Pages of a cell's memory. Maps without a choice have what the system gives.
pub(super) fn pages(spec: &CellSpec) -> &str {
    if bench::protocol::PAGES.contains(&&*spec.pages) { &spec.pages } else { "thp" }
}

/// The name under which a map's lines are counted.
fn counted_name(map: &str) -> &str {
    if ["bskip", "bskip-coin", "bskip-overflow"].contains(&map) { "bskip-numa" } else { map }
}

impl Model<'_> {
    /// The ceiling of a cell. `Err` says why there is none.
    pub(super) fn of(&self, spec: &CellSpec, bytes_per_key: Option<f64>) -> Result<Limit, String> {
        let workload: Workload = spec.workload.parse().map_err(|_| "a trace: its mix is unknown")?;
        if spec.has_strings() {
            return Err("no lines are counted for byte strings".into());
        }
        if spec.dist != "uniform" {
            return Err("lines are counted for uniform keys only".into());
        }
        let bytes = bytes_per_key.unwrap_or(16.0) * spec.keys as f64;
        let outside = 1.0 - self.ceilings.cache.unwrap_or(0) as f64 / bytes;
        if outside < IN_CACHE {
            return Err("the map fits into the cache".into());
        }
        let row = self.row(spec)?;
        let far = Far::of(&self.ceilings.pairs, &spec.placement, pages(spec))?;
        let part = |name: &str| {
            self.part(&spec.map, name).map(|(lines, dependent)| (lines * outside, dependent * outside))
        };
        let get = part("get")?;
        let Mix { insert, update, remove, scans } = workload.mix();
        let share = |percent: u64| percent as f64 / 100.0;
        let rest = 1.0 - share(insert + update + remove);
        let least = LEAST_WRITTEN * outside;
        // An update reads the lines that a lookup reads, and writes one of them.
        let mut written = share(update) * least;
        for (percent, name) in [(insert, "insert"), (remove, "remove")] {
            if percent > 0 {
                written += share(percent) * (part(name)?.0 - get.0).max(least);
            }
        }
        let (read, scanned) = match workload {
            // Each operation is a pair of a scan of everything.
            Workload::S => (0.0, bytes_per_key.unwrap_or(16.0) / LINE * outside),
            _ if scans => {
                let pairs = f64::from(1 + LONGEST_SCAN) / 2.0;
                (get.0, rest * (part("scan 100")?.0 - get.0).max(0.0) * pairs / COUNTED_SCAN)
            }
            _ => (get.0, 0.0),
        };
        // Nanoseconds of all threads together for an operation.
        let limits = [
            ("misses", read * 1e3 / row.independent_mops),
            ("written lines", written * 1e3 / row.written_mops),
            ("bandwidth", scanned * LINE * 1e9 / (row.gib_s * (1_u64 << 30) as f64)),
        ]
        .map(|(name, ns)| (name, ns * far.rate));
        let (limit, ns) = limits.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are three");
        if !(ns.is_finite() && ns > 0.0) {
            return Err("the ceilings have no rates".into());
        }
        // The measured latencies are those of lookups, too, unless calls are scans, batches or insertions alone.
        let has_lookups = !scans && insert < 100 && workload.batch() == 1;
        Ok(Limit { mops: 1e3 / ns, limit, predicted_ns: has_lookups.then_some(get.1 * far.latency) })
    }

    /// Lines and dependent lines of an operation.
    fn part(&self, map: &str, operation: &str) -> Result<(f64, f64), String> {
        let name = counted_name(map);
        let row = self.lines.iter().find(|row| row.map == name && row.operation == operation);
        row.map(|row| (row.lines, row.dependent)).ok_or_else(|| format!("no lines are counted for {map}"))
    }

    /// What as many threads get from memory of their own nodes.
    fn row(&self, spec: &CellSpec) -> Result<&Bandwidth, String> {
        let same =
            |row: &&Bandwidth| row.threads == spec.threads && row.pin == spec.pin && row.pages == pages(spec);
        let missing =
            || format!("no ceiling was measured for {} threads, {}, {}", spec.threads, spec.pin, pages(spec));
        self.ceilings.bandwidth.iter().find(same).ok_or_else(missing)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bench::ceilings::Pair;

    /// A machine of two nodes: 100 ns and 100 M/s near, 200 ns and 50 M/s far.
    pub(crate) fn ceilings() -> Ceilings {
        let pair = |cpu_node, memory_node| Pair {
            cpu_node,
            memory_node,
            pages: "thp".into(),
            dependent_ns: if cpu_node == memory_node { 100.0 } else { 200.0 },
            independent_mops: if cpu_node == memory_node { 100.0 } else { 50.0 },
            ..Pair::default()
        };
        Ceilings {
            cache: Some(32 << 20),
            pairs: vec![pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1)],
            bandwidth: vec![Bandwidth {
                pin: "compact".into(),
                pages: "thp".into(),
                threads: 2,
                gib_s: 20.0,
                independent_mops: 200.0,
                written_mops: 100.0,
                ..Bandwidth::default()
            }],
            ..Ceilings::default()
        }
    }

    fn lines() -> Vec<Lines> {
        [("get", 5.0, 1.5), ("scan 100", 35.0, 3.0), ("insert", 12.0, 2.0), ("remove", 10.0, 2.0)]
            .map(|(operation, lines, dependent)| Lines {
                map: "bskip-numa".into(),
                operation: operation.into(),
                lines,
                dependent,
            })
            .into()
    }

    pub(crate) fn spec(workload: &str) -> CellSpec {
        CellSpec {
            workload: workload.into(),
            threads: 2,
            pin: "compact".into(),
            keys: 1 << 40,
            ..CellSpec::default()
        }
    }

    fn of(spec: &CellSpec) -> Result<Limit, String> {
        Model { ceilings: &ceilings(), lines: lines() }.of(spec, Some(20.0))
    }

    #[test]
    fn each_workload_has_the_limit_that_takes_most_of_its_time() {
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-3;
        // 5 lines at 200 M/s; one and a half misses of 100 ns after each other.
        let c = of(&spec("c")).unwrap();
        assert!(near(c.mops, 40.0) && c.limit == "misses" && near(c.predicted_ns.unwrap(), 150.0), "{c:?}");
        // Each operation reads 5 lines at 200 M/s: 25 ns. Half of them write 12 - 5 more at 100 M/s: 35 ns.
        let a = of(&spec("a")).unwrap();
        assert!(near(a.mops, 1e3 / 35.0) && a.limit == "written lines" && a.predicted_ns.is_some(), "{a:?}");
        // Half of the operations write one line at 100 M/s: 5 ns, less than the 25 ns of reading.
        let u = of(&spec("u")).unwrap();
        assert!(near(u.mops, 40.0) && u.limit == "misses", "{u:?}");
        // A quarter writes 7 lines, a quarter 5: 30 ns.
        let x = of(&spec("x")).unwrap();
        assert!(near(x.mops, 1e3 / 30.0) && x.limit == "written lines", "{x:?}");
        let e = of(&spec("e")).unwrap();
        assert!(e.limit == "bandwidth" && e.predicted_ns.is_none(), "{e:?}");
        // 20 bytes a pair at 20 GiB/s.
        assert!(near(of(&spec("s")).unwrap().mops, f64::from(1 << 30) / 1e6), "{:?}", of(&spec("s")));
    }

    #[test]
    fn calls_without_a_single_lookup_have_no_predicted_latency() {
        for (workload, limit) in [("load", "written lines"), ("n", "written lines"), ("m", "misses")] {
            let found = of(&spec(workload)).unwrap();
            assert_eq!((found.limit, found.predicted_ns), (limit, None), "{workload}");
        }
    }

    #[test]
    fn far_memory_lowers_the_ceiling() {
        let placed = |placement: &str| of(&CellSpec { placement: placement.into(), ..spec("c") }).unwrap();
        // Half of the misses take twice as long.
        assert!((placed("interleave").mops * 1.5 - placed("local").mops).abs() < 1e-3);
        assert_eq!(placed("interleave").predicted_ns.map(f64::round), Some(225.0));
        assert!((placed("node:1").mops * 1.5 - placed("local").mops).abs() < 1e-3);
    }

    #[test]
    fn what_has_no_ceiling_says_why() {
        let c = spec("c");
        for (spec, why) in [
            (CellSpec { keys: 1000, ..c.clone() }, "fits into the cache"),
            (CellSpec { dist: "zipfian".into(), ..c.clone() }, "uniform keys only"),
            (CellSpec { keys_like: "url".into(), ..c.clone() }, "byte strings"),
            (CellSpec { workload: "trace".into(), ..c.clone() }, "mix is unknown"),
            (CellSpec { threads: 4, ..c.clone() }, "no ceiling was measured for 4 threads"),
            (CellSpec { map: "masstree".into(), ..c }, "no lines are counted for masstree"),
        ] {
            let error = of(&spec).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
