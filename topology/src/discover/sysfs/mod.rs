//! The machine as Linux shows it under `/sys/devices/system`: nodes, packages, cores and caches, without
//! hwloc.

use std::collections::BTreeMap;

use bskip_numa_nodes::{Nodes, NodesError};

use super::homes;
use crate::cpuset::CpuSet;
use crate::machine::{Cache, Cpu, Machine};

/// The machine; `None` if the system does not show its CPUs. All CPUs count as allowed. `nodes` are those
/// that the system shows. If the system hides them, the machine is one node, and [`Machine::fallback`] says
/// so. `affinity` holds the CPUs that the kernel lets the process run on; these exist, whatever the files
/// say.
pub(crate) fn machine(
    read: impl Fn(&str) -> Option<String>,
    nodes: Result<Nodes, NodesError>,
    affinity: Option<&CpuSet>,
) -> Option<Machine> {
    let shown = list(&read, "cpu/online").filter(|cpus| !cpus.is_empty());
    let online: CpuSet = shown.iter().chain(affinity).flat_map(CpuSet::iter).collect();
    if online.is_empty() {
        return None;
    }
    let fallback = nodes.as_ref().err().map(NodesError::to_string);
    let known = nodes.unwrap_or_else(|_| Nodes::assumed());
    let homes = known.homes();
    // A node is identified by its smallest CPU, like the other units.
    let mut firsts = BTreeMap::new();
    online.iter().for_each(|cpu| _ = firsts.entry(homes.of(cpu)).or_insert(cpu));
    let home = |cpu| (homes.of(cpu), firsts[&homes.of(cpu)]);

    let mut spots: Vec<Spot> = online.iter().map(|cpu| Spot::read(&read, &online, home(cpu), cpu)).collect();
    spots.sort_unstable_by_key(Spot::in_tree_order);
    let (mut numbers, mut caches) = (Numbers::default(), BTreeMap::new());
    let mut cpus: Vec<Cpu> = spots.iter().map(|spot| spot.cpu(&mut numbers, &mut caches)).collect();
    cpus.sort_unstable_by_key(|cpu| cpu.os_index);
    let bandwidth =
        |node| read(&format!("node/node{node}/access0/initiators/read_bandwidth"))?.trim().parse().ok();
    let mut notes: Vec<String> =
        affinity.and_then(|cpus| disagreement(shown.as_ref()?, cpus)).into_iter().collect();
    notes.extend(homes::notes(&known, &homes, &online));
    Some(Machine {
        nodes: homes::numa_nodes(&known, &cpus, bandwidth),
        cpus,
        caches: caches.into_values().collect(),
        distances: homes::distances(&known),
        allowed: online,
        quota: None,
        is_this_machine: true,
        fallback,
        notes,
    })
}

/// A note, if the process may run on CPUs that the system does not show.
fn disagreement(shown: &CpuSet, affinity: &CpuSet) -> Option<String> {
    let hidden: CpuSet = affinity.iter().filter(|&cpu| !shown.contains(cpu)).collect();
    (!hidden.is_empty()).then(|| {
        format!(
            "the system shows CPUs {shown} as online, but this process may run on CPUs {affinity}: CPUs \
             {hidden} are added; the cause may be a container that shows other CPUs than it grants (lxcfs)"
        )
    })
}

/// The units that a CPU belongs to. A unit is identified by its smallest CPU.
struct Spot {
    cpu: u32,
    /// The CPUs of its package and of its core.
    package: CpuSet,
    core: CpuSet,
    /// The home of the CPU, and the smallest CPU with this home.
    node: (u32, u32),
    /// Their indices are not assigned yet.
    caches: Vec<Cache>,
}

