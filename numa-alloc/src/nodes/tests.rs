//! The nodes of arenas on machines made by hand.

use bskip_numa_nodes::shapes::{self, Shape};

use super::*;
use crate::order::NodeOrder;

/// A machine of nodes with a number, CPUs, memory or not, and a row of distances.
pub(crate) fn machine(nodes: &[(u32, &str, bool, &[u64])]) -> Nodes {
    let node = |&(os_index, cpus, memory, row): &(u32, &str, bool, &[u64])| {
        let mut node = Node::new(os_index, bskip_numa_nodes::parse_list(cpus).unwrap_or_default());
        node.memory = memory;
        node.distances = nodes.iter().map(|n| n.0).zip(row.iter().copied()).collect();
        node
    };
    Nodes::described(nodes.iter().map(node).collect()).unwrap()
}

/// Nodes 0, 2 and 5 have memory, node 3 has none. Node 5 has no CPUs; it is near node 3 and far from the
/// others.
pub(crate) fn four() -> Nodes {
    machine(&[
        (0, "0-1", true, &[10, 20, 25, 40]),
        (2, "2-3", true, &[20, 10, 25, 30]),
        (3, "4-5", false, &[25, 25, 10, 12]),
        (5, "", true, &[40, 30, 12, 10]),
    ])
}

pub(crate) fn nodes_of(machine: &Nodes) -> ArenaNodes {
    ArenaNodes::new(machine, Wanted::default(), &[], &Fallbacks::default()).unwrap()
}

/// An arena's nodes if the builder names these.
fn only(machine: &Nodes, nodes: &[NumaNodeId]) -> Result<ArenaNodes, BuildError> {
    let wanted = Wanted { only: Some(nodes), ..Wanted::default() };
    ArenaNodes::new(machine, wanted, &[], &Fallbacks::default())
}

pub(crate) fn numbers(nodes: &ArenaNodes, order: &[usize]) -> Vec<u32> {
    order.iter().map(|&i| nodes.all()[i].id.0).collect()
}

#[test]
fn nodes_without_memory_are_replaced_by_the_nearest() {
    let notes = Fallbacks::default();
    let nodes = ArenaNodes::new(&four(), Wanted::default(), &[0, 5], &notes).unwrap();
    assert_eq!(notes.list(), [Fallback::NodeWithoutMemory { node: NumaNodeId(3), instead: NumaNodeId(5) }]);
    assert_eq!(nodes.of_cpu, [0, 0, 1, 1, 2, 2]);
    let bound: Vec<_> = nodes.all().iter().map(|node| (node.os_index, node.cpus)).collect();
    assert_eq!(bound, [(Some(0), true), (Some(2), true), (Some(5), true)]);
}

#[test]
fn a_placement_names_its_node_and_then_the_nearest() {
    let nodes = nodes_of(&four());
    assert_eq!(numbers(&nodes, nodes.order_from(NumaNodeId(5)).unwrap()), [5, 2, 0]);
    assert_eq!(numbers(&nodes, nodes.order_from(NumaNodeId(2)).unwrap()), [2, 0, 5]);
    assert!(nodes.order_from(NumaNodeId(3)).is_none());
}

#[test]
fn a_subset_is_bound_although_it_is_one_node() {
    let nodes = only(&four(), &[NumaNodeId(5)]).unwrap();
    assert_eq!(nodes.all().len(), 1);
    assert_eq!(nodes.all()[0].os_index, Some(5));
    assert_eq!(nodes.here(), 0);
    let one = machine(&[(0, "0-1", true, &[10])]);
    assert_eq!(nodes_of(&one).all()[0].os_index, None);
}

