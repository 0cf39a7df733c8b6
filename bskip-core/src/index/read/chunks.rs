//! Reads pairs a leaf at a time: copies them as a whole, validates once, then hands them out as slices.

use core::ops::{Bound, ControlFlow};

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::read::cursor::LeafCursor;
use crate::key::KeyWords;
use crate::node::PairBuffer;

impl<K: KeyWords, V: Copy, P: BlockPool> Index<K, V, P> {
    /// Hands out the pairs between the bounds in ascending chunks, each of one state of a leaf.
    pub(crate) fn chunks<B>(
        &self,
        mut lower: Bound<K>,
        upper: Bound<K>,
        mut f: impl FnMut(&[K], &[V]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut buffer = PairBuffer::new();
        let mut backoff = self.tree.backoff();
        let mut trail = None;
        let mut cursor = self.cursor_after_ahead(lower, None, &mut trail);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper);
            if !here.take_first(&mut buffer) {
                backoff.wait();
                cursor = self.cursor_after_ahead(lower, None, &mut trail);
                continue;
            }
            backoff = self.tree.backoff();
            let (keys, values) = buffer.pairs();
            if let Some(&last) = keys.last() {
                lower = Bound::Excluded(last);
                f(keys, values)?;
            }
            cursor = if !here.is_read() {
                Some(here)
            } else if is_last {
                None
            } else {
                self.cursor_after_ahead(lower, Some(here), &mut trail)
            };
        }
        ControlFlow::Continue(())
    }

    /// As [`chunks`](Self::chunks), from the last chunk to the first; within a chunk keys ascend.
    pub(crate) fn chunks_rev<B>(
        &self,
        lower: Bound<K>,
        mut upper: Bound<K>,
        mut f: impl FnMut(&[K], &[V]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut buffer = PairBuffer::new();
        let mut backoff = self.tree.backoff();
        let mut trail = None;
        let mut cursor = self.cursor_before(upper, None, &mut trail);
        while let Some(mut here) = cursor {
            let is_first = here.start_after(lower);
            if !here.take_last(&mut buffer) {
                backoff.wait();
                cursor = self.cursor_before(upper, None, &mut trail);
                continue;
            }
            backoff = self.tree.backoff();
            let (keys, values) = buffer.pairs();
            if let Some(&first) = keys.first() {
                upper = Bound::Excluded(first);
                f(keys, values)?;
            }
            cursor = if !here.is_read() {
                Some(here)
            } else if is_first {
                None
            } else {
                self.cursor_before(upper, Some(here), &mut trail)
            };
        }
        ControlFlow::Continue(())
    }
}

impl<K: KeyWords, V: Copy> LeafCursor<'_, K, V> {
    /// Reads the first slots that are left, as many as there is room for; false if the leaf has changed.
    #[inline(always)]
    fn take_first(&mut self, buffer: &mut PairBuffer<K, V>) -> bool {
        let (start, end) = (self.start, self.end.min(self.start + PairBuffer::<K, V>::MOST));
        self.start = end;
        self.take(buffer, start, end)
    }

    /// Reads the last slots that are left, as many as there is room for; false if the leaf has changed.
    #[inline(always)]
    fn take_last(&mut self, buffer: &mut PairBuffer<K, V>) -> bool {
        let (start, end) = (self.start.max(self.end.saturating_sub(PairBuffer::<K, V>::MOST)), self.end);
        self.end = start;
        self.take(buffer, start, end)
    }
}
