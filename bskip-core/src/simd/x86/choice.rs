//! The instruction set that a process uses if its build names none. The first search asks the processor.

use super::avx::Avx;
use super::avx512::Avx512;
use crate::simd::portable::Portable;
use crate::sync::{AtomicU32, Ordering};

/// The instruction set that was chosen.
#[derive(Clone, Copy)]
pub(crate) enum Chosen {
    Avx512(Avx512),
    Avx(Avx),
    Portable(Portable),
}

/// See [`crate::simd::choose`].
macro_rules! choose {
    ($isa:ident => $expression:expr) => {
        match $crate::simd::arch::chosen() {
            $crate::simd::arch::Chosen::Avx512($isa) => $expression,
            $crate::simd::arch::Chosen::Avx($isa) => $expression,
            $crate::simd::arch::Chosen::Portable($isa) => $expression,
        }
    };
}
pub(crate) use choose;

// The compiler tests the smallest constant first, so the fastest instruction set gets it.
const AVX512: u32 = 1;
const AVX: u32 = 2;
const PORTABLE: u32 = 3;

/// One of the constants above, and 0 at first. The processor has the set that it names.
static CHOSEN: AtomicU32 = AtomicU32::new(0);

#[inline(always)]
pub(crate) fn chosen() -> Chosen {
    // Relaxed suffices, because nothing else is published with this number and every value of it is right.
    // Threads may even use different sets, because all sets read and write nodes alike.
    match CHOSEN.load(Ordering::Relaxed) {
        // SAFETY: this value is stored only after `has` has found that the processor has AVX-512F.
        AVX512 => Chosen::Avx512(unsafe { Avx512::assume() }),
        // SAFETY: as above, for AVX.
        AVX => Chosen::Avx(unsafe { Avx::assume() }),
        PORTABLE => Chosen::Portable(Portable),
        _ => find_out(),
    }
}

#[cold]
#[inline(never)]
fn find_out() -> Chosen {
    CHOSEN.store(best(), Ordering::Relaxed);
    chosen()
}

fn best() -> u32 {
    [AVX512, AVX].into_iter().find(|&isa| has(isa)).unwrap_or(PORTABLE)
}

/// Whether the processor has it, and the operating system lets it be used.
fn has(isa: u32) -> bool {
    match isa {
        AVX512 => std::is_x86_feature_detected!("avx512f"),
        AVX => std::is_x86_feature_detected!("avx"),
        _ => true,
    }
}

/// See [`crate::simd::force`].
#[cfg(any(test, feature = "internals"))]
pub(crate) fn force(name: &str) -> bool {
    let isa = match name {
        "avx512" => AVX512,
        "avx" => AVX,
        "portable" => PORTABLE,
        _ => return false,
    };
    let is_there = has(isa);
    if is_there {
        CHOSEN.store(isa, Ordering::Relaxed);
    }
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::one_at_a_time;

    #[test]
    fn what_is_chosen_is_there() {
        let _guard = one_at_a_time();
        let best = best();
        assert!(has(best));
        for (isa, name) in [(AVX512, "avx512"), (AVX, "avx"), (PORTABLE, "portable")] {
            assert_eq!(force(name), has(isa), "{name}");
            assert!(!has(isa) || best <= isa, "{name} is better");
        }
        assert!(!force("no such set"));
        assert!(force(["avx512", "avx", "portable"][best as usize - 1]));
    }
}
