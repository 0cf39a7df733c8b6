//! The system calls and nothing else: address space, protection, advice, placement, the current CPU.
//!
//! Only Linux has the calls for placement. On other systems they return `ENOSYS`, and the arena records a
//! fallback.

use core::ptr::{self, NonNull};

use libc::c_int;

/// The error number of a system call that failed.
pub(crate) type Errno = i32;

fn last_error() -> Errno {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn outcome(result: c_int) -> Result<(), Errno> {
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Bytes of a base page.
pub(crate) fn page_size() -> usize {
    // SAFETY: `sysconf` takes any name and touches no memory of this process.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|b| b.is_power_of_two()).unwrap_or(4096)
}

#[cfg(target_os = "linux")]
const RESERVE_ONLY: c_int = libc::MAP_NORESERVE;
#[cfg(not(target_os = "linux"))]
const RESERVE_ONLY: c_int = 0;

/// Reserves `len` bytes of address space that cannot be accessed yet.
pub(crate) fn reserve(len: usize) -> Result<NonNull<u8>, Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | RESERVE_ONLY;
    // SAFETY: a private anonymous mapping at an address that the kernel chooses replaces nothing.
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

/// Like [`reserve`], at the address `start`. Fails with `EEXIST` if another mapping is there.
pub(crate) fn reserve_at(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | RESERVE_ONLY | ONLY_IF_FREE;
    // SAFETY: a private anonymous mapping that replaces nothing. A system that does not know `ONLY_IF_FREE`
    // takes the address as a hint.
    let mapped = unsafe { libc::mmap(start.as_ptr().cast(), len, libc::PROT_NONE, flags, -1, 0) };
    match NonNull::new(mapped.cast()) {
        _ if mapped == libc::MAP_FAILED => Err(last_error()),
        Some(elsewhere) if elsewhere != start => {
            // SAFETY: the new reservation, which no other code knows.
            unsafe { unmap(elsewhere, len) };
            Err(libc::EEXIST)
        }
        _ => Ok(()),
    }
}

/// Whether these addresses are free of mappings. If the system does not tell, they are assumed to be free.
pub(crate) fn is_free(start: NonNull<u8>, len: usize) -> bool {
    // Linux checks for other mappings before it checks limits.
    match reserve_at(start, len) {
        // SAFETY: the new reservation, which no other code knows.
        Ok(()) => unsafe { unmap(start, len) },
        Err(errno) => return errno != libc::EEXIST,
    }
    true
}

/// The address at which the system would map `len` bytes now.
pub(crate) fn somewhere(len: usize) -> Result<usize, Errno> {
    let start = reserve(len)?;
    // SAFETY: the new reservation, which no other code knows.
    unsafe { unmap(start, len) };
    Ok(start.as_ptr() as usize)
}

/// The limit of the process's address space in bytes (`RLIMIT_AS`); `None` if there is no limit.
pub(crate) fn address_limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the pointer is to a live structure of the right type.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } == 0;
    let limited = known && limit.rlim_cur != libc::RLIM_INFINITY;
    limited.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Gives address space back.
///
/// # Safety
/// The caller owns the range, whole pages that it [reserved](reserve), and nothing refers to them.
pub(crate) unsafe fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller owns the range and nothing refers to it.
    let _ = unsafe { libc::munmap(start.as_ptr().cast(), len) };
}

/// Makes reserved pages readable and writable. They read as zero until they are written.
///
/// # Safety
/// The caller owns the range, which is whole pages inside one live [reservation](reserve).
pub(crate) unsafe fn commit(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the range, and more access rights invalidate no reference into it.
    outcome(unsafe { libc::mprotect(start.as_ptr().cast(), len, libc::PROT_READ | libc::PROT_WRITE) })
}

/// Asks for huge pages, or for none.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn advise_huge(start: NonNull<u8>, len: usize, huge: bool) -> Result<(), Errno> {
    let advice = if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
    // SAFETY: the caller owns the range, and this advice changes no contents.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, advice) })
}

/// The flags of a mapping of pages of `page` bytes, a power of two, from the hugetlb pool. They set no pages
/// aside. The kernel would set pages aside after it has unmapped what was there before. If it failed then,
/// another thread could map something at these addresses.
#[cfg(target_os = "linux")]
fn hugetlb_flags(page: usize) -> c_int {
    libc::MAP_HUGETLB | libc::MAP_NORESERVE | (page.trailing_zeros() as c_int) << libc::MAP_HUGE_SHIFT
}

/// Checks that the kernel maps pages of `page` bytes, a power of two, from the hugetlb pool at all.
#[cfg(target_os = "linux")]
pub(crate) fn check_hugetlb(page: usize) -> Result<(), Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | hugetlb_flags(page);
    // SAFETY: a private anonymous mapping at an address that the kernel chooses replaces nothing.
    let start = unsafe { libc::mmap(ptr::null_mut(), page, libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(last_error());
    }
    // SAFETY: the new mapping, which no other code knows.
    outcome(unsafe { libc::munmap(start, page) })
}

