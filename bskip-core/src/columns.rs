//! Iterators over the keys alone and over the values alone, of any of the maps.

use core::fmt;
use core::iter::FusedIterator;

/// The values of a range of the type `R`, in the order of their keys, from both ends. `values` returns it.
pub struct Values<R>(pub(crate) R);

impl<K, V, R: Iterator<Item = (K, V)>> Iterator for Values<R> {
    type Item = V;

    #[inline]
    fn next(&mut self) -> Option<V> {
        self.0.next().map(|pair| pair.1)
    }
}

impl<K, V, R: DoubleEndedIterator<Item = (K, V)>> DoubleEndedIterator for Values<R> {
    #[inline]
    fn next_back(&mut self) -> Option<V> {
        self.0.next_back().map(|pair| pair.1)
    }
}

impl<K, V, R: FusedIterator<Item = (K, V)>> FusedIterator for Values<R> {}

impl<R> fmt::Debug for Values<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

/// An iterator over the keys of a map, which reads no values. Gets its documentation, its name and generics,
/// the map's keys and values as the engine has them, and how a key is made of what the engine gives.
macro_rules! keys {
    (
        $(#[$doc:meta])*
        $name:ident<[$($generic:tt)*], $($used:ident),*>($kind:ty, $value:ty) -> $item:ty = $from:expr
    ) => {
        $(#[$doc])*
        pub struct $name<'a, $($generic)*, A: BlockArena = GlobalArena>(
            Pairs<'a, $kind, $value, A::Pool, Skipped>,
            PhantomData<fn(&K)>,
        );

        impl<'a, $($generic)*, A: BlockArena> $name<'a, $($used,)* A> {
            pub(super) fn new(index: &'a Index<$kind, $value, A::Pool>) -> Self {
                Self(Pairs::new(index, Bound::Unbounded, Bound::Unbounded), PhantomData)
            }
        }

        impl<$($generic)*, A: BlockArena> Iterator for $name<'_, $($used,)* A> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<$item> {
                self.0.next().map(|pair| pair.0).map($from)
            }
        }

        impl<$($generic)*, A: BlockArena> DoubleEndedIterator for $name<'_, $($used,)* A> {
            #[inline]
            fn next_back(&mut self) -> Option<$item> {
                self.0.next_back().map(|pair| pair.0).map($from)
            }
        }

        impl<$($generic)*, A: BlockArena> FusedIterator for $name<'_, $($used,)* A> {}

        impl<$($generic)*, A: BlockArena> fmt::Debug for $name<'_, $($used,)* A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use keys;
