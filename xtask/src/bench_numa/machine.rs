//! The machine: what a sweep needs to know for its plan, and what a reader needs to judge the numbers.
//!
//! Caches are read from `/sys`, because the project's commands build without hwloc.

use std::fs;

use bench::memory::Room;
use bench::units;
use bskip_topology::NumaNode;
use numa_alloc::config::TunedMachine;
use serde::{Deserialize, Serialize};

use super::settings::{Settings, chosen, field, settings};

use super::layout::{self, NodeLayout};

/// A summary of the machine and of what this process may use of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Model of the CPU.
    pub(crate) cpu: String,
    /// CPUs that this process may run on.
    pub(crate) cpus: Vec<u32>,
    /// NUMA nodes with memory that are home to CPUs. An arena uses these unless the user names others.
    pub(crate) nodes: Vec<usize>,
    /// The other NUMA nodes with memory, which a placement may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) memory_alone: Vec<usize>,
    /// All nodes, with their CPUs, memory and caches.
    #[serde(default)]
    pub(crate) layout: Vec<NodeLayout>,
    /// Bytes of memory.
    pub(crate) memory: u64,
    /// Bytes of memory that this process could take without swapping when the sweep was planned.
    pub(crate) memory_available: u64,
    /// What limits that: the machine, a control group, or a limit of this process.
    pub(crate) memory_limit: String,
    /// Bytes of the largest cache.
    pub(crate) cache: Option<u64>,
    /// Release of the kernel.
    pub(crate) kernel: String,
    /// When the kernel gives huge pages: `always`, `madvise` or `never`.
    pub(crate) huge_pages: String,
    /// Sizes of huge pages of which some are reserved, by the names of `--pages`.
    #[serde(default)]
    pub(crate) reserved_pages: Vec<String>,
    /// Whether a hypervisor shares the machine out.
    pub(crate) virtual_machine: bool,
    /// Runnable threads in the minute before the sweep was planned.
    pub(crate) load_average: f64,
    /// Governor, frequency, NUMA balancing, limits of control groups and the like.
    #[serde(default)]
    pub(crate) settings: Settings,
}

impl Machine {
    /// Looks at this machine. If something cannot be read, it is unknown; that never stops a sweep.
    pub(crate) fn discover(topology: &bskip_topology::Machine) -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let meminfo = read("/proc/meminfo");
        // The arena follows the same rule.
        let usable = topology.nodes().iter().filter(|node| node.allowed && node.memory != Some(0));
        let (alone, nodes): (Vec<_>, Vec<_>) = usable.partition(|node| node.is_cpuless());
        let numbers = |nodes: Vec<&NumaNode>| nodes.iter().map(|node| node.os_index as usize).collect();
        let room = Room::of(&bench::memory::read);
        Self {
            cpu: named(TunedMachine::this().cpu),
            cpus: topology.allowed().iter().collect(),
            nodes: numbers(nodes),
            memory_alone: numbers(alone),
            layout: layout::nodes(topology),
            memory: kilobytes(&meminfo, "MemTotal").unwrap_or(0),
            memory_available: room.bytes,
            memory_limit: room.source,
            cache: largest_cache(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            huge_pages: match chosen(&read("/sys/kernel/mm/transparent_hugepage/enabled")) {
                word if word.is_empty() => "unknown".into(),
                word => word,
            },
            reserved_pages: reserved_pages(&read),
            virtual_machine: field(&cpuinfo, "flags")
                .is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor")),
            load_average: read("/proc/loadavg")
                .split_whitespace()
                .next()
                .and_then(|number| number.parse().ok())
                .unwrap_or(0.0),
            settings: settings(&bench::memory::read),
        }
    }

    /// The nodes in words: `one NUMA node (0)`, `2 NUMA nodes (0, 1)`.
    pub(crate) fn nodes_in_words(&self) -> String {
        let ids = self.nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self.nodes.len() {
            1 => format!("one NUMA node ({ids})"),
            number => format!("{number} NUMA nodes ({ids})"),
        }
    }