impl Spot {
    fn read(read: impl Fn(&str) -> Option<String>, online: &CpuSet, node: (u32, u32), cpu: u32) -> Self {
        let set = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| list(&read, &format!("cpu/cpu{cpu}/topology/{name}")));
            found.map(|cpus| cpus.intersection(online)).filter(|cpus| cpus.contains(cpu))
        };
        // An older Linux uses the second names.
        let package = set(["package_cpus_list", "core_siblings_list"]).unwrap_or_else(|| online.clone());
        let core = set(["core_cpus_list", "thread_siblings_list"]).unwrap_or_else(|| CpuSet::from([cpu]));
        let directories = (0..).map(|index| format!("cpu/cpu{cpu}/cache/index{index}"));
        let shown = directories.map_while(|name| Some((read(&format!("{name}/level"))?, name)));
        let caches = shown.filter_map(|(level, name)| cache(&read, &level, &name)).collect();
        Self { cpu, package, core, node, caches }
    }

    /// The smallest CPU of each unit, from the largest unit to the smallest.
    fn in_tree_order(&self) -> [u32; 6] {
        let cache = |level| self.cache(level).unwrap_or(0);
        [first(&self.package), self.node.1, cache(3), cache(2), first(&self.core), self.cpu]
    }

    /// The smallest CPU that uses the same cache of this level.
    fn cache(&self, level: u8) -> Option<u32> {
        self.caches.iter().find(|cache| cache.level == level).map(|cache| first(&cache.cpus))
    }

    /// The CPU with the numbers of its units. Adds its caches to `caches`.
    fn cpu(&self, numbers: &mut Numbers, caches: &mut BTreeMap<(u8, u32), Cache>) -> Cpu {
        for cache in &self.caches {
            let index = numbers.of(Unit::Cache(cache.level), first(&cache.cpus));
            caches.entry((cache.level, index)).or_insert_with(|| Cache { index, ..cache.clone() });
        }
        let mut cache = |level| Some(numbers.of(Unit::Cache(level), self.cache(level)?));
        let (l2, l3) = (cache(2), cache(3));
        Cpu {
            os_index: self.cpu,
            core: numbers.of(Unit::Core, first(&self.core)),
            package: numbers.of(Unit::Package, first(&self.package)),
            node: self.node.0,
            l2,
            l3,
            smt: self.core.iter().zip(0..).find(|&(cpu, _)| cpu == self.cpu).map_or(0, |(_, rank)| rank),
        }
    }
}

/// The units that are numbered in the order of the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Package,
    Core,
    /// A cache of this level.
    Cache(u8),
}

/// Numbers units from 0 in the order in which they are met.
#[derive(Default)]
struct Numbers {
    given: BTreeMap<(Unit, u32), u32>,
    next: BTreeMap<Unit, u32>,
}

impl Numbers {
    /// The number of the unit whose smallest CPU is `first`.
    fn of(&mut self, unit: Unit, first: u32) -> u32 {
        *self.given.entry((unit, first)).or_insert_with(|| {
            let next = self.next.entry(unit).or_default();
            std::mem::replace(next, *next + 1)
        })
    }
}

/// A data cache or unified cache; its index is not assigned yet.
fn cache(read: impl Fn(&str) -> Option<String>, level: &str, name: &str) -> Option<Cache> {
    let field = |field: &str| read(&format!("{name}/{field}"));
    if field("type").is_some_and(|kind| kind == "Instruction") {
        return None;
    }
    let cpus = list(&read, &format!("{name}/shared_cpu_list")).filter(|cpus| !cpus.is_empty())?;
    Some(Cache {
        level: level.parse().ok()?,
        index: 0,
        size: field("size").and_then(|text| text.strip_suffix('K')?.parse::<u64>().ok()?.checked_mul(1024)),
        line_size: field("coherency_line_size")
            .and_then(|bytes| bytes.parse().ok())
            .filter(|&bytes| bytes > 0),
        cpus,
    })
}

/// Reads a file that holds a CPU list.
fn list(read: impl Fn(&str) -> Option<String>, name: &str) -> Option<CpuSet> {
    read(name)?.parse().ok()
}

/// The smallest CPU of a unit, which is never empty.
fn first(cpus: &CpuSet) -> u32 {
    cpus.first().unwrap_or(0)
}

#[cfg(test)]
mod tests;
