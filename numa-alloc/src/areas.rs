//! Addresses that are set aside for pools without being reserved. Some processes may not have as many
//! addresses as a pool might need: `ulimit -v`, for example, counts reserved addresses as if they were
//! memory.
//!
//! The kernel places mappings from one end of the address space on, so under such a limit it never reaches
//! the middle. Areas are taken there, downward. If another mapping does appear in an area, the pool of the
//! area cannot grow any further. Nothing worse can happen, because a pool that reserves a part of its area
//! never replaces another mapping.

use std::sync::Mutex;

use crate::region::{SLAB, Span};
use crate::sync::lock;
use crate::sys;

/// The middle of the address space, or 0 before it is known; and the start and end of each area that is
/// taken, ascending.
static AREAS: Mutex<(usize, Vec<(usize, usize)>)> = Mutex::new((0, Vec::new()));

/// After this many occupied places, the search for an area gives up.
const MOST_PASSED: usize = 1000;

/// Addresses that no other pool of the process takes while this value lives.
#[derive(Debug)]
pub(crate) struct Area(Span);

impl Area {
    /// `len` bytes that begin at a multiple of `align`. Both are powers of two times a page.
    pub(crate) fn take(len: usize, align: usize) -> Option<Self> {
        let (middle, areas) = &mut *lock(&AREAS);
        if *middle == 0 {
            *middle = sys::somewhere(SLAB).ok()? / 2;
        }
        let middle = *middle;
        areas.try_reserve(1).ok()?;
        let (mut top, mut above, mut passed) = (middle, areas.len(), 0);
        loop {
            let start = top.checked_sub(len)? / align * align;
            if start < middle / 16 {
                return None;
            }
            if let Some(&(other, end)) = above.checked_sub(1).and_then(|below| areas.get(below))
                && end > start
            {
                // The area begins below `top`, and all areas above it were looked at before.
                (top, above) = (top.min(other), above - 1);
                continue;
            }
            let span = Span::at(start, len)?;
            if sys::is_free(span.start(), len) {
                areas.insert(above, (start, start + len));
                return Some(Self(span));
            }
            passed += 1;
            if passed == MOST_PASSED {
                return None;
            }
            top = start;
        }
    }

    /// The whole area.
    pub(crate) fn span(&self) -> Span {
        self.0
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        let start = self.0.start().as_ptr() as usize;
        let (_, areas) = &mut *lock(&AREAS);
        if let Ok(index) = areas.binary_search_by_key(&start, |area| area.0) {
            areas.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    fn range(area: &Area) -> (usize, usize) {
        let start = area.span().start().as_ptr() as usize;
        (start, start + area.span().len())
    }

    #[test]
    fn areas_do_not_overlap_and_are_reused() {
        let mut areas: Vec<Area> = (1..20).map(|i| Area::take(i * SLAB, SLAB).unwrap()).collect();
        areas.push(Area::take(SLAB, 512 * SLAB).unwrap());
        let mut ranges: Vec<_> = areas.iter().map(range).collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{ranges:x?}");
        assert!(ranges.iter().all(|(start, _)| start.is_multiple_of(SLAB)));
        assert!(range(&areas[19]).0.is_multiple_of(512 * SLAB));
        // This range fits where an area was, and nowhere above. So if areas are taken and freed in a loop,
        // they always get the same addresses.
        let gone = range(&areas[9]);
        areas.remove(9);
        for _ in 0..1000 {
            assert_eq!(range(&Area::take(10 * SLAB, SLAB).unwrap()), gone);
        }
        assert!(Area::take(usize::MAX / 2, SLAB).is_none());

        // Another mapping is passed over.
        let at = Area::take(3 << 30, SLAB).unwrap().span();
        let other = Region::unclaimed(at);
        other.claim(SLAB).unwrap();
        let next = Area::take(3 << 30, SLAB).unwrap();
        let (start, end) = range(&next);
        let other = other.span().start().as_ptr() as usize;
        assert!(end <= other || start >= other + SLAB, "{start:x} {other:x}");
    }
}
