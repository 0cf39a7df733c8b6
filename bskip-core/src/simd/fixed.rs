//! For builds that name their instruction set: nothing is chosen at run time.

/// See [`super::choose`].
macro_rules! choose {
    ($isa:ident => $expression:expr) => {{
        let $isa = $crate::simd::arch::fixed();
        $expression
    }};
}
pub(crate) use choose;

/// See [`super::force`].
#[cfg(any(test, feature = "internals"))]
pub(crate) fn force(_name: &str) -> bool {
    false
}
