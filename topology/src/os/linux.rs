//! Linux: `sched_setaffinity`, `sched_getaffinity`, `sched_getcpu` and `getcpu`.

use std::io;

use libc::{c_uint, c_ulong};

use crate::cpuset::{CpuSet, MAX_CPU};
use crate::error::PinError;

/// Whether [`bind`] can work on this system.
pub(crate) const CAN_PIN: bool = true;

/// Bits in a word of a kernel CPU mask.
const BITS: u32 = c_ulong::BITS;
/// Words of a mask that holds every CPU number up to [`MAX_CPU`].
const MAX_WORDS: usize = (MAX_CPU / BITS + 1) as usize;
/// Words of glibc's `cpu_set_t`: 1024 CPUs, which is enough for nearly every machine.
const FIRST_WORDS: usize = 1024 / BITS as usize;

/// The CPUs that the calling thread may use; `None` if unknown.
pub(crate) fn allowed_cpus() -> Option<CpuSet> {
    let mut mask: Vec<c_ulong> = vec![0; FIRST_WORDS];
    loop {
        let bytes = std::mem::size_of_val(mask.as_slice());
        // SAFETY: the kernel writes at most `bytes` bytes, the size of the live, exclusively borrowed buffer
        // behind the pointer. Any bit pattern is a valid `c_ulong`. Thread 0 means the calling thread.
        let result = unsafe { libc::sched_getaffinity(0, bytes, mask.as_mut_ptr().cast()) };
        if result == 0 {
            return Some(decode(&mask));
        }
        // EINVAL means that the kernel's masks are larger than the buffer.
        let too_small = io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL);
        if !too_small || mask.len() >= MAX_WORDS {
            return None;
        }
        mask.resize((mask.len() * 2).min(MAX_WORDS), 0);
    }
}

/// Binds the calling thread to exactly these CPUs.
pub(crate) fn bind(cpus: &CpuSet) -> Result<(), PinError> {
    let refused = |source| PinError::Refused { cpus: cpus.clone(), source };
    let Some(mask) = encode(cpus) else {
        return Err(refused(io::Error::from_raw_os_error(libc::EINVAL)));
    };
    let bytes = std::mem::size_of_val(mask.as_slice());
    // SAFETY: the kernel reads `bytes` bytes, the size of the live, initialised buffer behind the pointer.
    // Thread 0 means the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, bytes, mask.as_ptr().cast()) };
    if result != 0 {
        return Err(refused(io::Error::last_os_error()));
    }
    // The kernel silently drops CPUs outside of the cpuset.
    match allowed_cpus() {
        Some(bound) if bound != *cpus => Err(PinError::Narrowed { asked: cpus.clone(), bound }),
        _ => Ok(()),
    }
}

/// The CPU that the calling thread runs on.
pub(crate) fn current_cpu() -> Option<u32> {
    // SAFETY: the call takes no pointers and has no preconditions.
    let cpu = unsafe { libc::sched_getcpu() };
    u32::try_from(cpu).ok()
}

/// The node that the calling thread runs on.
pub(crate) fn current_node() -> Option<u32> {
    let mut cpu: c_uint = 0;
    let mut node: c_uint = 0;
    let no_cache = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the kernel writes one `unsigned int` through each of the first two pointers, which come from
    // live, exclusively borrowed variables of that type. The third pointer has been unused since Linux
    // 2.6.24.
    let result = unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, &raw mut node, no_cache) };
    (result == 0).then_some(node)
}

/// The CPUs of a kernel mask.
fn decode(mask: &[c_ulong]) -> CpuSet {
    let bits = |(word, base): (&c_ulong, u32)| {
        let word = *word;
        (0..BITS).filter(move |bit| word >> bit & 1 == 1).map(move |bit| base + bit)
    };
    mask.iter().zip((0..).step_by(BITS as usize)).flat_map(bits).collect()
}

/// The kernel mask of a set; `None` if it holds a number above [`MAX_CPU`].
fn encode(cpus: &CpuSet) -> Option<Vec<c_ulong>> {
    let last = cpus.last().unwrap_or(0);
    if last > MAX_CPU {
        return None;
    }
    let mut mask: Vec<c_ulong> = vec![0; FIRST_WORDS.max((last / BITS + 1) as usize)];
    for cpu in cpus.iter() {
        mask[(cpu / BITS) as usize] |= 1 << (cpu % BITS);
    }
    Some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_round_trip() {
        for set in [CpuSet::new(), CpuSet::from([0]), CpuSet::from([0, 31, 32, 63, 64, 1023, 1024, MAX_CPU])]
        {
            assert_eq!(decode(&encode(&set).expect("numbers within the limit")), set);
        }
        assert_eq!(encode(&CpuSet::from([MAX_CPU + 1])), None);
        assert_eq!(encode(&CpuSet::from([MAX_CPU])).map(|mask| mask.len()), Some(MAX_WORDS));
    }
}
