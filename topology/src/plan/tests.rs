//! Plans on machines made by hand: these run with and without hwloc.

use super::*;
use crate::{Cpu, Distances, NumaNode};

/// A machine of `[packages, nodes in each, L3 domains in each, cores in each, threads in each]`, CPUs
/// numbered along the tree.
fn grid([packages, nodes, l3s, cores, threads]: [u32; 5]) -> Machine {
    let (all_nodes, node_cpus) = (packages * nodes, l3s * cores * threads);
    let cpu = |number: u32| Cpu {
        number,
        core: number / threads,
        package: number / (node_cpus * nodes),
        node: number / node_cpus,
        l2: None,
        l3: Some(number / (cores * threads)),
        smt: number % threads,
    };
    let node = |number: u32| NumaNode {
        number,
        cpus: (number * node_cpus..(number + 1) * node_cpus).collect(),
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
        is_this_machine: false,
        fallback: None,
        notes: Vec::new(),
    }
}

/// The single CPU of each worker.
fn cpus(policy: &PinPolicy, machine: &Machine, workers: usize) -> Vec<u32> {
    let plan = policy.plan(machine, workers).expect("a possible plan");
    let single = |place: &Place| {
        assert_eq!(place.cpus.len(), 1);
        place.cpus.first().expect("a place has a CPU")
    };
    plan.places().iter().map(single).collect()
}

