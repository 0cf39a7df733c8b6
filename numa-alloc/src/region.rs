//! A range of addresses, reserved at once or piece by piece, made usable piece by piece from its front, unmapped at
//! the end.

use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;

use crate::sys::{self, Errno, Tie};

/// The size of a huge page on x86-64 and (with 4 KiB base pages) aarch64: ranges, stripes and the usual
/// growth step are multiples of it.
pub(crate) const SLAB: usize = 2 << 20;

/// What is left of limited addresses, at most.
const MOST_SPARE: usize = 64 << 20;

/// Addresses of its owner's, in whole pages. Those between `first` and `claimed` are reserved: no other mapping gets
/// them. The others may be reserved too, by claiming them in order. Dropping the region unmaps what is reserved.
#[derive(Debug)]
pub(crate) struct Region {
    span: Span,
    /// Where the reserved part begins, in bytes from the start.
    first: usize,
    /// Where it ends. Relaxed: only the thread that has reserved what follows moves it on.
    claimed: AtomicUsize,
}

impl Region {
    /// Reserves `len` bytes, a multiple of the page size, that begin at a multiple of `align`, which is a
    /// power of two and at least a page.
    pub(crate) fn reserve(len: usize, align: usize) -> Result<Self, Errno> {
        let padded = len.checked_add(align).ok_or(libc::ENOMEM)?;
        let start = sys::reserve(padded)?;
        let before = start.align_offset(align);
        let whole = Span { start, len: padded };
        let region = whole.part(before, len);
        for trim in [whole.part(0, before), whole.part(before + len, align - before)] {
            if trim.len > 0 {
                // SAFETY: whole pages of the reservation just made, outside the part that is kept.
                unsafe { sys::unmap(trim.start, trim.len) };
            }
        }
        Ok(Self { span: region, first: 0, claimed: AtomicUsize::new(len) })
    }

    /// Addresses of which none is reserved yet, whole pages.
    pub(crate) fn unclaimed(span: Span) -> Self {
        Self { span, first: 0, claimed: AtomicUsize::new(0) }
    }

    /// Takes the first `len` bytes off, whole pages, as a region of their own; of a region that is reserved as a whole
    /// or not at all. In the latter case the first `skipped` bytes are never reserved.
    pub(crate) fn take_front(&mut self, len: usize, skipped: usize) -> Self {
        let claimed = *self.claimed.get_mut();
        let front = Self {
            span: self.span.part(0, len),
            first: if claimed == 0 { skipped } else { 0 },
            claimed: AtomicUsize::new(if claimed == 0 { skipped } else { claimed.min(len) }),
        };
        self.span = self.span.part(len, self.span.len - len);
        *self.claimed.get_mut() = claimed.saturating_sub(len);
        front
    }

    /// Reserves what is not reserved yet of the first `end` bytes, a multiple of the page size. Returns what that was.
    ///
    /// # Errors
    /// The system's error number. Either another mapping lies there, or the process may not have more addresses. A 16th
    /// of the limit, 64 MiB at most, is left to the rest of the process.
    pub(crate) fn claim(&self, end: usize) -> Result<Option<Span>, Errno> {
        let start = self.claimed.load(Relaxed);
        if end <= start {
            return Ok(None);
        }
        let fresh = self.span.part(start, end - start);
        sys::reserve_at(fresh.start, fresh.len)?;
        let spare = sys::address_limit().map_or(0, |limit| (limit / 16).min(MOST_SPARE));
        if spare > 0
            && let Err(errno) = sys::somewhere(spare)
        {
            // SAFETY: the reservation just made, which nobody else knows.
            unsafe { sys::unmap(fresh.start, fresh.len) };
            return Err(errno);
        }
        self.claimed.store(end, Relaxed);
        Ok(Some(fresh))
    }

    /// All of it.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// What is reserved.
    pub(crate) fn reserved(&self) -> Span {
        self.span.part(self.first, self.claimed.load(Relaxed) - self.first)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let Span { start, len } = self.reserved();
        if len > 0 {
            // SAFETY: the region reserved these pages, and spans are not used after their region (see `Span`).
            unsafe { sys::unmap(start, len) };
        }
    }
}

/// A part of a [`Region`], as an address and a length: it owns nothing, and whoever keeps one keeps the
/// region too (a stripe and its pool do).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a span is an address; using the memory behind it is a separate, unsafe step.
unsafe impl Send for Span {}
// SAFETY: as above.
unsafe impl Sync for Span {}

impl Span {
    /// So many bytes from an address on, which is not 0: an object of its own, of which no part is usable yet.
    pub(crate) fn at(start: usize, len: usize) -> Option<Self> {
        start.checked_add(len)?;
        Some(Self { start: NonNull::new(ptr::with_exposed_provenance_mut(start))?, len })
    }

    /// Where it begins.
    #[inline(always)]
    pub(crate) fn start(self) -> NonNull<u8> {
        self.start
    }

    /// Its bytes.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// `len` bytes of it from `offset` on.
    pub(crate) fn part(self, offset: usize, len: usize) -> Self {
        assert!(offset <= self.len && len <= self.len - offset, "a part lies inside its span");
        // SAFETY: `offset` is at most the length, checked above, of addresses that are one owner's.
        let start = unsafe { self.start.add(offset) };
        Self { start, len }
    }

