//! For tests: machines made by hand, which need no hwloc.

use crate::distances::Distances;
use crate::machine::{Cpu, Machine, NumaNode};

/// A machine of `[packages, nodes per package, L3 domains per node, cores per domain, threads per core]`.
/// CPUs are numbered in the order of the tree.
pub(crate) fn grid([packages, nodes, l3s, cores, threads]: [u32; 5]) -> Machine {
    let (all_nodes, node_cpus) = (packages * nodes, l3s * cores * threads);
    let cpu = |os_index: u32| Cpu {
        os_index,
        core: os_index / threads,
        package: os_index / (node_cpus * nodes),
        node: os_index / node_cpus,
        l2: None,
        l3: Some(os_index / (cores * threads)),
        smt: os_index % threads,
    };
    let node = |os_index: u32| NumaNode {
        os_index,
        cpus: (os_index * node_cpus..(os_index + 1) * node_cpus).collect(),
        memory: Some(1 << 30),
        allowed: true,
        bandwidth: None,
    };
    Machine {
        nodes: (0..all_nodes).map(node).collect(),
        cpus: (0..all_nodes * node_cpus).map(cpu).collect(),
        caches: Vec::new(),
        distances: Distances::new(&[0], &[10]),
        allowed: (0..all_nodes * node_cpus).collect(),
        quota: None,
        is_this_machine: false,
        fallback: None,
        notes: Vec::new(),
    }
}
