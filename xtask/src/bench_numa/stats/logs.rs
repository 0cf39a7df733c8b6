//! What the logarithms of rates or ratios say: their mean, an interval around it, and tests against a bound.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::Interval;

/// Mean and spread of the logarithms of some positive numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Logs {
    count: usize,
    mean: f64,
    /// Standard error of the mean; `None` if there is only one number.
    error: Option<f64>,
}

impl Logs {
    /// Of some numbers; `None` if there are none, or if one of them is no positive finite number.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let logs: Vec<f64> = values.into_iter().map(f64::ln).collect();
        let count = logs.len();
        if count == 0 || logs.iter().any(|log| !log.is_finite()) {
            return None;
        }
        let mean = logs.iter().sum::<f64>() / count as f64;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let error = (count > 1).then(|| (squares / (count - 1) as f64 / count as f64).sqrt());
        Some(Self { count, mean, error })
    }

    /// How many numbers there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The typical value: the geometric mean.
    pub(crate) fn typical(&self) -> f64 {
        self.mean.exp()
    }

    /// The same of the numbers' reciprocals.
    pub(crate) fn inverse(self) -> Self {
        Self { mean: -self.mean, ..self }
    }

    /// The probability of numbers like these, or lower ones, if the typical value were `bound`. Numbers without
    /// any spread lie below the bound or do not. `None` if there is only one number.
    pub(crate) fn chance_if_at(&self, bound: f64) -> Option<f64> {
        let (error, distance) = (self.error?, self.mean - bound.ln());
        Some(match error > 0.0 {
            true => self.student().cdf(distance / error),
            false if distance < 0.0 => 0.0,
            false => 1.0,
        })
    }

    /// The interval that contains the typical value with probability `confidence`.
    pub(crate) fn interval(&self, confidence: f64) -> Option<Interval> {
        let error = self.error?;
        let t = self.student().inverse_cdf(f64::midpoint(1.0, confidence));
        let [low, high] = [-1.0, 1.0].map(|sign| (self.mean + sign * t * error).exp());
        Some(Interval { low, high })
    }

    /// The distribution of the mean's distance from the true one, in standard errors.
    fn student(&self) -> StudentsT {
        student((self.count - 1) as f64)
    }
}

/// Student's t with `freedom` degrees of freedom, at least one.
pub(super) fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("the degrees of freedom are positive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand_distr::{Distribution, Normal};

    /// The two-sided 5 % points of Student's t, as tables print them.
    const TABLE: [(f64, f64); 8] = [
        (1.0, 12.706),
        (2.0, 4.303),
        (3.0, 3.182),
        (4.0, 2.776),
        (6.0, 2.447),
        (9.0, 2.262),
        (29.0, 2.045),
        (120.0, 1.980),
    ];

    #[test]
    fn t_is_as_in_the_tables() {
        for (freedom, t) in TABLE {
            let computed = student(freedom).inverse_cdf(0.975);
            assert!((computed - t).abs() < 0.0006, "{freedom}: {computed} {t}");
            assert!((student(freedom).cdf(t) - 0.975).abs() < 2e-5, "{freedom}");
        }
        // Small probabilities, which a correction for many comparisons needs.
        for (p, freedom, t) in [(0.999, 4.0, 7.173), (0.9995, 2.0, 31.599), (0.9995, 9.0, 4.781)] {
            assert!((student(freedom).inverse_cdf(p) - t).abs() < 0.001 * t, "{p} {freedom}");
        }
    }

    #[test]
    fn an_interval_is_as_computed_by_hand() {
        // Logarithms 0 and ln 4: mean ln 2, standard error ln 2, one degree of freedom.
        let Interval { low, high } = Logs::of([1.0, 4.0]).unwrap().interval(0.95).unwrap();
        let (want_low, want_high) = ((-11.706 * 2_f64.ln()).exp(), (13.706 * 2_f64.ln()).exp());
        assert!((low / want_low - 1.0).abs() < 0.001 && (high / want_high - 1.0).abs() < 0.001);
        let same = Logs::of([4.0, 4.0, 4.0]).unwrap().interval(0.95).unwrap();
        assert!((same.low - 4.0).abs() < 1e-9 && (same.high - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_one_sided_test_is_as_in_the_tables() {
        // Two numbers, mean ln 2, standard error ln 2: t = 1 with one degree of freedom, and p is 3/4 or 1/4.
        let logs = Logs::of([1.0, 4.0]).unwrap();
        assert!((logs.chance_if_at(1.0).unwrap() - 0.75).abs() < 1e-5);
        assert!((logs.chance_if_at(4.0).unwrap() - 0.25).abs() < 1e-5);
        // Far out, and with many degrees of freedom, nothing but a small number may come.
        for (t, freedom) in [(-1e9, 1.0), (-1e3, 4.0), (-300.0, 39.0), (-60.0, 1000.0)] {
            assert!((0.0..1e-9).contains(&student(freedom).cdf(t)), "{t} {freedom}");
        }
        for (p, freedom, t) in [(0.0005, 2.0, -31.599), (0.0005, 9.0, -4.781), (0.0001, 19.0, -4.590)] {
            assert!((student(freedom).cdf(t) / p - 1.0).abs() < 0.01, "{p} {freedom}");
        }
        let exact = Logs::of([0.9, 0.9]).unwrap();
        assert_eq!((exact.chance_if_at(1.0), exact.chance_if_at(0.8)), (Some(0.0), Some(1.0)));
        assert_eq!(Logs::of([0.9]).unwrap().chance_if_at(1.0), None);
    }

    #[test]
    fn without_two_positive_numbers_there_is_no_interval() {
        assert_eq!(Logs::of([]), None);
        assert_eq!(Logs::of([1.0, 0.0]), None);
        assert_eq!(Logs::of([1.0, f64::NAN]), None);
        assert_eq!(Logs::of([1.0]).unwrap().interval(0.95), None);
    }

    /// The part of `trials` simulated sweeps whose interval contains the typical value 1.
    fn covered(rounds: usize, sigma: f64, trials: u64) -> f64 {
        let noise = Normal::new(0.0, sigma).unwrap();
        let contains = |seed: &u64| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(*seed);
            let values: Vec<f64> = (0..rounds).map(|_| noise.sample(&mut random).exp()).collect();
            Logs::of(values).unwrap().interval(0.95).is_some_and(|ends| ends.low <= 1.0 && 1.0 <= ends.high)
        };
        (0..trials).filter(contains).count() as f64 / trials as f64
    }

    #[test]
    fn intervals_contain_the_truth_in_95_of_100_simulated_sweeps() {
        for rounds in [2, 3, 5, 10] {
            for sigma in [0.01, 0.3] {
                let covered = covered(rounds, sigma, 20_000);
                assert!((covered - 0.95).abs() < 0.006, "{rounds} rounds, {sigma}: {covered}");
            }
        }
    }
}
