//! Turns in proportion to weights.

/// Gives turns to parties in proportion to their weights. A period has as many turns as the sum of the
/// weights. Within a period the proportions are exact, and the turns of each party are spread as evenly as
/// possible.
///
/// Turn *t* falls on the position *t* × `stride` modulo the period. Each party owns a stretch of the
/// positions, as long as its weight. The stride and the period have no common divisor, so each position gets
/// exactly one turn of a period. The stride is near the golden section of the period, so consecutive turns
/// fall far apart.
#[derive(Debug)]
pub(crate) struct Shares {
    /// The end of each party's stretch, ascending. The last end is the period.
    ends: Vec<u64>,
    stride: u64,
}

impl Shares {
    /// Shares for these weights, none of them zero. `None` if there are none, or if their sum does not fit in
    /// 32 bits.
    pub(crate) fn new(weights: impl Iterator<Item = u32> + Clone) -> Option<Self> {
        let divisor = weights.clone().fold(0, |divisor, weight| gcd(divisor, weight.into()));
        let mut end = 0;
        let ends = weights.map(|weight| {
            end += u64::from(weight) / divisor;
            end
        });
        let ends: Vec<u64> = ends.collect();
        let period = *ends.last()?;
        // The period fits in 32 bits, so that `of` cannot overflow.
        (period <= u64::from(u32::MAX)).then(|| Self { stride: stride(period), ends })
    }

    /// The party whose turn it is.
    #[inline]
    pub(crate) fn of(&self, turn: u32) -> usize {
        let Some(&period) = self.ends.last() else { return 0 };
        let place = u64::from(turn) % period * self.stride % period;
        self.ends.partition_point(|&end| end <= place)
    }
}

/// The first number from the golden section of `period` upward that has no common divisor with it.
fn stride(period: u64) -> u64 {
    let golden = (period * 618 / 1000).max(1);
    (golden..=period).find(|&stride| gcd(stride, period) == 1).unwrap_or(1)
}

/// The greatest common divisor. If one number is 0, the other number.
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
        // A common divisor of all weights shortens the period.
        assert_eq!(dealt(&[3000, 1000], 17..21), [3, 1]);
    }

    #[test]
    fn shares_are_even_within_a_period() {
        // At any length, the turns of a party differ from its exact share by a few turns at most.
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
    fn impossible_weights_have_no_shares() {
        assert!(Shares::new([].into_iter()).is_none());
        assert!(Shares::new([u32::MAX, 1].into_iter()).is_none());
        assert!(Shares::new([u32::MAX, u32::MAX].into_iter()).is_some(), "one turn each");
        assert_eq!(dealt(&[u32::MAX], 0..9), [9]);
    }
}
