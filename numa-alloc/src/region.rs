//! A range of address space, reserved once, made usable piece by piece from its front, unmapped at the end.

use core::ptr::NonNull;

use crate::sys::{self, Errno, Tie};

/// The size of a huge page on x86-64 and (with 4 KiB base pages) aarch64: ranges, stripes and the usual
/// growth step are multiples of it.
pub(crate) const SLAB: usize = 2 << 20;

/// Reserved address space, aligned to [`SLAB`] at least. Dropping it unmaps it.
#[derive(Debug)]
pub(crate) struct Region(Span);

impl Region {
    /// Reserves `len` bytes, a multiple of the page size.
    pub(crate) fn reserve(len: usize) -> Result<Self, Errno> {
        Self::reserve_aligned(len, SLAB)
    }

    /// Reserves `len` bytes, a multiple of the page size, that begin at a multiple of `align`, which is a
    /// power of two and at least a page.
    pub(crate) fn reserve_aligned(len: usize, align: usize) -> Result<Self, Errno> {
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
        Ok(Self(region))
    }

    /// All of it.
    pub(crate) fn span(&self) -> Span {
        self.0
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the region owns its pages, and spans are not used after their region (see `Span`).
        unsafe { sys::unmap(self.0.start, self.0.len) };
    }
}

/// A part of a [`Region`], as an address and a length: it owns nothing, and whoever keeps one keeps the
/// region too (`pool::Core` holds both).
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
        // SAFETY: `offset` is at most the length, checked above, of memory within one mapping.
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
        let region = Region::reserve(3 * SLAB).unwrap();
        assert_eq!(region.span().start().align_offset(SLAB), 0);
        let part = region.span().part(SLAB, SLAB);
        // SAFETY: the region is alive and a slab is whole pages.
        unsafe { part.commit() }.unwrap();
        let last = part.part(SLAB - 1, 1).start();
        // SAFETY: the byte was committed above and is only used here.
        let before = unsafe { last.read() };
        assert_eq!(before, 0);
        // SAFETY: as above.
        unsafe { last.write(7) };
    }

    #[test]
    fn what_the_address_space_cannot_hold_is_an_error() {
        assert!(Region::reserve(usize::MAX - 4095).is_err());
        assert!(Region::reserve(1 << (usize::BITS - 2)).is_err());
    }
}
