//! How much each operation locks and writes that other threads may be looking at. These are counts, not
//! times, so they are right on a busy machine too.
//!
//! There is a map for each number of threads. All keys are inserted, looked up, scanned from and removed in
//! random order. The threads take the keys in turns. Every answer is checked.

use crate::keys::{KeySet, Shape, value_of};
use crate::numbers;
use crate::team::Team;
use bskip_core::BSkipMap;
use bskip_core::stats::{Counts, counted};
use std::fmt;

type Map = BSkipMap<u64, u64>;

/// Pairs of a range.
const RANGE: usize = 100;

/// What to count.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Stats {
    /// Random keys in a map
    #[arg(long, value_name = "N", default_value = "10M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Numbers of threads, each with a map of its own
    #[arg(long, value_name = "N,N,...", default_value = "1,2,4", value_delimiter = ',', value_parser = numbers::threads)]
    pub threads: Vec<usize>,
}

/// The counts of one kind of operation.
#[derive(Clone, Debug)]
pub struct Row {
    /// The operation.
    pub operation: &'static str,
    /// Threads.
    pub threads: usize,
    /// How often all threads together did it.
    pub times: u64,
    /// The counts of all threads together.
    pub counts: Counts,
}

/// A row for each operation and number of threads.
#[derive(Clone, Debug)]
pub struct Report(pub Vec<Row>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| threads | operation | times | shared writes | nodes locked | failed locks | pool calls |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for Row { operation, threads, times, counts } in &self.0 {
            write!(f, "| {threads} | {operation} | {times} |")?;
            for count in [counts.shared_writes, counts.locks, counts.failed_locks, counts.pool_calls] {
                // Rounding must not turn a small count into a zero.
                match count {
                    0 => write!(f, " 0 |")?,
                    _ => write!(f, " {:.6} |", count as f64 / *times as f64)?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// An operation: its name, how many keys there are for each time that it is done, and a function that does it
/// and checks the answer.
type Operation = (&'static str, u64, fn(&Map, u64) -> bool);

const OPERATIONS: [Operation; 4] = [
    ("insert", 1, |map, key| map.insert(key, value_of(key, 0)).is_none()),
    ("get", 1, |map, key| map.get(&key) == Some(value_of(key, 0))),
    ("range of 100", RANGE as u64, |map, key| {
        let mut pairs = map.range(key..).take(RANGE);
        pairs.next() == Some((key, value_of(key, 0))) && pairs.all(|(key, value)| value == value_of(key, 0))
    }),
    ("remove", 1, |map, key| map.remove(&key) == Some(value_of(key, 0))),
];

impl Stats {
    /// Does all operations and counts.
    ///
    /// # Errors
    /// There is no memory, or an answer is wrong.
    pub fn run(&self) -> Result<Report, String> {
        let mut rows = Vec::new();
        for &threads in &self.threads {
            let team = Team::new(threads, "none").map_err(|e| e.to_string())?;
            let map = Map::new();
            for operation in OPERATIONS {
                rows.push(self.row(&team, &map, operation)?);
            }
            if !map.is_empty() {
                return Err("pairs are left in the map after all were removed".to_owned());
            }
        }
        Ok(Report(rows))
    }

    fn row(&self, team: &Team, map: &Map, (operation, one_in, is_right): Operation) -> Result<Row, String> {
        let (keys, threads) = (KeySet::new(Shape::Mixed, 1), team.len());
        let mine = |t: usize| (t as u64..self.keys / one_in).step_by(threads).map(|i| keys.key(i));
        let work = |t| counted(|| mine(t).filter(|&key| !is_right(map, key)).count());
        let mut row = Row { operation, threads, times: self.keys / one_in, counts: Counts::default() };
        for result in team.run(work).results {
            let (wrong, counts) = result?;
            if wrong > 0 {
                return Err(format!("{operation}: {wrong} wrong answers on one of {threads} threads"));
            }
            row.counts = row.counts + counts;
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_write_nothing_and_changes_lock_a_node() {
        let report = Stats { keys: 20_000, threads: vec![1, 3] }.run().expect("right answers");
        assert_eq!(report.0.len(), 2 * OPERATIONS.len());
        for row in &report.0 {
            match row.operation {
                "get" | "range of 100" => assert_eq!(row.counts, Counts::default(), "{row:?}"),
                _ => assert!(row.counts.locks >= row.times, "{row:?}"),
            }
        }
        assert!(report.to_string().contains("| 3 | get | 20000 | 0 | 0 | 0 | 0 |"), "{report}");
    }
}
