//! What this process has used: memory, for maps that do not count their own, and processor time.

use std::time::Duration;

/// Bytes of this process that are in memory now. `None` if the system does not tell.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Processor time of this process, to a hundredth of a second. `None` if the system does not tell.
pub(crate) fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name is in brackets and may contain anything. The twelfth and thirteenth fields after it are user
    // and system time in units of USER_HZ, which is 100 on every machine that Rust supports.
    let fields = stat.rsplit_once(')')?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(10 * ticks))
}

/// How often the system has taken the CPU from a thread of this process. `None` if the system does not tell.
pub(crate) fn preemptions() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to writable memory of the right type, which lives until the call returns.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    // SAFETY: all bits zero are a valid `rusage`, and so is what the call writes.
    let usage = unsafe { usage.assume_init() };
    (result == 0).then_some(usage.ru_nivcsw.try_into().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn touched_memory_shows() {
        const BYTES: usize = 64 << 20;
        let before = resident_bytes().unwrap();
        let block = std::hint::black_box(vec![1_u8; BYTES]);
        let after = resident_bytes().unwrap();
        assert!(after >= before + BYTES as u64 / 2, "{before} {after} {}", block.len());
    }

    #[test]
    fn preemptions_only_grow() {
        assert!(preemptions() <= preemptions());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn work_shows() {
        let before = cpu_time().unwrap();
        let mut x = 1_u64;
        while cpu_time().unwrap() == before {
            (0..1_000_000).for_each(|i| x = std::hint::black_box(x.wrapping_mul(31) ^ i));
        }
        assert!(cpu_time().unwrap() > before);
    }
}
