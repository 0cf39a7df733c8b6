//! Measures several ways to do one thing in turns, so that a busy machine slows all of them down alike.

use crate::team::Team;

/// The speeds of `WAYS` ways, round by round.
pub(crate) struct Speeds<const WAYS: usize>([Vec<f64>; WAYS]);

impl<const WAYS: usize> Speeds<WAYS> {
    /// Measures each way once a round. `speed` gives the speed of a way.
    ///
    /// # Errors
    /// What `speed` says.
    pub(crate) fn measure(
        rounds: usize,
        mut speed: impl FnMut(usize) -> Result<f64, String>,
    ) -> Result<Self, String> {
        let mut speeds = [const { Vec::new() }; WAYS];
        for round in 0..rounds {
            for way in turns(round, WAYS) {
                speeds[way].push(speed(way)?);
            }
        }
        Ok(Self(speeds))
    }

    /// The rounds from `first` on, counted from 0.
    #[cfg(feature = "peers")]
    pub(crate) fn since_round(self, first: usize) -> Self {
        Self(self.0.map(|speeds| speeds[first..].to_vec()))
    }

    /// The median speed of each way.
    pub(crate) fn medians(&self) -> [f64; WAYS] {
        self.0.each_ref().map(|speeds| median(speeds.iter().copied()))
    }

    /// The speed of `way` relative to that of `base` in the same round, the median of all rounds.
    pub(crate) fn ratio(&self, way: usize, base: usize) -> f64 {
        median(self.0[way].iter().zip(&self.0[base]).map(|(way, base)| way / base))
    }
}

/// The numbers below `n`. Each round starts with the next one.
pub(crate) fn turns(round: usize, n: usize) -> impl Iterator<Item = usize> {
    (0..n).map(move |turn| (turn + round) % n)
}

/// Runs `work` on each worker. Returns the sum of the results, wrapping, and the seconds that it took.
///
/// # Errors
/// The panic of a worker, in words.
pub(crate) fn timed(team: &Team, work: impl Fn(usize) -> u64 + Sync) -> Result<(u64, f64), String> {
    let done = team.run(work);
    let sum =
        done.results.into_iter().try_fold(0, |sum: u64, part| Ok::<_, String>(sum.wrapping_add(part?)))?;
    Ok((sum, done.elapsed.as_secs_f64()))
}

/// The number in the middle.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_a_round() {
        let mut order = Vec::new();
        let speeds = Speeds::<2>::measure(3, |way| {
            order.push(way);
            Ok([2.0, 6.0][way] * order.len().div_ceil(2) as f64)
        });
        let speeds = speeds.unwrap();
        assert_eq!((speeds.medians(), speeds.ratio(1, 0)), ([4.0, 12.0], 3.0));
        assert_eq!(order, [0, 1, 1, 0, 0, 1]);
        assert!(median([].into_iter()).is_nan());
    }
}