/// Replaces reserved pages by pages of `page` bytes, a power of two, from the hugetlb pool, readable and
/// writable. This takes no page from the pool yet. A touch that finds the pool empty is a SIGBUS, so
/// [`populate`] the pages first.
///
/// # Safety
/// As for [`commit`]; the range is whole pages of `page` bytes and was not committed before.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn map_hugetlb(start: NonNull<u8>, len: usize, page: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the reservation, and no page of it is in use.
    unsafe { map_over(start, len, libc::PROT_READ | libc::PROT_WRITE, hugetlb_flags(page)) }
}

/// Turns pages into what they were after [`reserve`].
///
/// # Safety
/// As for [`commit`], and nothing refers to the range.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn reserve_again(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the range, and nothing refers to it.
    unsafe { map_over(start, len, libc::PROT_NONE, RESERVE_ONLY) }
}

/// Replaces pages by anonymous pages. If the kernel fails after it has unmapped the old pages, which it does
/// only for lack of memory (`ENOMEM`), the addresses are free for other mappings.
///
/// # Safety
/// As for [`reserve_again`].
#[cfg(target_os = "linux")]
unsafe fn map_over(start: NonNull<u8>, len: usize, rights: c_int, flags: c_int) -> Result<(), Errno> {
    let flags = flags | libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED;
    // SAFETY: the caller owns what is replaced, and nothing refers to it.
    let mapped = unsafe { libc::mmap(start.as_ptr().cast(), len, rights, flags, -1, 0) };
    if mapped == libc::MAP_FAILED { Err(last_error()) } else { Ok(()) }
}

/// Keeps a range out of forked children. Otherwise a write to a hugetlb page after a fork would take another
/// page from the pool, and would be a SIGBUS if the pool is empty.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn keep_from_children(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the range, and this advice changes no contents.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTFORK) })
}

/// Touches committed pages for writing, without changing them, so that no later touch waits for the kernel.
/// Fails where a touch would be a SIGBUS. Needs Linux 5.14.
///
/// # Safety
/// As for [`commit`].
#[cfg(target_os = "linux")]
pub(crate) unsafe fn populate(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the range, and this advice changes no contents.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_POPULATE_WRITE) })
}

/// Gives the memory of committed pages back. They stay mapped as they are and read as zero.
///
/// # Safety
/// As for [`commit`], and nothing needs the contents of the range.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn discard(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller owns the range and does not need its contents; it stays mapped.
    outcome(unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTNEED) })
}

/// Bits of a node mask. No known distribution builds its kernel for more than 1024 nodes.
#[cfg(target_os = "linux")]
const MASK_BITS: usize = 1024;

/// How strictly a range is tied to its node.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tie {
    /// `MPOL_PREFERRED`: pages come from the node while it has any.
    Prefer,
    /// `MPOL_BIND`: pages come from the node or from nowhere. Only for hugetlb pages that are
    /// [populated](populate) before they are used. For other pages, a full node makes the kernel kill the
    /// process.
    Bind,
}

/// Asks the kernel to take pages that are touched from now on from `node`.
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
    // SAFETY: the caller owns the range; the mask is alive and has the length that the call gets. The kernel
    // reads one bit less than `maxnode`, hence the + 1.
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

/// Asks the kernel which node each page is on. The answer is a node number, or a negative error number, as
/// for a page that was never touched.
#[cfg(target_os = "linux")]
pub(crate) fn nodes_of(pages: &[usize], found: &mut [c_int]) -> Result<(), Errno> {
    let count = pages.len().min(found.len());
    // SAFETY: both arrays hold at least `count` elements. Without a list of target nodes the call moves
    // nothing, and it reports bad addresses by their status.
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

/// The CPU that the calling thread runs on now. Most C libraries answer without a system call.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn current_cpu() -> Option<usize> {
    // SAFETY: `sched_getcpu` has no arguments and no preconditions.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).ok()
}

/// Whether transparent huge pages are off for this process (`PR_SET_THP_DISABLE`), even for memory with
/// advice.
#[cfg(target_os = "linux")]
pub(crate) fn huge_pages_disabled() -> bool {
    /// `PR_THP_DISABLE_EXCEPT_ADVISED` (Linux 6.18): memory with advice keeps them.
    const EXCEPT_ADVISED: c_int = 2;
    const NONE: libc::c_ulong = 0;
    // SAFETY: the call takes no pointers, and its arguments are zero as it demands.
    let flags = unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, NONE, NONE, NONE, NONE) };
    flags > 0 && flags & EXCEPT_ADVISED == 0
}

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::*;
