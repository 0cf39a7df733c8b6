//! Plans on machines made by hand. These tests run with and without hwloc.

use super::*;
use crate::fixtures::grid;

/// The single CPU of each worker.
fn cpus(policy: &PinPolicy, machine: &Machine, workers: usize) -> Vec<u32> {
    let plan = policy.plan(machine, workers).expect("a possible plan");
    let single = |binding: &Binding| {
        assert_eq!(binding.cpus.len(), 1);
        binding.cpus.first().expect("a binding has a CPU")
    };
    plan.bindings().iter().map(single).collect()
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
    // Package 0 has nodes 0 (CPUs 0-3) and 1 (CPUs 4-7). Each node has two L3 domains of one core of two
    // threads.
    let machine = grid([2, 2, 2, 1, 2]);
    let expected = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
    assert_eq!(cpus(&PinPolicy::Scatter, &machine, 16), expected);
    // The second core of an L3 domain comes after the first core of each domain.
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
    let bindings: Vec<_> =
        plan.bindings().iter().map(|binding| (binding.cpus.clone(), binding.node)).collect();
    assert_eq!(bindings, expected);
    assert_eq!(plan.notes(), [""; 0]);
}

#[test]
fn per_l3_binds_to_whole_domains_and_nodes_come_in_turn() {
    // Two nodes of two L3 domains of two cores.
    let plan = PinPolicy::PerL3.plan(&grid([2, 1, 2, 2, 1]), 5).expect("a possible plan");
    let bindings: Vec<_> =
        plan.bindings().iter().map(|binding| (binding.cpus.to_string(), binding.node, binding.l3)).collect();
    let binding = |cpus: &str, node, l3| (cpus.to_owned(), Some(node), Some(l3));
    let in_turn = [binding("0-1", 0, 0), binding("4-5", 1, 2), binding("2-3", 0, 1), binding("6-7", 1, 3)];
    assert_eq!(bindings[..4], in_turn);
    assert_eq!(bindings[4], in_turn[0]);
    assert_eq!(plan.notes(), [""; 0]);

    let mut hidden = grid([2, 1, 2, 2, 1]);
    hidden.cpus.iter_mut().for_each(|cpu| cpu.l3 = None);
    let plan = PinPolicy::PerL3.plan(&hidden, 2).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPUs 0-3, node 0\nworker 1: CPUs 4-7, node 1");
    assert_eq!(plan.notes(), ["per-l3 knows of no L3 cache: workers are placed by node"]);
}

#[test]
fn bindings_say_what_their_cpus_share() {
    // Two L3 domains of one core of two threads.
    let machine = grid([1, 1, 2, 1, 2]);
    let shared = |policy: PinPolicy| {
        let plan = policy.plan(&machine, 2).expect("a possible plan");
        plan.bindings().iter().map(|binding| (binding.l3, binding.core)).collect::<Vec<_>>()
    };
    assert_eq!(shared(PinPolicy::Compact), [(Some(0), Some(0)), (Some(0), Some(0))]);
    assert_eq!(shared(PinPolicy::Scatter), [(Some(0), Some(0)), (Some(1), Some(1))]);
    assert_eq!(shared(PinPolicy::PerNode), [(None, None), (None, None)]);
}

#[test]
fn a_quota_limits_parallelism_and_is_noted() {
    let machine = grid([2, 1, 1, 32, 1]);
    assert_eq!((machine.quota(), machine.parallelism()), (None, 64));
    let machine = machine.with_quota(2);
    assert_eq!((machine.quota(), machine.parallelism()), (Some(2), 2));
    assert!(machine.to_string().ends_with("; quota of 2 CPUs"), "{machine}");
    let notes =
        |workers| PinPolicy::Compact.plan(&machine, workers).expect("a possible plan").notes().to_vec();
    assert_eq!(notes(2), [""; 0]);
    assert_eq!(notes(3), ["a quota limits these 3 workers to the time of about 2 CPUs"]);
    // If fewer CPUs are allowed anyway, the quota limits nothing.
    let machine = machine.with_allowed(&CpuSet::from([5, 6]));
    assert_eq!((machine.quota(), machine.parallelism()), (None, 2));
    assert_eq!(machine.with_quota(0).quota(), Some(1));
}

