//! Computes throughput from counts: how long an operation would take on real sockets, with documented
//! latencies.
//!
//! An operation takes the time of its instructions, plus a latency for each line that it waits for. The model
//! carries the counts of one machine over to another with these rules:
//!
//! - The number of misses stays. Their remote share changes in proportion to the share of memory on other
//!   sockets. So memory that is spread over all sockets stays spread, and near memory stays near.
//! - A line comes from another cache if another thread wrote it last. With n threads that is so (n - 1) / n
//!   of the times. The far share changes in proportion to the share of threads on other sockets.
//! - The line that moves most between caches serves one operation after the other. This is the serial part.
//!   If a map is under one exclusive lock, all of the operation is serial. The waiting is modelled as a
//!   closed queue (exact mean value analysis).
//!
//! [`LEFT_OUT`] lists what the model ignores.

use bench::marks::{Class, Counted, Counts};
use bench::numbers::within;
use serde::Serialize;

use super::results::{Row, Run};

/// The numbers of sockets that the model predicts for.
const SOCKETS: [usize; 4] = [1, 2, 4, 8];

/// What the model ignores.
pub(super) const LEFT_OUT: &[&str] = &[
    "bandwidth of memory and of the links between sockets: all latencies are those of an idle machine",
    "misses of one operation that a processor waits for side by side, and prefetching: here one waits after the other",
    "caches that cores share (a last-level cache makes some misses cheaper), SMT, page tables, the kernel",
    "sockets that are two links away: far is one latency",
    "operations that meet: retries, failed locks, waiting for a lock that is held; but for the one line and the one lock",
    "what more keys do to the depth and to the share of the map that a cache holds: the counts are of the keys named above",
];

/// The costs of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, clap::Args)]
#[command(next_help_heading = "The model's parameters")]
pub(super) struct Costs {
    /// ns for a line from local, remote memory, a near, a far cache
    #[arg(long, value_name = "A,B,C,D", default_value = "135,198,47,134", value_parser = nanoseconds)]
    pub(super) latencies: [f64; 4],
    /// Cores of a socket, a thread on each
    #[arg(
        long,
        value_name = "N",
        default_value = "24",
        value_parser = |text: &str| within(text, 1..=1 << 16).map(|cores| cores as usize)
    )]
    pub(super) cores: usize,
    /// The clock
    #[arg(long, value_name = "X", default_value = "3", value_parser = positive)]
    pub(super) ghz: f64,
    /// Instructions in a cycle while no line is waited for
    #[arg(long, value_name = "X", default_value = "1.5", value_parser = positive)]
    pub(super) ipc: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (1e-6..=1e9).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number above 0 (0.000001 to 1000000000)"))
}

/// Four numbers, as in [`Costs`].
fn nanoseconds(text: &str) -> Result<[f64; 4], String> {
    let numbers = text.split(',').map(positive).collect::<Result<Vec<_>, _>>()?;
    numbers.try_into().map_err(|_| "four numbers of nanoseconds: local,remote,near,far".into())
}

/// Where the default latencies are from.
pub(super) const SOURCES: &str = "\
memory: Intel Memory Latency Checker on four sockets of Xeon E7-4800 v2, 135 and 194 to 202 ns (Intel, Memory Latencies on \
Intel Xeon Processor E5-4600 and E7-4800 product families, 2014); caches: two sockets of Xeon Platinum 8275CL, 47 and \
134 ns (github.com/nviennot/core-to-core-latency); cores: as those; clock and instructions a cycle: assumed";

impl Default for Costs {
    fn default() -> Self {
        Self { latencies: [135.0, 198.0, 47.0, 134.0], cores: 24, ghz: 3.0, ipc: 1.5 }
    }
}

/// Sockets and threads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Layout {
    pub(super) sockets: usize,
    /// All threads.
    pub(super) threads: usize,
}

impl Layout {
    /// The remote part of memory that is spread over all sockets.
    fn remote_share(self) -> f64 {
        (self.sockets - 1) as f64 / self.sockets as f64
    }

    /// If a random thread wrote something last: the probability that it is not the thread that accesses it
    /// now.
    fn others(self) -> f64 {
        (self.threads - 1) as f64 / self.threads as f64
    }

    /// If it is another thread: the probability that it is on another socket.
    fn far_share(self) -> f64 {
        if self.threads == 1 {
            return 0.0;
        }
        let near = self.threads as f64 / self.sockets as f64 - 1.0;
        1.0 - near.max(0.0) / (self.threads - 1) as f64
    }
}

/// The counts of one operation, each divided by the number of operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// The layout of the guest that counted.
    counted_on: Layout,
    instructions: f64,
    misses: f64,
    remote: f64,
    /// Lines that came from another cache, and lines that were present but had to be taken from other caches.
    transfers: f64,
    far: f64,
    /// Moves of the line that moved most often.
    hottest: f64,
    /// Whether the whole operation runs under one lock.
    is_exclusive: bool,
}

