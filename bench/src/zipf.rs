//! The Zipfian choice of YCSB: Gray's generator with exponent 0.99, scrambled over the items.
//!
//! Gray and others, "Quickly generating billion-record synthetic databases" (SIGMOD 1994), is what YCSB
//! implements. It draws a rank in constant time and is exact for the two most popular ranks, an integral's
//! approximation for the rest. YCSB then scatters ranks by a hash modulo the number of items, which sends
//! some ranks to one item; here a permutation scatters them, so the frequencies stay those of the ranks.

/// YCSB's exponent.
pub const EXPONENT: f64 = 0.99;

/// Draws from `0..items` by Zipf's law.
#[derive(Clone, Debug)]
pub struct Zipf {
    items: u64,
    zeta: f64,
    /// Below this share of `zeta` the rank is 0 or 1.
    zeta2: f64,
    alpha: f64,
    eta: f64,
    /// Multiplier of the permutation: has no divisor in common with `items`.
    stride: u64,
}

/// The generalised harmonic number: the sum of `i^-EXPONENT` for `i` in `1..=n`.
///
/// Terms are added up to a million; beyond, the Euler-Maclaurin formula is exact to rounding.
#[must_use]
pub fn zeta(n: u64) -> f64 {
    const DIRECT: u64 = 1_000_000;
    let term = |x: f64| x.powf(-EXPONENT);
    let sum: f64 = (1..=n.min(DIRECT)).rev().map(|i| term(i as f64)).sum();
    if n <= DIRECT {
        return sum;
    }
    let (a, b) = (DIRECT as f64, n as f64);
    let integral = (b.powf(1.0 - EXPONENT) - a.powf(1.0 - EXPONENT)) / (1.0 - EXPONENT);
    let slope = |x: f64| -EXPONENT * x.powf(-EXPONENT - 1.0);
    sum + integral + (term(b) - term(a)) / 2.0 + (slope(b) - slope(a)) / 12.0
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Zipf {
    /// A generator over `items` items. O(`items`) up to a million, constant beyond.
    ///
    /// # Panics
    /// If `items` is 0.
    #[must_use]
    pub fn new(items: u64) -> Self {
        assert!(items > 0, "nothing to draw from");
        let zeta_n = zeta(items);
        let zeta2 = zeta(2.min(items));
        let alpha = 1.0 / (1.0 - EXPONENT);
        let eta = (1.0 - (2.0 / items as f64).powf(1.0 - EXPONENT)) / (1.0 - zeta2 / zeta_n);
        // Near the golden section of the items, so that neighbouring ranks end up far apart.
        let mut stride = ((items as f64 * 0.618_033_988_749_895) as u64).max(1);
        while gcd(stride, items) != 1 {
            stride += 1;
        }
        Self { items, zeta: zeta_n, zeta2, alpha, eta, stride }
    }

    /// The rank that `unit` (in `0.0..1.0`) stands for: 0 is the most popular.
    #[inline]
    #[must_use]
    pub fn rank(&self, unit: f64) -> u64 {
        let scaled = unit * self.zeta;
        if scaled < 1.0 {
            0
        } else if scaled < self.zeta2 {
            1
        } else {
            let spread = (self.eta * unit - self.eta + 1.0).powf(self.alpha);
            ((self.items as f64 * spread) as u64).min(self.items - 1)
        }
    }

    /// The item of a rank: a permutation of `0..items`.
    #[inline]
    #[must_use]
    pub fn item(&self, rank: u64) -> u64 {
        ((u128::from(rank) * u128::from(self.stride) + u128::from(self.items / 3)) % u128::from(self.items))
            as u64
    }

    /// The item that `unit` (in `0.0..1.0`) stands for.
    #[inline]
    #[must_use]
    pub fn draw(&self, unit: f64) -> u64 {
        self.item(self.rank(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Random;
    use std::collections::HashSet;

    #[test]
    fn long_sums_agree_with_adding_up() {
        let n = 1_300_000_u64;
        let direct: f64 = (1..=n).rev().map(|i| (i as f64).powf(-EXPONENT)).sum();
        assert!((zeta(n) - direct).abs() < 1e-9, "{} {direct}", zeta(n));
    }

    #[test]
    fn scrambling_is_a_permutation() {
        for items in [1, 2, 3, 10, 1000, 4096, 99_991] {
            let z = Zipf::new(items);
            let set: HashSet<u64> = (0..items).map(|r| z.item(r)).collect();
            assert_eq!(set.len() as u64, items);
            assert!(set.iter().all(|&i| i < items));
        }
    }

    #[test]
    fn frequencies_follow_the_law() {
        let (items, draws) = (1000_u64, 2_000_000_u32);
        let z = Zipf::new(items);
        let mut random = Random::new(42, 0);
        let mut seen = vec![0_u32; items as usize];
        for _ in 0..draws {
            seen[z.draw(random.unit()) as usize] += 1;
        }
        let share = |rank: u64| f64::from(seen[z.item(rank) as usize]) / f64::from(draws);
        let law = |rank: u64| ((rank + 1) as f64).powf(-EXPONENT) / zeta(items);
        // Exact by construction for the first two ranks: only sampling noise is left.
        assert!((share(0) / law(0) - 1.0).abs() < 0.01, "{} {}", share(0), law(0));
        assert!((share(1) / law(1) - 1.0).abs() < 0.02, "{} {}", share(1), law(1));
        // For the others Gray's integral is near the law, not on it: too high by a twelfth below rank 10.
        for (from, to, off) in [(2, 10, 0.1), (10, 100, 0.05), (100, 1000, 0.05)] {
            let got: f64 = (from..to).map(share).sum();
            let want: f64 = (from..to).map(law).sum();
            assert!((got / want - 1.0).abs() < off, "ranks {from}..{to}: {got} {want}");
        }
    }

    #[test]
    fn the_edges_of_the_unit_stay_inside() {
        for items in [1, 2, 5] {
            let z = Zipf::new(items);
            for unit in [0.0, 0.5, 1.0 - f64::EPSILON] {
                assert!(z.draw(unit) < items);
            }
        }
    }
}
