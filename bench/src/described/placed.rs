//! Which nodes a placement uses on a described machine: the rules of `numa_alloc::Policy`.

use bskip_topology::Machine;
use numa_alloc::Policy;

use super::report::PlannedPlacement;

/// The nodes of a machine, as an arena sees them.
struct Nodes<'a> {
    machine: &'a Machine,
    /// With memory and home to CPUs.
    homes: Vec<u32>,
    /// With memory alone.
    alone: Vec<u32>,
}

/// Where a placement puts memory.
///
/// # Errors
/// The text is no placement, or names a node that the machine does not have.
pub(super) fn placed(text: &str, machine: &Machine) -> Result<PlannedPlacement, String> {
    let nodes = Nodes::of(machine);
    let parts = text.splitn(2, '+').map(|part| {
        let policy: Policy = part.parse().map_err(|error| format!("{error}"))?;
        let all = || nodes.homes.iter().chain(&nodes.alone);
        match policy.nodes().iter().find(|node| all().all(|known| *known != node.0)) {
            Some(missing) => {
                Err(format!("placement {part}: the described machine has no node {}", missing.0))
            }
            None => Ok(nodes.homes.iter().map(|&from| (from, nodes.used(&policy, from))).collect()),
        }
    });
    Ok(PlannedPlacement { placement: text.to_owned(), nodes: parts.collect::<Result<_, String>>()? })
}

impl<'a> Nodes<'a> {
    fn of(machine: &'a Machine) -> Self {
        let usable = machine.nodes().iter().filter(|node| node.allowed && node.memory != Some(0));
        let (alone, homes): (Vec<_>, Vec<_>) = usable.partition(|node| node.is_cpuless());
        let numbers =
            |nodes: Vec<&bskip_topology::NumaNode>| nodes.iter().map(|node| node.os_index).collect();
        Self { machine, homes: numbers(homes), alone: numbers(alone) }
    }

    /// The nodes that a policy uses for a thread on node `from`, the first choice first.
    fn used(&self, policy: &Policy, from: u32) -> Vec<u32> {
        let named: Vec<u32> = policy.nodes().iter().map(|node| node.0).collect();
        let nearest = |nodes: &[u32]| self.by_distance(from, nodes).into_iter().take(1).collect::<Vec<u32>>();
        let others: Vec<u32> = self.homes.iter().copied().filter(|&node| node != from).collect();
        match policy {
            Policy::Interleave | Policy::Hash => self.homes.clone(),
            Policy::PreferredMany(_) => nearest(&named),
            Policy::NearestRemote if !others.is_empty() => nearest(&others),
            Policy::MemoryOnly if !self.alone.is_empty() => nearest(&self.alone),
            Policy::Node(_) | Policy::WeightedInterleave(_) | Policy::Range(_) => named,
            _ => vec![from],
        }
    }

    /// Nodes by their distance from a node, then by number. A node is the nearest to itself.
    fn by_distance(&self, from: u32, nodes: &[u32]) -> Vec<u32> {
        let far =
            |to: u32| self.machine.distances().and_then(|matrix| matrix.get(from, to)).unwrap_or(u64::MAX);
        let mut nodes = nodes.to_vec();
        nodes.sort_by_key(|&to| (to != from, far(to), to));
        nodes
    }
}
