//! Discovers the machine that runs the process: through hwloc, or else from the files of Linux. If both show
//! nothing, the machine is one node.

mod homes;
#[cfg(feature = "hwloc")]
mod hwloc;
#[cfg(feature = "hwloc")]
mod hwloc_env;
pub(crate) mod sysfs;

use std::thread::available_parallelism;

use bskip_numa_nodes::Nodes;

use crate::cpuset::CpuSet;
use crate::error::MachineError;
use crate::machine::{Cpu, Machine, NumaNode};
use crate::os;
use crate::summary::Bytes;

impl Machine {
    /// The machine that runs this process. Never fails: if neither hwloc nor Linux shows its nodes, the
    /// machine is one node, and [`Machine::fallback`] says why.
    ///
    /// The allowed CPUs are those of the calling thread, which a new process inherits from `taskset` or its
    /// container. So call this before the thread pins itself.
    ///
    /// This takes 10 ms on a small host, and hundreds of milliseconds in an emulated guest or on a large
    /// machine. Call it once. hwloc may move the calling thread between CPUs meanwhile, and then restores its
    /// binding.
    #[must_use]
    pub fn discover() -> Self {
        this_machine()
    }

    /// A machine described in hwloc's [synthetic] notation, with at most 8192 CPUs. Use it for tests and for
    /// plans of other machines. All its CPUs are allowed, and it has no distances.
    ///
    /// [synthetic]: https://www.open-mpi.org/projects/hwloc/doc/v2.9.0/a00369.php
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::Machine;
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 l3:1 core:4 pu:2")?;
    /// assert_eq!(machine.nodes().len(), 2);
    /// assert_eq!(machine.cpus().len(), 16);
    /// # }
    /// # Ok::<(), bskip_topology::MachineError>(())
    /// ```
    ///
    /// # Errors
    /// [`MachineError::Invalid`] if hwloc refuses the description. [`MachineError::NoHwloc`] in a build
    /// without hwloc.
    pub fn synthetic(description: &str) -> Result<Self, MachineError> {
        #[cfg(feature = "hwloc")]
        return hwloc::synthetic(description);
        #[cfg(not(feature = "hwloc"))]
        {
            let _ = description;
            Err(MachineError::NoHwloc)
        }
    }

    /// A machine that was saved as hwloc XML, as `lstopo --of xml` writes it. The allowed CPUs are those that
    /// the file calls allowed.
    ///
    /// A file does not say which of several nodes near a CPU is its home. The home is then the node with
    /// memory and the fewest CPUs; among several, the one with the lowest number. Load only files that you
    /// trust: hwloc's debug checks abort the process if a tree is inconsistent.
    ///
    /// # Errors
    /// [`MachineError::Invalid`] if hwloc refuses the text. [`MachineError::NoHwloc`] in a build without
    /// hwloc.
    pub fn from_xml(xml: &str) -> Result<Self, MachineError> {
        #[cfg(feature = "hwloc")]
        return hwloc::from_xml(xml);
        #[cfg(not(feature = "hwloc"))]
        {
            let _ = xml;
            Err(MachineError::NoHwloc)
        }
    }
}

/// See [`Machine::discover`].
fn this_machine() -> Machine {
    let affinity = os::allowed_cpus();
    let mut machine = through_hwloc(affinity.as_ref())
        .or_else(|reason| through_files(affinity.as_ref(), reason))
        .unwrap_or_else(|reason| one_node(affinity.clone().unwrap_or_else(parallelism), reason));
    // The kernel decides where a thread runs, and both sources show all CPUs that it lets the process use.
    machine.allowed = affinity.unwrap_or(machine.allowed);
    // The standard library also considers the CPU time that a cgroup grants.
    machine.quota = available_parallelism().ok().map(usize::from).filter(|&n| n < machine.allowed.len());
    add_notes(&mut machine);
    machine
}

#[cfg(feature = "hwloc")]
fn through_hwloc(affinity: Option<&CpuSet>) -> Result<Machine, String> {
    // Linux itself shows its nodes, and an arena uses those. hwloc leaves some out (GPUs, contradictions),
    // and invents one if Linux hides all of them.
    let shown = cfg!(target_os = "linux").then(Nodes::this_machine);
    let known = shown.clone().map(|nodes| nodes.unwrap_or_else(|_| Nodes::assumed()));
    let mut machine = hwloc::this_machine(known.as_ref())?;
    let seen = machine.cpu_set();
    if affinity.is_some_and(|affinity| !affinity.is_subset(&seen)) {
        return Err(format!("hwloc shows only CPUs {seen}, and this process may run on others"));
    }
    if let Some(Err(hidden)) = shown {
        machine.nodes[0].memory = total_memory();
        machine.fallback = Some(hidden.to_string());
    }
    Ok(machine)
}

