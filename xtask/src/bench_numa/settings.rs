//! The settings of kernel, firmware and control groups that move numbers. Results carry them, so that a reader
//! can tell why two sweeps differ.
//!
//! What the machine does not show is left out: a virtual machine has no governor.

use std::collections::BTreeMap;

use bench::memory::Read;

/// Settings by name, as the system spells them.
pub(crate) type Settings = BTreeMap<String, String>;

/// Files with one setting each.
const FILES: [(&str, &str); 13] = [
    ("governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    ("frequency driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"),
    ("lowest kHz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq"),
    ("highest kHz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq"),
    ("boost", "/sys/devices/system/cpu/cpufreq/boost"),
    ("no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo"),
    ("smt", "/sys/devices/system/cpu/smt/control"),
    ("isolated CPUs", "/sys/devices/system/cpu/isolated"),
    ("transparent huge pages", "/sys/kernel/mm/transparent_hugepage/enabled"),
    ("huge page defrag", "/sys/kernel/mm/transparent_hugepage/defrag"),
    ("numa_balancing", "/proc/sys/kernel/numa_balancing"),
    ("zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode"),
    ("clock source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"),
];

/// Files of a control group that limit it: the controller of version 1, or none for version 2, and the values
/// that mean no limit.
const LIMITS: [(&str, &str, &[&str]); 6] = [
    ("", "cpu.max", &["max"]),
    ("", "cpuset.cpus", &[]),
    ("", "memory.max", &["max"]),
    ("cpu", "cpu.cfs_quota_us", &["-1"]),
    ("cpu", "cpu.cfs_period_us", &["100000"]),
    ("memory", "memory.limit_in_bytes", &["9223372036854771712"]),
];

/// Reads all settings through `read`, which gives the text of a file.
pub(crate) fn settings(read: Read<'_>) -> Settings {
    let mut settings = Settings::new();
    for (name, path) in FILES {
        if let Some(value) = read(path).map(|text| chosen(&text)).filter(|value| !value.is_empty()) {
            settings.insert(name.into(), value);
        }
    }
    if let Some(mhz) = read("/proc/cpuinfo").and_then(|text| field(&text, "cpu MHz")) {
        settings.insert("MHz before the sweep".into(), mhz);
    }
    for line in read("/proc/self/cgroup").unwrap_or_default().lines() {
        settings.extend(limits(line, read));
    }
    settings
}

/// The limits of the group that a line of `/proc/self/cgroup` names, and of all groups above it.
fn limits(line: &str, read: Read<'_>) -> Vec<(String, String)> {
    // `4:cpu,cpuacct:/a/b` or `0::/a/b`.
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let mounts = match controllers {
        "" => vec!["/sys/fs/cgroup".to_owned(), "/sys/fs/cgroup/unified".to_owned()],
        list => list.split(',').chain([list]).map(|name| format!("/sys/fs/cgroup/{name}")).collect(),
    };
    let mut found = Vec::new();
    for (controller, file, unlimited) in LIMITS {
        if !controllers.split(',').any(|name| name == controller) {
            continue;
        }
        for group in path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.trim_end_matches('/')]) {
            let value = mounts.iter().find_map(|mount| read(&format!("{mount}{group}/{file}")));
            let value = value.map(|text| text.trim().to_owned()).unwrap_or_default();
            let first = value.split_whitespace().next().unwrap_or_default();
            if !first.is_empty() && !unlimited.contains(&first) {
                let group = if group.is_empty() { "/" } else { group };
                found.push((format!("cgroup {group} {file}"), value));
            }
        }
    }
    found
}

/// The word in brackets of `always [madvise] never`, or the whole text.
pub(crate) fn chosen(text: &str) -> String {
    let word = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    word.map_or(text, |(word, _)| word).trim().to_owned()
}

/// The value of the first `name: value` line.
pub(crate) fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a machine with these files.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let read = |path: &str| files.iter().find(|file| file.0 == path).map(|file| file.1.to_owned());
        settings(&read).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn settings_are_found_and_what_is_missing_is_left_out() {
        let files = [
            ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
            ("/sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never\n"),
            ("/sys/devices/system/cpu/isolated", "\n"),
            ("/proc/sys/kernel/numa_balancing", "1\n"),
            ("/proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2596.099\n"),
        ];
        let want = [
            "MHz before the sweep=2596.099",
            "governor=powersave",
            "huge page defrag=madvise",
            "numa_balancing=1",
        ];
        assert_eq!(of(&files), want);
        assert_eq!(of(&[]), [""; 0]);
    }

    #[test]
    fn limits_of_a_group_and_of_those_above_it_are_found_in_both_versions() {
        let two = [
            ("/proc/self/cgroup", "0::/jobs/7\n"),
            ("/sys/fs/cgroup/jobs/cpu.max", "150000 100000\n"),
            ("/sys/fs/cgroup/jobs/7/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/jobs/7/memory.max", "1073741824\n"),
        ];
        assert_eq!(of(&two), ["cgroup /jobs cpu.max=150000 100000", "cgroup /jobs/7 memory.max=1073741824"]);
        let one = [
            ("/proc/self/cgroup", "3:cpu,cpuacct:/a\n2:memory:/\n0::/\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(of(&one), ["cgroup /a cpu.cfs_quota_us=50000"]);
    }
}
