//! Percentiles of latencies over the rounds of a cell.

use bench::protocol::Latency;
use bench::units::nanoseconds;

use super::interval::Estimate;
use crate::bench_numa::tails::p9999;

/// What the percentiles are called.
pub(super) const PERCENTILES: [&str; 5] = ["p50", "p99", "p99.9", "p99.99", "max"];

/// Each percentile in nanoseconds, in the order of [`PERCENTILES`]. With few operations there is no p99.99.
pub(super) type Percentiles = [Option<Estimate>; PERCENTILES.len()];

/// A latency with its unit.
pub(super) fn in_words(ns: f64) -> String {
    nanoseconds(ns.round() as u64)
}

/// From the rounds; `None` if one of them timed no operation.
pub(super) fn percentiles(rounds: &[Latency]) -> Option<Percentiles> {
    if rounds.is_empty() || rounds.iter().any(|round| round.samples == 0) {
        return None;
    }
    // An operation that took less than the clock's step counts as one nanosecond.
    let estimate = |of: fn(&Latency) -> u64| Estimate::of(rounds.iter().map(|round| of(round).max(1) as f64));
    let p9999 =
        if rounds.iter().all(|round| p9999(round).is_some()) { estimate(|of| of.p9999) } else { None };
    Some([estimate(|of| of.p50), estimate(|of| of.p99), estimate(|of| of.p999), p9999, estimate(|of| of.max)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_operations_have_no_9999th_percentile_and_none_have_no_latency() {
        let round = |samples| Latency { samples, p50: 0, p99: 9, p999: 90, p9999: 900, max: 9_000 };
        let [p50, .., p9999, max] = percentiles(&[round(9_999), round(20_000)]).unwrap();
        assert_eq!((p50.unwrap().middle, p9999, max.unwrap().middle), (1.0, None, 9_000.0));
        assert!(percentiles(&[round(10_000), round(20_000)]).unwrap().iter().all(Option::is_some));
        assert_eq!(percentiles(&[round(9), round(0)]), None);
        assert_eq!(percentiles(&[]), None);
    }
}
