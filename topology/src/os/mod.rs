//! The system calls: which CPUs a thread may use, binding a thread, and where it runs.
//!
//! All `unsafe` code of this crate is in this folder.

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "system calls through libc")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::*;