impl Profile {
    pub(super) fn new(counted: &Counted, counted_on: Layout, is_exclusive: bool) -> Self {
        let ops = counted.ops as f64;
        let all = total(counted);
        let per = |count: u64| count as f64 / ops;
        let far = per(all.far_transfers + all.far_upgrades);
        Self {
            counted_on,
            instructions: per(counted.instructions),
            misses: per(all.local_misses + all.remote_misses),
            remote: per(all.remote_misses),
            transfers: per(all.near_transfers + all.near_upgrades) + far,
            far,
            hottest: per(counted.hottest),
            is_exclusive,
        }
    }

    /// Operations a second on `layout`.
    pub(super) fn throughput(&self, costs: &Costs, layout: Layout) -> f64 {
        self.times(costs, layout).throughput(layout)
    }

    /// What an operation takes on `layout` while no other is in its way.
    pub(super) fn times(&self, costs: &Costs, layout: Layout) -> Times {
        let [local, remote, near, far] = costs.latencies;
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let scaled = |counted: f64, on: f64, of: f64| (counted * share(of, on)).min(1.0);
        let remote_share =
            scaled(share(self.remote, self.misses), self.counted_on.remote_share(), layout.remote_share());
        let far_share =
            scaled(share(self.far, self.transfers), self.counted_on.far_share(), layout.far_share());
        let others = share(layout.others(), self.counted_on.others());
        let transfer = near + (far - near) * far_share;
        let own = self.instructions / (costs.ipc * costs.ghz)
            + self.misses * (local + (remote - local) * remote_share)
            + self.transfers * others * transfer;
        // The hottest line's moves are some of the transfers, so the serial part is no longer than the whole.
        let serial = if self.is_exclusive { own } else { (self.hottest * others * transfer).min(own) };
        Times { own, serial }
    }
}

/// How long an operation takes, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Times {
    own: f64,
    /// The part of `own` in which no other thread can be in the same part.
    serial: f64,
}

impl Times {
    /// Adds a share of another operation.
    pub(super) fn add(&mut self, share: f64, other: Self) {
        self.own += share * other.own;
        self.serial += share * other.serial;
    }

    /// Operations a second that all threads of `layout` do together.
    pub(super) fn throughput(self, layout: Layout) -> f64 {
        1e9 * queue(layout.threads, self.own - self.serial, self.serial)
    }
}

/// What the model predicts for one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Prediction<'a> {
    pub(super) map: &'a str,
    pub(super) setting: &'a str,
    pub(super) operation: &'a str,
    /// Operations a second, for each of [`layouts`].
    pub(super) rates: Vec<f64>,
}

/// The layouts that predictions are for: a few threads on one socket, then all cores of 1, 2, 4 and 8
/// sockets.
pub(super) fn layouts(costs: &Costs) -> Vec<Layout> {
    let mut layouts = vec![Layout { sockets: 1, threads: 1 }];
    if costs.cores >= 4 {
        layouts.push(Layout { sockets: 1, threads: costs.cores / 2 });
    }
    layouts.extend(SOCKETS.map(|sockets| Layout { sockets, threads: sockets * costs.cores }));
    layouts
}

/// Predictions from the rows of the largest machine.
pub(super) fn predictions<'a>(rows: &'a [Row], costs: &Costs) -> Vec<Prediction<'a>> {
    let nodes = rows.iter().map(|row| row.run.nodes).max();
    let predict = |row: &'a Row| {
        let Run { nodes, cpus, map, setting, .. } = &row.run;
        let counted_on = Layout { sockets: *nodes, threads: nodes * cpus };
        let profile = Profile::new(&row.counted, counted_on, is_exclusive(map, &row.operation));
        let rates = layouts(costs).into_iter().map(|layout| profile.throughput(costs, layout)).collect();
        Prediction { map, setting, operation: &row.operation, rates }
    };
    rows.iter().filter(|row| Some(row.run.nodes) == nodes).map(predict).collect()
}

/// Whether an operation holds one exclusive lock from begin to end, which the counts cannot show.
pub(super) fn is_exclusive(map: &str, operation: &str) -> bool {
    map == "rwlock-btreemap" && matches!(operation, "insert" | "remove")
}

/// The throughput of a closed queue. Each of `customers` thinks for `think`, then waits for its turn and is
/// served for `service`.
fn queue(customers: usize, think: f64, service: f64) -> f64 {
    let (mut waiting, mut rate) = (0.0, 0.0);
    for number in 1..=customers {
        let response = service * (1.0 + waiting);
        rate = number as f64 / (think + response);
        waiting = rate * response;
    }
    rate
}

