//! Every call into libc, and nothing else: address space, protection, advice, placement, the current CPU.
//!
//! Placement exists on Linux only; elsewhere those calls answer `ENOSYS` and the arena records a fallback.

use core::ptr::{self, NonNull};

use libc::c_int;

/// The error number that a refused call left behind.
pub(crate) type Errno = i32;

fn last_error() -> Errno {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn outcome(result: c_int) -> Result<(), Errno> {
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Bytes of a base page.
pub(crate) fn page_size() -> usize {
    // SAFETY: `sysconf` takes any name and touches no memory of ours.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|b| b.is_power_of_two()).unwrap_or(4096)
}

#[cfg(target_os = "linux")]
const RESERVE_ONLY: c_int = libc::MAP_NORESERVE;
#[cfg(not(target_os = "linux"))]
const RESERVE_ONLY: c_int = 0;

/// Takes `len` bytes of address space that nothing may touch yet.
pub(crate) fn reserve(len: usize) -> Result<NonNull<u8>, Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | RESERVE_ONLY;
    // SAFETY: a private anonymous mapping at an address of the kernel's choice replaces nothing.
    let start = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(last_error());
    }
    NonNull::new(start.cast()).ok_or(libc::ENOMEM)
}

#[cfg(target_os = "linux")]
const ONLY_IF_FREE: c_int = libc::MAP_FIXED_NOREPLACE;
#[cfg(not(target_os = "linux"))]
const ONLY_IF_FREE: c_int = 0;

/// As [`reserve`], at this address: `EEXIST` if another mapping is there.
pub(crate) fn reserve_at(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | RESERVE_ONLY | ONLY_IF_FREE;
    // SAFETY: a private anonymous mapping that replaces nothing: a system that does not know `ONLY_IF_FREE` takes the
    // address as a hint.
    let mapped = unsafe { libc::mmap(start.as_ptr().cast(), len, libc::PROT_NONE, flags, -1, 0) };
    match NonNull::new(mapped.cast()) {
        _ if mapped == libc::MAP_FAILED => Err(last_error()),
        Some(elsewhere) if elsewhere != start => {
            // SAFETY: the reservation just made, which nobody else knows.
            unsafe { unmap(elsewhere, len) };
            Err(libc::EEXIST)
        }
        _ => Ok(()),
    }
}

/// Whether no mapping is there. Where the system does not tell, that is assumed.
pub(crate) fn is_free(start: NonNull<u8>, len: usize) -> bool {
    // Linux looks at what is there before it looks at limits.
    match reserve_at(start, len) {
        // SAFETY: the reservation just made, which nobody else knows.
        Ok(()) => unsafe { unmap(start, len) },
        Err(errno) => return errno != libc::EEXIST,
    }
    true
}

/// Where the system would map `len` bytes now.
pub(crate) fn somewhere(len: usize) -> Result<usize, Errno> {
    let start = reserve(len)?;
    // SAFETY: the reservation just made, which nobody else knows.
    unsafe { unmap(start, len) };
    Ok(start.as_ptr() as usize)
}

/// The bytes of address space that the process may have, if there is a limit (`RLIMIT_AS`).
pub(crate) fn address_limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the structure is alive.
    let told = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } == 0;
    let limited = told && limit.rlim_cur != libc::RLIM_INFINITY;
    limited.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Gives address space back.
///
/// # Safety
/// The range, whole pages that the caller [reserved](reserve), is the caller's and nobody refers to it any more.
pub(crate) unsafe fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller owns the range and nothing refers to it.
    let _ = unsafe { libc::munmap(start.as_ptr().cast(), len) };
}

/// Makes reserved pages readable and writable; they read as zero until written.
///
/// # Safety
/// The range is whole pages inside one live [`reserve`] of the caller's.
pub(crate) unsafe fn commit(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the range is the caller's, and gaining rights invalidates no reference into it.
    outcome(unsafe { libc::mprotect(start.as_ptr().cast(), len, libc::PROT_READ | libc::PROT_WRITE) })
}

/// Asks for huge pages, or for none.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn advise_huge(start: NonNull<u8>, len: usize, huge: bool) -> Result<(), Errno> {
    let advice = if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
    // SAFETY: the range is the caller's, and this advice changes no content.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, advice) })
}

/// Replaces reserved pages by pages of `page` bytes, a power of two, from the hugetlb pool, readable and
/// writable. None is taken from the pool yet, nor set aside: a touch that finds it empty is a SIGBUS, so
/// [`populate`] them first.
///
/// # Safety
/// As for [`commit`], of a range that is whole pages of `page` bytes and was not committed before.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn map_hugetlb(start: NonNull<u8>, len: usize, page: usize) -> Result<(), Errno> {
    let size = (page.trailing_zeros() as c_int) << libc::MAP_HUGE_SHIFT;
    // Nothing is set aside because the kernel does that after it has unmapped what was there before: if it
    // failed then, others might get these addresses.
    let flags = libc::MAP_HUGETLB | libc::MAP_NORESERVE | size;
    // SAFETY: the caller's reservation, of which no page is in use.
    unsafe { map_over(start, len, libc::PROT_READ | libc::PROT_WRITE, flags) }
}

