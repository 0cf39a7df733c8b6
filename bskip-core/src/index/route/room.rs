//! Memory for tables.

use alloc::vec::Vec;

/// `n` defaults, if there is memory.
pub(in crate::index::route) fn room_for<T: Default>(n: usize) -> Option<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(n).ok()?;
    room.resize_with(n, T::default);
    Some(room)
}
