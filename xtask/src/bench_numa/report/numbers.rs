//! The numbers of one cell over its rounds, each with its interval.

use std::collections::BTreeMap;

use bench::protocol::{Latency, Measurement};

use super::interval::Estimate;
use super::percentiles::{Percentiles, percentiles};
use crate::bench_numa::summary::{beyond, rate};

/// The numbers of a cell.
pub(super) struct Numbers {
    pub(super) rounds: usize,
    /// Million operations a second.
    pub(super) mops: Estimate,
    /// The same by round.
    pub(super) by_round: BTreeMap<usize, f64>,
    /// Throughput relative to the first cell in the same rounds.
    pub(super) ratio: Option<Estimate>,
    /// `None` if no operation was timed.
    pub(super) latency: Option<Percentiles>,
    /// With `--open-loop`: one for each part of the peak.
    pub(super) open_loop: Vec<Level>,
    /// Million operations a second of the slowest thread and of the fastest, each by its own clock.
    pub(super) threads: Option<[Estimate; 2]>,
    pub(super) bytes_per_key: Option<Estimate>,
    /// What of these bytes is neither key nor value.
    pub(super) bytes_beyond: Option<Estimate>,
    /// Whether the arena counted the bytes. If not, they are the growth of the process.
    pub(super) is_counted: bool,
    /// Where the blocks are, by round.
    pub(super) blocks: BTreeMap<usize, Blocks>,
    /// Answers checked in all rounds.
    pub(super) checked: u64,
}

/// Operations that arrived by a schedule.
pub(super) struct Level {
    /// Per cent of the peak.
    pub(super) percent: u32,
    /// Million operations a second that arrived, and that were done.
    pub(super) offered: Estimate,
    pub(super) achieved: Estimate,
    pub(super) latency: Percentiles,
}

/// Where the blocks of a map are after a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blocks {
    /// On the node of the thread that asked for them, and on other nodes.
    pub(super) crossed: Option<(u64, u64)>,
    /// On each NUMA node; empty if not known.
    pub(super) by_node: Vec<(u32, u64)>,
}

impl Numbers {
    /// From the measurements by round; `None` if there are none.
    pub(super) fn of(measured: &BTreeMap<usize, &Measurement>) -> Option<Self> {
        let all = || measured.values().copied();
        let blocks = |m: &Measurement| Blocks {
            crossed: m.local_blocks.zip(m.remote_blocks),
            by_node: m.blocks_by_node.clone(),
        };
        let slowest = Estimate::of(all().filter_map(|m| m.slowest_mops));
        let fastest = Estimate::of(all().filter_map(|m| m.fastest_mops));
        Some(Self {
            rounds: measured.len(),
            mops: Estimate::of(all().map(rate))?,
            by_round: measured.iter().map(|(round, m)| (*round, rate(m))).collect(),
            ratio: None,
            latency: percentiles(&all().map(|m| m.latency).collect::<Vec<_>>()),
            open_loop: open_loop(&all().collect::<Vec<_>>()),
            threads: slowest.zip(fastest).map(<[_; 2]>::from),
            bytes_per_key: Estimate::of(all().filter_map(|m| m.bytes_per_key)),
            bytes_beyond: Estimate::of(all().filter_map(beyond)),
            is_counted: all().all(|m| m.bytes_source == "arena"),
            blocks: measured.iter().map(|(round, m)| (*round, blocks(m))).collect(),
            checked: total(all().map(|m| m.checked)),
        })
    }

    /// Blocks on the node of their thread, and on others; `None` if no arena placed them.
    pub(super) fn crossed(&self) -> Option<[Estimate; 2]> {
        let rounds: Vec<(u64, u64)> = self.blocks.values().map(|of| of.crossed).collect::<Option<_>>()?;
        let estimate =
            |of: fn(&(u64, u64)) -> u64| Estimate::linear(rounds.iter().map(|of_round| of(of_round) as f64));
        Some([estimate(|of| of.0)?, estimate(|of| of.1)?])
    }

    /// Whether it is known on which nodes the blocks are.
    pub(super) fn knows_nodes(&self) -> bool {
        self.blocks.values().any(|of| !of.by_node.is_empty())
    }
}

/// The sum of counts that a file has, which may be any numbers.
pub(super) fn total(counts: impl IntoIterator<Item = u64>) -> u64 {
    counts.into_iter().fold(0, u64::saturating_add)
}

/// The parts of the peak that all rounds have.
fn open_loop(rounds: &[&Measurement]) -> Vec<Level> {
    let percents =
        rounds.first().map_or_else(Vec::new, |first| first.open_loop.iter().map(|of| of.percent).collect());
    let level = |percent: u32| {
        let of_round = |m: &&Measurement| m.open_loop.iter().find(|of| of.percent == percent).copied();
        let here: Vec<_> = rounds.iter().map(of_round).collect::<Option<_>>()?;
        let latencies: Vec<Latency> = here.iter().map(|of| of.latency).collect();
        Some(Level {
            percent,
            offered: Estimate::of(here.iter().map(|of| of.offered_mops))?,
            achieved: Estimate::of(here.iter().map(|of| of.achieved_mops))?,
            latency: percentiles(&latencies)?,
        })
    };
    percents.into_iter().filter_map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cells::Sweep;
    use super::super::csv_file::{parse, tests::csv};

    #[test]
    fn answers_of_many_rounds_do_not_overflow() {
        let text = csv(&[(1, "bskip", "c", 1, Ok(4.0)), (2, "bskip", "c", 1, Ok(4.0))]);
        let most = u64::MAX.to_string();
        let columns = ["checked", &most, &most];
        let lines: Vec<String> =
            text.lines().zip(columns).map(|(line, column)| format!("{line},{column}\n")).collect();
        let sweep = Sweep::new("x".into(), parse(&lines.concat(), "").unwrap());
        assert_eq!(sweep.cells().next().unwrap().numbers().unwrap().checked, u64::MAX);
    }
}
