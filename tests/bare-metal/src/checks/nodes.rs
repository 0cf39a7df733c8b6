//! NUMA nodes: what the CPUs of a node insert is on that node.

use bskip_core::StaticArena;
use bskip_core::arena::NumaNodeId;

use super::common::{Context, Map, report, scattered, value_of};
use crate::machine::{MOST_NODES, node_of};
use crate::platform::Kernel;
use crate::team;

/// Keys of each CPU.
const KEYS: u64 = 1_000;
/// Bytes of the arena on each node.
const BYTES: usize = 4 << 20;

static ARENA: StaticArena<Kernel> = StaticArena::new();
/// A map for the CPUs of each node.
static MAPS: [Map; MOST_NODES] = [const { Map::new_in(&ARENA) }; MOST_NODES];

/// The CPUs of each node fill a map of their own. All maps have one arena, with memory on each node. Afterwards each
/// map has exactly what was taken from its node.
pub(super) fn check(context: &mut Context) {
    let given = context.memory.give(&ARENA, BYTES);
    // The arena's regions are the memory that the firmware says is on the nodes.
    for (region, (node, &(start, end))) in ARENA.regions().zip(given.iter().enumerate()) {
        assert_eq!((region.numa_node, region.addresses), (NumaNodeId(node as u32), start..end));
        let (first, last) = context.machine.memory[node];
        assert!(first <= start && end <= last);
    }
    let counts = team::all(&|cpu| {
        let map = &MAPS[node_of(cpu) as usize];
        for number in 0..KEYS {
            let key = scattered((cpu as u64) << 32 | number);
            assert_eq!(map.insert(key, value_of(key)), None);
        }
        KEYS
    });
    let mut on_nodes = [0; MOST_NODES];
    for (node, on_node) in on_nodes.iter_mut().enumerate().take(context.memory.nodes()) {
        let (map, id) = (&MAPS[node], NumaNodeId(node as u32));
        let cpus = (0..team::cpus()).filter(|&cpu| node_of(cpu) as usize == node).count();
        assert_eq!(map.len() as u64, cpus as u64 * KEYS);
        *on_node = ARENA.capacity_on(id) - ARENA.remaining_on(id);
        assert_eq!(
            *on_node,
            map.usage().reserved_bytes,
            "the bytes of node {node}'s map, all on node {node}"
        );
    }
    assert_eq!(on_nodes.iter().sum::<usize>(), ARENA.capacity() - ARENA.remaining());
    report(format_args!(
        "{} keys, {counts}; bytes on the nodes, each for its CPUs: {:?}",
        counts.sum(),
        &on_nodes[..context.memory.nodes()]
    ));
}
