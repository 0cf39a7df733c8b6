//! The memory of this process, for maps that do not count their own.

/// Bytes of this process that are in memory now; `None` where the system does not tell.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
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
}
