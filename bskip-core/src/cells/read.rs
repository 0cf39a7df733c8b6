//! Reading strings out of cells that may be recycled at any time.
//!
//! These functions never write, never wait, and never read outside a cell. Their result is right only if the
//! number referred to the same string the whole time. The caller finds that out: it validates the version of
//! the node that holds the number.

use core::cmp;
use core::slice::Iter;

#[cfg(feature = "check")]
use super::cell::Cell;
use super::cell::{LINE, WORD, padded};
use super::class::Class;
use super::directory::{CellId, Directory};
use crate::simd::{self, Isa, SAME};
use crate::sync::{DataWord, Ordering};

impl Directory {
    /// The length of the string. Validate before you reserve memory for it.
    #[inline]
    pub(crate) fn len(&self, id: CellId) -> usize {
        self.cell(id).map_or(0, |cell| cell.len())
    }

    /// Compares the string from byte `from` on with `bytes`. Takes time in proportion to the bytes that both
    /// have in common.
    #[cfg(test)]
    pub(crate) fn compare(&self, id: CellId, from: usize, bytes: &[u8]) -> cmp::Ordering {
        self.difference(id, from, bytes).0
    }

    /// How the string from byte `from` on compares with `bytes`, and how many bytes both have in common there.
    /// `from` is where a word of the string begins.
    pub(crate) fn difference(&self, id: CellId, from: usize, bytes: &[u8]) -> (cmp::Ordering, usize) {
        debug_assert!(from.is_multiple_of(WORD));
        let rest = self.len(id).saturating_sub(from);
        let end = rest.min(bytes.len());
        let mut words = self.words_from(id, from);
        let mut at = 0;
        // Whole words, cell by cell.
        while end - at >= WORD {
            let data = words.rest();
            let n = data.len().min((end - at) / WORD);
            if n == 0 {
                break;
            }
            let alike = simd::choose!(isa => words_alike(isa, &data[..n], &bytes[at..]));
            words.skip(alike);
            at += alike * WORD;
            let (data, n) = (&data[alike..], n - alike);
            let theirs = &bytes[at..].as_chunks().0[..n];
            if let Some((i, word)) = first_difference(&data[..n], theirs, |word| u64::from_ne_bytes(*word)) {
                let (ours, theirs) = (u64::from_be(word), u64::from_be_bytes(theirs[i]));
                let common = at + i * WORD + (ours ^ theirs).leading_zeros() as usize / 8;
                return (ours.cmp(&theirs), common);
            }
            words.skip(n);
            at += n * WORD;
        }
        if at < end {
            let chunk = &bytes[at..end.min(at + WORD)];
            let kept = u64::MAX << (8 * (WORD - chunk.len()));
            let (ours, theirs) = (u64::from_be(words.next()) & kept, u64::from_be(padded(chunk)));
            if ours != theirs {
                return (ours.cmp(&theirs), at + (ours ^ theirs).leading_zeros() as usize / 8);
            }
        }
        (rest.cmp(&bytes.len()), end)
    }

    /// How many of the first `most` bytes two strings have in common.
    pub(crate) fn common(&self, a: CellId, b: CellId, most: usize) -> usize {
        let end = self.len(a).min(self.len(b)).min(most);
        let (mut ours, mut theirs) = (self.words_from(a, 0), self.words_from(b, 0));
        let mut at = 0;
        while at < end {
            let (data, other) = (ours.rest(), theirs.rest());
            let n = data.len().min(other.len());
            if n == 0 {
                // One of the chains was recycled.
                break;
            }
            let load = |word: &DataWord| word.load(Ordering::Relaxed);
            if let Some((i, word)) = first_difference(&data[..n], &other[..n], load) {
                let differ = u64::from_be(word ^ other[i].load(Ordering::Relaxed));
                return end.min(at + i * WORD + differ.leading_zeros() as usize / 8);
            }
            ours.skip(n);
            theirs.skip(n);
            at += n * WORD;
        }
        end.min(at)
    }

    /// Copies the string from byte `from` on into `out`, up to the end of the string or of `out`. Returns the
    /// number of bytes.
    pub(crate) fn copy(&self, id: CellId, from: usize, out: &mut [u8]) -> usize {
        let length = self.len(id).saturating_sub(from).min(out.len());
        let out = &mut out[..length];
        if from == 0 {
            self.copy_cells(id, out);
            return length;
        }
        let mut words = self.bytes_from(id, from);
        for chunk in out.chunks_mut(WORD) {
            chunk.copy_from_slice(&words.next().to_be_bytes()[..chunk.len()]);
        }
        length
    }

    /// Copies the string from its start on, cell by cell, into all of `out`, which is no longer than the string.
    fn copy_cells(&self, mut id: CellId, mut out: &mut [u8]) {
        while !out.is_empty() {
            // If there is no cell, the chain was recycled.
            let Some(cell) = self.cell(id) else { return };
            let (part, rest) = out.split_at_mut(out.len().min(cell.data().len() * WORD));
            let mut chunks = part.chunks_exact_mut(WORD);
            let mut words = cell.data().iter().map(|word| word.load(Ordering::Relaxed).to_ne_bytes());
            chunks.by_ref().zip(&mut words).for_each(|(chunk, word)| chunk.copy_from_slice(&word));
            let end = chunks.into_remainder();
            if let Some(word) = words.next().filter(|_| !end.is_empty()) {
                end.copy_from_slice(&word[..end.len()]);
            }
            (id, out) = (CellId::from_word(cell.next()), rest);
        }
    }

