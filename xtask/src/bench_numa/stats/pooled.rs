//! Noise that many rows share.
//!
//! After two rounds, the two rates of one row say little of how much rates differ. But all rows of a comparison
//! run in the same rounds on the same machine. What is left of the logarithms after subtracting each row's mean
//! and each round's mean estimates the noise from all rows together (a randomised block design: R. A. Fisher,
//! "The Design of Experiments", 1935). With twenty rows, two rounds give nineteen degrees of freedom, not one.
//! The method assumes that rates of all rows differ by about the same percentages from round to round.

use statrs::distribution::ContinuousCDF as _;

use super::logs::student;
use super::{CONFIDENCE, Interval};

/// The noise of the logarithms of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pooled {
    deviation: f64,
    freedom: f64,
    rounds: usize,
}

impl Pooled {
    /// From the logarithms of the rates: of each row, one a round, as many for each. `None` with fewer than two
    /// rows or rounds.
    pub(crate) fn of(rows: &[&[f64]]) -> Option<Self> {
        let rounds = rows.first()?.len();
        if rows.len() < 2 || rounds < 2 {
            return None;
        }
        let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| values.sum::<f64>() / count as f64;
        let of_rows: Vec<f64> = rows.iter().map(|row| mean(&mut row.iter().copied(), rounds)).collect();
        let of_round = |round: usize| mean(&mut rows.iter().map(|row| row[round]), rows.len());
        let of_rounds: Vec<f64> = (0..rounds).map(of_round).collect();
        let of_all = mean(&mut of_rows.iter().copied(), rows.len());
        let squares: f64 = (rows.iter().zip(&of_rows))
            .flat_map(|(row, of_row)| {
                row.iter().zip(&of_rounds).map(move |(log, of_round)| (log, of_row, of_round))
            })
            .map(|(log, of_row, of_round)| (log - of_row - of_round + of_all).powi(2))
            .sum();
        let freedom = ((rows.len() - 1) * (rounds - 1)) as f64;
        Some(Self { deviation: (squares / freedom).sqrt(), freedom, rounds })
    }

    /// The interval around the ratio of two rows, from the difference of their mean logarithms. With 95 %
    /// confidence, all of `comparisons` such intervals contain their ratios (C. E. Bonferroni, 1936).
    pub(crate) fn around(&self, difference: f64, comparisons: usize) -> Interval {
        let outside = (1.0 - CONFIDENCE) / 2.0 / comparisons as f64;
        let t = -student(self.freedom).inverse_cdf(outside);
        let half = t * self.deviation * (2.0 / self.rounds as f64).sqrt();
        Interval { low: (difference - half).exp(), high: (difference + half).exp() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand_distr::{Distribution, Normal};

    #[test]
    fn what_slows_a_whole_round_is_no_noise() {
        let pooled = Pooled::of(&[&[1.0, 0.5, 0.8], &[2.0, 1.5, 1.8]]).unwrap();
        assert!(pooled.deviation < 1e-12 && (pooled.around(0.0, 1).high - 1.0).abs() < 1e-9);
        assert_eq!(Pooled::of(&[&[1.0], &[2.0]]), None);
        assert_eq!(Pooled::of(&[&[1.0, 2.0]]), None);
    }

    #[test]
    fn more_comparisons_have_wider_intervals_as_the_tables_say() {
        for (freedom, comparisons) in [(1.0, 9), (7.0, 252), (23.0, 2_484), (255.0, 293_760)] {
            let pooled = Pooled { deviation: 1.0, freedom, rounds: 2 };
            let t = pooled.around(0.0, comparisons).high.ln();
            let outside = 2.0 * student(freedom).cdf(-t) * comparisons as f64;
            assert!((outside - 0.05).abs() < 0.0005, "{freedom} {comparisons}: {outside}");
        }
    }

    #[test]
    fn intervals_contain_the_truth_in_95_of_100_simulated_sweeps() {
        let (noise, drift) = (Normal::new(0.0, 0.1).unwrap(), Normal::new(0.0, 0.5).unwrap());
        for (rows, rounds) in [(2, 2), (12, 2), (6, 5)] {
            let contains = |seed: &u64| {
                let mut random = Xoshiro256PlusPlus::seed_from_u64(*seed);
                let drifts: Vec<f64> = (0..rounds).map(|_| drift.sample(&mut random)).collect();
                let mut row =
                    || drifts.iter().map(|drift| drift + noise.sample(&mut random)).collect::<Vec<f64>>();
                let rows: Vec<Vec<f64>> = (0..rows).map(|_| row()).collect();
                let refs: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
                let mean = |row: usize| rows[row].iter().sum::<f64>() / rounds as f64;
                let ends = Pooled::of(&refs).unwrap().around(mean(0) - mean(1), 1);
                ends.low <= 1.0 && 1.0 <= ends.high
            };
            let covered = (0..10_000).filter(contains).count() as f64 / 10_000.0;
            assert!((covered - 0.95).abs() < 0.007, "{rows} rows, {rounds} rounds: {covered}");
        }
    }
}
