//! The table of leaves: from a key straight to the leaf that most likely covers it, past level 1 as well.
//!
//! The table divides the range of keys into equal buckets. Each bucket names the leaf that covers the
//! bucket's first word. If another leaf starts within the bucket, the bucket also says how far within. From
//! there on, the leaf of the next bucket is the right one. If several leaves start in one bucket, the table
//! names only the last of them, and a search reaches the others by a step to the right.
//!
//! This works for keys that are spread evenly, as hashes, counters and random numbers are. If keys crowd, too
//! many leaves start in one bucket. Then there is no table of leaves, and searches use the table of nodes,
//! which works for all keys.
//!
//! Nothing depends on a hint, so readers and writers of the table take no lock. If a commit splits a leaf,
//! absorbs one, or moves the boundary between two leaves, it writes which keys a leaf now covers
//! ([`LeafTable::learn_leaf`]). Readers use what they find. `fill` says when the table is filled again, and
//! from what. The table grows in place, by segments that it keeps until the map drops, so a reader needs no
//! permission to look.
//!
//! A line of 64 bytes has eleven buckets. A leaf has 1.1 to 1.4 buckets, or 6.5 to 8.2 bytes. If pairs have
//! 16 bytes, that is at most about a hundredth of the map's memory. The global allocator provides it.

use alloc::vec::Vec;
use core::ptr;

use crate::arena::BlockId;
use crate::index::route::leaf_table::buckets::{
    BUCKETS, Bound, SEGMENTS, Scale, Spot, first_line, segment_of,
};
use crate::index::route::room::room_for;
use crate::index::route::stem::Stem;
use crate::index::tree::block;
use crate::key::KeyKind;
use crate::node::{Node, Reading, Shape};
use crate::simd::prefetch;
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, DataWord, Ordering};

/// The most steps to the right from a leaf that the table names. Each step waits for memory.
pub(in crate::index) const LEAF_STEPS: usize = 2;
/// Means that no leaf starts within a bucket, or that one starts too close to the bucket's end to tell.
const NONE: u32 = 0xff;
/// When a leaf changes, at most this many of its buckets are updated, beginning with the first. A leaf has
/// more buckets only where keys are not spread evenly.
const MOST_NAMED: usize = 16;

/// See the module.
pub(in crate::index) struct LeafTable {
    /// The word where bucket 0 starts.
    base: DataWord,
    /// Lines for each word, as a fraction of 2^64.
    scale: DataWord,
    /// How many lines are valid: 0 while there is no table, and never more than the segments have.
    lines: AtomicUsize,
    /// Null before the first table: a small map has none.
    directory: AtomicPtr<Directory>,
    bytes: AtomicUsize,
    /// What the words of the table follow.
    pub(in crate::index) stem: Stem,
    pub(in crate::index) state: SpinLock<State>,
}

/// For each segment, where line 0 would be if the segment reached back that far.
struct Directory([AtomicPtr<Line>; SEGMENTS]);

/// Only the thread that fills the table accesses this.
pub(in crate::index) struct State {
    /// One directory or none. It never moves.
    directory: Vec<Directory>,
    segments: Vec<Vec<Line>>,
    /// The number of leaves when the table was last filled, or was found to be useless.
    pub(in crate::index) leaves: usize,
    pub(in crate::index) range: (u64, u64),
}

/// Eleven buckets, and a copy of the next line's first one.
#[derive(Default)]
#[repr(C, align(64))]
pub(in crate::index) struct Line {
    /// The block of the leaf that covers the bucket's first word, or 0.
    leaves: [AtomicU32; BUCKETS + 1],
    /// How far within the bucket the next bucket's leaf starts, in 256ths; four to a word.
    starts: [AtomicU32; BUCKETS.div_ceil(4)],
}

impl Line {
    #[inline(always)]
    fn leaf(&self, place: usize) -> Option<BlockId> {
        // Acquire pairs with the Release in `name`: what the issue of the block made visible to the thread
        // that stored this word is visible to this one.
        block(self.leaves[place].load(Ordering::Acquire))
    }

    #[inline(always)]
    fn start(&self, bucket: usize) -> u32 {
        // Relaxed: any number will do.
        self.starts[bucket / 4].load(Ordering::Relaxed) >> (bucket % 4 * 8) & 0xff
    }

