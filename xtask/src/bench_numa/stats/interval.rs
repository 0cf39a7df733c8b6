//! An interval, and how a table prints it.

use bench::units::three_digits;
use serde::Serialize;

/// Half-widths above this part of the value are printed as two ends.
const NARROW: f64 = 0.2;
/// An interval whose ends differ by more than this factor has no bounds: the rounds differ too much, or are too few,
/// to say anything.
const BOUND: f64 = 1e6;

/// The values between which the true one lies with [95 % confidence](super::CONFIDENCE).
///
/// One without bounds goes from 0 to infinity, which is `null` in JSON and `inf` in CSV.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Interval {
    /// The smallest.
    pub(crate) low: f64,
    /// The largest.
    pub(crate) high: f64,
}

impl Interval {
    /// Whether the ends say anything.
    pub(crate) fn is_bounded(&self) -> bool {
        self.high <= self.low * BOUND
    }

    /// The same interval, from 0 to infinity if it says nothing.
    pub(crate) fn or_unbounded(self) -> Self {
        if self.is_bounded() { self } else { Self { low: 0.0, high: f64::INFINITY } }
    }

    /// The interval of the ratio the other way round.
    pub(crate) fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, high: 1.0 / self.low }
    }

    /// `±4 %` around `value`, or `2.10..3.46` by `words` if it is wide. The percentage is that of the farther end,
    /// rounded up.
    pub(crate) fn beside(&self, value: f64, words: impl Fn(f64) -> String) -> String {
        let half = (self.high / value - 1.0).max(1.0 - self.low / value);
        if half > NARROW {
            return self.told("..", words);
        }
        // What rounding leaves of a number that is exact.
        let percent = (half * 100.0 - 1e-9).max(0.0);
        match percent < 1.0 {
            true => format!("±{:.1} %", (percent * 10.0).ceil() / 10.0),
            false => format!("±{:.0} %", percent.ceil()),
        }
    }

    /// `2.10..3.46`, or `not bounded`.
    pub(crate) fn ends(&self) -> String {
        self.told("..", three_digits)
    }

    /// Both ends with `between` them, or `not bounded`.
    pub(crate) fn told(&self, between: &str, words: impl Fn(f64) -> String) -> String {
        match self.is_bounded() {
            true => format!("{}{between}{}", words(self.low), words(self.high)),
            false => "not bounded".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_has_its_ends_in_order() {
        let Interval { low, high } = Interval { low: 0.5, high: 4.0 }.inverse();
        assert_eq!((low, high), (0.25, 2.0));
    }

    #[test]
    fn narrow_intervals_are_percentages_and_wide_ones_have_ends() {
        for (low, high, text) in [
            (9.61, 10.3, "±4 %"),
            (9.5, 10.31, "±5 %"),
            (9.95, 10.05, "±0.5 %"),
            (10.0, 10.0, "±0.0 %"),
            (7.5, 12.5, "7.50..12.5"),
            (0.0, f64::INFINITY, "not bounded"),
            (1e-9, 1.8e10, "not bounded"),
            (0.02, 5e3, "0.02..5000"),
        ] {
            assert_eq!(Interval { low, high }.beside(10.0, three_digits), text);
        }
    }
}
