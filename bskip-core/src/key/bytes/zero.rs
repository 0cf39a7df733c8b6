//! Finding a byte, eight bytes at a time.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const TOPS: u64 = ONES << 7;

/// Where `byte` is first.
#[inline]
pub(super) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let wanted = ONES.wrapping_mul(u64::from(byte));
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, &word) in words.iter().enumerate() {
        // A byte that is 0 here is the wanted one. The subtraction borrows from the top bit of the first such
        // byte, and that bit is not set in the byte itself.
        let word = u64::from_le_bytes(word) ^ wanted;
        let found = word.wrapping_sub(ONES) & !word & TOPS;
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|&other| other == byte)?;
    Some(words.len() * 8 + at)
}