#[test]
fn none_gives_all_allowed_cpus_and_no_node() {
    let machine = grid([2, 1, 1, 2, 1]);
    let plan = PinPolicy::None.plan(&machine, 2).expect("a possible plan");
    let everywhere = Binding { cpus: CpuSet::from([0, 1, 2, 3]), node: None, l3: None, core: None };
    assert_eq!(plan.bindings()[1], everywhere);
    // All allowed CPUs are on one node, so the worker cannot leave it.
    let plan =
        PinPolicy::None.plan(&machine.with_allowed(&CpuSet::from([2, 3])), 1).expect("a possible plan");
    assert_eq!(plan.bindings()[0].node, Some(1));
    assert!(plan.pin(0).is_ok(), "not bound, so the machine does not matter");
}

#[test]
fn plans_keep_to_the_allowed_cpus() {
    // CPU 0 is not allowed, so its sibling 1 counts as the first CPU of the core and not as a sibling.
    let machine = grid([2, 1, 1, 2, 2]).with_allowed(&CpuSet::from([1, 2, 3, 6, 99]));
    assert_eq!(machine.allowed().to_string(), "1-3,6");
    assert_eq!(cpus(&PinPolicy::Compact, &machine, 4), [1, 2, 3, 6]);
    assert_eq!(cpus(&PinPolicy::SmtLast, &machine, 4), [1, 2, 6, 3]);
    assert_eq!(cpus(&PinPolicy::Scatter, &machine, 4), [1, 6, 2, 3]);
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert_eq!(plan.bindings()[0].cpus.to_string(), "1-3");
    assert_eq!(plan.bindings()[1].cpus.to_string(), "6");

    let one_node = grid([2, 1, 1, 2, 2]).with_allowed(&CpuSet::from([5, 6]));
    let plan = PinPolicy::PerNode.plan(&one_node, 2).expect("a possible plan");
    assert!(plan.bindings().iter().all(|binding| binding.node == Some(1)));
    assert_eq!(plan.notes(), ["this process may use no CPU of node 0: no worker is placed there"]);
}

#[test]
fn no_allowed_cpu_is_an_error() {
    let machine = grid([1, 1, 1, 2, 1]).with_allowed(&CpuSet::from([7]));
    for policy in [
        PinPolicy::None,
        PinPolicy::Compact,
        PinPolicy::Scatter,
        PinPolicy::PerNode,
        PinPolicy::PerL3,
        PinPolicy::SmtLast,
    ] {
        assert!(matches!(policy.plan(&machine, 1), Err(PinError::NoCpus)), "{policy}");
    }
}

#[test]
fn nodes_without_cpus_are_skipped() {
    let mut machine = grid([1, 1, 1, 2, 1]);
    machine.nodes.push(NumaNode {
        os_index: 1,
        cpus: CpuSet::new(),
        memory: None,
        allowed: true,
        bandwidth: None,
    });
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert!(plan.bindings().iter().all(|binding| binding.node == Some(0)));
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
fn more_workers_than_cpus_share_them_and_the_plan_notes_it() {
    let machine = grid([2, 1, 1, 2, 1]);
    assert_eq!(cpus(&PinPolicy::Compact, &machine, 6), [0, 1, 2, 3, 0, 1]);
    let notes = |policy: PinPolicy, workers| {
        policy.plan(&machine, workers).expect("a possible plan").notes().to_vec()
    };
    assert_eq!(notes(PinPolicy::Compact, 9), ["9 workers on 4 CPUs: up to 3 workers share a CPU"]);
    assert_eq!(notes(PinPolicy::Compact, 4), [""; 0]);
    assert_eq!(notes(PinPolicy::PerNode, 4), [""; 0]);
    assert_eq!(notes(PinPolicy::PerNode, 5), ["5 workers on 4 CPUs: up to 2 workers share a CPU"]);
    assert_eq!(notes(PinPolicy::None, 5).len(), 1);
    assert_eq!(notes(PinPolicy::Cpus(vec![1]), 2).len(), 1);
}

#[test]
fn plans_are_displayed_by_worker() {
    let machine = grid([2, 1, 1, 2, 1]);
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPUs 0-1, node 0, L3 0\nworker 1: CPUs 2-3, node 1, L3 1");
    let plan = PinPolicy::Compact.plan(&machine, 1).expect("a possible plan");
    assert_eq!(plan.to_string(), "worker 0: CPU 0, node 0, L3 0");
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
fn an_unknown_structure_is_noted_if_it_matters() {
    let machine = Machine { fallback: Some("hidden".to_owned()), ..grid([1, 1, 1, 2, 1]) };
    let plan = PinPolicy::Scatter.plan(&machine, 1).expect("a possible plan");
    assert_eq!(plan.notes(), ["scatter knows only one node: hidden"]);
    assert_eq!(PinPolicy::Compact.plan(&machine, 1).expect("a possible plan").notes(), [""; 0]);
}
