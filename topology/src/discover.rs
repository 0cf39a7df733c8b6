//! Looks at the machine that runs the process: through hwloc where it can, else through the files of Linux;
//! where these say nothing either it is one node.

use std::thread::available_parallelism;

use bskip_numa_nodes::Nodes;

use crate::summary::Bytes;
use crate::{Cpu, CpuSet, Machine, NumaNode, os, sysfs_tree};

/// See [`Machine::discover`].
pub(crate) fn this_machine() -> Machine {
    let affinity = os::allowed_cpus();
    let mut machine = through_hwloc(affinity.as_ref())
        .or_else(|reason| through_files(affinity.as_ref(), reason))
        .unwrap_or_else(|reason| one_node(affinity.clone().unwrap_or_else(parallelism), reason));
    // The kernel decides where a thread runs, and both ways show all CPUs that it lets the process use.
    machine.allowed = affinity.unwrap_or(machine.allowed);
    // The standard library also counts the CPU time that a cgroup grants.
    machine.quota = available_parallelism().ok().map(usize::from).filter(|&n| n < machine.allowed.len());
    add_notes(&mut machine);
    machine
}

#[cfg(feature = "hwloc")]
fn through_hwloc(affinity: Option<&CpuSet>) -> Result<Machine, String> {
    // Linux tells its nodes itself, and an arena believes it. hwloc leaves some out (GPUs, contradictions) and invents one
    // where Linux hides all.
    let told = cfg!(target_os = "linux").then(Nodes::this_machine);
    let known = told.clone().map(|nodes| nodes.unwrap_or_else(|_| Nodes::assumed()));
    let mut machine = crate::hwloc::this_machine(known.as_ref())?;
    let seen = machine.cpu_numbers();
    if affinity.is_some_and(|affinity| !affinity.is_subset(&seen)) {
        return Err(format!("hwloc sees only CPUs {seen}, and this process may run on others"));
    }
    if let Some(Err(hidden)) = told {
        machine.nodes[0].memory = total_memory();
        machine.fallback = Some(hidden.to_string());
    }
    Ok(machine)
}

#[cfg(not(feature = "hwloc"))]
fn through_hwloc(_: Option<&CpuSet>) -> Result<Machine, String> {
    Err("bskip-topology was built without its feature `hwloc`".to_owned())
}

/// What Linux shows without hwloc; `reason` says why it is asked.
fn through_files(affinity: Option<&CpuSet>, reason: String) -> Result<Machine, String> {
    let Some(mut machine) = sysfs_tree::machine(bskip_numa_nodes::read, Nodes::this_machine(), affinity)
    else {
        return Err(reason);
    };
    if machine.fallback.is_some() {
        machine.nodes[0].memory = total_memory();
    }
    let source = format!("the machine is as /sys/devices/system shows it: {reason}");
    machine.notes.insert(0, source);
    Ok(machine)
}

/// One node with these CPUs, each a core of its own. Claims nothing else.
fn one_node(cpus: CpuSet, reason: String) -> Machine {
    let cpu = |(core, number)| Cpu { number, core, package: 0, node: 0, l2: None, l3: None, smt: 0 };
    Machine {
        nodes: vec![NumaNode {
            number: 0,
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

/// As many CPUs as the standard library counts, numbered from 0; at least one.
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
        notes.push(format!("the machine is taken as one NUMA node: {reason}"));
    }
    let (allowed, all) = (machine.allowed.len(), machine.cpus.len());
    if allowed < all {
        notes.push(format!("this process may use {allowed} of {all} CPUs: {}", machine.allowed));
    }
    if let Some(granted) = machine.quota() {
        notes.push(format!("a quota grants this process the time of about {granted} of its {allowed} CPUs"));
    }
    // Linux guests leave memory that was plugged in later out of the nodes.
    let in_nodes = machine.nodes.iter().filter_map(|node| node.memory).sum::<u64>();
    if let Some(total) = total_memory().filter(|total| in_nodes > 0 && in_nodes < total - total / 8) {
        notes.push(format!("the nodes account for {} of the {} of memory", Bytes(in_nodes), Bytes(total)));
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
        assert_eq!(machine.notes()[0], "the machine is taken as one NUMA node: for the test");
        assert!(machine.to_string().starts_with("1 node (assumed), 2 threads"));
    }

    #[test]
    fn without_an_affinity_call_there_is_still_a_cpu() {
        assert_eq!(parallelism().first(), Some(0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_its_memory() {
        assert!(total_memory().expect("/proc/meminfo is readable") > 1 << 20);
    }
}
