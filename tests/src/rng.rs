//! A small reproducible random number generator: splitmix64, and its inverse for adversarial keys.

/// Random numbers that follow from a seed alone.
#[derive(Clone, Debug)]
pub struct Rng(u64);

/// The step of splitmix64.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Rng {
    /// The generator of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// Puts `items` into random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// The finaliser of splitmix64: a bijection of the 64-bit numbers that looks random.
#[must_use]
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The inverse of [`mix`], for an attacker that knows the hash but not the seed.
#[must_use]
pub fn unmix(mut x: u64) -> u64 {
    x = unshift(x, 31).wrapping_mul(inverse(0x94D0_49BB_1331_11EB));
    x = unshift(x, 27).wrapping_mul(inverse(0xBF58_476D_1CE4_E5B9));
    unshift(x, 30)
}

/// The `x` for which `x ^ (x >> shift)` is `y`.
fn unshift(y: u64, shift: u32) -> u64 {
    let mut x = y;
    for _ in 0..64 / shift {
        x = y ^ (x >> shift);
    }
    x
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
#[must_use]
pub fn inverse(odd: u64) -> u64 {
    let mut x = odd;
    for _ in 0..6 {
        x = x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)));
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmix_undoes_mix() {
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            let x = rng.draw();
            assert_eq!(unmix(mix(x)), x);
            assert_eq!((x | 1).wrapping_mul(inverse(x | 1)), 1);
        }
    }

    #[test]
    fn below_reaches_both_ends() {
        let mut rng = Rng::new(2);
        let mut seen = [false; 7];
        for _ in 0..1000 {
            seen[rng.below(7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
