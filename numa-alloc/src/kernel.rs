//! Settings of the kernel that work against an arena: transparent huge pages that are off, and NUMA
//! balancing.

use std::fs;
use std::path::Path;

use crate::fallback::{Fallback, Fallbacks};
use crate::sys;

/// Whether automatic NUMA balancing is on: the kernel then moves pages to the nodes that use them. `path` is
/// the file of the setting.
pub(crate) fn balances_numa(path: &Path) -> bool {
    // 0 is off; 1, 2 and 3 are modes of it.
    fs::read_to_string(path).is_ok_and(|mode| mode.trim() != "0")
}

/// Records the settings that keep transparent huge pages from this process. If a kernel has no such settings,
/// it refuses the advice later.
pub(crate) fn note_huge_page_settings(fallbacks: &Fallbacks) {
    let read = |name: &str| fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{name}")).ok();
    huge_page_settings(read, sys::huge_pages_disabled())
        .into_iter()
        .for_each(|fallback| fallbacks.note(fallback));
}

/// The settings that keep huge pages away. `read` reads a file below `/sys/kernel/mm/transparent_hugepage`;
/// `disabled` is the process's own switch.
fn huge_page_settings(read: impl Fn(&str) -> Option<String>, disabled: bool) -> Vec<Fallback> {
    if disabled {
        return vec![Fallback::HugePagesOffForProcess];
    }
    let chosen = |name: &str| {
        let modes = read(name)?;
        Some(modes.split_once('[')?.1.split_once(']')?.0.to_owned())
    };
    let bytes = read("hpage_pmd_size").and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(2 << 20);
    // Linux 6.8 and later have a switch for each size. It overrides the general one unless it says `inherit`.
    let of_size = chosen(&format!("hugepages-{}kB/enabled", bytes >> 10));
    let of_all = chosen("enabled");
    let is = |mode: &Option<String>, name: &str| mode.as_deref() == Some(name);
    let size_is_off = is(&of_size, "never");
    let inherits = of_size.is_none() || is(&of_size, "inherit");
    let all_are_off = is(&of_all, "never") && (inherits || size_is_off);
    let mut found = Vec::new();
    if all_are_off {
        found.push(Fallback::HugePagesOff);
    }
    if size_is_off {
        found.push(Fallback::HugePageSizeOff { bytes });
    }
    if found.is_empty() && is(&chosen("defrag"), "never") {
        found.push(Fallback::HugePagesOnlyIfFree);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found if `enabled`, the switch for 2 MiB, and `defrag` are in these modes. An empty mode means
    /// that the file does not exist.
    fn found(enabled: &str, size: &str, defrag: &str) -> Vec<Fallback> {
        let read = |name: &str| {
            let mode = match name {
                "enabled" => enabled,
                "hugepages-2048kB/enabled" => size,
                "defrag" => defrag,
                "hpage_pmd_size" => return Some("2097152\n".to_owned()),
                _ => return None,
            };
            (!mode.is_empty()).then(|| format!("other [{mode}] another\n"))
        };
        huge_page_settings(read, false)
    }

    #[test]
    fn switches_that_are_off_are_reported() {
        const SIZE: Fallback = Fallback::HugePageSizeOff { bytes: 2 << 20 };
        for (enabled, size, defrag, expected) in [
            ("madvise", "", "madvise", &[][..]),
            ("always", "inherit", "always", &[]),
            ("never", "", "madvise", &[Fallback::HugePagesOff]),
            ("never", "inherit", "madvise", &[Fallback::HugePagesOff]),
            // The switch for the size overrides the general one, in both directions.
            ("never", "always", "madvise", &[]),
            ("never", "madvise", "madvise", &[]),
            ("always", "never", "madvise", &[SIZE]),
            ("madvise", "never", "never", &[SIZE]),
            ("never", "never", "madvise", &[Fallback::HugePagesOff, SIZE]),
            ("madvise", "inherit", "never", &[Fallback::HugePagesOnlyIfFree]),
            ("never", "inherit", "never", &[Fallback::HugePagesOff]),
            // A kernel without huge pages has no switches; it refuses the advice later.
            ("", "", "", &[]),
        ] {
            assert_eq!(found(enabled, size, defrag), expected, "{enabled}, {size}, {defrag}");
        }
    }

    #[test]
    fn the_size_of_a_huge_page_is_read_from_the_system() {
        let read = |name: &str| match name {
            "hpage_pmd_size" => Some("33554432".to_owned()),
            "enabled" => Some("[always] madvise never".to_owned()),
            "hugepages-32768kB/enabled" => Some("always inherit madvise [never]".to_owned()),
            _ => None,
        };
        assert_eq!(huge_page_settings(read, false), [Fallback::HugePageSizeOff { bytes: 32 << 20 }]);
        assert_eq!(huge_page_settings(read, true), [Fallback::HugePagesOffForProcess]);
    }

    #[test]
    fn numa_balancing_is_on_unless_the_file_says_0() {
        let path = std::env::temp_dir().join(format!("numa-alloc-balancing-{}", std::process::id()));
        let found = ["0\n", "1\n", "2\n"].map(|mode| {
            fs::write(&path, mode).unwrap();
            balances_numa(&path)
        });
        fs::remove_file(&path).unwrap();
        assert_eq!(found, [false, true, true]);
        assert!(!balances_numa(&path), "without the file there is no balancing");
    }
}
