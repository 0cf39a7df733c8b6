//! A proof that two types are the same, for code that is generic over both.

use core::marker::PhantomData;

/// Makes the proof invariant, because a subtype is not the same type.
type Invariant<T> = fn(T) -> T;

/// If this holds, `A` and `B` are the same type: only [`yes`](Self::yes) makes such a proof, and its two
/// types are the same.
#[derive(Clone, Copy)]
pub struct Same<A, B> {
    holds: bool,
    _types: PhantomData<(Invariant<A>, Invariant<B>)>,
}

impl<T> Same<T, T> {
    pub(super) const fn yes() -> Self {
        Self { holds: true, _types: PhantomData }
    }
}

impl<A, B> Same<A, B> {
    /// No proof. The types may still be the same.
    pub(super) const fn no() -> Self {
        Self { holds: false, _types: PhantomData }
    }

    /// The same for pairs.
    pub(super) const fn and<C, D>(self, other: Same<C, D>) -> Same<(A, C), (B, D)> {
        Same { holds: self.holds && other.holds, _types: PhantomData }
    }

    /// The same for triples.
    pub(super) const fn and_two<C, D, E, F>(
        self,
        second: Same<C, D>,
        third: Same<E, F>,
    ) -> Same<(A, C, E), (B, D, F)> {
        Same { holds: self.holds && second.holds && third.holds, _types: PhantomData }
    }

    /// Whether the types are known to be the same.
    #[inline(always)]
    pub(crate) const fn holds(self) -> bool {
        self.holds
    }

    /// The slice as a slice of `B`, if the types are known to be the same.
    #[inline(always)]
    pub(crate) fn slice(self, slice: &[A]) -> Option<&[B]> {
        // SAFETY: `self` holds, so `A` and `B` are the same type.
        self.holds.then(|| unsafe { &*(core::ptr::from_ref(slice) as *const [B]) })
    }

    /// The slice as a slice of `A`, if the types are known to be the same.
    #[inline(always)]
    pub(crate) fn slice_back(self, slice: &[B]) -> Option<&[A]> {
        // SAFETY: `self` holds, so `A` and `B` are the same type.
        self.holds.then(|| unsafe { &*(core::ptr::from_ref(slice) as *const [A]) })
    }
}
