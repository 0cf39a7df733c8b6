//! The methods that are the same for the cursors of several maps.
//!
//! Each macro goes within an `impl` of a cursor with the fields `map` and `steps`. It gets the place of the
//! map's engine: the fields that lead there from the map.

/// The moves that need no key.
macro_rules! moves {
    ($($index:ident).+) => {
        /// Moves to the least pair. Returns [`valid`](Self::valid). O(1) unless the first leaves are
        /// empty.
        pub fn seek_to_first(&mut self) -> bool {
            self.map.$($index).+.seek(&mut self.steps, Target::First)
        }

        /// Moves to the greatest pair. Returns [`valid`](Self::valid). Expected O(log n).
        pub fn seek_to_last(&mut self) -> bool {
            self.map.$($index).+.seek(&mut self.steps, Target::Last)
        }

        /// Moves to the least pair above. Returns [`valid`](Self::valid).
        ///
        /// O(1), or expected O(log n) if the leaf has changed since the last move, or if that found
        /// nothing.
        #[inline]
        #[expect(clippy::should_implement_trait, reason = "an iterator cannot stand at a pair")]
        pub fn next(&mut self) -> bool {
            self.map.$($index).+.step_up(&mut self.steps)
        }

        /// Moves to the greatest pair below. Returns [`valid`](Self::valid).
        ///
        /// O(1), or expected O(log n) at the first pair of a leaf and if the leaf has changed since the
        /// last move.
        #[inline]
        pub fn prev(&mut self) -> bool {
            self.map.$($index).+.step_down(&mut self.steps)
        }

        /// Whether the cursor stands at a pair. The map may no longer have the pair.
        #[must_use]
        pub fn valid(&self) -> bool {
            self.steps.key().is_some()
        }
    };
}

/// The values, which are of the type `V`.
macro_rules! values {
    ($($index:ident).+) => {
        /// The value that the current key had when the cursor came to it. `None` if the cursor is not
        /// [`valid`](Self::valid).
        #[inline]
        #[must_use]
        pub fn value(&self) -> Option<V>
        where
            V: Copy,
        {
            self.steps.value()
        }

        /// The value that the current key has now, cloned under its leaf's lock. `None` if the cursor is
        /// not [`valid`](Self::valid), or if the key is no longer in the map.
        #[must_use]
        pub fn value_cloned(&self) -> Option<V>
        where
            V: Clone,
        {
            self.map.$($index).+.with_current(&self.steps, V::clone)
        }

        /// Calls `f` with the value that the current key has now, under its leaf's lock. `None` if the
        /// cursor is not [`valid`](Self::valid), or if the key is no longer in the map.
        ///
        /// `f` [must not use the map](crate::BSkipMap#closures). O(1), or expected O(log n) if the leaf has
        /// changed since the last move.
        pub fn value_with<R>(&self, f: impl FnOnce(&V) -> R) -> Option<R> {
            self.map.$($index).+.with_current(&self.steps, f)
        }
    };
}

pub(crate) use {moves, values};
