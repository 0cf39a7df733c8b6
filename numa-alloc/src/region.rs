//! A range of addresses. It is reserved at once or piece by piece, made usable piece by piece from its front,
//! and unmapped when it drops.

use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;

use crate::sys::{self, Errno, Tie};

/// The size of a huge page on x86-64 and, with base pages of 4 KiB, on AArch64. Ranges, stripes and the usual
/// growth step are multiples of it.
pub(crate) const SLAB: usize = 2 << 20;

/// The most bytes of a limited address space that are left to the rest of the process.
const MOST_SPARE: usize = 64 << 20;

/// A range of addresses with one owner, in whole pages. The addresses from `first` to `claimed` are reserved:
/// no other mapping can take them. The owner reserves the others by claiming them in order. Dropping the
/// region unmaps what is reserved.
#[derive(Debug)]
pub(crate) struct Region {
    span: Span,
    /// The start of the reserved part, in bytes from the start of the range.
    first: usize,
    /// The end of the reserved part. Relaxed: only the thread that reserves the next piece changes it.
    claimed: AtomicUsize,
}

impl Region {
    /// Reserves `len` bytes that begin at a multiple of `align`. `len` is a multiple of the page size;
    /// `align` is a power of two and at least a page.
    pub(crate) fn reserve(len: usize, align: usize) -> Result<Self, Errno> {
        let padded = len.checked_add(align).ok_or(libc::ENOMEM)?;
        let start = sys::reserve(padded)?;
        let before = start.align_offset(align);
        let whole = Span { start, len: padded };
        let region = whole.part(before, len);
        for trim in [whole.part(0, before), whole.part(before + len, align - before)] {
            if trim.len > 0 {
                // SAFETY: whole pages of the new reservation, outside the part that is kept.
                unsafe { sys::unmap(trim.start, trim.len) };
            }
        }
        Ok(Self { span: region, first: 0, claimed: AtomicUsize::new(len) })
    }

    /// A region of which nothing is reserved yet. The span is whole pages.
    pub(crate) fn unclaimed(span: Span) -> Self {
        Self { span, first: 0, claimed: AtomicUsize::new(0) }
    }

    /// Splits off the first `len` bytes as a region of their own. `len` is whole pages. `self` must be
    /// reserved as a whole or not at all. If it is not reserved, the first `skipped` bytes of the new region
    /// are never reserved.
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

    /// Reserves the first `end` bytes as far as they are not reserved yet. `end` is a multiple of the page
    /// size. Returns the piece that is new.
    ///
    /// # Errors
    /// The system's error number. Either another mapping lies there, or the process may not have more
    /// addresses. 1/16 of the limit, but at most 64 MiB, is left to the rest of the process.
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
            // SAFETY: the new reservation, which no other code knows.
            unsafe { sys::unmap(fresh.start, fresh.len) };
            return Err(errno);
        }
        self.claimed.store(end, Relaxed);
        Ok(Some(fresh))
    }

    /// Gives up what is reserved from `start` on. Another part of the process may have mapped something in
    /// the bytes up to `end` by now, so these stay as they are. Only the bytes after `end` are unmapped.
    ///
    /// # Safety
    /// `start` and `end` are whole pages, and nothing uses the region's memory from `start` on.
    pub(crate) unsafe fn abandon(&self, start: usize, end: usize) {
        let claimed = self.claimed.swap(start, Relaxed);
        let Some(rest) = claimed.checked_sub(end).filter(|&rest| rest > 0) else { return };
        // SAFETY: whole pages that this region reserved, and that nothing uses, by the caller's promise.
        unsafe { sys::unmap(self.span.part(end, rest).start, rest) };
    }

    /// The whole range.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The reserved part.
    pub(crate) fn reserved(&self) -> Span {
        self.span.part(self.first, self.claimed.load(Relaxed) - self.first)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let Span { start, len } = self.reserved();
        if len > 0 {
            // SAFETY: the region reserved these pages, and spans are not used after their region (see
            // `Span`).
            unsafe { sys::unmap(start, len) };
        }
    }
}

/// A part of a [`Region`], as an address and a length. It owns nothing. Code that keeps a span also keeps its
/// region alive, as a stripe and its pool do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a span is an address; using the memory behind it is a separate, unsafe step.
unsafe impl Send for Span {}
// SAFETY: a span is an address; using the memory behind it is a separate, unsafe step.
unsafe impl Sync for Span {}

