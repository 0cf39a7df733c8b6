//! How much memory this process may take: the least that the machine, its control groups and its own limits
//! leave.

use super::cgroup::{self, Read};

/// Memory that is free, and what limits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// The name of the limit.
    pub source: String,
}

/// The text of a file of the real system.
#[must_use]
pub fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

impl Room {
    /// The room of this process, from the files that `read` gives. Without them there is no limit.
    #[must_use]
    pub fn of(read: Read<'_>) -> Self {
        let mut rooms = cgroup::rooms(read);
        rooms.extend(available(read));
        rooms.extend(own_limits(read));
        let unknown = (u64::MAX, "nothing that is known".into());
        let (bytes, source) = rooms.into_iter().min_by_key(|room| room.0).unwrap_or(unknown);
        Self { bytes, source }
    }
}

/// What the machine can give without swapping.
fn available(read: Read<'_>) -> Option<(u64, String)> {
    let meminfo = read("/proc/meminfo")?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib.saturating_mul(1024), "MemAvailable of this machine".into()))
}

/// The limits of `ulimit -v` and `ulimit -d`, which children inherit.
fn own_limits(read: Read<'_>) -> Vec<(u64, String)> {
    let limits = read("/proc/self/limits").unwrap_or_default();
    [
        ("Max address space", "the limit of address space (ulimit -v)"),
        ("Max data size", "the limit of data (ulimit -d)"),
    ]
    .iter()
    .filter_map(|(name, source)| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        // `unlimited` is not a number.
        let bytes = line.split_whitespace().next()?.parse().ok()?;
        Some((bytes, (*source).to_owned()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::cgroup::tests::system;
    use super::*;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
                          Max data size             unlimited            unlimited            bytes     \n\
                          Max address space         5000000              unlimited            bytes     \n";

    #[test]
    fn the_least_of_all_limits_counts() {
        let machine = system(&[("/proc/meminfo", "MemTotal: 24 kB\nMemAvailable:    12 kB\n")]);
        assert_eq!(
            Room::of(&machine),
            Room { bytes: 12 << 10, source: "MemAvailable of this machine".into() }
        );
        let limited = system(&[("/proc/meminfo", "MemAvailable: 9000 kB\n"), ("/proc/self/limits", LIMITS)]);
        assert_eq!(Room::of(&limited).bytes, 5_000_000);
        assert!(Room::of(&limited).source.contains("ulimit -v"));
        assert_eq!(Room::of(&|_| None).bytes, u64::MAX);
    }
}
