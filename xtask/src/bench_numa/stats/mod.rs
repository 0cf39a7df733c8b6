//! How sure the numbers are: intervals around rates and ratios.
//!
//! A rate differs between rounds by factors, not by amounts: a busy machine slows a fast map and a slow map by
//! a similar percentage. So the logarithms of the rates are averaged. If the logarithms are normally
//! distributed, Student's t gives an interval that contains the typical rate in 95 of 100 sweeps. The same
//! holds for ratios. The rounds are interleaved, so what slows a round slows both rows of a ratio. Therefore a
//! ratio is taken within each round, and Student's t is applied to the logarithms of these ratios (a paired
//! comparison). A. Georges, D. Buytaert and L. Eeckhout, "Statistically rigorous Java performance evaluation"
//! (OOPSLA 2007), recommend Student's t for fewer than 30 measurements. P. J. Fleming and J. J. Wallace, "How
//! not to lie with statistics" (CACM 29(3), 1986), say why ratios are averaged by their logarithms.
//!
//! The method needs at least two rounds, and two give wide intervals: with one degree of freedom, t is 12.7.
//! With three rounds it is 4.3, with five 2.8, with ten 2.3.

mod holm;
mod interval;
mod logs;
mod pooled;
mod spread;

pub(crate) use holm::significant;
pub(crate) use interval::Interval;
pub(crate) use logs::Logs;
pub(crate) use pooled::Pooled;
pub(crate) use spread::{Spread, median_beside};

/// How often an interval should contain the true value.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// The interval around the median of `values`: rates, or ratios by round. `None` if there are fewer than two.
/// If the median lies outside of what Student's t gives, the interval is extended to it, because the table
/// prints both. Ends that say nothing are 0 and infinity.
pub(crate) fn around(median: f64, values: impl IntoIterator<Item = f64>) -> Option<Interval> {
    let interval = Logs::of(values)?.interval(CONFIDENCE)?;
    Some(Interval { low: interval.low.min(median), high: interval.high.max(median) }.or_unbounded())
}

/// What a table prints for the interval around a value: a dash if there is none. `words` prints its ends.
pub(crate) fn beside(
    interval: Option<Interval>,
    value: Option<f64>,
    words: impl Fn(f64) -> String,
) -> String {
    interval.zip(value).map_or_else(|| "-".into(), |(interval, value)| interval.beside(value, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::units::three_digits;

    #[test]
    fn an_interval_contains_the_median_that_stands_beside_it() {
        let values = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0];
        assert!(Logs::of(values).unwrap().interval(CONFIDENCE).unwrap().high < 9.0);
        assert!(around(9.0, values).unwrap().high == 9.0);
        assert_eq!(around(3.0, [3.0]), None);
    }

    #[test]
    fn two_rounds_that_differ_by_much_give_no_bounds() {
        // Without the limit, the upper end would be 4e8.
        let found = around(20.0, [1.0, 400.0]).unwrap();
        assert_eq!((found.low, found.high), (0.0, f64::INFINITY));
        assert_eq!(beside(Some(found), Some(20.0), three_digits), "not bounded");
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"{"low":0.0,"high":null}"#);
    }
}
