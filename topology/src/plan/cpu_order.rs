//! Orders of CPUs: in the order of the hardware tree, siblings last, or far apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::machine::{Cpu, Machine};

/// An allowed CPU with its rank among the *allowed* CPUs of its core. If the first hardware thread of a core
/// is not allowed, the second one has rank 0.
#[derive(Clone, Copy)]
pub(crate) struct Ranked<'a> {
    pub(crate) cpu: &'a Cpu,
    /// 0 for the first allowed CPU of the core.
    rank: u32,
}

/// The allowed CPUs in the order of the hardware tree.
pub(crate) fn allowed_cpus<'a>(machine: &'a Machine) -> Vec<Ranked<'a>> {
    let mut cpus: Vec<&'a Cpu> =
        machine.cpus().iter().filter(|cpu| machine.allowed().contains(cpu.os_index)).collect();
    cpus.sort_unstable_by_key(|cpu| (cpu.core, cpu.smt));
    let mut used = BTreeMap::<u32, u32>::new();
    let ranked = |cpu: &'a Cpu| {
        let next = used.entry(cpu.core).or_default();
        Ranked { cpu, rank: std::mem::replace(next, *next + 1) }
    };
    cpus.into_iter().map(ranked).collect()
}

/// One CPU of each core in the order of the tree, then the second of each, and so on.
pub(crate) fn smt_last(mut cpus: Vec<Ranked<'_>>) -> Vec<Ranked<'_>> {
    cpus.sort_by_key(|r| r.rank);
    cpus
}

/// Siblings last. Before that, coarse units in turn, and within them finer units in turn.
pub(crate) fn scatter<'a>(cpus: &[Ranked<'a>]) -> Vec<Ranked<'a>> {
    type Key = fn(&Cpu) -> u32;
    let (package, node): (Key, Key) = (|cpu| cpu.package, |cpu| cpu.node);
    let count = |key: Key| cpus.iter().map(|r| key(r.cpu)).collect::<BTreeSet<_>>().len();
    // A package may hold several nodes (sub-NUMA clusters), or a node several packages. The coarser unit
    // comes first.
    let (coarse, fine) = if count(package) <= count(node) { (package, node) } else { (node, package) };
    let keys: [Key; 4] = [coarse, fine, |cpu| cpu.l3.unwrap_or(0), |cpu| cpu.core];

    let mut ranks = BTreeMap::<u32, Vec<Ranked<'a>>>::new();
    for r in cpus {
        ranks.entry(r.rank).or_default().push(*r);
    }
    ranks.into_values().flat_map(|same| in_turn(same, &keys)).collect()
}

/// Groups `cpus` by the first key and takes one CPU from each group in turn. Each group is ordered in the
/// same way by the other keys.
fn in_turn<'a>(cpus: Vec<Ranked<'a>>, keys: &[fn(&Cpu) -> u32]) -> Vec<Ranked<'a>> {
    let Some((key, finer)) = keys.split_first() else { return cpus };
    let mut groups = BTreeMap::<u32, Vec<Ranked<'a>>>::new();
    for r in cpus {
        groups.entry(key(r.cpu)).or_default().push(r);
    }
    let dealt: Vec<_> = groups.into_values().map(|group| in_turn(group, finer)).collect();
    let rounds = dealt.iter().map(Vec::len).max().unwrap_or(0);
    (0..rounds).flat_map(|round| dealt.iter().filter_map(move |group| group.get(round).copied())).collect()
}
