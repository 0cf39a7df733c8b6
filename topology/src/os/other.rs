//! Systems other than Linux: no binding, nothing known.

use crate::{CpuSet, PinError};

/// Whether [`bind`] can work at all.
pub(crate) const CAN_PIN: bool = false;

/// The CPUs that the calling thread may use: unknown.
pub(crate) fn allowed_cpus() -> Option<CpuSet> {
    None
}

/// Binds the calling thread: never.
pub(crate) fn bind(_cpus: &CpuSet) -> Result<(), PinError> {
    Err(PinError::Unsupported)
}

/// The CPU that the calling thread runs on: unknown.
pub(crate) fn current_cpu() -> Option<u32> {
    None
}

/// The node that the calling thread runs on: unknown.
pub(crate) fn current_node() -> Option<u32> {
    None
}
