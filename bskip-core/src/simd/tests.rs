//! Checks that every instruction set of the machine does what a loop over plain words does. Also lets other
//! tests run with each set.

extern crate std;

use super::*;
use crate::sync::{AtomicU32, DataWord, Ordering};
use alloc::boxed::Box;
use alloc::vec::Vec;

#[repr(align(64))]
struct Line([DataWord; LINE]);

#[repr(align(64))]
struct Plane([DataWord; 64]);

impl Plane {
    /// Each word holds its own index.
    fn numbered() -> Box<Self> {
        Box::new(Self(core::array::from_fn(|i| DataWord::new(i as u64))))
    }

    fn words(&self) -> [u64; 64] {
        core::array::from_fn(|i| self.0[i].load(Ordering::Relaxed))
    }
}

/// Evaluates an expression for each set that the machine has, whichever this build would choose.
macro_rules! every_isa {
    ($isa:ident, $name:ident => $expression:expr) => {{
        let ($isa, $name) = ($crate::simd::portable::Portable, "portable");
        $expression;
        #[cfg(all(
            target_arch = "aarch64",
            target_endian = "little",
            not(any(miri, loom, shuttle, small_nodes, bskip_narrow))
        ))]
        {
            let ($isa, $name) = ($crate::simd::arch::Neon, "neon");
            $expression;
        }
        #[cfg(all(target_arch = "x86_64", not(any(miri, loom, shuttle, small_nodes, bskip_narrow))))]
        {
            extern crate std;
            if std::is_x86_feature_detected!("avx") {
                // SAFETY: the line above has detected it.
                let ($isa, $name) = (unsafe { $crate::simd::arch::Avx::assume() }, "avx");
                $expression;
            }
            if std::is_x86_feature_detected!("avx512f") {
                // SAFETY: the line above has detected it.
                let ($isa, $name) = (unsafe { $crate::simd::arch::Avx512::assume() }, "avx512");
                $expression;
            }
        }
    }};
}
pub(crate) use every_isa;

/// Callers of [`force`] hold this guard, so that only one forces a set at a time.
pub(crate) fn one_at_a_time() -> std::sync::MutexGuard<'static, ()> {
    static FORCING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    FORCING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs `test` with each set that this process can choose, by name. If the build leaves no choice, runs it
/// once.
///
/// Other tests that run meanwhile may use this set or the one before. This does not affect them, because all
/// sets do the same.
pub(crate) fn with_each_choice(test: impl Fn(&str)) {
    let _guard = one_at_a_time();
    let mut has_choice = false;
    // The best set comes last, because the process keeps it.
    for name in ["portable", "avx", "avx512"] {
        if force(name) {
            has_choice = true;
            test(name);
        }
    }
    if !has_choice {
        test("the build's");
    }
}

/// Numbers without a pattern (splitmix64).
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn check_rank(words: [u64; LINE], key: u64) {
    let line = Line(words.map(DataWord::new));
    let expected = words.iter().take_while(|&&word| word <= key).count();
    // SAFETY: `line` has its words and is aligned.
    every_isa!(isa, name => assert_eq!(unsafe { isa.rank(line.0.as_ptr(), key) }, expected, "{name}: {key} in {words:?}"));
}

