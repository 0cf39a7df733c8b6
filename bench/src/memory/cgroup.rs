//! What the control groups of this process allow, and how often the system has killed a process because
//! memory ran out.
//!
//! A process is in one group of each hierarchy. The limits of all groups above it hold too. Version 1 has a
//! hierarchy of its own for memory, version 2 has one for everything, and a machine may have both.

/// Returns the text of a file, or `None`. This module reads the system's files only through this function, so
/// a test can show it another system.
pub type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A group's folder as this process sees it, and the names of its files.
struct Group {
    /// Where the hierarchy is mounted.
    mount: String,
    /// The group within it, without the slash at the beginning.
    path: String,
    names: &'static Names,
}

/// The names of one version.
struct Names {
    limit: &'static str,
    usage: &'static str,
    /// Two lines of `memory.stat`: pages of files, which the kernel drops before it kills a process.
    files: [&'static str; 2],
    /// The file with a line `oom_kill N`.
    kills: &'static str,
}

const V1: Names = Names {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    files: ["total_inactive_file", "total_active_file"],
    kills: "memory.oom_control",
};
const V2: Names = Names {
    limit: "memory.max",
    usage: "memory.current",
    files: ["inactive_file", "active_file"],
    kills: "memory.events",
};

/// The groups of this process that limit memory.
fn groups(read: Read<'_>) -> Vec<Group> {
    let mounts = read("/proc/self/mountinfo").unwrap_or_default();
    let own = read("/proc/self/cgroup").unwrap_or_default();
    own.lines()
        .filter_map(|line| {
            // `4:memory:/a/b` or `0::/a/b`.
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let names = match controllers {
                "" => &V2,
                list if list.split(',').any(|name| name == "memory") => &V1,
                _ => return None,
            };
            let (mount, root) = mounts.lines().find_map(|line| mounted(line, controllers))?;
            // In a container the path may begin at a root that is not mounted here.
            let below = path.strip_prefix(&*root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let path = below.unwrap_or("").trim_matches('/').to_owned();
            Some(Group { mount, path, names })
        })
        .collect()
}

/// Where a line of `mountinfo` mounts the hierarchy of memory, and which of its groups is at that place.
fn mounted(line: &str, controllers: &str) -> Option<(String, String)> {
    // `31 23 0:28 ROOT MOUNT OPTIONS ... - TYPE SOURCE SUPEROPTIONS`
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ').skip(3);
    let (root, mount) = (front.next()?, front.next()?);
    let mut back = back.split(' ');
    let is_it = match back.next()? {
        "cgroup2" => controllers.is_empty(),
        "cgroup" => {
            let options = back.nth(1)?;
            !controllers.is_empty() && options.split(',').any(|option| option == "memory")
        }
        _ => false,
    };
    is_it.then(|| (mount.to_owned(), root.trim_end_matches('/').to_owned()))
}

impl Group {
    /// The folders and names of this group and all groups above it, from the root down.
    fn line(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let ends = self.path.match_indices('/').map(|(at, _)| at).chain([self.path.len()]);
        let below = ends.map(|end| &self.path[..end]).filter(|path| !path.is_empty());
        std::iter::once("").chain(below).map(|path| match path {
            "" => (self.mount.clone(), "/".to_owned()),
            path => (format!("{}/{path}", self.mount), format!("/{path}")),
        })
    }
}

/// The bytes that each limited group leaves, and the name of the limit.
pub(super) fn rooms(read: Read<'_>) -> Vec<(u64, String)> {
    let mut rooms = Vec::new();
    for group in groups(read) {
        for (folder, name) in group.line() {
            let file = |file: &str| read(&format!("{folder}/{file}"));
            let number = |name: &str| file(name)?.trim().parse::<u64>().ok();
            // `max` means no limit, and so does a number in version 1 that is larger than any machine.
            let Some(limit) = number(group.names.limit).filter(|limit| *limit < 1 << 60) else { continue };
            let stat = file("memory.stat").unwrap_or_default();
            let files = group.names.files.iter().filter_map(|line| counter(&stat, line)).sum();
            let used = number(group.names.usage).unwrap_or(0).saturating_sub(files);
            let source = format!("{} of the control group {name}", group.names.limit);
            rooms.push((limit.saturating_sub(used), source));
        }
    }
    rooms
}

/// How many processes were killed because memory ran out: in this process' own control groups, and on the
/// whole machine. `None` if the system does not tell.
#[must_use]
pub fn kills(read: Read<'_>) -> (Option<u64>, Option<u64>) {
    let own = groups(read).into_iter().filter_map(|group| {
        let (folder, _) = group.line().last()?;
        counter(&read(&format!("{folder}/{}", group.names.kills))?, "oom_kill")
    });
    (own.max(), read("/proc/vmstat").and_then(|text| counter(&text, "oom_kill")))
}

/// The number of a line `name 12`.
fn counter(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A system with these files.
    pub(in crate::memory) fn system(
        files: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<String> {
        |path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    }

    const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                          32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                          35 31 0:32 / /cg/memory rw shared:9 - cgroup cgroup rw,memory\n\
                          41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_limits_of_all_groups_above_count() {
        let system = system(&[
            ("/proc/self/mountinfo", MOUNTS),
            ("/proc/self/cgroup", "4:memory:/a/b\n1:cpu:/z\n0::/c/d\n"),
            ("/cg/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("/cg/memory/a/memory.limit_in_bytes", "5000\n"),
            ("/cg/memory/a/memory.usage_in_bytes", "3000\n"),
            ("/cg/memory/a/memory.stat", "cache 7\ntotal_inactive_file 700\ntotal_active_file 300\n"),
            ("/cg/memory/a/b/memory.limit_in_bytes", "9000\n"),
            ("/cg/memory/a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
            ("/cg/unified/c/memory.max", "max\n"),
            ("/cg/unified/c/d/memory.max", "4000\n"),
            ("/cg/unified/c/d/memory.current", "5000\n"),
            ("/cg/unified/c/d/memory.events", "low 0\noom 7\noom_kill 2\n"),
            ("/proc/vmstat", "nr_free_pages 1\noom_kill 8\n"),
        ]);
        let expected = [
            (3000, "memory.limit_in_bytes of the control group /a"),
            (9000, "memory.limit_in_bytes of the control group /a/b"),
            (0, "memory.max of the control group /c/d"),
        ];
        assert_eq!(rooms(&system), expected.map(|(bytes, source)| (bytes, source.to_owned())));
        assert_eq!(kills(&system), (Some(3), Some(8)));
    }

    #[test]
    fn a_container_sees_its_group_as_the_root() {
        let system = system(&[
            ("/proc/self/mountinfo", "35 31 0:32 /docker/7 /cg/memory ro - cgroup cgroup rw,memory\n"),
            ("/proc/self/cgroup", "4:memory,hugetlb:/docker/7/x\n"),
            ("/cg/memory/memory.limit_in_bytes", "5000"),
            ("/cg/memory/x/memory.limit_in_bytes", "4000"),
        ]);
        assert_eq!(rooms(&system).iter().map(|room| room.0).collect::<Vec<_>>(), [5000, 4000]);
    }

    #[test]
    fn a_system_without_groups_limits_nothing() {
        assert!(rooms(&|_| None).is_empty());
        assert_eq!(kills(&|_| None), (None, None));
    }
}
