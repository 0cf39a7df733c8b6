//! Machines written as the files of Linux are read back as they were.

use super::*;
use crate::plan::tests::grid;
use crate::{Distances, NumaNode};

/// The files that Linux would show of a machine.
fn files(machine: &Machine) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut file = |name: String, text: String| drop(files.insert(name, text));
    let nodes: CpuSet = machine.nodes.iter().map(|node| node.number).collect();
    file("cpu/online".into(), machine.cpu_numbers().to_string());
    file("node/online".into(), nodes.to_string());
    for node in &machine.nodes {
        let number = node.number;
        file(format!("node/node{number}/cpulist"), node.cpus.to_string());
        if let Some(memory) = node.memory {
            let text = format!("Node {number} MemTotal: {} kB", memory >> 10);
            file(format!("node/node{number}/meminfo"), text);
        }
        let row = machine.distances.iter().flat_map(Distances::rows).find(|row| row.0 == number);
        if let Some((_, row)) = row {
            let row: Vec<String> = row.iter().map(u64::to_string).collect();
            file(format!("node/node{number}/distance"), row.join(" "));
        }
    }
    for cpu in &machine.cpus {
        let number = cpu.number;
        let with = |same: &dyn Fn(&Cpu) -> bool| -> String {
            let cpus = machine.cpus.iter().filter(|cpu| same(cpu)).map(|cpu| cpu.number);
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

/// As `grid`, with its L3 caches listed, on the machine that runs the process.
fn sample(shape: [u32; 5]) -> Machine {
    let mut machine = grid(shape);
    let l3s: BTreeMap<u32, CpuSet> = machine.cpus.iter().fold(BTreeMap::new(), |mut l3s, cpu| {
        l3s.entry(cpu.l3.expect("a grid has L3 caches")).or_insert_with(CpuSet::new).insert(cpu.number);
        l3s
    });
    let cache = |(index, cpus)| Cache { level: 3, index, size: Some(8 << 20), line_size: None, cpus };
    machine.caches = l3s.into_iter().map(cache).collect();
    let nodes: Vec<u32> = machine.nodes.iter().map(|node| node.number).collect();
    let values: Vec<u64> =
        nodes.iter().flat_map(|a| nodes.iter().map(move |b| 10 + u64::from(a ^ b))).collect();
    machine.distances = Distances::new(&nodes, &values);
    machine.is_this_machine = true;
    machine
}

#[test]
fn what_linux_shows_is_read_back() {
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
    machine.cpus.iter_mut().for_each(|cpu| cpu.number = apart(cpu.number));
    machine.cpus.sort_unstable_by_key(|cpu| cpu.number);
    let sets = machine.nodes.iter_mut().map(|node| &mut node.cpus);
    sets.chain(machine.caches.iter_mut().map(|cache| &mut cache.cpus))
        .for_each(|cpus| *cpus = cpus.iter().map(apart).collect());
    machine.nodes.push(NumaNode { number: 5, memory: Some(1 << 30), ..machine.nodes[1].clone() });
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
    assert_eq!(machine.cpu_numbers().to_string(), "0,2-3");
    assert_eq!(machine.nodes()[0].cpus, machine.cpu_numbers());
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
    assert_eq!((machine.nodes().len(), machine.fallback()), (1, Some(&*Hidden::NotShown.to_string())));
    assert_eq!(machine.nodes()[0].cpus.len(), 8);
    assert_eq!(machine.cpu(7).and_then(|cpu| cpu.l3), Some(1));
    let machine = without("cache").expect("the CPUs are listed");
    assert!(machine.caches().is_empty() && machine.cpus().iter().all(|cpu| cpu.l3.is_none()));
    let machine = without("topology").expect("the CPUs are listed");
    let cores: Vec<_> = machine.cpus().iter().map(|cpu| (cpu.core, cpu.package, cpu.smt)).collect();
    assert_eq!(cores[6..], [(6, 0, 0), (7, 0, 0)]);
}

/// Both ways see the same cores, packages, nodes and caches on the machine that runs the tests.
#[cfg(feature = "hwloc")]
#[test]
fn hwloc_sees_the_same() {
    let through_hwloc = Machine::discover();
    let through_files = machine(bskip_numa_nodes::read, Nodes::this_machine(), None);
    // Containers and exotic systems may hide either.
    let (None, Some(files)) = (through_hwloc.fallback(), &through_files) else { return };
    let together = |machine: &Machine, key: fn(&Cpu) -> Option<u32>| {
        let mut sets = BTreeMap::<_, CpuSet>::new();
        for cpu in &machine.cpus {
            sets.entry(key(cpu)).or_default().insert(cpu.number);
        }
        sets.into_values().collect::<std::collections::BTreeSet<_>>()
    };
    let keys: [fn(&Cpu) -> Option<u32>; 5] =
        [|c| Some(c.core), |c| Some(c.package), |c| Some(c.node), |c| c.l2, |c| c.l3];
    for key in keys {
        assert_eq!(together(files, key), together(&through_hwloc, key));
    }
    assert_eq!(files.cpu_numbers(), through_hwloc.cpu_numbers());
    assert_eq!(files.distances, through_hwloc.distances);
}