    /// One line for the head of a table.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{}, {} CPU{}, {}, {} memory, Linux {}, huge pages: {}",
            self.cpu,
            self.cpus.len(),
            if self.cpus.len() == 1 { "" } else { "s" },
            self.nodes_in_words(),
            units::bytes(self.memory),
            self.kernel,
            self.huge_pages,
        )
    }
}

/// The model of the CPU, if the system says it.
fn named(cpu: String) -> String {
    if cpu.is_empty() { "unknown CPU".into() } else { cpu }
}

/// A file's text; empty if there is no file.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The bytes of a line such as `MemTotal: 24 kB`.
fn kilobytes(meminfo: &str, name: &str) -> Option<u64> {
    let value = field(meminfo, name)?;
    value.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The sizes of huge pages of which the administrator has reserved some.
fn reserved_pages(read: &dyn Fn(&str) -> String) -> Vec<String> {
    let number = |kilobytes: u32| {
        let pool = format!("/sys/kernel/mm/hugepages/hugepages-{kilobytes}kB/nr_hugepages");
        read(&pool).trim().parse().unwrap_or(0_u64)
    };
    let sizes = [("hugetlb-2m", 2048), ("hugetlb-1g", 1_048_576)].into_iter();
    sizes.filter(|(_, kilobytes)| number(*kilobytes) > 0).map(|(name, _)| name.to_owned()).collect()
}

/// The largest cache that CPU 0 reaches.
fn largest_cache() -> Option<u64> {
    let caches = fs::read_dir("/sys/devices/system/cpu/cpu0/cache").ok()?;
    let sizes = caches.flatten().filter_map(|cache| {
        let size = fs::read_to_string(cache.path().join("size")).ok()?;
        Some(size.trim().strip_suffix('K')?.parse::<u64>().ok()? << 10)
    });
    sizes.max()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A machine that no test depends on finding.
    pub(crate) fn sample(cpus: u32, nodes: usize) -> Machine {
        Machine {
            cpu: "Sample CPU".into(),
            cpus: (0..cpus).collect(),
            nodes: (0..nodes).collect(),
            memory_alone: Vec::new(),
            layout: Vec::new(),
            memory: 8 << 30,
            memory_available: 6 << 30,
            memory_limit: "MemAvailable of this machine".into(),
            cache: Some(32 << 20),
            kernel: "6.1.0".into(),
            huge_pages: "madvise".into(),
            reserved_pages: Vec::new(),
            virtual_machine: false,
            load_average: 0.0,
            settings: Settings::new(),
        }
    }

    #[test]
    fn kernel_texts_are_understood() {
        assert_eq!(chosen("always [madvise] never\n"), "madvise");
        assert_eq!(chosen(""), "");
        let pool = |path: &str| if path.contains("hugepages-2048kB") { "7\n".into() } else { "0\n".into() };
        assert_eq!(reserved_pages(&pool), ["hugetlb-2m"]);
        let meminfo = "MemTotal:       24 kB\nMemAvailable: 12 kB\n";
        assert_eq!(kilobytes(meminfo, "MemAvailable"), Some(12 << 10));
        assert_eq!(field("model name\t: A CPU\n", "model name").as_deref(), Some("A CPU"));
    }

    #[test]
    fn this_machine_has_what_every_machine_has() {
        let machine = Machine::discover(&bskip_topology::Machine::discover());
        assert!(!machine.cpus.is_empty());
        assert!(!machine.nodes.is_empty());
        assert!(machine.memory >= machine.memory_available);
        // It has a name on ARM too, where the kernel says numbers.
        assert_eq!(machine.cpu, named(TunedMachine::this().cpu));
        assert_eq!(named(String::new()), "unknown CPU");
    }

    #[test]
    fn the_summary_names_nodes_and_cpus() {
        let text = sample(2, 1).summary();
        assert!(text.contains("2 CPUs, one NUMA node (0), 8.00 GiB memory"), "{text}");
        assert!(sample(4, 2).summary().contains("2 NUMA nodes (0, 1)"));
    }
}
