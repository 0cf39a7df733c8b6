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
        self.images(lower, upper, |image| {
            for i in 0..image.len() {
                let (key, value) = image.pair(i);
                f(key, value)?;
            }
            ControlFlow::Continue(())
        })
    }

    /// Hands out the pairs between the bounds in order, in images that are not empty, each of one state of a leaf.
    #[inline]
    pub(crate) fn images<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&mut PairImage<V>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut image = PairImage::new();
        let mut backoff = self.tree.backoff();
        // The last key that was handed out, if there is one: where a search begins again.
        let mut last = None;
        let mut cursor = self.cursor_after(lower, None);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper);
            match here.copy_rest(&mut image) {
                Filled::Valid => {
                    if image.len() > 0 {
                        f(&mut image)?;
                        last = Some(ByteKeys::own(image.pair(image.len() - 1).0));
                    }
                    backoff = self.tree.backoff();
                }
                Filled::Long => match here.next::<Copied>() {
                    Next::Pair(key, value) => {
                        image.set_only(&key, value);
                        f(&mut image)?;
                        last = Some(key);
                        cursor = Some(here);
                        continue;
                    }
                    Next::End => {}
                    Next::Changed => {
                        cursor = self.cursor_after(from(lower, &last), None);
                        continue;
                    }
                },
                Filled::Changed => {
                    backoff.wait();
                    cursor = self.cursor_after(from(lower, &last), None);
                    continue;
                }
            }
            cursor = if is_last { None } else { self.cursor_after(from(lower, &last), Some(here)) };
        }
        ControlFlow::Continue(())
    }

    /// As [`images`](Self::images), from the last image to the first; within an image keys ascend.
    pub(crate) fn images_rev<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&mut PairImage<V>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut image = PairImage::new();
        let mut backoff = self.tree.backoff();
        let (mut trail, mut first) = (None, None);
        let mut cursor = self.cursor_before(upper, None, &mut trail);
        while let Some(mut here) = cursor {
            let is_first = here.start_after(lower);
            match here.copy_rest(&mut image) {
                Filled::Valid => {
                    if image.len() > 0 {
                        f(&mut image)?;
                        first = Some(ByteKeys::own(image.pair(0).0));
                    }
                    backoff = self.tree.backoff();
                }
                Filled::Long => match here.next_back::<Copied>() {
                    Next::Pair(key, value) => {
                        image.set_only(&key, value);
                        f(&mut image)?;
                        first = Some(key);
                        cursor = Some(here);
                        continue;
                    }
                    Next::End => {}
                    Next::Changed => {
                        cursor = self.cursor_before(from(upper, &first), None, &mut trail);
                        continue;
                    }
                },
                Filled::Changed => {
                    backoff.wait();
                    cursor = self.cursor_before(from(upper, &first), None, &mut trail);
                    continue;
                }
            }
            cursor =
                if is_first { None } else { self.cursor_before(from(upper, &first), Some(here), &mut trail) };
        }
        ControlFlow::Continue(())
    }
}

impl<V: Copy, P: BlockPool> Index<ByteKeys, V, P> {
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
        let mut image = PairImage::new();
        let mut backoff = self.tree.backoff();
        // As in `lend`.
        let mut last = None;
        let mut cursor = self.cursor_after(lower, None);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper);
            let (mut lent, mut changed) = (0, false);
            match here.copy_rest(&mut image) {
                Filled::Valid => {
                    (0..image.len().min(AHEAD)).for_each(|i| prefetch(image.value(i)));
                    while lent < image.len() && !changed {
                        if lent + AHEAD < image.len() {
                            prefetch(image.value(lent + AHEAD));
                        }
                        let (key, value) = image.pair(lent);
                        changed = !f(key, value, here.state())?;
                        lent += usize::from(!changed);
                    }
                    if lent > 0 {
                        last = Some(ByteKeys::own(image.pair(lent - 1).0));
                    }
                }
                Filled::Long => match here.next::<Copied>() {
                    Next::Pair(key, value) => {
                        if f(&key, value, here.state())? {
                            last = Some(key);
                            cursor = Some(here);
                            continue;
                        }
                        changed = true;
                    }
                    Next::End => {}
                    Next::Changed => changed = true,
                },
                Filled::Changed => changed = true,
            }
            if changed {
                if lent == 0 {
                    backoff.wait();
                }
                cursor = self.cursor_after(from(lower, &last), None);
            } else {
                backoff = self.tree.backoff();
                cursor = if is_last { None } else { self.cursor_after(from(lower, &last), Some(here)) };
            }
        }
        ControlFlow::Continue(())
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