    fn set_start(&self, bucket: usize, start: u32) {
        let (word, shift) = (&self.starts[bucket / 4], bucket % 4 * 8);
        let old = word.load(Ordering::Relaxed);
        let new = old & !(0xff << shift) | start << shift;
        if new != old {
            // There is no second try: losing the race loses only a hint.
            let _ = word.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl LeafTable {
    pub(in crate::index) const fn new() -> Self {
        Self {
            base: DataWord::new(0),
            scale: DataWord::new(0),
            lines: AtomicUsize::new(0),
            directory: AtomicPtr::new(ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            stem: Stem::new(),
            state: SpinLock::new(State {
                directory: Vec::new(),
                segments: Vec::new(),
                leaves: 0,
                range: (0, 0),
            }),
        }
    }

    #[inline(always)]
    fn scale(&self) -> Scale {
        Scale { base: self.base.load(Ordering::Relaxed), scale: self.scale.load(Ordering::Relaxed) }
    }

    /// The lines that say something.
    #[inline(always)]
    pub(in crate::index) fn lines(&self) -> usize {
        // Acquire pairs with the Release in `publish`: these lines exist.
        self.lines.load(Ordering::Acquire)
    }

    /// A line; `None` if it is not among the first `lines`.
    #[inline(always)]
    fn line(&self, line: usize, lines: usize) -> Option<&Line> {
        if line >= lines {
            return None;
        }
        let directory = self.directory.load(Ordering::Relaxed);
        // SAFETY: `make_room` made the directory before `lines` said that there are lines, or before the
        // caller passed them. The directory lives as long as `self`, because `reset` has exclusive access.
        let directory = unsafe { &*directory };
        // SAFETY: `make_room` found a place in the directory for the segment of each of these lines.
        let segment = unsafe { directory.0.get_unchecked(segment_of(line)) };
        let segment = segment.load(Ordering::Relaxed);
        // SAFETY: `make_room` made these lines before `lines` counted them, or before the caller passed them.
        // They neither move nor go before `self` does, because `reset` has exclusive access. `line` is one of
        // this segment's.
        Some(unsafe { &*segment.wrapping_add(line) })
    }

    /// The leaf where a search for keys with this word behind the stem should start, if there is a table.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn find(&self, word: u64) -> Option<BlockId> {
        let (line, place) = self.place(word)?;
        line.leaf(place)
    }

    /// That leaf, and the leaf that probably comes next, if the table knows one. Use the second only to load
    /// its memory.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn find_two(&self, word: u64) -> Option<(BlockId, Option<BlockId>)> {
        let (line, place) = self.place(word)?;
        let leaf = line.leaf(place)?;
        // Most leaves have one or two places, and the next line's are not worth loading.
        let next = [place + 1, place + 2].map(|place| line.leaf(place.min(BUCKETS)));
        Some((leaf, next.into_iter().flatten().find(|&next| next != leaf)))
    }

    /// The line, and the place in it, that says where a search for keys with this word should start.
    #[inline(always)]
    fn place(&self, word: u64) -> Option<(&Line, usize)> {
        let (Spot { line, bucket }, within) = self.scale().spot(word);
        let line = self.line(line, self.lines())?;
        let bucket = bucket.min(BUCKETS - 1);
        // A sum, not a branch: the processor would mispredict a branch every other time.
        Some((line, bucket + usize::from(within > line.start(bucket))))
    }

    /// Starts to load what [`find`](Self::find) will look at.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn prefetch(&self, word: u64) {
        if let Some(line) = self.line(self.scale().spot(word).0.line, self.lines()) {
            prefetch(ptr::from_ref(line).cast());
        }
    }

    /// Writes which keys `leaf`, which this thread has locked, covers now, if there is a table.
    pub(in crate::index) fn learn_leaf<S: Reading>(&self, leaf: Node<'_, S>) {
        if self.lines() > 0 {
            let stem = self.stem.of::<S::Kind>();
            let high = leaf.next().map(|_| past_fence::<S>(leaf.high_word(stem)));
            self.learn(past_fence::<S>(leaf.low_word(stem)), high, leaf.id());
        }
    }

    /// Writes that `leaf` covers the words from `low` up to `high` (`None`: to the end), if there is a table.
    pub(in crate::index) fn learn(&self, low: u64, high: Option<u64>, leaf: BlockId) {
        let (scale, lines) = (self.scale(), self.lines());
        self.cover::<MOST_NAMED>(lines, (scale.bound(low), high.map(|high| scale.bound(high))), leaf);
    }

    /// As [`learn`](Self::learn), but writes only the first `lines` lines, which must exist, and at most
    /// `MOST` buckets.
    pub(in crate::index) fn cover<const MOST: usize>(
        &self,
        lines: usize,
        (low, high): (Bound, Option<Bound>),
        leaf: BlockId,
    ) {
        let end = Spot { line: lines, bucket: 0 }.next();
        let to = high.map_or(end, |high| high.first.min(end));
        if let Some((before, fraction)) = low.before {
            if low.first == to {
                return;
            }
            if let Some(line) = self.line(before.line, lines) {
                line.set_start(before.bucket, fraction);
            }
        }
        let mut at = low.first;
        for _ in 0..MOST {
            if at >= to {
                return;
            }
            self.name(at, lines, leaf.0.get());
            // If the leaf ends within a bucket, or with it, the next leaf writes where.
            let next = at.next();
            if (next < to || high.is_none())
                && let Some(line) = self.line(at.line, lines)
            {
                line.set_start(at.bucket, NONE);
            }
            at = next;
        }
    }

    /// Names the leaf that covers a bucket's first word. Also valid for the line after the last.
    fn name(&self, spot: Spot, lines: usize, leaf: u32) {
        let here = self.line(spot.line, lines).map(|line| &line.leaves[spot.bucket]);
        let before = spot.line.checked_sub(1).filter(|_| spot.bucket == 0);
        let again = before.and_then(|before| Some(&self.line(before, lines)?.leaves[BUCKETS]));
        for word in here.into_iter().chain(again) {
            if word.load(Ordering::Relaxed) != leaf {
                // Release pairs with the Acquire in `Line::leaf`.
                word.store(leaf, Ordering::Release);
            }
        }
    }

    /// From now on there is no table.
    pub(in crate::index) fn withdraw(&self) {
        self.lines.store(0, Ordering::Relaxed);
    }

    /// Lets searches use the first `lines` lines, which must exist, with that scale.
    pub(in crate::index) fn publish(&self, scale: Scale, lines: usize) {
        self.base.store(scale.base, Ordering::Relaxed);
        self.scale.store(scale.scale, Ordering::Relaxed);
        // Release pairs with the Acquire in `lines`.
        self.lines.store(lines, Ordering::Release);
    }

    /// Makes room for `lines` lines, if there is memory.
    pub(in crate::index) fn make_room(&self, state: &mut State, lines: usize) -> Option<()> {
        if state.directory.is_empty() {
            state.directory.try_reserve_exact(1).ok()?;
            state.directory.push(Directory([const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS]));
            self.bytes.fetch_add(size_of::<Directory>(), Ordering::Relaxed);
            // Relaxed: `publish` makes it known.
            self.directory.store(state.directory.as_mut_ptr(), Ordering::Relaxed);
        }
        while first_line(state.segments.len()) < lines {
            let place = state.directory.first()?.0.get(state.segments.len())?;
            let first = first_line(state.segments.len());
            let segment = room_for::<Line>(first_line(state.segments.len() + 1) - first)?;
            state.segments.try_reserve(1).ok()?;
            self.bytes.fetch_add(size_of_val(&*segment), Ordering::Relaxed);
            state.segments.push(segment);
            let segment = state.segments.last()?.as_ptr().cast_mut();
            // Relaxed: `publish` makes it known.
            place.store(segment.wrapping_sub(first), Ordering::Relaxed);
        }
        Some(())
    }

    /// Forgets everything.
    pub(in crate::index) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Bytes that the table takes.
    pub(in crate::index) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// `word` follows the stem of a fence: keys with that stem and the result or a greater word are certainly not below
/// the fence.
pub(in crate::index) fn past_fence<S: Shape>(word: u64) -> u64 {
    word.saturating_add(u64::from(!S::Kind::ONE_WORD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::route::leaf_table::buckets::lines_for;

    fn id(leaf: u32) -> BlockId {
        block(leaf).expect("not 0")
    }

    /// Leaves with these numbers, from 1, and where they start.
    fn fresh(starts: &[(u64, u32)], scale: Scale, lines: usize) -> LeafTable {
        let hints = LeafTable::new();
        hints.state.with::<crate::DefaultPlatform, _>(|state| hints.make_room(state, lines)).expect("memory");
        for (i, &(low, leaf)) in starts.iter().enumerate() {
            let high = starts.get(i + 1).map(|&(high, _)| scale.bound(high));
            hints.cover::<{ usize::MAX }>(lines, (scale.bound(low), high), id(leaf));
        }
        hints.publish(scale, lines);
        hints
    }

    #[test]
    fn a_leaf_that_some_bucket_names_is_found_by_all_of_its_words() {
        // Every width from less than a bucket to several.
        let mut starts = std::vec![(0, 1)];
        for leaf in 2..600u32 {
            let width = 1000 + 700 * u64::from(leaf % 9);
            starts.push((starts[leaf as usize - 2].0 + width, leaf));
        }
        let end = starts[starts.len() - 1].0;
        for lines in [1, 2, 7, lines_for(600), 300] {
            let scale = Scale::new(starts[1].0, end, lines).expect("a range");
            let hints = fresh(&starts, scale, lines);
            for pair in starts[1..].windows(2) {
                let ((low, leaf), (high, _)) = (pair[0], pair[1]);
                for word in (low..high).step_by(13).chain([high - 1]) {
                    let found = hints.find(word).expect("within the range").0.get();
                    let bound = |leaf: u32| scale.bound(starts[leaf as usize - 1].0);
                    let hidden = |leaf: u32| bound(leaf).hides_until(bound(leaf + 1));
                    // If the place is too close to a leaf's start to tell, the table gives the leaf on the
                    // left.
                    let close = found < leaf && scale.spot(low).1 == scale.spot(word).1;
                    let told =
                        (found + 1..=leaf).all(|skipped| hidden(skipped) || (close && skipped == leaf));
                    assert!(found <= leaf && told, "{lines} lines, {word}: {found}, not {leaf}");
                }
            }
            assert_eq!(hints.find(starts[1].0 - 1), None);
            assert_eq!(hints.find(2 * end), None);
        }
        assert!(Scale::new(7, 7, 1).is_none() && Scale::new(8, 7, 1).is_none());
    }

    /// After any changes the table names the right leaf, or one to its left.
    #[test]
    fn what_is_learnt_is_what_is_there() {
        let mut state = 1u64;
        let mut draw = |n: u64| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            crate::mix::mix(state) % n
        };
        let mut starts: Vec<(u64, u32)> = (0..200).map(|i| (1000 * i, i as u32 + 1)).collect();
        let lines = lines_for(200);
        let scale = Scale::new(1000, 199_000, lines).expect("a range");
        let hints = fresh(&starts, scale, lines);
        for step in 0..2000 {
            let i = 1 + draw(starts.len() as u64 - 2) as usize;
            let ((low, leaf), (high, _)) = (starts[i], starts[i + 1]);
            match draw(3) {
                0 if high - low > 1 && starts.len() < 300 => {
                    let middle = low + 1 + draw(high - low - 1);
                    starts.insert(i + 1, (middle, 1000 + step));
                    hints.learn(middle, Some(high), id(1000 + step));
                }
                1 if starts.len() > 100 => {
                    starts.remove(i);
                    let (low, leaf) = starts[i - 1];
                    hints.learn(low, Some(high), id(leaf));
                }
                _ => {
                    let (left_low, left) = starts[i - 1];
                    let boundary = left_low + 1 + draw(high - left_low - 1);
                    starts[i].0 = boundary;
                    hints.learn(left_low, Some(boundary), id(left));
                    hints.learn(boundary, Some(high), id(leaf));
                }
            }
            if step % 20 > 0 {
                continue;
            }
            let (mut right, mut behind, mut named, mut all) = (0, 0, 0, 0);
            for word in (starts[1].0.max(1000)..199_000).step_by(37) {
                let at = starts.partition_point(|&(start, _)| start <= word) - 1;
                let found = hints.find(word).expect("within the range");
                let (leaf, next) = hints.find_two(word).expect("within the range");
                assert_eq!(leaf, found, "step {step}, {word}");
                if let Some(next) = next {
                    let next = starts.iter().position(|&(_, leaf)| leaf == next.0.get());
                    named += 1;
                    behind += usize::from(next == Some(at + 1));
                }
                let found = starts.iter().position(|&(_, leaf)| leaf == found.0.get());
                let found = found.unwrap_or_else(|| panic!("step {step}, {word}: a leaf that has gone"));
                assert!(found <= at, "step {step}, {word}: {found}, not {at}");
                (right, all) = (right + usize::from(found == at), all + 1);
            }
            assert!(all > 2000 && right * 100 > all * 85, "step {step}: {right} of {all}");
            // If leaves have many places each, the next one is often not known.
            assert!(named * 4 > all && behind * 2 > named, "step {step}: {behind} of {named} of {all}");
        }
    }

    /// The last leaf, which has no end, or a leaf in a gap.
    #[test]
    fn a_wide_leaf_is_told_to_so_many_buckets_only() {
        let scale = Scale::new(0, 1 << 20, 64).expect("a range");
        let hints = fresh(&[(0, 1)], scale, 64);
        hints.learn(0, None, id(2));
        let of =
            |leaf| (0..1 << 20).step_by(1 << 8).filter(|&word| hints.find(word) == Some(id(leaf))).count();
        assert!(of(2) > 0 && of(1) > of(2));
    }
}