    /// Makes it readable and writable, and zero.
    ///
    /// # Safety
    /// Its region is alive, and it is whole pages.
    pub(crate) unsafe fn commit(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::commit(self.start, self.len) }
    }

    /// Asks for huge pages in it, or for none.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit).
    pub(crate) unsafe fn advise_huge(self, huge: bool) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::advise_huge(self.start, self.len, huge) }
    }

    /// Asks that its pages come from `node`.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit).
    pub(crate) unsafe fn tie_to_node(self, node: u32, tie: Tie) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::tie_to_node(self.start, self.len, node, tie) }
    }

    /// Touches it for writing, without a change.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit), which was called.
    pub(crate) unsafe fn populate(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::populate(self.start, self.len) }
    }

    /// Gives its memory back to the system. It stays readable and writable, and is zero.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit), and nothing in it is needed any more.
    pub(crate) unsafe fn discard(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::discard(self.start, self.len) }
    }

    /// Makes it pages of `page` bytes from the hugetlb pool, all of them there, readable, writable and zero,
    /// and not inherited by forked children. They come from `node` or, if the system refuses to see to that,
    /// from anywhere: then its error number is the answer. If they cannot be had, the range is reserved as
    /// before.
    ///
    /// # Safety
    /// Its region is alive, and it is whole pages of `page` bytes of it that were never committed.
    pub(crate) unsafe fn commit_hugetlb(
        self,
        page: usize,
        node: Option<u32>,
    ) -> Result<Option<Errno>, HugetlbError> {
        // SAFETY: by the caller's promise.
        unsafe { sys::map_hugetlb(self.start, self.len, page) }
            .map_err(|errno| HugetlbError { errno, lost: false })?;
        // SAFETY: whole pages of a live region.
        let tied = node.map_or(Ok(()), |node| unsafe { self.tie_to_node(node, Tie::Bind) });
        // SAFETY: whole pages of a live region.
        let kept = unsafe { sys::keep_from_children(self.start, self.len) };
        // SAFETY: readable and writable since they were mapped.
        let populated = kept.and_then(|()| unsafe { self.populate() });
        populated.map(|()| tied.err()).map_err(|errno| {
            // SAFETY: the caller did not get the range, so nobody refers to it.
            let reserved = unsafe { sys::reserve_again(self.start, self.len) };
            // SAFETY: whole pages of a live region. What was refused before may be refused now.
            let _ = node.map(|node| unsafe { self.tie_to_node(node, Tie::Prefer) });
            HugetlbError { errno, lost: reserved.is_err() }
        })
    }
}

/// Pages of the hugetlb pool could not be had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HugetlbError {
    /// The system's error number.
    pub(crate) errno: Errno,
    /// The range is not reserved as before either: a touch may be a SIGBUS.
    pub(crate) lost: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_aligned_and_usable_where_committed() {
        let region = Region::reserve(3 * SLAB, SLAB).unwrap();
        assert_eq!(region.span().start().align_offset(SLAB), 0);
        assert!(region.claim(3 * SLAB).unwrap().is_none());
        write_at_the_end(region.span().part(SLAB, SLAB));
    }

    /// Commits a span, whose last byte is zero then.
    fn write_at_the_end(span: Span) {
        // SAFETY: the tests pass whole pages of regions that are alive.
        unsafe { span.commit() }.unwrap();
        let last = span.part(span.len() - 1, 1).start();
        // SAFETY: the byte was committed above and is only used here.
        let before = unsafe { last.read() };
        assert_eq!(before, 0);
        // SAFETY: as above.
        unsafe { last.write(7) };
    }

    #[test]
    fn what_the_address_space_cannot_hold_is_an_error() {
        assert!(Region::reserve(usize::MAX - 4095, SLAB).is_err());
        assert!(Region::reserve(1 << (usize::BITS - 2), SLAB).is_err());
    }

    #[test]
    fn a_region_is_claimed_from_its_front_and_never_over_another_mapping() {
        // Half way up to where the kernel maps, so that nothing else is there.
        let somewhere = Region::reserve(SLAB, SLAB).unwrap().span().start().as_ptr() as usize;
        let free = Span::at(somewhere / 2 / SLAB * SLAB, 4 * SLAB).unwrap();
        let mut whole = Region::unclaimed(free);
        let other = whole.take_front(3 * SLAB, SLAB);
        assert_eq!((other.reserved().len(), whole.span().len()), (0, SLAB));
        assert_eq!(other.claim(2 * SLAB).unwrap().unwrap().len(), SLAB, "what is skipped is not reserved");
        assert!(other.claim(2 * SLAB).unwrap().is_none());
        write_at_the_end(other.reserved());
        // The rest of it is another's now.
        let foreign = Region::unclaimed(free.part(2 * SLAB, SLAB));
        write_at_the_end(foreign.claim(SLAB).unwrap().unwrap());
        assert_eq!(other.claim(3 * SLAB).unwrap_err(), libc::EEXIST);
        assert_eq!(other.reserved().len(), SLAB);
        drop(foreign);
        assert_eq!(other.claim(3 * SLAB).unwrap().unwrap().len(), SLAB);
        // Both parts of a reserved region are reserved.
        let mut rest = Region::reserve(3 * SLAB, SLAB).unwrap();
        let front = rest.take_front(2 * SLAB, SLAB);
        assert_eq!((front.reserved().len(), rest.reserved().len()), (2 * SLAB, SLAB));
        assert!(front.claim(2 * SLAB).unwrap().is_none());
    }
}
