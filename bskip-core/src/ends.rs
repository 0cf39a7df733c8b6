//! The methods of maps that look at the first or the last pair and then decide what becomes of it.

/// The methods for one end. Goes within an `impl` of a map with the field `index`. Gets the type of the keys
/// that closures see, how to make one of what the engine has, the end, and a line that makes a map for the
/// examples.
macro_rules! computed_end {
    ($key:ty = $prepare:expr, $end:ident, $what:literal, $map:literal: $compute:ident $pop_if:ident) => {
        #[doc = concat!("Calls `f` with the pair with the ", $what, " key and does what `f` says:")]
        /// [insert](Operation::Insert) replaces the value, [remove](Operation::Remove) takes the pair out,
        /// [abort](Operation::Abort) leaves it. Returns the key and what was done, or `None` if the map is
        /// empty.
        #[doc = concat!("This stands for std's `", stringify!($end), "_entry`.")]
        ///
        /// ```
        /// use bskip_core::{Compute, Operation};
        ///
        #[doc = $map]
        /// // Takes one unit out, and the last one takes the pair with it.
        /// let take = |_: &_, &n: &u64| if n > 1 { Operation::Insert(n - 1) } else { Operation::<_>::Remove };
        #[doc = concat!("let mut done = || map.", stringify!($compute), "(take).map(|(_, done)| done);")]
        /// assert_eq!(done(), Some(Compute::Updated(2)));
        /// assert_eq!(done(), Some(Compute::Removed(1)));
        /// assert_eq!((done(), map.len()), (Some(Compute::Updated(2)), 1));
        /// ```
        ///
        /// Linearizable: at one moment the pair is the outermost one, `f` sees it, and the map does what `f`
        /// said. Expected O(log n), and `f`, which runs once, under the leaf's lock, and [must not use the
        /// map](crate::BSkipMap#closures). Takes no memory. If `f` panics, the pair stays as it was.
        pub fn $compute<T>(
            &self,
            f: impl FnOnce(&$key, &V) -> Operation<V, T>,
        ) -> Option<($key, Compute<V, T>)> {
            self.index.operate_end(End::$end, $prepare, f)
        }

        #[doc = concat!("Takes out the pair with the ", $what, " key if `f` says yes to it. If `f` says no, or the")]
        /// map is empty, returns `None`.
        ///
        /// ```
        #[doc = $map]
        #[doc = concat!("assert_eq!(map.", stringify!($pop_if), "(|_, &n| n > 2), None);")]
        #[doc = concat!("assert_eq!(map.", stringify!($pop_if), "(|_, &n| n == 2).map(|pair| pair.1), Some(2));")]
        /// assert_eq!(map.len(), 1);
        /// ```
        ///
        #[doc = concat!("A [computation](Self::", stringify!($compute), "): the same consistency and complexity,")]
        /// and the same rules for `f`. It locks the leaf even if `f` says no.
        pub fn $pop_if(&self, f: impl FnOnce(&$key, &V) -> bool) -> Option<($key, V)> {
            self.index.pop_end_if(End::$end, $prepare, f)
        }
    };
}
pub(crate) use computed_end;
