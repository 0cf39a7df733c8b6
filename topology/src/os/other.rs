//! Systems other than Linux: threads cannot be bound, and nothing is known about them.

use crate::cpuset::CpuSet;
use crate::error::PinError;

/// Whether [`bind`] can work on this system.
pub(crate) const CAN_PIN: bool = false;

/// The CPUs that the calling thread may use, which are unknown.
pub(crate) fn allowed_cpus() -> Option<CpuSet> {
    None
}

/// Binds the calling thread. Always fails.
pub(crate) fn bind(_cpus: &CpuSet) -> Result<(), PinError> {
    Err(PinError::Unsupported)
}

/// The CPU that the calling thread runs on, which is unknown.
pub(crate) fn current_cpu() -> Option<u32> {
    None
}

/// The node that the calling thread runs on, which is unknown.
pub(crate) fn current_node() -> Option<u32> {
    None
}
