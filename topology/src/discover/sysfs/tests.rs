//! Machines that are written as the files of Linux are read back unchanged.

use super::*;
use crate::distances::Distances;
use crate::fixtures::grid;
use crate::machine::NumaNode;

/// The files in which Linux would show the machine.
fn files(machine: &Machine) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut file = |name: String, text: String| drop(files.insert(name, text));
    let nodes: CpuSet = machine.nodes.iter().map(|node| node.os_index).collect();
    file("cpu/online".into(), machine.cpu_set().to_string());
    file("node/online".into(), nodes.to_string());
    for node in &machine.nodes {
        let index = node.os_index;
        file(format!("node/node{index}/cpulist"), node.cpus.to_string());
        if let Some(memory) = node.memory {
            let text = format!("Node {index} MemTotal: {} kB", memory >> 10);
            file(format!("node/node{index}/meminfo"), text);
        }
        let row = machine.distances.iter().flat_map(Distances::rows).find(|row| row.0 == index);
        if let Some((_, row)) = row {
            let row: Vec<String> = row.iter().map(u64::to_string).collect();
            file(format!("node/node{index}/distance"), row.join(" "));
        }
    }
    for cpu in &machine.cpus {
        let number = cpu.os_index;
        let with = |same: &dyn Fn(&Cpu) -> bool| -> String {
            let cpus = machine.cpus.iter().filter(|cpu| same(cpu)).map(|cpu| cpu.os_index);
            cpus.collect::<CpuSet>().to_string()
        };
        let topology = format!("cpu/cpu{number}/topology");
        file(format!("{topology}/package_cpus_list"), with(&|other| other.package == cpu.package));
        file(format!("{topology}/core_cpus_list"), with(&|other| other.core == cpu.core));
        let caches = machine.caches.iter().filter(|cache| cache.cpus.contains(number));
        for (index, cache) in caches.enumerate() {
            let name = format!("cpu/cpu{number}/cache/index{index}");
            file(format!("{name}/level"), cache.level.to_string());
            file(format!("{name}/type"), "Unified".into());
            file(format!("{name}/shared_cpu_list"), cache.cpus.to_string());
            if let Some(size) = cache.size {
                file(format!("{name}/size"), format!("{}K", size >> 10));
            }
        }
    }
    files
}

fn read_back(files: &BTreeMap<String, String>) -> Option<Machine> {
    let read = |name: &str| files.get(name).cloned();
    machine(read, Nodes::read(read, None), None)
}

/// The machine of `grid` with its L3 caches, as the machine that runs the process.
fn sample(shape: [u32; 5]) -> Machine {
    let mut machine = grid(shape);
    let l3s: BTreeMap<u32, CpuSet> = machine.cpus.iter().fold(BTreeMap::new(), |mut l3s, cpu| {
        l3s.entry(cpu.l3.expect("a grid has L3 caches")).or_insert_with(CpuSet::new).insert(cpu.os_index);
        l3s
    });
    let cache = |(index, cpus)| Cache { level: 3, index, size: Some(8 << 20), line_size: None, cpus };
    machine.caches = l3s.into_iter().map(cache).collect();
    let nodes: Vec<u32> = machine.nodes.iter().map(|node| node.os_index).collect();
    let values: Vec<u64> =
        nodes.iter().flat_map(|a| nodes.iter().map(move |b| 10 + u64::from(a ^ b))).collect();
    machine.distances = Distances::new(&nodes, &values);
    machine.is_this_machine = true;
    machine
}

#[test]
fn machines_are_read_back_from_their_files() {
    for shape in [[1, 1, 1, 1, 1], [2, 1, 1, 2, 2], [2, 2, 2, 2, 2], [1, 4, 1, 3, 1], [8, 1, 2, 1, 2]] {
        let machine = sample(shape);
        assert_eq!(read_back(&files(&machine)).as_ref(), Some(&machine), "{shape:?}");
    }
}

