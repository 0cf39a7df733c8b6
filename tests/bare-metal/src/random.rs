//! Random numbers for the checks, the same in each boot.

/// A xorshift generator.
pub(crate) struct Random(u64);

impl Random {
    /// A different sequence for each number.
    pub(crate) fn new(number: usize) -> Self {
        Self((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