    /// Loads the beginning of a string that a thread will read soon.
    #[inline]
    pub(crate) fn prefetch(&self, id: CellId) {
        if let Some(cell) = self.cell(id) {
            cell.prefetch();
        }
    }

    /// How many cells the string takes. Only for a thread that has a reference to it.
    #[cfg(feature = "check")]
    pub(crate) fn cells_of(&self, id: CellId) -> usize {
        let next = |cell: &Cell<'_>| self.cell(CellId::from_word(cell.next()));
        core::iter::successors(self.cell(id), next).count()
    }

    /// Adds a reference to a string. Only for a thread that has one, or that holds the lock of a node that
    /// has one.
    pub(crate) fn retain(&self, id: CellId) {
        self.cell(id).expect("a string that is referred to is in a cell").retain();
    }

    /// The words from that on which has byte `from`.
    fn words_from(&self, id: CellId, from: usize) -> Words<'_> {
        let room = Class::LARGEST.room();
        let mut words = Words { directory: self, data: [].iter(), next: id.to_word() };
        for _ in 0..=from / room {
            words.step();
        }
        words.skip(from % room / WORD);
        words
    }

    /// The bytes from byte `from` on.
    fn bytes_from(&self, id: CellId, from: usize) -> Bytes<'_> {
        let mut words = self.words_from(id, from);
        let skipped = (from % WORD * 8) as u32;
        let ahead = if skipped == 0 { 0 } else { u64::from_be(words.next()) };
        Bytes { words, skipped, ahead }
    }
}

/// How many words at their start are the same as the bytes, which are as many. Takes many at a time, and leaves some to
/// compare one by one.
#[inline(always)]
fn words_alike(isa: impl Isa, words: &[DataWord], bytes: &[u8]) -> usize {
    let parts = words.chunks_exact(SAME / WORD).zip(bytes.chunks_exact(SAME));
    // SAFETY: both have `SAME` bytes, and the bytes are borrowed.
    let alike = parts.take_while(|(words, bytes)| unsafe { isa.is_same(words.as_ptr(), bytes.as_ptr()) });
    alike.count() * (SAME / WORD)
}

/// The first place at which both slices, which are of one length, have different words, and our word there. Takes
/// whole lines at a time, because strings that are compared begin alike more often than not.
#[inline]
fn first_difference<W>(ours: &[DataWord], theirs: &[W], word: impl Fn(&W) -> u64) -> Option<(usize, u64)> {
    let lines = ours.as_chunks::<LINE>().0.iter().zip(theirs.as_chunks::<LINE>().0);
    let differ = |(ours, theirs): (&[DataWord; LINE], &[W; LINE])| {
        (0..LINE).fold(0, |all, i| all | (ours[i].load(Ordering::Relaxed) ^ word(&theirs[i]))) != 0
    };
    let alike = lines.take_while(|&lines| !differ(lines)).count() * LINE;
    let rest = ours[alike..].iter().map(|word| word.load(Ordering::Relaxed)).zip(&theirs[alike..]);
    let mut rest = rest.enumerate().map(|(i, (ours, theirs))| (alike + i, ours, word(theirs)));
    rest.find(|(_, ours, theirs)| ours != theirs).map(|(i, ours, _)| (i, ours))
}

/// The words of a string. After its end, or after the end of a chain that was recycled, come garbage or
/// zeros.
struct Words<'a> {
    directory: &'a Directory,
    /// What is left of this cell.
    data: Iter<'a, DataWord>,
    /// The next cell.
    next: u32,
}

impl<'a> Words<'a> {
    #[inline]
    fn next(&mut self) -> u64 {
        if self.data.len() == 0 {
            self.step();
        }
        self.data.next().map_or(0, |word| word.load(Ordering::Relaxed))
    }

    /// What is left of the present cell, or the next one. Nothing behind the last one.
    #[inline]
    fn rest(&mut self) -> &'a [DataWord] {
        if self.data.len() == 0 {
            self.step();
        }
        self.data.as_slice()
    }

    /// Leaves out `n` words of this cell, or all that are left of it.
    #[inline]
    fn skip(&mut self, n: usize) {
        self.data = self.data.as_slice().get(n..).unwrap_or_default().iter();
    }

    /// Goes on to the next cell.
    fn step(&mut self) {
        (self.data, self.next) = match self.directory.cell(CellId::from_word(self.next)) {
            Some(cell) => (cell.data().iter(), cell.next()),
            None => ([].iter(), 0),
        };
    }
}

/// The bytes of a string from any of them on, eight at a time.
struct Bytes<'a> {
    words: Words<'a>,
    /// Bits of `ahead` that lie before these bytes.
    skipped: u32,
    /// The last word that was read, if its end is still to come.
    ahead: u64,
}

impl Bytes<'_> {
    #[inline]
    fn next(&mut self) -> u64 {
        let word = u64::from_be(self.words.next());
        if self.skipped == 0 {
            return word;
        }
        let bytes = self.ahead << self.skipped | word >> (u64::BITS - self.skipped);
        self.ahead = word;
        bytes
    }
}
