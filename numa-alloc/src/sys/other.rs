//! Systems other than Linux: all calls for placement fail, and the arena records a fallback.

use core::ptr::NonNull;

use libc::c_int;

use super::Errno;

/// How strictly a range is tied to its node, as on Linux.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tie {
    Prefer,
    Bind,
}

/// # Safety
/// No condition: the call touches nothing. The same holds for all functions in this file.
pub(crate) unsafe fn advise_huge(_: NonNull<u8>, _: usize, _: bool) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

pub(crate) fn check_hugetlb(_: usize) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn map_hugetlb(_: NonNull<u8>, _: usize, _: usize) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn reserve_again(_: NonNull<u8>, _: usize) -> Result<(), Errno> {
    Ok(())
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn keep_from_children(_: NonNull<u8>, _: usize) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn populate(_: NonNull<u8>, _: usize) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn discard(_: NonNull<u8>, _: usize) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

/// # Safety
/// As for `advise_huge` here.
pub(crate) unsafe fn tie_to_node(_: NonNull<u8>, _: usize, _: u32, _: Tie) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

pub(crate) fn nodes_of(_: &[usize], _: &mut [c_int]) -> Result<(), Errno> {
    Err(libc::ENOSYS)
}

pub(crate) fn current_cpu() -> Option<usize> {
    None
}

pub(crate) fn huge_pages_disabled() -> bool {
    false
}