impl Span {
    /// `len` bytes from the address `start`, which is not 0. The addresses are an object of their own, and no
    /// part of it is usable yet.
    pub(crate) fn at(start: usize, len: usize) -> Option<Self> {
        start.checked_add(len)?;
        Some(Self { start: NonNull::new(ptr::with_exposed_provenance_mut(start))?, len })
    }

    /// The first address.
    #[inline(always)]
    pub(crate) fn start(self) -> NonNull<u8> {
        self.start
    }

    /// The number of bytes.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The `len` bytes that begin at `offset`.
    pub(crate) fn part(self, offset: usize, len: usize) -> Self {
        assert!(offset <= self.len && len <= self.len - offset, "a part lies inside its span");
        // SAFETY: `offset` is at most the length, checked above, of addresses that have one owner.
        let start = unsafe { self.start.add(offset) };
        Self { start, len }
    }

    /// Makes the span readable and writable. It is zero.
    ///
    /// # Safety
    /// The region is alive, and the span is whole pages.
    pub(crate) unsafe fn commit(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::commit(self.start, self.len) }
    }

    /// Asks for huge pages in the span, or for none.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit).
    pub(crate) unsafe fn advise_huge(self, huge: bool) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::advise_huge(self.start, self.len, huge) }
    }

    /// Asks the kernel to take the span's pages from `node`.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit).
    pub(crate) unsafe fn tie_to_node(self, node: u32, tie: Tie) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::tie_to_node(self.start, self.len, node, tie) }
    }

    /// Touches all pages of the span for writing, without changing them.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit), and the span is committed.
    pub(crate) unsafe fn populate(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::populate(self.start, self.len) }
    }

    /// Gives the span's memory back to the system. The span stays readable and writable, and is zero.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit), and the contents are not needed any more.
    pub(crate) unsafe fn discard(self) -> Result<(), Errno> {
        // SAFETY: whole pages of a live region, by the caller's promise.
        unsafe { sys::discard(self.start, self.len) }
    }

    /// Replaces the span by pages of `page` bytes from the hugetlb pool. All pages are present, readable,
    /// writable and zero, and forked children do not inherit them. They come from `node`. If the kernel
    /// refuses the node, they may come from any node, and this returns the error number.
    ///
    /// # Errors
    /// The pool does not have the pages. The span is then reserved as before, unless the error says that it
    /// is lost.
    ///
    /// # Safety
    /// The region is alive. The span is whole pages of `page` bytes that were reserved and never committed.
    pub(crate) unsafe fn commit_hugetlb(
        self,
        page: usize,
        node: Option<u32>,
    ) -> Result<Option<Errno>, HugetlbError> {
        // If the kernel has no such pages, this says so before the reservation is at risk.
        sys::check_hugetlb(page).map_err(|errno| HugetlbError { errno, lost: false })?;
        // SAFETY: by the caller's promise.
        unsafe { sys::map_hugetlb(self.start, self.len, page) }.map_err(HugetlbError::of_mapping)?;
        // SAFETY: whole pages of a live region.
        let tied = node.map_or(Ok(()), |node| unsafe { self.tie_to_node(node, Tie::Bind) });
        // SAFETY: whole pages of a live region.
        let kept = unsafe { sys::keep_from_children(self.start, self.len) };
        // SAFETY: mapped readable and writable above.
        let populated = kept.and_then(|()| unsafe { self.populate() });
        populated.map(|()| tied.err()).map_err(|errno| {
            // Pages that are there already go back to the pool first, in case the next call fails. If this
            // fails too, they are lost with the range.
            // SAFETY: the caller did not get the span, so nothing needs its contents.
            let _ = unsafe { self.discard() };
            // SAFETY: the caller did not get the span, so nothing refers to it.
            if unsafe { sys::reserve_again(self.start, self.len) }.is_err() {
                return HugetlbError { errno, lost: true };
            }
            // The kernel may refuse this too. It is recorded when the stripe commits other pages here.
            // SAFETY: whole pages of a live region, reserved again.
            let _ = node.map(|node| unsafe { self.tie_to_node(node, Tie::Prefer) });
            HugetlbError { errno, lost: false }
        })
    }
}

