//! What a pool notes about its blocks in one region, in lines of that region.
//!
//! ```text
//! record   next record │ region │ its start │ its lines │ newest group │ oldest group │ top │ free
//! group    before │ behind │ blocks │ 13 places, then the blocks
//! ```
//!
//! A pool takes a group as a line and one block. The group grows by a block at a time, as long as the memory behind it
//! is free. The places of all groups form a stack with the numbers of the free blocks, from the oldest group on. There
//! are at least as many places as blocks, so there is always room for a block that is released.

use super::line::{Line, WORDS, Window};
use super::region::Region;

/// Words of a record.
const NEXT: usize = 0;
const REGION: usize = 1;
const START: usize = 2;
const LINES: usize = 3;
const NEWEST: usize = 4;
const OLDEST: usize = 5;
/// The group with the topmost number of the stack.
const TOP: usize = 6;
/// How many numbers the stack has.
const FREE: usize = 7;

/// Words of a group's line.
const BEFORE: usize = 0;
const BEHIND: usize = 1;
const BLOCKS: usize = 2;
const PLACES: usize = 3;
/// Places of a group.
const MOST: u32 = (WORDS - PLACES) as u32;

/// The notes about one region.
#[derive(Clone, Copy)]
pub(super) struct Record {
    window: Window,
    /// The number of its line.
    pub(super) number: u32,
}

impl Record {
    /// # Safety
    /// The line is a record, and its pool has not given it back. While the caller uses the record, it has the pool's
    /// lock, or exclusive access to the pool.
    pub(super) unsafe fn at(window: Window, number: u32) -> Self {
        Self { window, number }
    }

    /// Takes a record, a group and a block out of the region with this index. The block has `lines` lines. Returns the
    /// record and the block. `next` is the number of the pool's first record so far.
    ///
    /// # Safety
    /// As for [`at`](Self::at), from now on. The caller has the arena's lock.
    pub(super) unsafe fn make(
        window: Window,
        (index, region): (usize, &mut Region),
        lines: u32,
        next: u32,
    ) -> Option<(Self, u32)> {
        // SAFETY: the region lies in the window, and the caller has the arena's lock.
        let number = unsafe { region.free.take(window, 2 + lines) }?;
        let record = Self { window, number };
        let words = [
            (NEXT, next),
            (REGION, index as u32),
            (START, region.start),
            (LINES, region.lines),
            (NEWEST, 0),
            (OLDEST, number + 1),
            (FREE, 0),
        ];
        words.into_iter().for_each(|(word, value)| record.line().set(word, value));
        Some((record, record.add_group(number + 1)))
    }

    /// Takes one more block of `lines` lines, and a group if the block needs one. Returns the block and the number of
    /// lines taken.
    ///
    /// # Safety
    /// The caller has the arena's lock, and `region` is the one that the record is about.
    pub(super) unsafe fn grow(self, region: &mut Region, lines: u32) -> Option<(u32, u32)> {
        let newest = self.line().get(NEWEST);
        let blocks = self.note(newest).get(BLOCKS);
        let behind = newest + 1 + blocks * lines;
        // SAFETY: the region lies in the window, and the caller has the arena's lock.
        if blocks < MOST && unsafe { region.free.take_at(self.window, behind, lines) } {
            self.note(newest).set(BLOCKS, blocks + 1);
            return Some((behind, lines));
        }
        // SAFETY: as above.
        let group = unsafe { region.free.take(self.window, 1 + lines) }?;
        Some((self.add_group(group), 1 + lines))
    }

    /// Makes a line the newest group, with one block. Returns the block.
    fn add_group(self, group: u32) -> u32 {
        let newest = self.line().get(NEWEST);
        if newest != 0 {
            self.note(newest).set(BEHIND, group);
        }
        self.line().set(NEWEST, group);
        let words = [(BEFORE, newest), (BEHIND, 0), (BLOCKS, 1)];
        words.into_iter().for_each(|(word, value)| self.note(group).set(word, value));
        group + 1
    }

    /// Takes a free block from the stack.
    pub(super) fn pop(self) -> Option<u32> {
        let left = self.line().get(FREE).checked_sub(1)?;
        let top = self.note(self.line().get(TOP));
        if left.is_multiple_of(MOST) {
            self.line().set(TOP, top.get(BEFORE));
        }
        self.line().set(FREE, left);
        Some(top.get(PLACES + (left % MOST) as usize))
    }

    /// Whether the stack has a free block.
    pub(super) fn has_free(self) -> bool {
        self.line().get(FREE) > 0
    }

    /// Puts a free block onto the stack.
    pub(super) fn push(self, block: u32) {
        let free = self.line().get(FREE);
        if free == 0 {
            self.line().set(TOP, self.line().get(OLDEST));
        } else if free.is_multiple_of(MOST) {
            self.line().set(TOP, self.note(self.line().get(TOP)).get(BEHIND));
        }
        self.note(self.line().get(TOP)).set(PLACES + (free % MOST) as usize, block);
        self.line().set(FREE, free + 1);
    }

    /// The record before this one; `None` if this is the pool's first.
    pub(super) fn next(self) -> Option<Self> {
        let number = self.line().get(NEXT);
        (number != 0).then_some(Self { number, ..self })
    }

    /// The index of the region.
    pub(super) fn region(self) -> usize {
        self.line().get(REGION) as usize
    }

    /// Whether a line is in the region.
    pub(super) fn holds(self, number: u32) -> bool {
        let line = self.line();
        number >= line.get(START) && number - line.get(START) < line.get(LINES)
    }

    /// Calls `give` with the record's line, and then with each group and its blocks, from the oldest group on. `give`
    /// gets the number of the first line, and the number of lines. A block has `lines` lines. Regions fill up from
    /// their start, so most groups are behind the one before.
    ///
    /// # Safety
    /// Nothing else uses the record, from now on.
    pub(super) unsafe fn give_back(self, lines: u32, mut give: impl FnMut(u32, u32)) {
        let mut group = self.line().get(OLDEST);
        give(self.number, 1);
        while group != 0 {
            let (behind, blocks) = (self.note(group).get(BEHIND), self.note(group).get(BLOCKS));
            give(group, 1 + blocks * lines);
            group = behind;
        }
    }

    fn line(self) -> Line {
        self.note(self.number)
    }

    /// A line of these notes.
    fn note(self, number: u32) -> Line {
        // SAFETY: the record's line, or that of one of its groups, which only this thread uses, by the promises of
        // `at` and `make`.
        unsafe { self.window.line(number) }
    }
}
