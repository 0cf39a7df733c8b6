//! An interval, and how a table prints it.

use bench::units::three_digits;
use serde::Serialize;

/// Half-widths above this part of the value are printed as two ends.
const NARROW: f64 = 0.2;

/// The values between which the true one lies with [95 % confidence](super::CONFIDENCE).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Interval {
    /// The smallest.
    pub(crate) low: f64,
    /// The largest.
    pub(crate) high: f64,
}

impl Interval {
    /// The interval of the ratio the other way round.
    pub(crate) fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, high: 1.0 / self.low }
    }

    /// `±4 %` around `value`, or `2.10..3.46` if it is wide. The percentage is that of the farther end,
    /// rounded up.
    pub(crate) fn beside(&self, value: f64) -> String {
        let half = (self.high / value - 1.0).max(1.0 - self.low / value);
        if half > NARROW {
            return self.ends();
        }
        // What rounding leaves of a number that is exact.
        let percent = (half * 100.0 - 1e-9).max(0.0);
        match percent < 1.0 {
            true => format!("±{:.1} %", (percent * 10.0).ceil() / 10.0),
            false => format!("±{:.0} %", percent.ceil()),
        }
    }

    /// `2.10..3.46`.
    pub(crate) fn ends(&self) -> String {
        format!("{}..{}", three_digits(self.low), three_digits(self.high))
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
            (0.0, f64::INFINITY, "0.00..inf"),
        ] {
            assert_eq!(Interval { low, high }.beside(10.0), text);
        }
    }
}
