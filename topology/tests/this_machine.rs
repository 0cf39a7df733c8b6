//! The machine that runs the tests, with and without hwloc: discovery and real pinning.

use bskip_topology::Machine;

#[test]
fn discovery_is_consistent() {
    let machine = Machine::discover();
    assert!(machine.is_this_machine());
    assert!(!machine.allowed().is_empty());
    assert!(machine.allowed().is_subset(&machine.cpu_set()));
    for cpu in machine.cpus() {
        let homes: Vec<_> = machine.nodes().iter().filter(|node| node.cpus.contains(cpu.os_index)).collect();
        assert_eq!(homes.len(), 1, "CPU {} has one home", cpu.os_index);
        assert_eq!(machine.node_of_cpu(cpu.os_index), Some(homes[0].os_index));
        for (level, index) in [(2, cpu.l2), (3, cpu.l3)] {
            let Some(index) = index else { continue };
            let cache = machine.caches().iter().find(|cache| (cache.level, cache.index) == (level, index));
            assert!(cache.expect("a listed cache").cpus.contains(cpu.os_index));
        }
    }
    assert!(machine.nodes().windows(2).all(|pair| pair[0].os_index < pair[1].os_index));
    for node in machine.nodes() {
        assert_eq!(machine.node(node.os_index), Some(node));
        assert_eq!(node.is_cpuless(), node.cpus.is_empty());
        if let Some(distances) = machine.distances() {
            assert!(distances.get(node.os_index, node.os_index).is_some());
        }
    }
    assert_eq!(
        machine.notes().iter().any(|note| note.contains("one NUMA node")),
        machine.fallback().is_some()
    );
}

#[cfg(not(feature = "hwloc"))]
#[test]
fn without_hwloc_discovery_says_so() {
    let machine = Machine::discover();
    assert!(machine.notes()[0].contains("without its feature `hwloc`"));
    let lists_nodes = std::path::Path::new("/sys/devices/system/node/online").exists();
    assert_eq!(machine.fallback().is_none(), lists_nodes);
    let error = Machine::synthetic("pu:1").expect_err("no hwloc");
    assert_eq!(error, bskip_topology::MachineError::NoHwloc);
    assert_eq!(Machine::from_xml("").expect_err("no hwloc"), error);
    assert!(error.to_string().contains("feature `hwloc`"));
}

#[cfg(target_os = "linux")]
mod linux {
    use std::thread;

    use bskip_topology::{
        CpuSet, Machine, PinError, PinPolicy, current_cpu, current_node, pin_current_thread,
    };

    #[test]
    fn a_pinned_thread_runs_where_it_is_told() {
        let machine = Machine::discover();
        for cpu in machine.allowed().iter() {
            let seen = thread::spawn(move || {
                pin_current_thread(&CpuSet::from([cpu])).expect("an allowed CPU");
                (current_cpu(), current_node(), Machine::discover().allowed().clone())
            });
            let (now, node, allowed) = seen.join().expect("the thread does not panic");
            assert_eq!(now, Some(cpu));
            assert_eq!(allowed, CpuSet::from([cpu]), "discovery respects the binding");
            let home = machine.node_of_cpu(cpu);
            let has_memory = machine.node(node).is_some_and(|node| node.allowed && node.memory != Some(0));
            assert!(machine.fallback().is_some() || !has_memory || home == Some(node), "CPU {cpu}: {home:?}");
        }
    }

    #[test]
    fn a_plan_pins_each_worker_and_no_other_thread() {
        let machine = Machine::discover();
        for policy in [PinPolicy::Compact, PinPolicy::Scatter, PinPolicy::SmtLast, PinPolicy::PerNode] {
            let plan = policy.plan(&machine, machine.allowed().len() + 1).expect("a possible plan");
            thread::scope(|scope| {
                for worker in 0..plan.len() {
                    let plan = &plan;
                    scope.spawn(move || {
                        plan.pin(worker).expect("allowed CPUs");
                        let cpu = current_cpu().expect("Linux knows");
                        assert!(plan.bindings()[worker].cpus.contains(cpu), "worker {worker} of {plan}");
                    });
                }
            });
        }
        assert_eq!(Machine::discover().allowed(), machine.allowed(), "this thread is not bound");
    }

    #[test]
    fn policy_none_binds_nothing() {
        let machine = Machine::discover();
        PinPolicy::None.plan(&machine, 1).expect("a possible plan").pin(0).expect("nothing to do");
        assert_eq!(Machine::discover().allowed(), machine.allowed());
    }

    #[test]
    fn impossible_sets_are_refused() {
        // Linux has no CPU of this number.
        let nowhere = 65_535;
        assert!(matches!(pin_current_thread(&CpuSet::new()), Err(PinError::NoCpus)));
        for cpu in [nowhere, u32::MAX] {
            let error = pin_current_thread(&CpuSet::from([cpu])).expect_err("there is no such CPU");
            assert!(matches!(error, PinError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains(&format!("none of CPUs {cpu}")), "{error}");
            assert!(std::error::Error::source(&error).is_some());
        }
        thread::spawn(move || {
            let real = Machine::discover().allowed().first().expect("a process has a CPU");
            match pin_current_thread(&CpuSet::from([real, nowhere])) {
                Err(PinError::Narrowed { bound, .. }) => assert_eq!(bound, CpuSet::from([real])),
                other => panic!("the missing CPU went unnoticed: {other:?}"),
            }
        })
        .join()
        .expect("the thread does not panic");
    }
}
