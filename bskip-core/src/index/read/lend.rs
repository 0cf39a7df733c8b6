//! Reading byte strings a leaf at a time: a leaf is copied as a whole and validated once, then each key is put
//! together in one buffer and lent.

use core::ops::{Bound, ControlFlow};

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, LeafCursor, Next};
use crate::key::{ByteKeys, KeyKind};
use crate::lock::State;
use crate::node::{Filled, PairImage};

impl<V: Copy, P: BlockPool> Index<ByteKeys, V, P> {
    /// Lends the pairs between the bounds in order, those of one leaf from one state.
    #[inline]
    pub(crate) fn lend<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&[u8], V) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.images(lower, upper, |image, _| {
            for i in 0..image.len() {
                let (key, value) = image.pair(i);
                f(key, value)?;
            }
            ControlFlow::Continue(image.len())
        })
    }

    /// Hands the pairs between the bounds to `f` in order, each with the state of its leaf. `f` returns false if
    /// the leaf has changed since. It then gets the pair, or what is there in its place, again. `prefetch` gets
    /// values that come soon.
    pub(crate) fn lend_following<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        prefetch: impl Fn(V),
        mut f: impl FnMut(&[u8], V, State<'_>) -> ControlFlow<B, bool>,
    ) -> ControlFlow<B> {
        self.images(lower, upper, |image, state| {
            (0..image.len().min(AHEAD)).for_each(|i| prefetch(image.value(i)));
            for i in 0..image.len() {
                if i + AHEAD < image.len() {
                    prefetch(image.value(i + AHEAD));
                }
                let (key, value) = image.pair(i);
                if !f(key, value, state)? {
                    return ControlFlow::Continue(i);
                }
            }
            ControlFlow::Continue(image.len())
        })
    }

    /// Hands out the pairs between the bounds in order, in images that are not empty, each of one state of a leaf.
    /// `f` also gets that state, and returns how many pairs it has taken, from the first on. If these are not all,
    /// it finds what is there now behind them.
    #[inline]
    pub(crate) fn images<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&mut PairImage<V>, State<'_>) -> ControlFlow<B, usize>,
    ) -> ControlFlow<B> {
        let mut image = PairImage::new();
        let mut backoff = self.tree.backoff();
        // The last key that was taken, if there is one: where a search begins again.
        let mut last = None;
        let mut cursor = self.cursor_after(lower, None);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper);
            let is_valid = match here.copy_rest(&mut image) {
                Filled::Valid => true,
                Filled::Changed => false,
                Filled::Long => image.set_next(here.next::<Copied>()),
            };
            let taken = if is_valid && image.len() > 0 { f(&mut image, here.state())? } else { 0 };
            if taken > 0 {
                last = Some(ByteKeys::own(image.pair(taken - 1).0));
            }
            cursor = if !is_valid || taken < image.len() {
                if taken == 0 {
                    backoff.wait();
                }
                self.cursor_after(from(lower, &last), None)
            } else {
                backoff = self.tree.backoff();
                if !here.is_read() {
                    Some(here)
                } else if is_last {
                    None
                } else {
                    self.cursor_after(from(lower, &last), Some(here))
                }
            };
        }
        ControlFlow::Continue(())
    }

    /// As [`images`](Self::images), from the last image to the first. Within an image keys ascend, and `f` takes the
    /// last pairs first.
    pub(crate) fn images_rev<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&mut PairImage<V>, State<'_>) -> ControlFlow<B, usize>,
    ) -> ControlFlow<B> {
        let mut image = PairImage::new();
        let mut backoff = self.tree.backoff();
        let (mut trail, mut first) = (None, None);
        let mut cursor = self.cursor_before(upper, None, &mut trail);
        while let Some(mut here) = cursor {
            let is_first = here.start_after(lower);
            let is_valid = match here.copy_rest(&mut image) {
                Filled::Valid => true,
                Filled::Changed => false,
                Filled::Long => image.set_next(here.next_back::<Copied>()),
            };
            let taken = if is_valid && image.len() > 0 { f(&mut image, here.state())? } else { 0 };
            if taken > 0 {
                first = Some(ByteKeys::own(image.pair(image.len() - taken).0));
            }
            cursor = if !is_valid || taken < image.len() {
                if taken == 0 {
                    backoff.wait();
                }
                self.cursor_before(from(upper, &first), None, &mut trail)
            } else {
                backoff = self.tree.backoff();
                if !here.is_read() {
                    Some(here)
                } else if is_first {
                    None
                } else {
                    self.cursor_before(from(upper, &first), Some(here), &mut trail)
                }
            };
        }
        ControlFlow::Continue(())
    }
}

impl<V: Copy> PairImage<V> {
    /// Makes what a cursor has read the only pair, or leaves the image empty. False if the leaf has changed.
    fn set_next(&mut self, next: Next<<ByteKeys as KeyKind>::Owned, V>) -> bool {
        match next {
            Next::Pair(key, value) => self.set_only(&key, value),
            Next::End => {}
            Next::Changed => return false,
        }
        true
    }
}

/// How many pairs before its turn a value is prefetched.
const AHEAD: usize = 8;

/// Where a reader begins again: at `bound`, or behind the key `last` that it has read last.
fn from<'k>(bound: Bound<&'k [u8]>, last: &'k Option<<ByteKeys as KeyKind>::Owned>) -> Bound<&'k [u8]> {
    last.as_ref().map_or(bound, |last| Bound::Excluded(ByteKeys::borrow(last)))
}

impl<V: Copy> LeafCursor<'_, ByteKeys, V> {
    /// Copies the slots that are left, and is at the leaf's end then if that succeeds.
    #[inline]
    fn copy_rest(&mut self, image: &mut PairImage<V>) -> Filled {
        let (start, end) = (self.start, self.end);
        let (leaf, version) = self.leaf();
        // SAFETY: the version was read before all else of the leaf, and under it the count, which the slots of a
        // cursor are below.
        let filled = unsafe { image.fill(leaf, start, end, || leaf.validate(version)) };
        if filled == Filled::Valid {
            self.start = end;
        }
        filled
    }
}
