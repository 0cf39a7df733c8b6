//! The free memory of one region: a list of extents in the order of their addresses.
//!
//! The first line of an extent says where the next one is, and how long this one is. An allocation takes the front of
//! the first extent that is long enough. What comes back grows together with its neighbours.

use super::line::{Line, Window};

/// Words of an extent's first line: the number of the next extent, or 0; lines of this one.
const NEXT: usize = 0;
const LINES: usize = 1;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Extents {
    /// The first extent, or 0.
    first: u32,
    /// Lines of all extents.
    pub(super) lines: u32,
    /// The extent that holds the lines that came back last, if it is still in the list; or else [`NO_LINE`].
    recent: u32,
}

/// No line has this number.
const NO_LINE: u32 = u32::MAX;

impl Extents {
    pub(super) const NONE: Self = Self { first: 0, lines: 0, recent: NO_LINE };

    /// Takes this many lines that lie side by side.
    ///
    /// # Safety
    /// The extents lie in the window, and no other thread uses them.
    pub(super) unsafe fn take(&mut self, window: Window, lines: u32) -> Option<u32> {
        // SAFETY: by the caller's promise.
        unsafe { self.take_if(window, |_, long| long >= lines, lines) }
    }

    /// Takes this many lines from `number` on, if an extent begins there.
    ///
    /// # Safety
    /// As for [`take`](Self::take).
    pub(super) unsafe fn take_at(&mut self, window: Window, number: u32, lines: u32) -> bool {
        let is_it = |start, long| start == number && long >= lines;
        // SAFETY: by the caller's promise.
        unsafe { self.take_if(window, is_it, lines) }.is_some()
    }

    /// Takes lines from the front of the first extent whose start and length are right.
    ///
    /// # Safety
    /// As for [`take`](Self::take). An extent that is right has that many lines.
    unsafe fn take_if(
        &mut self,
        window: Window,
        is_right: impl Fn(u32, u32) -> bool,
        lines: u32,
    ) -> Option<u32> {
        let mut before: Option<Line> = None;
        let mut at = self.first;
        while at != 0 {
            // SAFETY: the first line of an extent belongs to this list.
            let extent = unsafe { window.line(at) };
            let (next, long) = (extent.get(NEXT), extent.get(LINES));
            if is_right(at, long) {
                let rest = if long == lines {
                    next
                } else {
                    // SAFETY: the extent goes on behind what is taken.
                    let rest = unsafe { window.line(at + lines) };
                    rest.set(NEXT, next);
                    rest.set(LINES, long - lines);
                    at + lines
                };
                self.link(before, rest);
                self.lines -= lines;
                if self.recent == at {
                    self.recent = NO_LINE;
                }
                return Some(at);
            }
            (before, at) = (Some(extent), next);
        }
        None
    }

    /// Takes lines back. O(1) for each extent between the lines that came back before and these, if these are behind
    /// them. Otherwise, O(1) for each extent before these.
    ///
    /// # Safety
    /// As for [`take`](Self::take). The lines were taken, or they are new. Nothing uses them any more.
    pub(super) unsafe fn give(&mut self, window: Window, number: u32, lines: u32) {
        let (mut before, mut at) = (None, if self.recent < number { self.recent } else { self.first });
        while at != 0 && at < number {
            // SAFETY: as in `take_if`.
            let extent = unsafe { window.line(at) };
            before = Some((at, extent));
            at = extent.get(NEXT);
        }
        self.lines += lines;
        // SAFETY: the lines belong to this list from now on.
        let new = unsafe { window.line(number) };
        if number + lines == at {
            // SAFETY: as in `take_if`.
            let behind = unsafe { window.line(at) };
            new.set(NEXT, behind.get(NEXT));
            new.set(LINES, lines + behind.get(LINES));
        } else {
            new.set(NEXT, at);
            new.set(LINES, lines);
        }
        match before {
            Some((start, extent)) if start + extent.get(LINES) == number => {
                extent.set(LINES, extent.get(LINES) + new.get(LINES));
                extent.set(NEXT, new.get(NEXT));
                self.recent = start;
            }
            _ => {
                self.link(before.map(|(_, extent)| extent), number);
                self.recent = number;
            }
        }
    }

    /// Makes `extent` the one behind `before`, or the first one.
    fn link(&mut self, before: Option<Line>, extent: u32) {
        match before {
            Some(before) => before.set(NEXT, extent),
            None => self.first = extent,
        }
    }
}
