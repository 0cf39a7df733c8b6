//! The methods that are the same for both sets.

/// The ends, the size and upkeep. Goes within an `impl` of a set with the field `map`. Gets the type of the keys that
/// it gives, and the name of the map's type.
macro_rules! ends_and_upkeep {
    ($key:ty, $map:ident) => {
        /// The least key. Expected O(log n). Writes no shared memory.
        #[must_use]
        pub fn first(&self) -> Option<$key> {
            self.map.first_key_value().map(|pair| pair.0)
        }

        /// The greatest key. Expected O(log n). Writes no shared memory.
        #[must_use]
        pub fn last(&self) -> Option<$key> {
            self.map.last_key_value().map(|pair| pair.0)
        }

        /// Removes the least key and returns it. Expected O(log n).
        pub fn pop_first(&self) -> Option<$key> {
            self.map.pop_first().map(|pair| pair.0)
        }

        /// Removes the greatest key and returns it. Expected O(log n).
        pub fn pop_last(&self) -> Option<$key> {
            self.map.pop_last().map(|pair| pair.0)
        }

        /// Removes the least key and returns it, if `f` says yes to it. As
        /// [`BSkipMap::pop_first_if`](crate::BSkipMap::pop_first_if).
        pub fn pop_first_if(&self, f: impl FnOnce(&$key) -> bool) -> Option<$key> {
            self.map.pop_first_if(|key, ()| f(key)).map(|pair| pair.0)
        }

        /// Removes the greatest key and returns it, if `f` says yes to it. As
        /// [`BSkipMap::pop_last_if`](crate::BSkipMap::pop_last_if).
        pub fn pop_last_if(&self, f: impl FnOnce(&$key) -> bool) -> Option<$key> {
            self.map.pop_last_if(|key, ()| f(key)).map(|pair| pair.0)
        }

        /// The number of keys: see [`BSkipMap::len`](crate::BSkipMap::len).
        #[must_use]
        pub fn len(&self) -> usize {
            self.map.len()
        }

        /// Whether the set has no keys. O(1) unless the first leaves are empty.
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.map.is_empty()
        }

        /// A key below which there are about `n` keys. `None` if the set probably has no more than `n` keys. Expected
        /// O(log n): see [`BSkipMap::estimate_nth`](crate::BSkipMap::estimate_nth). The [map](Self::as_map) has the
        /// other [estimates](crate::BSkipMap#estimates).
        #[must_use]
        pub fn estimate_nth(&self, n: usize) -> Option<$key> {
            self.map.estimate_nth(n)
        }

        /// A key that chance chooses, each key with nearly the same probability. `None` if the set is empty. `random`
        /// must return random words. Expected O(log n): see [`BSkipMap::sample_key`](crate::BSkipMap::sample_key).
        pub fn sample(&self, random: impl FnMut() -> u64) -> Option<$key> {
            self.map.sample_key(random)
        }

        /// Removes all keys and gives the nodes' blocks back to the pool. O(n).
        pub fn clear(&mut self) {
            self.map.clear();
        }

        /// Moves all keys of `other` into this set and leaves `other` empty: see
        #[doc = concat!("[`", stringify!($map), "::append`](crate::", stringify!($map), "::append).")]
        ///
        /// # Panics
        /// If the arena has no memory for a node.
        pub fn append(&mut self, other: &mut Self) {
            self.map.append(&mut other.map);
        }

        /// Merges nodes and fills leaves. Returns how many blocks went back to the pool: see
        /// [`BSkipMap::shrink_to_fit`](crate::BSkipMap::shrink_to_fit).
        pub fn shrink_to_fit(&self) -> usize {
            self.map.shrink_to_fit()
        }

        /// Checks the invariants: see [`BSkipMap::check_invariants`](crate::BSkipMap::check_invariants).
        ///
        /// # Panics
        /// If an invariant does not hold. Then this crate or the `BlockPool` has a defect.
        #[cfg(feature = "check")]
        pub fn check_invariants(&mut self) -> crate::Structure {
            self.map.check_invariants()
        }

        /// The arena, for instance to ask it for statistics.
        #[must_use]
        pub fn arena(&self) -> &A {
            self.map.arena()
        }
    };
}
pub(crate) use ends_and_upkeep;