/// Makes pages what they were after [`reserve`].
///
/// # Safety
/// As for [`commit`], of a range that nobody refers to.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn reserve_again(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller's range, to which nobody refers.
    unsafe { map_over(start, len, libc::PROT_NONE, RESERVE_ONLY) }
}

/// Maps anonymous pages in place of what is there.
///
/// # Safety
/// As for [`reserve_again`].
#[cfg(target_os = "linux")]
unsafe fn map_over(start: NonNull<u8>, len: usize, rights: c_int, flags: c_int) -> Result<(), Errno> {
    let flags = flags | libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
    // SAFETY: what is replaced is the caller's, and nobody refers to it.
    let mapped = unsafe { libc::mmap(start.as_ptr().cast(), len, rights, flags, -1, 0) };
    if mapped == libc::MAP_FAILED { Err(last_error()) } else { Ok(()) }
}

/// Keeps a range out of forked children. In hugetlb pages a write after a fork takes another page from the
/// pool, and is a SIGBUS if that is empty.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn keep_from_children(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the range is the caller's, and this advice changes no content.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTFORK) })
}

/// Touches committed pages for writing, without a change, so that no later touch has to wait for the kernel.
/// An error where a touch would be a SIGBUS. Linux 5.14 or later.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn populate(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the range is the caller's, and this advice changes no content.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_POPULATE_WRITE) })
}

/// Gives the memory of pages back; they stay what they were and read as zero.
///
/// # Safety
/// As for [`commit`], and nobody needs what is in the range.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn discard(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the range is the caller's, who does not need its contents; it stays mapped.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTNEED) })
}

/// The kernel's limit is 1024 nodes on every distribution that we know.
#[cfg(target_os = "linux")]
const MASK_BITS: usize = 1024;

/// How much a range is tied to its node.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tie {
    /// `MPOL_PREFERRED`: pages come from there while it has any.
    Prefer,
    /// `MPOL_BIND`: or from nowhere. For hugetlb pages that are [populated](populate) before they are used;
    /// with others a full node gets the process killed instead of an error.
    Bind,
}

/// Asks that pages touched from now on come from `node`.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn tie_to_node(start: NonNull<u8>, len: usize, node: u32, tie: Tie) -> Result<(), Errno> {
    const WORD: usize = libc::c_ulong::BITS as usize;
    let node = node as usize;
    let mut mask = [0 as libc::c_ulong; MASK_BITS / WORD];
    *mask.get_mut(node / WORD).ok_or(libc::EINVAL)? |= 1 << (node % WORD);
    let mode = match tie {
        Tie::Prefer => libc::MPOL_PREFERRED,
        Tie::Bind => libc::MPOL_BIND,
    };
    // SAFETY: the range is the caller's; the mask is alive and as long as the call is told. The kernel reads
    // one bit less than its `maxnode`, hence the + 1.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            start.as_ptr(),
            len,
            libc::c_long::from(mode),
            mask.as_ptr(),
            MASK_BITS + 1,
            0usize,
        )
    };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Asks on which node each page lives: a node number, or a negative error number (a page never touched).
#[cfg(target_os = "linux")]
pub(crate) fn nodes_of(pages: &[usize], found: &mut [c_int]) -> Result<(), Errno> {
    let count = pages.len().min(found.len());
    // SAFETY: both arrays hold at least `count` elements; without a list of target nodes the call only asks
    // and moves nothing, and it answers bad addresses by a status.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_pages,
            0usize,
            count,
            pages.as_ptr(),
            ptr::null::<c_int>(),
            found.as_mut_ptr(),
            0usize,
        )
    };
    if result >= 0 { Ok(()) } else { Err(last_error()) }
}

/// The CPU that the calling thread runs on just now. No system call where the C library has another way.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn current_cpu() -> Option<usize> {
    // SAFETY: `sched_getcpu` has no arguments and no preconditions.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).ok()
}

/// Whether this process has transparent huge pages switched off (`PR_SET_THP_DISABLE`), also for memory that is advised.
#[cfg(target_os = "linux")]
pub(crate) fn huge_pages_disabled() -> bool {
    /// `PR_THP_DISABLE_EXCEPT_ADVISED` (Linux 6.18): memory that is advised keeps them.
    const EXCEPT_ADVISED: c_int = 2;
    const NONE: libc::c_ulong = 0;
    // SAFETY: the call takes no pointers; its arguments must be zero.
    let flags = unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, NONE, NONE, NONE, NONE) };
    flags > 0 && flags & EXCEPT_ADVISED == 0
}

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::*;