/// All classes together except stacks, which the map does not place.
pub(super) fn total(counted: &Counted) -> Counts {
    let mut sum = Counts::default();
    for (class, counts) in Class::ALL.iter().zip(counted.classes) {
        if *class != Class::Stack {
            sum += counts;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Layout = Layout { sockets: 4, threads: 8 };

    fn profile(counts: Counts, hottest: u64, is_exclusive: bool) -> Profile {
        let mut counted = Counted { ops: 100, instructions: 30_000, hottest, ..Counted::default() };
        counted.classes[Class::Leaf as usize] = counts;
        // Accesses to stacks must not count for the map.
        counted.classes[Class::Stack as usize] = Counts { far_transfers: 1 << 20, ..Counts::default() };
        Profile::new(&counted, FOUR, is_exclusive)
    }

    fn on(sockets: usize) -> Layout {
        Layout { sockets, threads: sockets * Costs::default().cores }
    }

    fn rate(profile: &Profile, sockets: usize) -> f64 {
        profile.throughput(&Costs::default(), on(sockets))
    }

    #[test]
    fn what_stays_near_grows_with_the_threads() {
        let near = profile(Counts { local_misses: 300, ..Counts::default() }, 0, false);
        let one = near.throughput(&Costs::default(), Layout { sockets: 1, threads: 1 });
        // 300 instructions and three lines of local memory.
        let expected = 1e9 / (300.0 / 4.5 + 3.0 * 135.0);
        assert!((one - expected).abs() < 1.0, "{one} {expected}");
        for sockets in [1, 2, 4, 8] {
            let ratio = rate(&near, sockets) / one;
            assert!((ratio - on(sockets).threads as f64).abs() < 1e-6, "{sockets}: {ratio}");
        }
    }

    #[test]
    fn memory_that_is_spread_costs_more_on_more_sockets() {
        // Spread evenly over four sockets: three in four are remote.
        let spread = profile(Counts { local_misses: 75, remote_misses: 225, ..Counts::default() }, 0, false);
        let each = |sockets: usize| rate(&spread, sockets) / on(sockets).threads as f64;
        assert!(each(1) > each(2) && each(2) > each(4) && each(4) > each(8));
        let two = 1e9 / (300.0 / 4.5 + 3.0 * (135.0 + 198.0) / 2.0);
        assert!((each(2) - two).abs() < 1.0, "{} {two}", each(2));
        let one = profile(Counts { local_misses: 300, ..Counts::default() }, 0, false);
        assert!((rate(&spread, 1) - rate(&one, 1)).abs() < 1.0, "one socket has no remote memory");
    }

    #[test]
    fn higher_latencies_never_help() {
        let counts = Counts {
            local_misses: 100,
            remote_misses: 100,
            near_transfers: 30,
            far_transfers: 60,
            far_upgrades: 10,
            ..Counts::default()
        };
        let profile = profile(counts, 2, false);
        for sockets in [1, 2, 8] {
            let before = rate(&profile, sockets);
            for number in 0..4 {
                let mut costs = Costs::default();
                costs.latencies[number] *= 2.0;
                let after = profile.throughput(&costs, on(sockets));
                let changes = sockets > 1 || number == 0 || number == 2;
                assert!(
                    after <= before && (after < before) == changes,
                    "{sockets} {number}: {before} {after}"
                );
            }
        }
    }

    #[test]
    fn a_line_that_each_operation_writes_bounds_the_throughput() {
        let counts = Counts { near_transfers: 13, far_transfers: 75, ..Counts::default() };
        let hot = profile(counts, 88, false);
        let cold = profile(counts, 0, false);
        assert!(rate(&hot, 1) < rate(&cold, 1));
        // In the end, one transfer follows the other, and nearly all are far.
        let bound = 1e9 / (0.88 * 0.5 * 134.0);
        assert!(rate(&hot, 8) < bound && rate(&hot, 8) > 1e9 / 200.0, "{}", rate(&hot, 8));
        assert!(rate(&hot, 8) < rate(&hot, 1), "more sockets make it slower");
        let alone = Layout { sockets: 1, threads: 1 };
        let costs = Costs::default();
        assert_eq!(hot.throughput(&costs, alone), cold.throughput(&costs, alone));
    }

    #[test]
    fn what_is_done_under_one_lock_does_not_grow() {
        let counts = Counts { local_misses: 300, ..Counts::default() };
        let (locked, free) = (profile(counts, 0, true), profile(counts, 0, false));
        let alone = Layout { sockets: 1, threads: 1 };
        let one = free.throughput(&Costs::default(), alone);
        for sockets in [1, 2, 4, 8] {
            assert!((rate(&locked, sockets) - one).abs() < 1e-3 * one);
        }
    }

    #[test]
    fn one_lock_held_alone_is_known() {
        assert!(is_exclusive("rwlock-btreemap", "insert") && !is_exclusive("rwlock-btreemap", "get"));
        assert!(!is_exclusive("bskip", "insert"));
    }

    #[test]
    fn a_queue_is_the_known_one() {
        // Two customers, think 1, service 1: 4/5 is the result for a machine repairman with exponential times
        // in textbooks.
        assert!((queue(1, 1.0, 1.0) - 0.5).abs() < 1e-12);
        assert!((queue(2, 1.0, 1.0) - 0.8).abs() < 1e-12);
        assert_eq!(queue(10, 2.0, 0.0), 5.0);
    }
}