/// Methods for neighbours, for ranges, and for taking keys out. Gets the section's documentation, the bounds
/// of the keys, the set's and the map's type, the type of the keys that it gives, and of those that it takes:
/// their generic, their type, and what must hold for one key and for the bounds of a range.
macro_rules! keys_and_ranges {
    (
        $(#[$section:meta])*
        impl<$k:ident: [$($bound:tt)+]> for $set:ident($map:ident);
        gives $key:ty; takes <$($generic:ident)?> $by:ident [$($one:tt)*] [$($sized:tt)*]
    ) => {
        $(#[$section])*
        impl<$k: $($bound)+, A: BlockArena> $set<$k, A> {
            /// The greatest key at or below `key`. Linearizable. Expected O(log n). Writes no shared memory.
            pub fn floor<$($generic)?>(&self, key: &$by) -> Option<$key> where $($one)* {
                self.map.floor(key).map(|pair| pair.0)
            }

            /// The least key at or above `key`. Linearizable. Expected O(log n). Writes no shared memory.
            pub fn ceiling<$($generic)?>(&self, key: &$by) -> Option<$key> where $($one)* {
                self.map.ceiling(key).map(|pair| pair.0)
            }

            /// The greatest key below `key`. Linearizable. Expected O(log n). Writes no shared memory.
            pub fn lower<$($generic)?>(&self, key: &$by) -> Option<$key> where $($one)* {
                self.map.lower(key).map(|pair| pair.0)
            }

            /// The least key above `key`. Linearizable. Expected O(log n). Writes no shared memory.
            pub fn higher<$($generic)?>(&self, key: &$by) -> Option<$key> where $($one)* {
                self.map.higher(key).map(|pair| pair.0)
            }

            /// The first key of the range that starts at `bound`. Linearizable. Expected O(log n).
            pub fn lower_bound<$($generic)?>(&self, bound: Bound<&$by>) -> Option<$key> where $($one)* {
                self.map.lower_bound(bound).map(|pair| pair.0)
            }

            /// The last key of the range that ends at `bound`. Linearizable. Expected O(log n).
            pub fn upper_bound<$($generic)?>(&self, bound: Bound<&$by>) -> Option<$key> where $($one)* {
                self.map.upper_bound(bound).map(|pair| pair.0)
            }

            /// The number of keys in `range`: exact while no thread writes, otherwise as [`len`](Self::len).
            ///
            /// # Panics
            /// As [`range`](Self::range).
            #[must_use]
            pub fn range_count<$($generic)?>(&self, range: impl RangeBounds<$by>) -> usize where $($sized)* {
                self.map.range_count(range)
            }

            /// The keys in `range`, all as they were at one moment: see
            /// [`BSkipMap::range_snapshot`](crate::BSkipMap::range_snapshot).
            ///
            /// # Panics
            /// As [`range`](Self::range).
            #[must_use]
            pub fn range_snapshot<$($generic)?>(&self, range: impl RangeBounds<$by>) -> Vec<$key>
            where
                $($sized)*
            {
                self.map.range_snapshot(range).into_iter().map(|pair| pair.0).collect()
            }

            /// Removes all keys in `range`, and returns their number: as
            #[doc = concat!("[`remove_range`](crate::", stringify!($map), "::remove_range) of maps does.")]
            ///
            /// # Panics
            /// As [`range`](Self::range).
            pub fn remove_range<$($generic)?>(&self, range: impl RangeBounds<$by>) -> usize where $($sized)* {
                self.map.remove_range(range)
            }

            /// Removes each key for which `keep` returns false. `keep` runs under the leaf's lock, and
            /// [must not use the set](crate::BSkipMap#closures). O(n).
            ///
            /// # Panics
            /// If `keep` panics, that key and the later ones stay.
            pub fn retain(&self, mut keep: impl FnMut(&$key) -> bool) {
                self.map.retain(|key, ()| keep(key));
            }

            /// An iterator that removes the keys in `range` for which `pred` returns true, in order, and
            /// yields them: see [`BSkipMap::extract_if`](crate::BSkipMap::extract_if).
            ///
            /// # Panics
            /// As [`range`](Self::range).
            pub fn extract_if<$($generic,)? F: FnMut(&$key) -> bool>(
                &self,
                range: impl RangeBounds<$by>,
                mut pred: F,
            ) -> impl FusedIterator<Item = $key>
            where
                $($sized)*
            {
                self.map.extract_if(range, move |key, ()| pred(key)).map(|pair| pair.0)
            }

            /// Splits the set in two: moves the keys from `key` on into a new set, which this returns. As
            #[doc = concat!("[`split_off`](crate::", stringify!($map), "::split_off) of maps does.")]
            ///
            /// # Panics
            /// If there is no memory.
            #[must_use = "the keys are in the new set"]
            pub fn split_off<$($generic)?>(&mut self, key: &$by) -> Self
            where
                A: Default,
                $($one)*
            {
                Self { map: self.map.split_off(key) }
            }
        }

        /// The keys in order. O(n) for all; the nodes' memory goes back when the iterator drops.
        impl<$k: $($bound)+, A: BlockArena> IntoIterator for $set<$k, A> {
            type Item = $key;
            type IntoIter = IntoKeys<$map<$k, (), A>>;

            fn into_iter(self) -> Self::IntoIter {
                self.map.into_keys()
            }
        }
    };
}
pub(crate) use keys_and_ranges;

/// The operations on two sets, the iterator that they return, and the operators. Gets the documentation of the
/// section, the bounds of the keys, the set's type, the bounds of keys that a new set takes back, and the iterator with
/// how it makes a key of what the engine has.
macro_rules! merges {
    (
        $(#[$section:meta])*
        impl<$key:ident: [$($bound:tt)+]> for $set:ident where [$($again:tt)+];
        $merged:ident($kind:ty) -> $item:ty = $from:expr
    ) => {
        $(#[$section])*
        impl<$key: $($bound)+, A: BlockArena> $set<$key, A> {
            fn merge<'a, B: BlockArena>(
                &'a self,
                other: &'a $set<$key, B>,
                wanted: Wanted,
            ) -> $merged<'a, $key, A, B> {
                $merged(Merge::new(self.map.index(), other.map.index(), wanted), PhantomData)
            }

            /// The keys that are in one of the sets or in both, in order.
            pub fn union<'a, B: BlockArena>(&'a self, other: &'a $set<$key, B>) -> $merged<'a, $key, A, B> {
                self.merge(other, merge::UNION)
            }

            /// The keys that are in both sets, in order.
            pub fn intersection<'a, B: BlockArena>(
                &'a self,
                other: &'a $set<$key, B>,
            ) -> $merged<'a, $key, A, B> {
                self.merge(other, merge::INTERSECTION)
            }

            /// The keys that are in this set and not in `other`, in order.
            pub fn difference<'a, B: BlockArena>(
                &'a self,
                other: &'a $set<$key, B>,
            ) -> $merged<'a, $key, A, B> {
                self.merge(other, merge::DIFFERENCE)
            }

            /// The keys that are in exactly one of the sets, in order.
            pub fn symmetric_difference<'a, B: BlockArena>(
                &'a self,
                other: &'a $set<$key, B>,
            ) -> $merged<'a, $key, A, B> {
                self.merge(other, merge::SYMMETRIC_DIFFERENCE)
            }

            /// Whether `other` has all keys of this set.
            pub fn is_subset<B: BlockArena>(&self, other: &$set<$key, B>) -> bool {
                self.difference(other).next().is_none()
            }

            /// Whether this set has all keys of `other`.
            pub fn is_superset<B: BlockArena>(&self, other: &$set<$key, B>) -> bool {
                other.is_subset(self)
            }

            /// Whether no key is in both sets.
            pub fn is_disjoint<B: BlockArena>(&self, other: &$set<$key, B>) -> bool {
                self.intersection(other).next().is_none()
            }
        }

        /// Keys of two sets in order: of
        #[doc = concat!("[`union`](", stringify!($set), "::union),")]
        #[doc = concat!("[`intersection`](", stringify!($set), "::intersection),")]
        #[doc = concat!("[`difference`](", stringify!($set), "::difference) and")]
        #[doc = concat!("[`symmetric_difference`](", stringify!($set), "::symmetric_difference).")]
        pub struct $merged<'a, $key: $($bound)+, A: BlockArena = GlobalArena, B: BlockArena = A>(
            Merge<'a, $kind, A::Pool, B::Pool>,
            PhantomData<fn(&$key)>,
        );

        impl<$key: $($bound)+, A: BlockArena, B: BlockArena> Iterator for $merged<'_, $key, A, B> {
            type Item = $item;
            fn next(&mut self) -> Option<$item> {
                self.0.next().map($from)
            }
        }

        impl<$key: $($bound)+, A: BlockArena, B: BlockArena> FusedIterator for $merged<'_, $key, A, B> {}

        impl<$key: $($bound)+, A: BlockArena, B: BlockArena> fmt::Debug for $merged<'_, $key, A, B> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($merged)).finish_non_exhaustive()
            }
        }

        merges!(@operator BitOr, bitor, union, $set, $key: [$($again)+]);
        merges!(@operator BitAnd, bitand, intersection, $set, $key: [$($again)+]);
        merges!(@operator Sub, sub, difference, $set, $key: [$($again)+]);
        merges!(@operator BitXor, bitxor, symmetric_difference, $set, $key: [$($again)+]);
    };
    (@operator $trait:ident, $operator:ident, $method:ident, $set:ident, $key:ident: [$($bound:tt)+]) => {
        /// A new set, on the global allocator.
        ///
        /// # Panics
        /// If there is no memory.
        impl<$key: $($bound)+, A: BlockArena, B: BlockArena> $trait<&$set<$key, B>> for &$set<$key, A> {
            type Output = $set<$key>;
            fn $operator(self, other: &$set<$key, B>) -> $set<$key> {
                let mut set = $set::new();
                set.extend(self.$method(other));
                set
            }
        }
    };
}
pub(crate) use merges;
