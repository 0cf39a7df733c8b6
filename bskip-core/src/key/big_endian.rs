//! Byte strings as words: eight bytes each, the first one the most significant, padded with zeros.
//!
//! Words compare as the bytes do. A string and the same string with zeros at its end have the same words, so
//! equal words leave the order to the lengths.

/// The bytes of a word.
pub(crate) const WORD: usize = 8;

/// The word of the bytes from `from` on.
#[inline(always)]
pub(crate) fn word_at(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    if let Some(first) = rest.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    match bytes.last_chunk() {
        Some(_) if rest.is_empty() => 0,
        // Bytes before `rest` are shifted out.
        Some(last) => u64::from_be_bytes(*last) << (8 * (WORD - rest.len())),
        None => short_word(rest),
    }
}

/// The word of a string of fewer than eight bytes, of which none may be read outside of it.
#[inline(always)]
fn short_word(bytes: &[u8]) -> u64 {
    let to_end = |bits: u32| 64 - bits - 8 * (WORD - bytes.len()) as u32;
    // The two halves may overlap. They have the same bits there.
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u64::from(u32::from_be_bytes(*first)), u64::from(u32::from_be_bytes(*last)));
        return first << 32 | last << (32 - to_end(32));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u64::from(u16::from_be_bytes(*first)), u64::from(u16::from_be_bytes(*last)));
        return first << 48 | last << (48 - to_end(16));
    }
    bytes.first().map_or(0, |&byte| u64::from(byte) << 56)
}

/// How many words `len` bytes take.
#[inline(always)]
pub(crate) const fn words(len: usize) -> usize {
    len.div_ceil(WORD)
}

/// How many bytes both have in common at the start.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let mut at = 0;
    while at < len {
        let differ = word_at(a, at) ^ word_at(b, at);
        if differ != 0 {
            return (at + differ.leading_zeros() as usize / 8).min(len);
        }
        at += WORD;
    }
    len
}

/// The shortest string that is above `left` and not above `right`: a part of `right`, which is above `left`.
pub(crate) fn separator<'r>(left: &[u8], right: &'r [u8]) -> &'r [u8] {
    debug_assert!(left < right);
    &right[..right.len().min(common_prefix(left, right) + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn words_of_every_part() {
        let bytes: Vec<u8> = (1..=40).collect();
        for len in 0..=bytes.len() {
            for from in 0..=len + 9 {
                let mut expected = [0; WORD];
                let part = bytes[..len].get(from..).unwrap_or_default();
                let n = part.len().min(WORD);
                expected[..n].copy_from_slice(&part[..n]);
                assert_eq!(word_at(&bytes[..len], from), u64::from_be_bytes(expected), "{len}, {from}");
            }
        }
    }

    #[test]
    fn separators_separate() {
        let mut strings: Vec<&[u8]> = Vec::new();
        strings.extend([
            &b""[..],
            b"\0",
            b"\0\0",
            b"a",
            b"a\0",
            b"a\0b",
            b"ab",
            b"abcdefghijk",
            b"abcdefghijkl",
        ]);
        for pair in strings.windows(2) {
            let low = separator(pair[0], pair[1]);
            assert!(pair[0] < low && low <= pair[1]);
            assert!(low[..low.len() - 1] <= *pair[0], "it is the shortest one");
        }
        assert_eq!(common_prefix(b"a\0\0", b"a"), 1);
        assert_eq!(common_prefix(b"abcdefghijklm", b"abcdefghijkxx"), 11);
    }
}