#[test]
fn compact_fills_core_after_core() {
    let machine = grid([2, 1, 1, 2, 2]);
    assert_eq!(cpus(&PinPolicy::Compact, &machine, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn smt_last_takes_every_core_before_a_sibling() {
    let machine = grid([2, 1, 1, 2, 2]);
    assert_eq!(cpus(&PinPolicy::SmtLast, &machine, 8), [0, 2, 4, 6, 1, 3, 5, 7]);
}

#[test]
fn scatter_alternates_packages_then_nodes_then_caches_then_cores() {
    // Package 0: nodes 0 (CPUs 0-3) and 1 (4-7); each node two L3 domains of one core of two threads.
    let machine = grid([2, 2, 2, 1, 2]);
    let expected = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
    assert_eq!(cpus(&PinPolicy::Scatter, &machine, 16), expected);
    // Cores of one L3 domain come after the domains.
    assert_eq!(cpus(&PinPolicy::Scatter, &grid([1, 1, 2, 2, 1]), 4), [0, 2, 1, 3]);
}

#[test]
fn scatter_takes_nodes_first_where_they_hold_several_packages() {
    // Four packages in two nodes: node 0 holds packages 0 and 1.
    let mut machine = grid([4, 1, 1, 1, 1]);
    machine.cpus.iter_mut().for_each(|cpu| cpu.node = cpu.package / 2);
    assert_eq!(cpus(&PinPolicy::Scatter, &machine, 4), [0, 2, 1, 3]);
}

#[test]
fn per_node_binds_to_whole_nodes_in_turn() {
    let plan = PinPolicy::PerNode.plan(&grid([2, 1, 1, 2, 1]), 3).expect("a possible plan");
    let (zero, one) = (CpuSet::from([0, 1]), CpuSet::from([2, 3]));
    let expected = [(zero.clone(), Some(0)), (one, Some(1)), (zero, Some(0))];
    let places: Vec<_> = plan.places().iter().map(|place| (place.cpus.clone(), place.node)).collect();
    assert_eq!(places, expected);
    assert_eq!(plan.notes(), [""; 0]);
}

#[test]
fn none_gives_all_allowed_cpus_and_no_home() {
    let machine = grid([2, 1, 1, 2, 1]);
    let plan = PinPolicy::None.plan(&machine, 2).expect("a possible plan");
    assert_eq!(plan.places()[1], Place { cpus: CpuSet::from([0, 1, 2, 3]), node: None });
    // On one node the worker cannot leave it.
    let plan =
        PinPolicy::None.plan(&machine.with_allowed(&CpuSet::from([2, 3])), 1).expect("a possible plan");
    assert_eq!(plan.places()[0].node, Some(1));
    assert!(plan.pin(0).is_ok(), "not bound, so the machine does not matter");
}

#[test]
fn plans_keep_to_the_allowed_cpus() {
    // CPU 0 is forbidden: its sibling 1 is then the first of the core, not a sibling to leave for last.
    let machine = grid([2, 1, 1, 2, 2]).with_allowed(&CpuSet::from([1, 2, 3, 6, 99]));
    assert_eq!(machine.allowed().to_string(), "1-3,6");
    assert_eq!(cpus(&PinPolicy::Compact, &machine, 4), [1, 2, 3, 6]);
    assert_eq!(cpus(&PinPolicy::SmtLast, &machine, 4), [1, 2, 6, 3]);
    assert_eq!(cpus(&PinPolicy::Scatter, &machine, 4), [1, 6, 2, 3]);
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert_eq!(plan.places()[0].cpus.to_string(), "1-3");
    assert_eq!(plan.places()[1].cpus.to_string(), "6");

    let one_node = grid([2, 1, 1, 2, 2]).with_allowed(&CpuSet::from([5, 6]));
    let plan = PinPolicy::PerNode.plan(&one_node, 2).expect("a possible plan");
    assert!(plan.places().iter().all(|place| place.node == Some(1)));
    assert_eq!(plan.notes(), ["this process may use no CPU of node 0: no worker is placed there"]);
}

#[test]
fn no_allowed_cpu_is_an_error() {
    let machine = grid([1, 1, 1, 2, 1]).with_allowed(&CpuSet::from([7]));
    for policy in
        [PinPolicy::None, PinPolicy::Compact, PinPolicy::Scatter, PinPolicy::PerNode, PinPolicy::SmtLast]
    {
        assert!(matches!(policy.plan(&machine, 1), Err(PinError::NoCpus)), "{policy}");
    }
}

#[test]
fn nodes_without_cpus_are_passed_over() {
    let mut machine = grid([1, 1, 1, 2, 1]);
    machine.nodes.push(NumaNode {
        number: 1,
        cpus: CpuSet::new(),
        memory: None,
        allowed: true,
        bandwidth: None,
    });
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert!(plan.places().iter().all(|place| place.node == Some(0)));
    assert_eq!(plan.notes(), ["node 1 has no CPUs: no worker is placed there"]);
}

#[test]
fn explicit_lists_are_taken_in_order_and_checked() {
    let machine = grid([2, 1, 1, 2, 1]).with_allowed(&CpuSet::from([0, 2, 3]));
    assert_eq!(cpus(&PinPolicy::Cpus(vec![3, 0]), &machine, 3), [3, 0, 3]);

    let error =
        |list: &[u32]| PinPolicy::Cpus(list.to_vec()).plan(&machine, 1).expect_err("an impossible plan");
    assert!(matches!(error(&[]), PinError::NoCpus));
    assert!(matches!(error(&[0, 2, 0]), PinError::Repeated { cpu: 0 }));
    let text = error(&[0, 4]).to_string();
    assert_eq!(text, "CPU 4 does not exist or is offline: choose among CPUs 0-3");
    let text = error(&[0, 1]).to_string();
    assert!(
        text.starts_with("CPU 1 exists, but this process may not use it: choose among CPUs 0,2-3"),
        "{text}"
    );
}

#[test]
fn more_workers_than_cpus_wrap_around_and_say_so() {
    let machine = grid([2, 1, 1, 2, 1]);
    assert_eq!(cpus(&PinPolicy::Compact, &machine, 6), [0, 1, 2, 3, 0, 1]);
    let notes = |policy: PinPolicy, workers| {
        policy.plan(&machine, workers).expect("a possible plan").notes().to_vec()
    };
    assert_eq!(
        notes(PinPolicy::Compact, 9),
        ["9 workers on 4 CPUs: the plan wraps around, up to 3 workers share a CPU"]
    );
    assert_eq!(notes(PinPolicy::Compact, 4), [""; 0]);
    assert_eq!(notes(PinPolicy::PerNode, 4), [""; 0]);
    assert_eq!(
        notes(PinPolicy::PerNode, 5),
        ["5 workers on 4 CPUs: the plan wraps around, up to 2 workers share a CPU"]
    );
    assert_eq!(notes(PinPolicy::None, 5).len(), 1);
    assert_eq!(notes(PinPolicy::Cpus(vec![1]), 2).len(), 1);
}

#[test]
fn plans_show_themselves() {
    let machine = grid([2, 1, 1, 2, 1]);
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPUs 0-1, node 0\nworker 1: CPUs 2-3, node 1");
    let plan = PinPolicy::Compact.plan(&machine, 1).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPU 0, node 0");
    let plan = PinPolicy::None.plan(&machine, 1).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPUs 0-3, any node");
    let empty = PinPolicy::Scatter.plan(&machine, 0).expect("a possible plan");
    assert!(empty.is_empty() && empty.notes().is_empty());
}

#[test]
fn a_plan_for_another_machine_pins_nothing() {
    let plan = PinPolicy::Compact.plan(&grid([1, 1, 1, 1, 1]), 1).expect("a possible plan");
    assert!(matches!(plan.pin(0), Err(PinError::OtherMachine)));
}

#[test]
fn an_unknown_structure_is_noted_where_it_matters() {
    let machine = Machine { fallback: Some("hidden".to_owned()), ..grid([1, 1, 1, 2, 1]) };
    let plan = PinPolicy::Scatter.plan(&machine, 1).expect("a possible plan");
    assert_eq!(plan.notes(), ["scatter sees one node only: hidden"]);
    assert_eq!(PinPolicy::Compact.plan(&machine, 1).expect("a possible plan").notes(), [""; 0]);
}
