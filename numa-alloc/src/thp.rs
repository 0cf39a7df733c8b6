//! Whether the system gives this process transparent huge pages at all, asked when an arena is built.

use crate::fallback::{Fallback, Fallbacks};
use crate::sys;

/// Notes what keeps huge pages from this process. A kernel without them says so when advice is given.
pub(crate) fn note_refusals(notes: &Fallbacks) {
    let read =
        |name: &str| std::fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{name}")).ok();
    refusals(read, sys::huge_pages_disabled()).into_iter().for_each(|refusal| notes.note(refusal));
}

/// What keeps huge pages away. `read` reads a file below `/sys/kernel/mm/transparent_hugepage`; `disabled` is the
/// process's own switch.
fn refusals(read: impl Fn(&str) -> Option<String>, disabled: bool) -> Vec<Fallback> {
    if disabled {
        return vec![Fallback::HugePagesOffForProcess];
    }
    let chosen = |name: &str| {
        let modes = read(name)?;
        Some(modes.split_once('[')?.1.split_once(']')?.0.to_owned())
    };
    let bytes = read("hpage_pmd_size").and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(2 << 20);
    // Linux 6.8 and later have a switch for each size. It wins unless it says `inherit`.
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

    /// Refusals where `enabled`, the switch of 2 MiB and `defrag` are in these modes, if they are there.
    fn told(enabled: &str, size: &str, defrag: &str) -> Vec<Fallback> {
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
        refusals(read, false)
    }

    #[test]
    fn the_switches_are_told() {
        const SIZE: Fallback = Fallback::HugePageSizeOff { bytes: 2 << 20 };
        for (enabled, size, defrag, expected) in [
            ("madvise", "", "madvise", &[][..]),
            ("always", "inherit", "always", &[]),
            ("never", "", "madvise", &[Fallback::HugePagesOff]),
            ("never", "inherit", "madvise", &[Fallback::HugePagesOff]),
            // The size's own switch wins, one way and the other.
            ("never", "always", "madvise", &[]),
            ("never", "madvise", "madvise", &[]),
            ("always", "never", "madvise", &[SIZE]),
            ("madvise", "never", "never", &[SIZE]),
            ("never", "never", "madvise", &[Fallback::HugePagesOff, SIZE]),
            ("madvise", "inherit", "never", &[Fallback::HugePagesOnlyIfFree]),
            ("never", "inherit", "never", &[Fallback::HugePagesOff]),
            // A kernel without huge pages: the advice fails.
            ("", "", "", &[]),
        ] {
            assert_eq!(told(enabled, size, defrag), expected, "{enabled}, {size}, {defrag}");
        }
    }

    #[test]
    fn the_size_is_the_machines() {
        let read = |name: &str| match name {
            "hpage_pmd_size" => Some("33554432".to_owned()),
            "enabled" => Some("[always] madvise never".to_owned()),
            "hugepages-32768kB/enabled" => Some("always inherit madvise [never]".to_owned()),
            _ => None,
        };
        assert_eq!(refusals(read, false), [Fallback::HugePageSizeOff { bytes: 32 << 20 }]);
        assert_eq!(refusals(read, true), [Fallback::HugePagesOffForProcess]);
    }
}
