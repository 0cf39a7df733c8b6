//! Turns dealt out in proportion to weights.

/// Deals out turns to parties, in proportion to their weights: exactly so over each period of as many turns
/// as the weights add up to, and as evenly as can be within it.
///
/// Turn *t* lands at *t* × `stride` modulo the period, and whoever's stretch of the period that is has it.
/// The stride has no divisor in common with the period, so that a period's turns land once on each number of
/// it; it is near the golden section of the period, so that any few turns in succession land far apart.
#[derive(Debug)]
pub(crate) struct Shares {
    /// Where each party's stretch ends, ascending; the last is the period.
    ends: Vec<u64>,
    stride: u64,
}

impl Shares {
    /// For these weights, none of them zero. `None` if there are none or their sum does not fit in 32 bits.
    pub(crate) fn new(weights: impl Iterator<Item = u32> + Clone) -> Option<Self> {
        let divisor = weights.clone().fold(0, |divisor, weight| gcd(divisor, weight.into()));
        let mut end = 0;
        let ends = weights.map(|weight| {
            end += u64::from(weight) / divisor;
            end
        });
        let ends: Vec<u64> = ends.collect();
        let period = *ends.last()?;
        // In 32 bits, so that `of` cannot overflow.
        (period <= u64::from(u32::MAX)).then(|| Self { stride: stride(period), ends })
    }

    /// Whose turn it is.
    #[inline]
    pub(crate) fn of(&self, turn: u32) -> usize {
        let Some(&period) = self.ends.last() else { return 0 };
        let place = u64::from(turn) % period * self.stride % period;
        self.ends.partition_point(|&end| end <= place)
    }
}

/// The number nearest to the golden section of `period`, from there upward, that has no divisor in common
/// with it.
fn stride(period: u64) -> u64 {
    let golden = (period * 618 / 1000).max(1);
    (golden..=period).find(|&stride| gcd(stride, period) == 1).unwrap_or(1)
}

/// The greatest common divisor; of 0 and a number that number.
pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(weights: &[u32], turns: core::ops::Range<u32>) -> Vec<u32> {
        let shares = Shares::new(weights.iter().copied()).unwrap();
        let mut dealt = vec![0; weights.len()];
        turns.for_each(|turn| dealt[shares.of(turn)] += 1);
        dealt
    }

    #[test]
    fn whole_periods_are_exact_wherever_they_begin() {
        for weights in [&[1][..], &[7], &[1, 1], &[3, 1], &[1, 1, 1], &[5, 3, 2], &[255, 1, 17, 100]] {
            let period: u32 = weights.iter().sum();
            for first in [0, 1, 1000, 999_983] {
                assert_eq!(dealt(weights, first..first + period), weights, "from {first}");
            }
        }
        // What divides all weights shortens the period.
        assert_eq!(dealt(&[3000, 1000], 17..21), [3, 1]);
    }

    #[test]
    fn shares_are_even_within_a_period() {
        // At any length no party is more than a few turns from its due.
        for weights in [&[3, 1][..], &[200, 100, 50, 5], &[1000, 999], &[u32::MAX / 2, u32::MAX / 2]] {
            let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
            for turns in [10, 100, 1000] {
                for (got, &weight) in dealt(weights, 0..turns).iter().zip(weights) {
                    let due = f64::from(weight) / sum * f64::from(turns);
                    assert!((f64::from(*got) - due).abs() < 4.0, "{weights:?}: {got} of {due} in {turns}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_dealt_is_refused() {
        assert!(Shares::new([].into_iter()).is_none());
        assert!(Shares::new([u32::MAX, 1].into_iter()).is_none());
        assert!(Shares::new([u32::MAX, u32::MAX].into_iter()).is_some(), "one turn each");
        assert_eq!(dealt(&[u32::MAX], 0..9), [9]);
    }
}
