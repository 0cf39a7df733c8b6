//! The system calls: which CPUs a thread may use, binding it, and where it runs now.
//!
//! Everything that needs `unsafe` in this crate is below this folder.

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "system calls through libc")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::*;