/// The hugetlb pool did not give its pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HugetlbError {
    /// The system's error number.
    pub(crate) errno: Errno,
    /// Whether the region has lost the span: a mapping over it failed, and the kernel may have unmapped what
    /// was there before. Another thread may then have mapped something at these addresses, so they must not
    /// be used, and not be unmapped either.
    pub(crate) lost: bool,
}

impl HugetlbError {
    /// The error of a mapping over reserved pages. The kernel checks everything else before it unmaps what
    /// was there, so only a lack of memory for its own tables can come after that.
    fn of_mapping(errno: Errno) -> Self {
        Self { errno, lost: errno == libc::ENOMEM }
    }
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

    /// Commits a span, checks that its last byte is zero, and writes there.
    fn write_at_the_end(span: Span) {
        // SAFETY: the tests pass whole pages of live regions.
        unsafe { span.commit() }.unwrap();
        let last = span.part(span.len() - 1, 1).start();
        // SAFETY: the byte was committed above and is only used here.
        let before = unsafe { last.read() };
        assert_eq!(before, 0);
        // SAFETY: the byte was committed above and is only used here.
        unsafe { last.write(7) };
    }

    #[test]
    fn a_region_that_the_address_space_cannot_hold_is_an_error() {
        assert!(Region::reserve(usize::MAX - 4095, SLAB).is_err());
        assert!(Region::reserve(1 << (usize::BITS - 2), SLAB).is_err());
    }

    #[test]
    fn a_region_is_claimed_from_its_front_and_never_over_another_mapping() {
        // Half of the address at which the kernel maps, so nothing else is there.
        let somewhere = Region::reserve(SLAB, SLAB).unwrap().span().start().as_ptr() as usize;
        let free = Span::at(somewhere / 2 / SLAB * SLAB, 4 * SLAB).unwrap();
        let mut whole = Region::unclaimed(free);
        let other = whole.take_front(3 * SLAB, SLAB);
        assert_eq!((other.reserved().len(), whole.span().len()), (0, SLAB));
        assert_eq!(other.claim(2 * SLAB).unwrap().unwrap().len(), SLAB, "the skipped part is not reserved");
        assert!(other.claim(2 * SLAB).unwrap().is_none());
        write_at_the_end(other.reserved());
        // Now the rest belongs to another mapping.
        let foreign = Region::unclaimed(free.part(2 * SLAB, SLAB));
        write_at_the_end(foreign.claim(SLAB).unwrap().unwrap());
        assert_eq!(other.claim(3 * SLAB).unwrap_err(), libc::EEXIST);
        assert_eq!(other.reserved().len(), SLAB);
        drop(foreign);
        assert_eq!(other.claim(3 * SLAB).unwrap().unwrap().len(), SLAB);
        // If a region is reserved, both of its parts are.
        let mut rest = Region::reserve(3 * SLAB, SLAB).unwrap();
        let front = rest.take_front(2 * SLAB, SLAB);
        assert_eq!((front.reserved().len(), rest.reserved().len()), (2 * SLAB, SLAB));
        assert!(front.claim(2 * SLAB).unwrap().is_none());
    }

    /// What another thread may have mapped in a lost range stays mapped when the region drops.
    #[test]
    fn an_abandoned_range_is_not_unmapped() {
        let region = Region::reserve(4 * SLAB, SLAB).unwrap();
        let lost = region.span().part(SLAB, SLAB);
        // SAFETY: whole pages that nothing uses.
        unsafe { region.abandon(SLAB, 2 * SLAB) };
        assert_eq!(region.reserved().len(), SLAB);
        drop(region);
        assert!(!sys::is_free(lost.start(), lost.len()));
        // SAFETY: abandoned above, so the region did not unmap it, and nothing uses it.
        unsafe { sys::unmap(lost.start(), lost.len()) };
        // Nothing lies behind the lost range if it is the last one.
        let region = Region::reserve(SLAB, SLAB).unwrap();
        let lost = region.span();
        // SAFETY: whole pages that nothing uses.
        unsafe { region.abandon(0, SLAB) };
        assert_eq!(region.reserved().len(), 0);
        // SAFETY: abandoned above, so the region does not unmap it, and nothing uses it.
        unsafe { sys::unmap(lost.start(), lost.len()) };
    }

    #[test]
    fn only_a_mapping_that_ran_out_of_memory_may_have_lost_its_range() {
        assert!(HugetlbError::of_mapping(libc::ENOMEM).lost);
        assert!(!HugetlbError::of_mapping(libc::EINVAL).lost);
    }
}
