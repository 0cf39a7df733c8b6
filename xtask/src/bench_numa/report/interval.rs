//! A number with its interval: the median of the rounds, and where the true one is with 95 % confidence.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::bench_numa::stats::{self, CONFIDENCE, Interval, Spread};

/// What the rounds say about one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    /// The median of the rounds.
    pub(super) middle: f64,
    /// The ends of the 95 % interval; `None` after one round, which has no spread.
    pub(super) interval: Option<(f64, f64)>,
}

impl Estimate {
    /// Of positive numbers, one a round. `None` if there is none, or one that is not positive.
    pub(super) fn of(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        let rounds: Vec<f64> = rounds.into_iter().collect();
        let are_positive = rounds.iter().all(|number| *number > 0.0 && number.is_finite());
        let middle = Spread::of(rounds.iter().copied()).filter(|_| are_positive)?.median;
        Some(Self::around(middle, rounds))
    }

    /// A number, and the interval that `rounds` give.
    pub(super) fn around(middle: f64, rounds: impl IntoIterator<Item = f64>) -> Self {
        let interval = stats::around(middle, rounds).map(|Interval { low, high }| (low, high));
        Self { middle, interval }
    }

    /// Of numbers that may be zero, such as counts. `None` if there are none.
    pub(super) fn linear(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        let rounds: Vec<f64> = rounds.into_iter().collect();
        let middle = Spread::of(rounds.iter().copied())?.median;
        Some(Self::linear_around(middle, rounds))
    }

    /// Of parts of a whole: no end is above 1.
    pub(super) fn share(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        let Self { middle, interval } = Self::linear(rounds)?;
        Some(Self { middle, interval: interval.map(|(low, high)| (low, high.min(1.0))) })
    }

    /// A number that is never negative, and the interval of the mean of `rounds`.
    pub(super) fn linear_around(middle: f64, rounds: impl IntoIterator<Item = f64>) -> Self {
        let ends = linear(rounds).map(|(low, high)| (low.min(middle).max(0.0), high.max(middle)));
        Self { middle, interval: ends }
    }

    /// The lower end of the interval, or the number itself.
    pub(super) fn low(&self) -> f64 {
        self.interval.map_or(self.middle, |(low, _)| low)
    }

    /// The upper end of the interval, or the number itself.
    pub(super) fn high(&self) -> f64 {
        self.interval.map_or(self.middle, |(_, high)| high)
    }
}

/// The 95 % interval of the mean of some numbers; `None` if there are fewer than two.
fn linear(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let values: Vec<f64> = values.into_iter().collect();
    let number = values.len() as f64;
    let mean = values.iter().sum::<f64>() / number;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| {
        let half = quantile(number - 1.0) * (squares / (number - 1.0) / number).sqrt();
        (mean - half, mean + half)
    })
}

/// The ratio of the medians of two lists of rounds that are no pairs. The interval is that of Welch's t test on
/// the logarithms; `None` if one list has a single round.
pub(super) fn ratio(of: &[f64], to: &[f64]) -> Estimate {
    let spread = |rounds: &[f64]| {
        let logs: Vec<f64> = rounds.iter().map(|rate| rate.ln()).collect();
        let number = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / number;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        (mean, squares / (number - 1.0) / number, number - 1.0)
    };
    let median = |rounds: &[f64]| Spread::of(rounds.iter().copied()).map_or(f64::NAN, |spread| spread.median);
    let middle = median(of) / median(to);
    let ((a, error_a, free_a), (b, error_b, free_b)) = (spread(of), spread(to));
    let interval = (of.len() > 1 && to.len() > 1).then(|| {
        let error = error_a + error_b;
        let freedom = error.powi(2) / (error_a.powi(2) / free_a + error_b.powi(2) / free_b);
        // Without any spread, the degrees of freedom do not matter.
        let half = if error > 0.0 { quantile(freedom) * error.sqrt() } else { 0.0 };
        let (low, high) = ((a - b - half).exp().min(middle), (a - b + half).exp().max(middle));
        let Interval { low, high } = Interval { low, high }.or_unbounded();
        (low, high)
    });
    Estimate { middle, interval }
}

/// The 97.5 % quantile of Student's t.
fn quantile(freedom: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, freedom).expect("the degrees of freedom are positive");
    student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // ln 1, ln e^0.1, ln e^0.2: mean 0.1, deviation 0.1, so half the width is 4.303 * 0.1 / sqrt 3.
        let estimate = Estimate::of([1.0, 0.1_f64.exp(), 0.2_f64.exp()]).unwrap();
        assert!((estimate.middle.ln() - 0.1).abs() < 1e-9);
        let (low, high) = (estimate.low().ln(), estimate.high().ln());
        assert!((high - 0.1 - 0.248_43).abs() < 1e-4 && (0.1 - low - 0.248_43).abs() < 1e-4);
    }

    #[test]
    fn a_ratio_of_rounds_that_are_no_pairs_has_the_interval_of_welch() {
        // Logarithms 0, 0.2 and 1, 1.4: difference 1.1, error sqrt(0.01 + 0.04), 25/17 degrees of freedom.
        let [a, b] = [[0.0_f64, 0.2], [1.0, 1.4]].map(|logs| logs.map(f64::exp));
        let Estimate { interval, .. } = ratio(&b, &a);
        let half = quantile(25.0 / 17.0) * 0.05_f64.sqrt();
        let (low, high) = interval.unwrap();
        assert!((low.ln() - (1.1 - half)).abs() < 1e-3 && (high.ln() - (1.1 + half)).abs() < 1e-3);
        assert_eq!(ratio(&[2.0], &[1.0]), Estimate { middle: 2.0, interval: None });
        assert_eq!(ratio(&[2.0, 2.0], &[1.0, 1.0]).interval, Some((2.0, 2.0)));
    }

    #[test]
    fn counts_may_be_zero_and_never_less() {
        assert_eq!(Estimate::linear([0.0, 0.0]), Some(Estimate { middle: 0.0, interval: Some((0.0, 0.0)) }));
        // Mean 1, half the width 12.7: the lower end would be negative.
        let found = Estimate::linear([0.0, 2.0]).unwrap();
        assert!(found.low() == 0.0 && (found.high() - 13.706).abs() < 1e-3);
        assert_eq!(Estimate::linear([3.0]).unwrap().interval, None);
        let found = Estimate::share([0.5, 1.0]).unwrap();
        assert_eq!((found.middle, found.interval), (0.75, Some((0.0, 1.0))));
        assert_eq!(Estimate::linear([]), None);
    }

    #[test]
    fn one_round_has_no_interval_and_nothing_has_no_estimate() {
        assert_eq!(Estimate::of([4.0]).map(|e| e.interval), Some(None));
        assert_eq!(
            Estimate::of([4.0, 4.0]).unwrap().interval,
            Some((4.0_f64.ln().exp(), 4.0_f64.ln().exp()))
        );
        assert_eq!(Estimate::of([]), None);
        assert_eq!(Estimate::of([4.0, 0.0]), None);
        assert_eq!(Estimate::of([4.0, f64::NAN]), None);
    }
}