#[cfg(not(feature = "hwloc"))]
fn through_hwloc(_: Option<&CpuSet>) -> Result<Machine, String> {
    Err("bskip-topology was built without its feature `hwloc`".to_owned())
}

/// The machine as the files of Linux show it. `reason` says why hwloc does not show it.
fn through_files(affinity: Option<&CpuSet>, reason: String) -> Result<Machine, String> {
    let Some(mut machine) = sysfs::machine(bskip_numa_nodes::read, Nodes::this_machine(), affinity) else {
        return Err(reason);
    };
    if machine.fallback.is_some() {
        machine.nodes[0].memory = total_memory();
    }
    let source = format!("this description comes from /sys/devices/system: {reason}");
    machine.notes.insert(0, source);
    Ok(machine)
}

/// One node with these CPUs, each on a core of its own. Nothing else is known.
fn one_node(cpus: CpuSet, reason: String) -> Machine {
    let cpu = |(core, os_index)| Cpu { os_index, core, package: 0, node: 0, l2: None, l3: None, smt: 0 };
    Machine {
        nodes: vec![NumaNode {
            os_index: 0,
            cpus: cpus.clone(),
            memory: total_memory(),
            allowed: true,
            bandwidth: None,
        }],
        cpus: (0..).zip(cpus.iter()).map(cpu).collect(),
        caches: Vec::new(),
        distances: None,
        allowed: cpus,
        quota: None,
        is_this_machine: true,
        fallback: Some(reason),
        notes: Vec::new(),
    }
}

/// As many CPUs as the standard library counts, numbered from 0. At least one.
fn parallelism() -> CpuSet {
    let count = available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    (0..count).collect()
}

/// Bytes of memory of the whole machine, from `/proc/meminfo`.
fn total_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1024)
}

fn add_notes(machine: &mut Machine) {
    let mut notes = std::mem::take(&mut machine.notes);
    if let Some(reason) = &machine.fallback {
        notes.push(format!("the machine counts as one NUMA node: {reason}"));
    }
    let (allowed, all) = (machine.allowed.len(), machine.cpus.len());
    if allowed < all {
        notes.push(format!("this process may use {allowed} of {all} CPUs: {}", machine.allowed));
    }
    if let Some(granted) = machine.quota() {
        notes.push(format!(
            "a quota limits this process to the time of about {granted} of its {allowed} CPUs"
        ));
    }
    // Linux guests do not count memory for a node if it was plugged in at run time.
    let in_nodes = machine.nodes.iter().filter_map(|node| node.memory).sum::<u64>();
    if let Some(total) = total_memory().filter(|total| in_nodes > 0 && in_nodes < total - total / 8) {
        notes.push(format!("the nodes have {} of the {} of memory", Bytes(in_nodes), Bytes(total)));
    }
    if !os::CAN_PIN {
        notes.push("threads cannot be pinned on this operating system".to_owned());
    }
    machine.notes = notes;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_is_one_node_and_says_why() {
        let mut machine = one_node(CpuSet::from([2, 5]), "for the test".to_owned());
        add_notes(&mut machine);
        assert_eq!(machine.nodes().len(), 1);
        assert_eq!(machine.nodes()[0].cpus, CpuSet::from([2, 5]));
        assert_eq!((machine.node_of_cpu(5), machine.node_of_cpu(0)), (Some(0), None));
        assert_eq!(machine.cpus().iter().map(|cpu| cpu.core).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(machine.fallback(), Some("for the test"));
        assert_eq!(machine.notes()[0], "the machine counts as one NUMA node: for the test");
        assert!(machine.to_string().starts_with("1 node (assumed), 2 threads"));
    }

    #[test]
    fn without_an_affinity_call_there_is_still_a_cpu() {
        assert_eq!(parallelism().first(), Some(0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_shows_its_memory() {
        assert!(total_memory().expect("/proc/meminfo is readable") > 1 << 20);
    }
}
