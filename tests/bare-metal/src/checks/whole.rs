//! The machine is the one that was asked for, and all of its CPUs work.

use super::common::{Context, Map, report};
use crate::{machine, team};

/// The CPUs and the nodes that the machine must have are there.
pub(super) fn check(context: &mut Context) {
    let Context { options, machine, .. } = context;
    assert_eq!(team::cpus(), options.cpus, "CPUs that run");
    assert_eq!(machine.memory.len(), options.nodes, "NUMA nodes with memory");
    let counts = team::all(&|_| 1);
    assert_eq!(counts.sum() as usize, options.cpus);
    let on_first = (0..options.cpus).filter(|&cpu| machine::node_of(cpu) == 0).count();
    report(format_args!(
        "{} CPUs run, {on_first} of them on the first of {} NUMA nodes; an empty map has {} bytes",
        options.cpus,
        options.nodes,
        size_of::<Map>()
    ));
}
