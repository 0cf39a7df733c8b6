//! Memory that the firmware has filled, by its physical address.

use core::ptr::with_exposed_provenance;

/// Types that may have any bytes.
pub(crate) trait Plain: Copy {}

impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for u64 {}

/// Where the mapped addresses end.
const END: usize = 4 << 30;

/// Reads a value. It need not be aligned.
///
/// # Safety
/// There is memory at `address`, and Rust's own objects are elsewhere.
pub(crate) unsafe fn read<T: Plain>(address: usize) -> T {
    assert!(address != 0 && address < END, "the firmware names address {address:#x}, which is not mapped");
    // SAFETY: the page tables map each address below `END` to itself; the rest is the caller's promise.
    unsafe { with_exposed_provenance::<T>(address).read_unaligned() }
}
