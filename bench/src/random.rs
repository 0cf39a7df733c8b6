//! Random numbers that a seed gives, and the Zipfian choice of YCSB.

use crate::keys::{mix_low, mix64};
use rand::SeedableRng;
use rand::distr::Distribution;
use rand_distr::Zipf;

/// A generator whose numbers are the same on every machine and in every version of `rand`.
pub use rand::rngs::Xoshiro256PlusPlus as Random;

/// The generator of `seed` and `stream`. The streams of one seed have nothing visible in common.
#[must_use]
pub fn random(seed: u64, stream: u64) -> Random {
    Random::seed_from_u64(mix64(seed).wrapping_add(stream))
}

/// YCSB's exponent.
const EXPONENT: f64 = 0.99;

/// Draws from `0..items` by Zipf's law with YCSB's exponent, the ranks scattered over the items.
///
/// YCSB scatters ranks by a hash modulo the number of items, which sends some ranks to one item. Here a
/// permutation scatters them, so an item is drawn as often as its rank. Without it, the keys that are loaded
/// first would be drawn most. If a map allocates keys one by one, they would also lie side by side.
#[derive(Clone, Debug)]
pub(crate) struct ScatteredZipf {
    law: Zipf<f64>,
    items: u64,
    /// Bits of the largest item.
    bits: u32,
}

impl ScatteredZipf {
    /// Draws among `items` items, at least one.
    pub(crate) fn new(items: u64) -> Self {
        let law = Zipf::new(items as f64, EXPONENT).expect("there are items, and the exponent is a constant");
        Self { law, items, bits: (u64::BITS - (items - 1).leading_zeros()).max(1) }
    }

    /// An item.
    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        self.item((self.law.sample(random) as u64).min(self.items) - 1)
    }

    /// The item of a rank, of which 0 is the most popular: a permutation of `0..items`.
    fn item(&self, rank: u64) -> u64 {
        // `mix_low` permutes the numbers of `self.bits` bits. If it is applied until the result is below
        // `items`, it permutes the numbers below `items`. At least half of all numbers are below, so this
        // takes at most two steps on average.
        let mut item = mix_low(rank, self.bits);
        while item >= self.items {
            item = mix_low(item, self.bits);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use std::collections::HashSet;

    #[test]
    fn seeds_and_streams_are_told_apart() {
        let first = |seed, stream| random(seed, stream).random::<u64>();
        assert_eq!(first(1, 2), first(1, 2));
        let all: HashSet<u64> =
            (0..10).flat_map(|seed| (0..10).map(move |stream| first(seed, stream))).collect();
        assert_eq!(all.len(), 100);
    }

    #[test]
    fn scattering_is_a_permutation() {
        for items in [1, 2, 3, 10, 1000, 4096, 99_991] {
            let zipf = ScatteredZipf::new(items);
            let all: HashSet<u64> = (0..items).map(|rank| zipf.item(rank)).collect();
            assert!(all.len() as u64 == items && all.iter().all(|&item| item < items));
            let mut random = random(1, 1);
            assert!((0..100).all(|_| zipf.draw(&mut random) < items));
        }
    }

    #[test]
    fn frequencies_follow_the_law() {
        let (items, draws) = (1000_u64, 1_000_000_u32);
        let (zipf, mut random) = (ScatteredZipf::new(items), random(42, 0));
        let mut seen = vec![0_u32; items as usize];
        (0..draws).for_each(|_| seen[zipf.draw(&mut random) as usize] += 1);
        let weight = |rank: u64| ((rank + 1) as f64).powf(-EXPONENT);
        let all: f64 = (0..items).map(weight).sum();
        for (from, to) in [(0, 1), (1, 2), (2, 10), (10, 100), (100, 1000)] {
            let got: u32 = (from..to).map(|rank| seen[zipf.item(rank) as usize]).sum();
            let wanted = (from..to).map(weight).sum::<f64>() / all * f64::from(draws);
            assert!((f64::from(got) / wanted - 1.0).abs() < 0.02, "ranks {from}..{to}: {got} {wanted}");
        }
    }
}
