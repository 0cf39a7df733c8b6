//! The machine that a configuration is for, and how another one differs from it.

use bskip_numa_nodes::{Nodes, allowed_cpus, parse_list};
use serde::{Deserialize, Serialize};

/// The machine that a configuration was measured on: section `[machine]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunedMachine {
    /// The model of the CPUs; empty if the system does not say it.
    pub cpu: String,
    /// The CPUs that the measurement might use, in the notation of the kernel: `0-3,8`.
    pub cpus: String,
    /// The release of the kernel. A configuration fits any kernel: small updates come often, and
    /// `bench-numa verify` shows whether one changed the answer.
    pub kernel: String,
    /// The NUMA nodes with memory.
    pub nodes: Vec<TunedNode>,
}

/// A NUMA node of a [`TunedMachine`]: section `[[machine.nodes]]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunedNode {
    /// The number that the system gives the node.
    pub id: u32,
    /// The CPUs that the node is home to, in the notation of the kernel; empty if there are none.
    pub cpus: String,
    /// Bytes of memory; 0 if unknown.
    pub memory: u64,
}

impl TunedMachine {
    /// This machine, as the calling thread sees it. If the thread is pinned, its CPUs count as those of the
    /// machine, so call this before you pin it.
    #[must_use]
    pub fn this() -> Self {
        let nodes = Nodes::this_machine().unwrap_or_else(|_| Nodes::assumed());
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: model(&read("/proc/cpuinfo")),
            cpus: list(&allowed_cpus().unwrap_or_default()),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            nodes: usable(&nodes),
        }
    }

    /// What keeps a configuration of this machine from being used on `other`, each in words. Empty if it
    /// fits.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let [made, here] = [self, other].map(|machine| {
            let ids: Vec<String> = machine.nodes.iter().map(|node| node.id.to_string()).collect();
            (ids.len(), ids.join(","))
        });
        if made != here {
            let plural = if made.0 == 1 { "" } else { "s" };
            found.push(format!(
                "made on {} NUMA node{plural} [{}]; this machine has {} [{}]",
                made.0, made.1, here.0, here.1
            ));
        } else {
            let pairs = self.nodes.iter().zip(&other.nodes);
            found.extend(pairs.filter_map(|(made, here)| made.difference(here)));
        }
        if self.cpu != other.cpu && !self.cpu.is_empty() && !other.cpu.is_empty() {
            found.push(format!("made on `{}`; this machine has `{}`", self.cpu, other.cpu));
        }
        if self.cpus != other.cpus && !self.cpus.is_empty() && !other.cpus.is_empty() {
            found.push(format!("made with the CPUs {}; this process may use {}", self.cpus, other.cpus));
        }
        found
    }

    /// What is wrong with the section, with its key; `None` if it makes sense.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let is_list = |text: &str| text.is_empty() || parse_list(text).is_some();
        if self.nodes.is_empty() {
            return Some(("machine.nodes", "the machine has no NUMA node; every machine has one".into()));
        }
        if !self.nodes.is_sorted_by(|a, b| a.id < b.id) {
            return Some(("machine.nodes", "the nodes are not in the order of their numbers".into()));
        }
        let mut lists = self.nodes.iter().map(|node| &node.cpus).chain([&self.cpus]);
        let wrong = lists.find(|cpus| !is_list(cpus))?;
        Some(("machine", format!("{wrong:?} is no list of CPUs such as 0-3,8")))
    }
}

impl TunedNode {
    /// What differs on the node here, in words. The memory that Linux counts changes a little from boot to
    /// boot, so only more than an eighth of it counts.
    fn difference(&self, here: &Self) -> Option<String> {
        if self.cpus != here.cpus {
            let words =
                |cpus: &str| if cpus.is_empty() { "no CPUs".into() } else { format!("the CPUs {cpus}") };
            let [made, here] = [&self.cpus, &here.cpus].map(|cpus| words(cpus));
            return Some(format!("NUMA node {} had {made}, here it has {here}", self.id));
        }
        let (less, more) = (self.memory.min(here.memory), self.memory.max(here.memory));
        let differs = less > 0 && more - less > more / 8;
        let mib = |bytes: u64| bytes >> 20;
        differs.then(|| {
            let [made, here] = [self, here].map(|node| mib(node.memory));
            format!("NUMA node {} had {made} MiB of memory, here it has {here} MiB", self.id)
        })
    }
}

