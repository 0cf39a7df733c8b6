//! Where the buckets of the table of leaves lie. A word leads to a bucket, a bucket is in a line, and a line
//! is in a segment.

/// Buckets of a line.
pub(in crate::index) const BUCKETS: usize = 11;
/// How many lines each of the first segments has, as a power of two. From the eighth segment on, four
/// segments at a time have the same size, which is twice that of the four before.
pub(in crate::index) const FIRST: u32 = if cfg!(any(loom, shuttle, small_nodes)) { 0 } else { 3 };
pub(in crate::index) const SEGMENTS: usize = 4 * 24;

/// A place among the buckets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::index) struct Spot {
    pub(in crate::index) line: usize,
    /// Of the line.
    pub(in crate::index) bucket: usize,
}

/// How words become places.
#[derive(Clone, Copy)]
pub(in crate::index) struct Scale {
    /// The word where bucket 0 starts.
    pub(in crate::index) base: u64,
    /// Lines for each word, as a fraction of 2^64.
    pub(in crate::index) scale: u64,
}

impl Scale {
    /// The scale that spreads the words from `base` to `end` over `lines` lines. `None` if there is nothing
    /// between the two.
    pub(in crate::index) fn new(base: u64, end: u64, lines: usize) -> Option<Self> {
        let words = u128::from(end.checked_sub(base).filter(|&words| words > 0)?) + 1;
        let scale = u64::try_from(((lines as u128) << 64) / words).unwrap_or(u64::MAX);
        Some(Self { base, scale })
    }

    /// The bucket of a word, and how far within it the word is, in 256ths.
    #[inline(always)]
    pub(in crate::index) fn spot(self, word: u64) -> (Spot, u32) {
        // The subtraction wraps, so a word below `base` counts as a large one. Its place is beyond the end or
        // close to it.
        let product = u128::from(word.wrapping_sub(self.base)) * u128::from(self.scale);
        let within = u128::from(product as u64) * BUCKETS as u128;
        let line = (product >> 64) as u64;
        // If a pointer has 32 bits, no table has as many lines as this. The line after this one must have a number,
        // too.
        let line = if usize::BITS < 64 { line.min(u64::from(u32::MAX / 2)) } else { line };
        (Spot { line: line as usize, bucket: (within >> 64) as usize }, (within as u64 >> 56) as u32)
    }

    /// Where a leaf starts, or ends, at this word.
    pub(in crate::index) fn bound(self, word: u64) -> Bound {
        if word <= self.base {
            return Bound { first: Spot::FIRST, before: None };
        }
        let (spot, fraction) = self.spot(word - 1);
        Bound { first: spot.next(), before: Some((spot, fraction)) }
    }
}

/// Where a leaf starts and the one before it ends.
#[derive(Clone, Copy)]
pub(in crate::index) struct Bound {
    /// The first bucket that starts at or after the leaf's start.
    pub(in crate::index) first: Spot,
    /// The place of the last word before the leaf: its bucket, and how far within. `None` if the table does
    /// not cover that word.
    pub(in crate::index) before: Option<(Spot, u32)>,
}

impl Bound {
    /// Whether no bucket can name a leaf that starts at `self` and ends at `end`, because no bucket starts
    /// within it.
    pub(in crate::index) fn hides_until(self, end: Self) -> bool {
        self.first == end.first
    }
}

impl Spot {
    pub(in crate::index) const FIRST: Self = Self { line: 0, bucket: 0 };

    pub(in crate::index) fn next(self) -> Self {
        match self.bucket + 1 {
            BUCKETS => Self { line: self.line + 1, bucket: 0 },
            bucket => Self { line: self.line, bucket },
        }
    }
}

/// The segment of a line.
#[inline(always)]
pub(in crate::index) fn segment_of(line: usize) -> usize {
    let octave = (line | ((8 << FIRST) - 1)).ilog2() - (FIRST + 2);
    4 * octave as usize + (line >> (FIRST + octave))
}

/// The first line of a segment. Also valid for the segment after the last.
pub(in crate::index) fn first_line(segment: usize) -> usize {
    if segment < 8 { segment << FIRST } else { (4 + segment % 4) << (FIRST as usize + segment / 4 - 1) }
}

/// The number of lines that gives each leaf 9/8 of a bucket or a little more, in whole segments.
pub(in crate::index) fn lines_for(leaves: usize) -> usize {
    let least = (9 * leaves).div_ceil(8 * BUCKETS).max(1);
    first_line(segment_of(least - 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_one_another() {
        let mut segment = 0;
        for line in 0..100_000 {
            if line == first_line(segment + 1) {
                segment += 1;
            }
            assert_eq!(segment_of(line), segment, "line {line}");
        }
        assert!(first_line(SEGMENTS) > 1 << 24);
    }

    /// On every width of pointers, also in builds that check for overflow.
    #[test]
    fn a_word_far_beyond_the_end_has_a_place_and_a_next_one() {
        for scale in [1 << 32, (1 << 32) + 1, u64::MAX] {
            let (spot, _) = Scale { base: 0, scale }.spot(u64::MAX);
            let last = Spot { line: spot.line, bucket: BUCKETS - 1 };
            assert!(last.next().line > spot.line && spot.line >= u32::MAX as usize / 2, "scale {scale}");
        }
    }

    #[test]
    fn leaves_have_buckets_enough_and_not_too_many() {
        for leaves in 1..200_000 {
            let buckets = lines_for(leaves) * BUCKETS;
            assert!(8 * buckets >= 9 * leaves, "{buckets} for {leaves}");
            assert!(leaves < 1000 || 64 * buckets <= 94 * leaves, "{buckets} for {leaves}");
        }
    }
}
