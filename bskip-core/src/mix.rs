//! A hash of one word.

/// The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), Stafford's variant 13, moved off its
/// fixed point at zero.
#[inline(always)]
pub(crate) fn mix(word: u64) -> u64 {
    let mut x = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
