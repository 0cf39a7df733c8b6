//! The nodes of arenas on machines made by hand.

use bskip_numa_nodes::shapes::{self, Shape};

use super::*;
use crate::orders::Orders;

/// A made-up machine: node number, CPUs, has memory, row of distances.
pub(crate) fn machine(nodes: &[(u32, &str, bool, &[u64])]) -> Nodes {
    let node = |&(number, cpus, memory, row): &(u32, &str, bool, &[u64])| Node {
        number,
        cpus: bskip_numa_nodes::parse_list(cpus).unwrap_or_default(),
        memory,
        allowed: true,
        bytes: None,
        distances: nodes.iter().map(|n| n.0).zip(row.iter().copied()).collect(),
    };
    Nodes::described(nodes.iter().map(node).collect()).unwrap()
}

/// Nodes 0, 2 and 5 with memory, 3 without; 5 has no CPUs, is near 3, and far from the rest.
pub(crate) fn four() -> Nodes {
    machine(&[
        (0, "0-1", true, &[10, 20, 25, 40]),
        (2, "2-3", true, &[20, 10, 25, 30]),
        (3, "4-5", false, &[25, 25, 10, 12]),
        (5, "", true, &[40, 30, 12, 10]),
    ])
}

pub(crate) fn places(machine: &Nodes) -> Places {
    Places::new(machine, Wanted::default(), &[], &Fallbacks::default()).unwrap()
}

/// Only these nodes of the machine.
fn only(machine: &Nodes, nodes: &[NumaNodeId]) -> Result<Places, BuildError> {
    let wanted = Wanted { only: Some(nodes), ..Wanted::default() };
    Places::new(machine, wanted, &[], &Fallbacks::default())
}

pub(crate) fn numbers(places: &Places, order: &[usize]) -> Vec<u32> {
    order.iter().map(|&i| places.all()[i].node.0).collect()
}

#[test]
fn nodes_without_memory_are_replaced_by_the_nearest() {
    let notes = Fallbacks::default();
    let places = Places::new(&four(), Wanted::default(), &[0, 5], &notes).unwrap();
    assert_eq!(notes.list(), [Fallback::NoMemoryOn { node: NumaNodeId(3), instead: NumaNodeId(5) }]);
    assert_eq!(places.of_cpu, [0, 0, 1, 1, 2, 2]);
    let bound: Vec<_> = places.all().iter().map(|place| (place.bind, place.cpus)).collect();
    assert_eq!(bound, [(Some(0), true), (Some(2), true), (Some(5), true)]);
}

#[test]
fn a_placement_names_its_node_and_then_the_nearest() {
    let places = places(&four());
    assert_eq!(numbers(&places, places.near(NumaNodeId(5)).unwrap()), [5, 2, 0]);
    assert_eq!(numbers(&places, places.near(NumaNodeId(2)).unwrap()), [2, 0, 5]);
    assert!(places.near(NumaNodeId(3)).is_none());
}

#[test]
fn a_subset_is_bound_although_it_is_one_node() {
    let places = only(&four(), &[NumaNodeId(5)]).unwrap();
    assert_eq!(places.all().len(), 1);
    assert_eq!(places.all()[0].bind, Some(5));
    assert_eq!(places.here(), 0);
    let one = machine(&[(0, "0-1", true, &[10])]);
    assert_eq!(super::tests::places(&one).all()[0].bind, None);
}

