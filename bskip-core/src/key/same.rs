//! That two types are one, known where code is generic over both.

use core::marker::PhantomData;

/// A subtype is not the same type.
type Invariant<T> = fn(T) -> T;

/// If it holds, `A` and `B` are the same type: only [`yes`](Self::yes) says so of itself, which has but one type.
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
    /// They may be, but nobody says so.
    pub(super) const fn no() -> Self {
        Self { holds: false, _types: PhantomData }
    }

    /// Pairs of the same types are the same.
    pub(super) const fn and<C, D>(self, other: Same<C, D>) -> Same<(A, C), (B, D)> {
        Same { holds: self.holds && other.holds, _types: PhantomData }
    }

    /// And so are triples.
    pub(super) const fn and_two<C, D, E, F>(
        self,
        second: Same<C, D>,
        third: Same<E, F>,
    ) -> Same<(A, C, E), (B, D, F)> {
        Same { holds: self.holds && second.holds && third.holds, _types: PhantomData }
    }

    /// Whether they are known to be the same.
    #[inline(always)]
    pub(crate) const fn holds(self) -> bool {
        self.holds
    }

    /// The slice as one of `B`, if that is the same.
    #[inline(always)]
    pub(crate) fn slice(self, slice: &[A]) -> Option<&[B]> {
        // SAFETY: `A` and `B` are the same type, since `self` holds.
        self.holds.then(|| unsafe { &*(core::ptr::from_ref(slice) as *const [B]) })
    }

    /// The slice as one of `A`, if that is the same.
    #[inline(always)]
    pub(crate) fn slice_back(self, slice: &[B]) -> Option<&[A]> {
        // SAFETY: `A` and `B` are the same type, since `self` holds.
        self.holds.then(|| unsafe { &*(core::ptr::from_ref(slice) as *const [A]) })
    }
}