/// The nodes with memory for this process, each with the CPUs that it is home to.
fn usable(nodes: &Nodes) -> Vec<TunedNode> {
    let homes = nodes.homes();
    let node = |node: &bskip_numa_nodes::Node| {
        let own: Vec<u32> =
            homes.listed().filter(|(_, home)| *home == node.os_index).map(|(cpu, _)| cpu).collect();
        TunedNode { id: node.os_index, cpus: list(&own), memory: node.bytes.unwrap_or(0) }
    };
    nodes.all().iter().filter(|node| node.is_usable()).map(node).collect()
}

/// The model of the first CPU. ARM has numbers instead of a name.
fn model(cpuinfo: &str) -> String {
    let field = |name: &str| {
        cpuinfo.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    match (field("model name"), field("CPU implementer"), field("CPU part")) {
        (Some(name), ..) => name.to_owned(),
        (None, Some(implementer), Some(part)) => format!("implementer {implementer} part {part}"),
        _ => String::new(),
    }
}

/// Ascending numbers in the notation of the kernel: `0-3,8`.
fn list(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bskip_numa_nodes::shapes::Shape;

    fn machine(nodes: &[(u32, &str, u64)]) -> TunedMachine {
        let node =
            |&(id, cpus, gib): &(u32, &str, u64)| TunedNode { id, cpus: cpus.into(), memory: gib << 30 };
        TunedMachine {
            cpu: "A CPU".into(),
            cpus: "0-3".into(),
            kernel: "6.1".into(),
            nodes: nodes.iter().map(node).collect(),
        }
    }

    #[test]
    fn what_differs_is_said_in_words() {
        let four = machine(&[(0, "0", 4), (1, "1", 4), (2, "2", 4), (3, "3", 4)]);
        let one = machine(&[(0, "0-3", 16)]);
        assert_eq!(
            four.differences(&one),
            ["made on 4 NUMA nodes [0,1,2,3]; this machine has 1 [0]"],
            "what follows from the nodes is not said too"
        );
        let said = |other: TunedMachine| one.differences(&other).join("|");
        assert_eq!(said(one.clone()), "");
        assert_eq!(said(TunedMachine { kernel: "6.9".into(), ..one.clone() }), "", "a kernel may be updated");
        assert_eq!(said(machine(&[(0, "0-3", 15)])), "", "memory differs a little from boot to boot");
        assert_eq!(
            said(machine(&[(0, "0-3", 8)])),
            "NUMA node 0 had 16384 MiB of memory, here it has 8192 MiB"
        );
        assert_eq!(said(machine(&[(0, "", 16)])), "NUMA node 0 had the CPUs 0-3, here it has no CPUs");
        assert_eq!(
            said(TunedMachine { cpu: "B CPU".into(), ..one.clone() }),
            "made on `A CPU`; this machine has `B CPU`"
        );
        assert_eq!(
            said(TunedMachine { cpus: "0-1".into(), ..one.clone() }),
            "made with the CPUs 0-3; this process may use 0-1"
        );
    }

    #[test]
    fn a_node_has_the_cpus_that_it_is_home_to() {
        // Nodes 0 and 3 have CPUs and no memory; the nodes nearest to them are home to these CPUs.
        let nodes = usable(&Shape::named("nps4").nodes().unwrap());
        let all: Vec<&str> = nodes.iter().map(|node| &*node.cpus).collect();
        let cpus: usize = all.iter().filter_map(|cpus| parse_list(cpus)).map(|cpus| cpus.len()).sum();
        assert!(nodes.iter().all(|node| ![0, 3].contains(&node.id)), "{nodes:?}");
        assert_eq!(cpus, 4, "{all:?}");
    }

    #[test]
    fn lists_and_models() {
        assert_eq!(list(&[0, 1, 2, 8, 10, 11]), "0-2,8,10-11");
        assert_eq!((list(&[]), list(&[7])), (String::new(), "7".into()));
        assert_eq!(model("processor : 0\nmodel name\t: A CPU\n"), "A CPU");
        assert_eq!(model("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"), "implementer 0x41 part 0xd0c");
        assert_eq!(model(""), "");
    }

    #[test]
    fn this_machine_makes_sense_and_fits_itself() {
        let this = TunedMachine::this();
        assert_eq!(this.problem(), None);
        assert_eq!(this.differences(&TunedMachine::this()), [""; 0]);
    }
}