#[test]
fn errors_list_the_available_nodes() {
    let available = vec![NumaNodeId(0), NumaNodeId(2), NumaNodeId(5)];
    let all = nodes_of(&four());
    assert_eq!(all.indices_of(&[NumaNodeId(5), NumaNodeId(0)]), Ok(vec![2, 0]));
    for node in [NumaNodeId(3), NumaNodeId(9)] {
        let error = BuildError::NoSuchNode { node, available: available.clone() };
        assert_eq!(all.indices_of(&[NumaNodeId(0), node]), Err(error.clone()));
        assert_eq!(
            error.to_string(),
            format!("NUMA node {node} does not exist or has no memory for this process; choose among 0,2,5")
        );
        let subset = only(&four(), &[node]);
        assert_eq!(subset.unwrap_err(), error);
    }
    assert_eq!(all.indices_of(&[]), Err(BuildError::NoNodes));
    let none = only(&four(), &[]);
    assert_eq!(none.unwrap_err(), BuildError::NoNodes);
    let outside = only(&four(), &[NumaNodeId(0)]).unwrap();
    let error = BuildError::NoSuchNode { node: NumaNodeId(2), available: vec![NumaNodeId(0)] };
    assert_eq!(outside.indices_of(&[NumaNodeId(2)]), Err(error));
}

#[test]
fn pretended_nodes_without_cpus_come_last() {
    let machine = machine(&[(0, "0", true, &[10])]);
    let nodes = ArenaNodes::pretended(&machine, 2, 1).unwrap();
    let cpus: Vec<_> = nodes.all().iter().map(|node| (node.id.0, node.os_index, node.cpus)).collect();
    assert_eq!(cpus, [(0, Some(0), true), (1, Some(0), true), (2, Some(0), false)]);
    assert!(nodes.here() < 2);
    assert_eq!(ArenaNodes::pretended(&machine, 0, 1).unwrap_err(), BuildError::NoNodes);
}

/// The arena's nodes on a machine of the list, and the fallbacks that were recorded.
fn on(shape: &Shape, wanted: Wanted<'_>) -> (ArenaNodes, Vec<Fallback>) {
    let notes = Fallbacks::default();
    let nodes = shape.nodes().unwrap_or_else(|_| Nodes::assumed());
    let nodes = ArenaNodes::new(&nodes, wanted, &shape.affinity, &notes).unwrap();
    (nodes, notes.list())
}

fn node(nodes: &ArenaNodes, index: usize) -> u32 {
    nodes.all()[index].id.0
}