#[test]
fn siblings_numbered_apart_and_nodes_of_memory_only() {
    // As Linux numbers them on x86: siblings are n and n + 4.
    let mut machine = sample([2, 1, 1, 2, 2]);
    let apart = |cpu: u32| cpu / 2 + 4 * (cpu % 2);
    machine.cpus.iter_mut().for_each(|cpu| cpu.os_index = apart(cpu.os_index));
    machine.cpus.sort_unstable_by_key(|cpu| cpu.os_index);
    let sets = machine.nodes.iter_mut().map(|node| &mut node.cpus);
    sets.chain(machine.caches.iter_mut().map(|cache| &mut cache.cpus))
        .for_each(|cpus| *cpus = cpus.iter().map(apart).collect());
    machine.nodes.push(NumaNode { os_index: 5, memory: Some(1 << 30), ..machine.nodes[1].clone() });
    machine.nodes[2].cpus = CpuSet::new();
    machine.distances = None;
    assert_eq!(machine.cpu(5).map(|cpu| (cpu.core, cpu.smt, cpu.l3)), Some((1, 1, Some(0))));
    let read = read_back(&files(&machine)).expect("the CPUs are listed");
    assert_eq!(read, machine);
    assert!(read.nodes()[2].is_cpuless());
}

#[test]
fn offline_cpus_are_left_out() {
    let mut shown = files(&sample([1, 1, 1, 2, 2]));
    shown.insert("cpu/online".into(), "0,2-3".into());
    let machine = read_back(&shown).expect("the CPUs are listed");
    assert_eq!(machine.cpu_set().to_string(), "0,2-3");
    assert_eq!(machine.nodes()[0].cpus, machine.cpu_set());
    assert_eq!(
        machine.cpus().iter().map(|cpu| (cpu.core, cpu.smt)).collect::<Vec<_>>(),
        [(0, 0), (1, 0), (1, 1)]
    );
}

#[test]
fn what_is_hidden_is_unknown() {
    let shown = files(&sample([2, 1, 1, 2, 2]));
    let without = |part: &str| {
        let mut files = shown.clone();
        files.retain(|name, _| !name.contains(part));
        read_back(&files)
    };
    assert_eq!(without("cpu/online"), None);
    let machine = without("node/").expect("the CPUs are listed");
    assert_eq!((machine.nodes().len(), machine.fallback()), (1, Some(&*NodesError::NotShown.to_string())));
    assert_eq!(machine.nodes()[0].cpus.len(), 8);
    assert_eq!(machine.cpu(7).and_then(|cpu| cpu.l3), Some(1));
    let machine = without("cache").expect("the CPUs are listed");
    assert!(machine.caches().is_empty() && machine.cpus().iter().all(|cpu| cpu.l3.is_none()));
    let machine = without("topology").expect("the CPUs are listed");
    let cores: Vec<_> = machine.cpus().iter().map(|cpu| (cpu.core, cpu.package, cpu.smt)).collect();
    assert_eq!(cores[6..], [(6, 0, 0), (7, 0, 0)]);
}

/// hwloc and the files show the same cores, packages, nodes and caches of the machine that runs the tests.
#[cfg(feature = "hwloc")]
#[test]
fn hwloc_sees_the_same() {
    let through_hwloc = Machine::discover();
    let through_files = machine(bskip_numa_nodes::read, Nodes::this_machine(), None);
    // Containers and unusual systems may hide one of them.
    let (None, Some(files)) = (through_hwloc.fallback(), &through_files) else { return };
    let together = |machine: &Machine, key: fn(&Cpu) -> Option<u32>| {
        let mut sets = BTreeMap::<_, CpuSet>::new();
        for cpu in &machine.cpus {
            sets.entry(key(cpu)).or_default().insert(cpu.os_index);
        }
        sets.into_values().collect::<std::collections::BTreeSet<_>>()
    };
    let keys: [fn(&Cpu) -> Option<u32>; 5] =
        [|c| Some(c.core), |c| Some(c.package), |c| Some(c.node), |c| c.l2, |c| c.l3];
    for key in keys {
        assert_eq!(together(files, key), together(&through_hwloc, key));
    }
    assert_eq!(files.cpu_set(), through_hwloc.cpu_set());
    assert_eq!(files.distances, through_hwloc.distances);
}
