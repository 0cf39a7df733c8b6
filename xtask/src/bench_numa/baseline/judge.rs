//! Which cells of a new program are slower than those of an old one, and which need more rounds before their
//! ratio is certain.
//!
//! Each round runs the old and the new program of a cell one after the other, so each round gives a ratio of
//! the rates, new to old. A cell is a *regression* if two things hold: the typical ratio is further below 1
//! than the threshold allows, and a one-sided t test on the logarithms of the ratios says that the new program
//! is slower at all. Testing against 1, not against the threshold, finds a program that is 10 % slower within
//! a few rounds with a threshold of 5 %. A test against the threshold would have half the distance to tell, so
//! it would need four times the rounds. So it is proven that a regression is slower, and not that its true loss
//! is above the threshold: the measured loss is. A cell that loses a little less than the threshold may be called
//! a regression.
//!
//! False alarms stay rare, although there are many cells and several looks. Each look spends an equal part of
//! [`FALSE_ALARMS`], and Holm's method divides that part among the cells. So the chance that a comparison of two
//! equal programs reports even one regression is at most [`FALSE_ALARMS`]. That of an improvement is as small.

use super::super::stats::{self, CONFIDENCE, Interval, Logs};

/// The chance that a whole comparison of equal programs has a regression; that of an improvement is the same.
pub(super) const FALSE_ALARMS: f64 = 0.01;

/// How often the results are looked at. The rounds double between two looks, so the last one sees eight times
/// the rounds of the first.
pub(super) const LOOKS: u32 = 4;

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is slower, and the measured loss is above the threshold.
    Regression,
    /// It is faster, and the measured gain is above the threshold.
    Improvement,
    /// It is not slower by more than the threshold.
    Fine,
    /// It may be slower by more than the threshold.
    Uncertain,
}

/// A cell's ratios, and what they say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// The geometric mean of the ratios, new to old.
    pub(super) ratio: f64,
    /// Where the true ratio is, with 95 % confidence.
    pub(super) interval: Option<Interval>,
    pub(super) rounds: usize,
}

/// Judges all cells by their ratios, new to old, round by round. `fail_above` is a part of the old rate.
/// `None` for a cell without ratios.
pub(super) fn judge(cells: &[Vec<f64>], fail_above: f64) -> Vec<Option<Judged>> {
    let logs: Vec<Option<Logs>> = cells.iter().map(|ratios| Logs::of(ratios.iter().copied())).collect();
    let level = FALSE_ALARMS / f64::from(LOOKS);
    let surely = |chance: &dyn Fn(Logs) -> Option<f64>| {
        // A cell without a test takes part with the largest chance, which never counts as significant.
        let chances: Vec<f64> = logs.iter().map(|logs| logs.and_then(chance).unwrap_or(1.0)).collect();
        stats::significant(&chances, level)
    };
    let slower = surely(&|logs| logs.chance_if_at(1.0));
    let faster = surely(&|logs| logs.inverse().chance_if_at(1.0));
    let verdict = |cell: usize, logs: &Logs, interval: Option<Interval>| match logs.typical() {
        ratio if ratio < 1.0 - fail_above && slower[cell] => Verdict::Regression,
        ratio if ratio > 1.0 + fail_above && faster[cell] => Verdict::Improvement,
        _ if interval.is_some_and(|interval| interval.low >= 1.0 - fail_above) => Verdict::Fine,
        _ => Verdict::Uncertain,
    };
    let judged = |(cell, logs): (usize, &Option<Logs>)| {
        let logs = (*logs)?;
        let interval = logs.interval(CONFIDENCE).map(Interval::or_unbounded);
        Some(Judged {
            verdict: verdict(cell, &logs, interval),
            ratio: logs.typical(),
            interval,
            rounds: logs.count(),
        })
    };
    logs.iter().enumerate().map(judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand_distr::{Distribution, Normal};

    /// Compares programs whose cells have these true ratios and this noise in each run, as the command does:
    /// cells that are uncertain get more rounds. Returns the verdicts.
    fn compare(truths: &[f64], sigma: f64, seed: u64) -> Vec<Verdict> {
        let (noise, mut random) = (Normal::new(0.0, sigma).unwrap(), Xoshiro256PlusPlus::seed_from_u64(seed));
        let mut cells: Vec<Vec<f64>> = vec![Vec::new(); truths.len()];
        let mut open: Vec<usize> = (0..truths.len()).collect();
        let mut verdicts = vec![Verdict::Uncertain; truths.len()];
        for look in 0..LOOKS {
            for &cell in &open {
                let run = |random: &mut _| noise.sample(random).exp();
                while cells[cell].len() < 5 << look {
                    cells[cell].push(truths[cell] * run(&mut random) / run(&mut random));
                }
            }
            let judged = judge(&cells, 0.05);
            open.iter().for_each(|&cell| verdicts[cell] = judged[cell].unwrap().verdict);
            open.retain(|&cell| verdicts[cell] == Verdict::Uncertain);
        }
        verdicts
    }

    #[test]
    fn equal_programs_are_no_regression() {
        for sigma in [0.01, 0.05, 0.2] {
            let alarms =
                (0..1000).filter(|&seed| compare(&[1.0; 12], sigma, seed).contains(&Verdict::Regression));
            assert!(alarms.count() <= 10, "noise {sigma}: more than FALSE_ALARMS says");
        }
    }

    #[test]
    fn a_program_slower_by_a_tenth_is_found() {
        for (sigma, least) in [(0.01, 200), (0.05, 200), (0.1, 195)] {
            let found = |seed: &u64| compare(&[0.9; 6], sigma, *seed).contains(&Verdict::Regression);
            let found = (0..200).filter(found).count();
            assert!(found >= least, "noise {sigma}: {found} of 200");
        }
    }

    #[test]
    fn one_slow_cell_among_equal_ones_is_the_one_that_is_named() {
        let mut truths = [1.0; 12];
        truths[7] = 0.9;
        for seed in 0..100 {
            let verdicts = compare(&truths, 0.03, seed);
            let named: Vec<usize> = (0..12).filter(|&cell| verdicts[cell] == Verdict::Regression).collect();
            assert_eq!(named, [7], "seed {seed}");
        }
    }

    #[test]
    fn what_is_slower_by_less_than_the_threshold_passes_and_faster_is_an_improvement() {
        let exactly = |ratio: f64| judge(&[vec![ratio; 5]], 0.05)[0].unwrap().verdict;
        assert_eq!(exactly(0.94), Verdict::Regression);
        assert_eq!(exactly(0.96), Verdict::Fine);
        assert_eq!(exactly(1.04), Verdict::Fine);
        assert_eq!(exactly(1.06), Verdict::Improvement);
        assert_eq!(judge(&[vec![0.5]], 0.05)[0].unwrap().verdict, Verdict::Uncertain);
        assert_eq!(judge(&[Vec::new()], 0.05), [None]);
    }
}