/// The nodes at these indices.
fn set(nodes: &ArenaNodes, indices: impl IntoIterator<Item = usize>) -> Vec<u32> {
    let mut nodes: Vec<u32> = indices.into_iter().map(|index| node(nodes, index)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

#[test]
fn threads_are_on_the_homes_of_their_cpus() {
    for shape in shapes::all() {
        let (nodes, _) = on(&shape, Wanted::default());
        assert_eq!(set(&nodes, 0..nodes.all().len()), shape.in_use, "{}", shape.name);
        assert_eq!(nodes.in_use(), shape.in_use.len());
        for &(cpu, home) in &shape.homes {
            let index = nodes.of_cpu.get(cpu as usize).copied().unwrap_or(0);
            assert_eq!(node(&nodes, index), home, "CPU {cpu} of {}", shape.name);
            assert!(index < nodes.homes(), "a replica for CPU {cpu} of {}", shape.name);
        }
        assert!(nodes.here() < nodes.homes(), "{}", shape.name);
    }
}

#[test]
fn policies_keep_to_the_nodes_in_use_and_take_every_home() {
    for shape in shapes::all() {
        let (nodes, _) = on(&shape, Wanted::default());
        let homes: Vec<NumaNodeId> = shape.homes.iter().map(|&(_, node)| NumaNodeId(node)).collect();
        let bounds = homes.iter().enumerate().map(|(key, &node)| (key as u64, node)).collect();
        for policy in
            [Policy::Local, Policy::Interleave, Policy::Hash, Policy::NearestRemote, Policy::Range(bounds)]
                .into_iter()
                .chain(homes.iter().map(|&home| Policy::Node(home)))
                .chain([Policy::PreferredMany(homes.clone())])
        {
            let orders = NodeOrder::new(&policy, &nodes, &Fallbacks::default());
            let orders = orders.unwrap_or_else(|error| panic!("{policy} on {}: {error}", shape.name));
            let firsts = set(&nodes, orders.firsts());
            assert!(firsts.iter().all(|first| shape.in_use.contains(first)), "{policy} on {}", shape.name);
            if matches!(policy, Policy::Interleave | Policy::Hash) {
                assert_eq!(firsts, shape.in_use, "{policy} on {}", shape.name);
            }
        }
    }
}

#[test]
fn memory_only_nodes_are_used_if_they_are_named() {
    let gpus = Shape::named("nvidiagpunumanodes");
    let firsts = |policy: &Policy, nodes: &ArenaNodes| {
        let orders = NodeOrder::new(policy, nodes, &Fallbacks::default()).unwrap();
        set(nodes, orders.firsts())
    };
    let named = [NumaNodeId(250), NumaNodeId(0)];
    let (nodes, _) = on(&gpus, Wanted { named: &named, ..Wanted::default() });
    assert_eq!(set(&nodes, 0..nodes.all().len()), [0, 8, 250]);
    assert_eq!(firsts(&Policy::Node(NumaNodeId(250)), &nodes), [250]);
    // The other policy of the same arena does not name node 250.
    for policy in [Policy::Interleave, Policy::Hash, Policy::Local, Policy::NearestRemote] {
        assert_eq!(firsts(&policy, &nodes), [0, 8], "{policy}");
    }
    assert_eq!((nodes.homes(), nodes.in_use()), (2, 2));
    // A full node overflows to memory-only nodes last.
    assert_eq!(numbers(&nodes, nodes.order_from(NumaNodeId(0)).unwrap()), [0, 8, 250]);
    assert_eq!(numbers(&nodes, nodes.order_from(NumaNodeId(250)).unwrap()), [250, 0, 8]);

    let (nodes, _) = on(&gpus, Wanted { memory_only: true, ..Wanted::default() });
    assert_eq!(firsts(&Policy::MemoryOnly, &nodes), [250]);
    assert_eq!(firsts(&Policy::Interleave, &nodes), [0, 8]);

    // The builder's nodes are all equal, but threads and replicas are only on the homes.
    let only = [NumaNodeId(8), NumaNodeId(250), NumaNodeId(255)];
    let (nodes, _) = on(&gpus, Wanted { only: Some(&only), ..Wanted::default() });
    assert_eq!(firsts(&Policy::Interleave, &nodes), [8, 250, 255]);
    assert_eq!((nodes.homes(), nodes.of_cpu[0], nodes.of_cpu[88]), (1, 0, 0));
    // A node that no policy names can still be named without an error.
    let (nodes, _) = on(&gpus, Wanted::default());
    assert_eq!(nodes.check(&[NumaNodeId(251)]), Ok(()));
    assert!(nodes.check(&[NumaNodeId(1)]).is_err() && nodes.index_of(NumaNodeId(251)).is_none());
}

#[test]
fn persistent_memory_is_memory_only_even_if_no_node_has_cpus_and_memory() {
    let shape = Shape::named("fakememinitiators");
    let (nodes, _) = on(&shape, Wanted { memory_only: true, ..Wanted::default() });
    let orders = NodeOrder::new(&Policy::MemoryOnly, &nodes, &Fallbacks::default()).unwrap();
    assert_eq!(set(&nodes, orders.firsts()), [7, 10]);
}

#[test]
fn fallbacks_are_recorded() {
    let notes = |name: &str| on(&Shape::named(name), Wanted::default()).1;
    let no_memory =
        |node, instead| Fallback::NodeWithoutMemory { node: NumaNodeId(node), instead: NumaNodeId(instead) };
    let unlisted = |cpu, instead| Fallback::UnlistedCpu { cpu, instead: NumaNodeId(instead) };
    assert_eq!(notes("nps4"), [no_memory(0, 1), no_memory(3, 2)]);
    assert_eq!(notes("fakememinitiators"), [no_memory(0, 5), no_memory(1, 8)]);
    assert_eq!(notes("memory of one node"), [no_memory(0, 1)]);
    assert_eq!(notes("unlisted CPUs"), [unlisted(9, 0)]);
    for quiet in ["8em64t-2s2ca2c-buggynuma", "nvidiagpunumanodes", "lxcfs", "CPUs from 1024"] {
        assert_eq!(notes(quiet), [], "{quiet}");
    }
}