#[test]
fn every_rank_and_extreme() {
    let words = [0, 1, 5, 5, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
    for key in [0, 1, 2, 4, 5, 6, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        for words in words.chunks(LINE) {
            check_rank(core::array::from_fn(|i| words[i]), key);
        }
    }
}

/// Words may be out of order, as behind the last slot in use. The test tries every pattern of words below and
/// above the key.
#[test]
fn rank_of_any_words() {
    let mut seed = 7;
    for pattern in 0..1u32 << LINE {
        for key in [random(&mut seed), random(&mut seed) >> 1, random(&mut seed) | 1 << 63, 0, u64::MAX] {
            check_rank(
                core::array::from_fn(|i| {
                    let near = random(&mut seed) >> (random(&mut seed) % 64);
                    if pattern >> i & 1 == 1 { key.saturating_sub(near) } else { key.saturating_add(near) }
                }),
                key,
            );
        }
    }
}

#[test]
fn copies_are_whole_and_no_more() {
    fn check<I: Isa>(isa: I, name: &str) {
        for (from, to) in [(0, 8), (1, 40), (9, 8), (8, 9), (20, 13)] {
            for bytes in (0..=I::BLOCK).step_by(4) {
                if bytes < I::BLOCK && !I::HAS_TAIL {
                    continue;
                }
                let plane = Plane::numbered();
                let mut expected: std::vec::Vec<u8> =
                    plane.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
                expected.copy_within(from * 8..from * 8 + bytes, to * 8);
                let words = plane.0.as_ptr().cast::<u8>();
                let (from, to) = (words.wrapping_add(from * 8), words.wrapping_add(to * 8));
                if bytes == I::BLOCK {
                    // SAFETY: both are within the plane's words, which no other thread accesses.
                    unsafe { isa.copy_block(from, to) };
                } else {
                    // SAFETY: as above.
                    unsafe { isa.copy_tail(from, to, bytes) };
                }
                let found: std::vec::Vec<u8> =
                    plane.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
                assert_eq!(found, expected, "{name}: {bytes} bytes");
            }
        }
    }
    every_isa!(isa, name => check(isa, name));
}

#[test]
fn shifts_move_what_the_mask_says() {
    fn check<I: Isa>(isa: I, name: &str, mask: u64) {
        if !I::HAS_SHIFT {
            return;
        }
        let moved = |i: usize, mask: u64, to: usize| if mask >> i & 1 == 1 { to as u64 } else { i as u64 };
        for lines in 1..=8 {
            let mask = mask & (u64::MAX >> (64 - 8 * lines));
            let (right, left) = (Plane::numbered(), Plane::numbered());
            // SAFETY: the lines exist, and the mask has no bit 0.
            unsafe { isa.shift_right(right.0.as_ptr(), lines, mask) };
            // SAFETY: the lines exist, and the mask has no bit for their last word.
            unsafe { isa.shift_left(left.0.as_ptr(), lines, mask >> 1) };
            assert_eq!(
                right.words(),
                core::array::from_fn(|i| moved(i, mask, i.wrapping_sub(1))),
                "{name}: right, {mask:x}"
            );
            assert_eq!(
                left.words(),
                core::array::from_fn(|i| moved(i, mask >> 1, i + 1)),
                "{name}: left, {mask:x}"
            );
        }
    }
    for low in 0..64 {
        for high in low..64 {
            // Bits `low + 1..=high`, as for an insertion at `low` if `high` slots are in use.
            let mask = (!1 << low) & (u64::MAX >> (63 - high));
            every_isa!(isa, name => check(isa, name, mask));
        }
    }
    let mut seed = 8;
    for _ in 0..500 {
        let mask = random(&mut seed) & !1;
        every_isa!(isa, name => check(isa, name, mask));
    }
}

#[test]
fn shifts_of_halves_move_what_the_mask_says() {
    fn check<I: Isa>(isa: I, name: &str, mask: u64) {
        if !I::HAS_SHIFT {
            return;
        }
        let moved = |i: usize, mask: u64, to: usize| if mask >> i & 1 == 1 { to as u32 } else { i as u32 };
        for count in [1, 15, 16, 17, 48, 56, 64] {
            let mask = mask & (u64::MAX >> (64 - count));
            let numbered = || -> [AtomicU32; 64] { core::array::from_fn(|i| AtomicU32::new(i as u32)) };
            let (right, left) = (numbered(), numbered());
            // SAFETY: `count` words exist, and the mask has no bit 0.
            unsafe { isa.shift_halves_right(right.as_ptr(), count, mask) };
            // SAFETY: `count` words exist, and the mask has no bit for the last of them.
            unsafe { isa.shift_halves_left(left.as_ptr(), count, mask >> 1) };
            assert_eq!(
                right.map(AtomicU32::into_inner),
                core::array::from_fn(|i| moved(i, mask, i.wrapping_sub(1))),
                "{name}: right, {mask:x}"
            );
            assert_eq!(
                left.map(AtomicU32::into_inner),
                core::array::from_fn(|i| moved(i, mask >> 1, i + 1)),
                "{name}: left, {mask:x}"
            );
        }
    }
    let mut seed = 9;
    for place in 0..500 {
        let (low, high) = (place % 64, random(&mut seed) % 64);
        let mask = if place < 250 { (!1 << low) & (u64::MAX >> (63 - high)) } else { random(&mut seed) & !1 };
        every_isa!(isa, name => check(isa, name, mask));
    }
}

#[test]
fn lines_are_gathered_as_the_mask_says() {
    fn check<I: Isa>(isa: I, name: &str, mask: u8) {
        if !I::HAS_SHIFT {
            return;
        }
        let from = Plane::numbered();
        let to = Line([const { DataWord::new(99) }; LINE]);
        // SAFETY: `from` has 57 words and `to` has 8, because only sets with lines of 8 words have shifts.
        unsafe { isa.gather_lines(from.0.as_ptr(), to.0.as_ptr(), mask) };
        let expected = core::array::from_fn(|i| if mask >> i & 1 == 1 { 8 * i as u64 } else { 99 });
        assert_eq!(to.0.map(DataWord::into_inner), expected, "{name}");
    }
    for mask in 0..=u8::MAX {
        every_isa!(isa, name => check(isa, name, mask));
    }
}

/// Strings that differ in one byte, at every place and at any alignment of the bytes.
#[test]
fn sameness_of_words_and_bytes() {
    let mut seed = 11;
    let text: Vec<u8> = (0..SAME).map(|_| random(&mut seed) as u8).collect();
    let words: Vec<DataWord> =
        text.as_chunks().0.iter().map(|word| DataWord::new(u64::from_ne_bytes(*word))).collect();
    for start in [0, 1, 7] {
        let mut bytes = [alloc::vec![0; start], text.clone()].concat();
        for at in 0..SAME {
            let is_same = |bytes: &[u8], expected| {
                let (words, bytes) = (words.as_ptr(), bytes[start..].as_ptr());
                // SAFETY: both have `SAME` bytes from there on.
                every_isa!(isa, name => assert_eq!(unsafe { isa.is_same(words, bytes) }, expected, "{name}: {at}"));
            };
            is_same(&bytes, true);
            for bit in [1, 128] {
                bytes[start + at] ^= bit;
                is_same(&bytes, false);
                bytes[start + at] ^= bit;
            }
        }
    }
}