#[test]
fn missing_nodes_are_named_with_those_to_choose_from() {
    let available = vec![NumaNodeId(0), NumaNodeId(2), NumaNodeId(5)];
    let all = places(&four());
    assert_eq!(all.indices_of(&[NumaNodeId(5), NumaNodeId(0)]), Ok(vec![2, 0]));
    for node in [NumaNodeId(3), NumaNodeId(9)] {
        let error = BuildError::NoSuchNode { node, available: available.clone() };
        assert_eq!(all.indices_of(&[NumaNodeId(0), node]), Err(error.clone()));
        assert_eq!(
            error.to_string(),
            format!("no NUMA node {node} with memory to use here; there are: 0,2,5")
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
    let places = Places::pretended(&machine, 2, 1).unwrap();
    let cpus: Vec<_> = places.all().iter().map(|place| (place.node.0, place.bind, place.cpus)).collect();
    assert_eq!(cpus, [(0, Some(0), true), (1, Some(0), true), (2, Some(0), false)]);
    assert!(places.here() < 2);
    assert_eq!(Places::pretended(&machine, 0, 1).unwrap_err(), BuildError::NoNodes);
}

/// The arena's places on a machine of the list, and what was noted.
fn on(shape: &Shape, wanted: Wanted<'_>) -> (Places, Vec<Fallback>) {
    let notes = Fallbacks::default();
    let nodes = shape.nodes().unwrap_or_else(|_| Nodes::assumed());
    let places = Places::new(&nodes, wanted, &shape.affinity, &notes).unwrap();
    (places, notes.list())
}

fn node(places: &Places, index: usize) -> u32 {
    places.all()[index].node.0
}

/// The nodes of the places at these indices.
fn set(places: &Places, indices: impl IntoIterator<Item = usize>) -> Vec<u32> {
    let mut nodes: Vec<u32> = indices.into_iter().map(|index| node(places, index)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

#[test]
fn threads_are_on_the_homes_of_their_cpus() {
    for shape in shapes::all() {
        let (places, _) = on(&shape, Wanted::default());
        assert_eq!(set(&places, 0..places.all().len()), shape.in_use, "{}", shape.name);
        assert_eq!(places.in_use(), shape.in_use.len());
        for &(cpu, home) in &shape.homes {
            let index = places.of_cpu.get(cpu as usize).copied().unwrap_or(0);
            assert_eq!(node(&places, index), home, "CPU {cpu} of {}", shape.name);
            assert!(index < places.homes(), "a replica for CPU {cpu} of {}", shape.name);
        }
        assert!(places.here() < places.homes(), "{}", shape.name);
    }
}

#[test]
fn policies_keep_to_the_nodes_in_use_and_take_every_home() {
    for shape in shapes::all() {
        let (places, _) = on(&shape, Wanted::default());
        let homes: Vec<NumaNodeId> = shape.homes.iter().map(|&(_, node)| NumaNodeId(node)).collect();
        let bounds = homes.iter().enumerate().map(|(key, &node)| (key as u64, node)).collect();
        for policy in
            [Policy::Local, Policy::Interleave, Policy::Hash, Policy::Nearest, Policy::Range(bounds)]
                .into_iter()
                .chain(homes.iter().map(|&home| Policy::Node(home)))
                .chain([Policy::Preferred(homes.clone())])
        {
            let orders = Orders::new(&policy, &places, &Fallbacks::default());
            let orders = orders.unwrap_or_else(|error| panic!("{policy} on {}: {error}", shape.name));
            let firsts = set(&places, orders.firsts());
            assert!(firsts.iter().all(|first| shape.in_use.contains(first)), "{policy} on {}", shape.name);
            if matches!(policy, Policy::Interleave | Policy::Hash) {
                assert_eq!(firsts, shape.in_use, "{policy} on {}", shape.name);
            }
        }
    }
}

#[test]
fn nodes_of_memory_alone_are_used_when_they_are_named() {
    let gpus = Shape::named("nvidiagpunumanodes");
    let firsts = |policy: &Policy, places: &Places| {
        let orders = Orders::new(policy, places, &Fallbacks::default()).unwrap();
        set(places, orders.firsts())
    };
    let named = [NumaNodeId(250), NumaNodeId(0)];
    let (places, _) = on(&gpus, Wanted { named: &named, ..Wanted::default() });
    assert_eq!(set(&places, 0..places.all().len()), [0, 8, 250]);
    assert_eq!(firsts(&Policy::Node(NumaNodeId(250)), &places), [250]);
    // The other policy of the same arena does not name it.
    for policy in [Policy::Interleave, Policy::Hash, Policy::Local, Policy::Nearest] {
        assert_eq!(firsts(&policy, &places), [0, 8], "{policy}");
    }
    assert_eq!((places.homes(), places.in_use()), (2, 2));
    // A full node spills to memory alone last.
    assert_eq!(numbers(&places, places.near(NumaNodeId(0)).unwrap()), [0, 8, 250]);
    assert_eq!(numbers(&places, places.near(NumaNodeId(250)).unwrap()), [250, 0, 8]);

    let (places, _) = on(&gpus, Wanted { memory_alone: true, ..Wanted::default() });
    assert_eq!(firsts(&Policy::Tiered, &places), [250]);
    assert_eq!(firsts(&Policy::Interleave, &places), [0, 8]);

    // All that the builder names are alike, but threads, and so replicas, are on the homes.
    let only = [NumaNodeId(8), NumaNodeId(250), NumaNodeId(255)];
    let (places, _) = on(&gpus, Wanted { only: Some(&only), ..Wanted::default() });
    assert_eq!(firsts(&Policy::Interleave, &places), [8, 250, 255]);
    assert_eq!((places.homes(), places.of_cpu[0], places.of_cpu[88]), (1, 0, 0));
    // One that nobody named can be: it is no error to do so.
    let (places, _) = on(&gpus, Wanted::default());
    assert_eq!(places.check(&[NumaNodeId(251)]), Ok(()));
    assert!(places.check(&[NumaNodeId(1)]).is_err() && places.index_of(NumaNodeId(251)).is_none());
}

#[test]
fn persistent_memory_is_the_tier_where_cpus_have_no_memory_of_their_own() {
    let shape = Shape::named("fakememinitiators");
    let (places, _) = on(&shape, Wanted { memory_alone: true, ..Wanted::default() });
    let orders = Orders::new(&Policy::Tiered, &places, &Fallbacks::default()).unwrap();
    assert_eq!(set(&places, orders.firsts()), [7, 10]);
}

#[test]
fn what_falls_back_is_noted() {
    let notes = |name: &str| on(&Shape::named(name), Wanted::default()).1;
    let no_memory =
        |node, instead| Fallback::NoMemoryOn { node: NumaNodeId(node), instead: NumaNodeId(instead) };
    let unlisted = |cpu, instead| Fallback::CpuOfNoNode { cpu, instead: NumaNodeId(instead) };
    assert_eq!(notes("nps4"), [no_memory(0, 1), no_memory(3, 2)]);
    assert_eq!(notes("fakememinitiators"), [no_memory(0, 5), no_memory(1, 8)]);
    assert_eq!(notes("memory of one node"), [no_memory(0, 1)]);
    assert_eq!(notes("unlisted CPUs"), [unlisted(9, 0)]);
    for quiet in ["8em64t-2s2ca2c-buggynuma", "nvidiagpunumanodes", "lxcfs", "CPUs from 1024"] {
        assert_eq!(notes(quiet), [], "{quiet}");
    }
}
