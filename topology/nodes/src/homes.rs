//! The home of each CPU: the rule of this crate, in code.

use std::collections::BTreeMap;

use crate::nodes::{Node, Nodes};

/// The home of each CPU among some of the usable nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// The home of each CPU that a node lists.
    of_cpu: BTreeMap<u32, u32>,
    /// The home of all other CPUs.
    of_others: u32,
}

impl Homes {
    /// The home of this CPU.
    #[must_use]
    pub fn of(&self, cpu: u32) -> u32 {
        self.of_cpu.get(&cpu).copied().unwrap_or(self.of_others)
    }

    /// Whether a node lists this CPU.
    #[must_use]
    pub fn is_listed(&self, cpu: u32) -> bool {
        self.of_cpu.contains_key(&cpu)
    }

    /// The home of the CPUs that no node lists.
    #[must_use]
    pub fn of_others(&self) -> u32 {
        self.of_others
    }

    /// Whether this node is the home of a CPU.
    #[must_use]
    pub fn is_home(&self, node: u32) -> bool {
        node == self.of_others || self.of_cpu.values().any(|&home| home == node)
    }

    /// The CPUs that nodes list, ascending, each with its home.
    pub fn listed(&self) -> impl Iterator<Item = (u32, u32)> {
        self.of_cpu.iter().map(|(&cpu, &node)| (cpu, node))
    }
}

impl Nodes {
    /// The home of each CPU among all usable nodes.
    #[must_use]
    pub fn homes(&self) -> Homes {
        self.homes_among(&self.usable())
    }

    /// The home of each CPU if only the nodes of `some` are usable.
    ///
    /// # Panics
    /// If `some` names no usable node.
    #[must_use]
    pub fn homes_among(&self, some: &[u32]) -> Homes {
        let chosen = |node: &&Node| node.is_usable() && some.contains(&node.os_index);
        let usable: Vec<&Node> = self.all.iter().filter(chosen).collect();
        assert!(!usable.is_empty(), "cannot find homes among the nodes {some:?}: none of them is usable");
        let mut listing: Vec<&Node> = self.all.iter().collect();
        listing.sort_by_key(|node| (!chosen(node), node.cpus.len(), node.os_index));
        let mut of_cpu = BTreeMap::new();
        for node in listing {
            let home = nearest(node, &usable).os_index;
            for &cpu in &node.cpus {
                of_cpu.entry(cpu).or_insert(home);
            }
        }
        let of_others = of_cpu.values().copied().min().unwrap_or(usable[0].os_index);
        Homes { of_cpu, of_others }
    }

    /// The numbers of the nodes in use, ascending: the usable nodes that are a home or list CPUs.
    #[must_use]
    pub fn in_use(&self) -> Vec<u32> {
        let homes = self.homes();
        let used = |node: &&Node| node.is_usable() && (!node.cpus.is_empty() || homes.is_home(node.os_index));
        self.all.iter().filter(used).map(|node| node.os_index).collect()
    }

    /// The unusable nodes whose CPUs no usable node lists, each with these CPUs. The home of these CPUs is
    /// another node.
    #[must_use]
    pub fn cpus_without_memory(&self) -> Vec<(&Node, Vec<u32>)> {
        let listed = |cpu: &u32| self.all.iter().any(|node| node.is_usable() && node.cpus.contains(cpu));
        let stranded = |node: &Node| node.cpus.iter().copied().filter(|cpu| !listed(cpu)).collect();
        let unusable = self.all.iter().filter(|node| !node.is_usable());
        unusable
            .map(|node| (node, stranded(node)))
            .filter(|(_, cpus): &(_, Vec<u32>)| !cpus.is_empty())
            .collect()
    }
}

/// The nearest of the `usable` nodes from `node`: `node` itself if it is one of them.
fn nearest<'a>(node: &Node, usable: &[&'a Node]) -> &'a Node {
    let far = |other: &&&Node| {
        let same = other.os_index == node.os_index;
        (!same, node.distance(other.os_index), other.cpus.is_empty(), other.os_index)
    };
    usable.iter().min_by_key(far).expect("a usable node")
}

#[cfg(test)]
mod tests {
    use crate::shapes::{self, Shape};
    use crate::{Node, Nodes};

    #[test]
    fn every_shape_has_the_expected_homes() {
        for shape in shapes::all() {
            let nodes = shape.nodes().unwrap_or_else(|_| Nodes::assumed());
            let homes = nodes.homes();
            for &(cpu, node) in &shape.homes {
                assert_eq!(homes.of(cpu), node, "CPU {cpu} of {}", shape.name);
            }
            assert_eq!(nodes.in_use(), shape.in_use, "{}", shape.name);
            assert!(homes.listed().all(|(_, home)| shape.in_use.contains(&home)), "{}", shape.name);
        }
    }

    #[test]
    fn homes_can_be_limited_to_some_nodes() {
        let gpus = Shape::named("nvidiagpunumanodes");
        let nodes = gpus.nodes().unwrap();
        let homes = nodes.homes_among(&[8, 250]);
        assert_eq!((homes.of(0), homes.of(88)), (8, 8));
        assert!(homes.is_home(8) && !homes.is_home(250));
        assert_eq!(nodes.homes_among(&[250, 251]).of(88), 250);
    }

    #[test]
    fn the_node_with_fewer_cpus_is_the_home() {
        let node = |os_index, cpus: &[u32]| Node::new(os_index, cpus.to_vec());
        let nodes =
            Nodes::described(vec![node(0, &[0, 1, 2, 3]), node(2, &[2, 3]), node(1, &[0, 1])]).unwrap();
        let homes = nodes.homes();
        assert_eq!([0, 1, 2, 3].map(|cpu| homes.of(cpu)), [1, 1, 2, 2]);
        assert_eq!((homes.of(77), homes.is_listed(77)), (1, false));
        assert_eq!(nodes.in_use(), [0, 1, 2]);
    }

    #[test]
    fn of_equally_near_nodes_one_with_cpus_is_preferred() {
        let node = |os_index, cpus: &[u32], memory| Node { memory, ..Node::new(os_index, cpus.to_vec()) };
        let nodes = vec![node(0, &[0], false), node(1, &[], true), node(2, &[1], true), node(3, &[2], true)];
        let nodes = Nodes::described(nodes).unwrap();
        assert_eq!((nodes.homes().of(0), nodes.in_use()), (2, vec![2, 3]));
    }

    #[test]
    fn all_nodes_of_a_description_without_memory_count_as_usable() {
        let node = |os_index| Node { memory: false, bytes: Some(0), ..Node::new(os_index, vec![os_index]) };
        assert_eq!(Nodes::described(vec![node(1), node(0)]).unwrap().homes().of(1), 1);
        assert!(Nodes::described(Vec::new()).is_err());
    }

    #[test]
    fn cpus_without_memory_are_listed_by_their_node() {
        let listed = |name: &str| {
            let nodes = Shape::named(name).nodes().unwrap();
            let listed = nodes.cpus_without_memory().into_iter().map(|(node, cpus)| (node.os_index, cpus));
            listed.collect::<Vec<_>>()
        };
        assert_eq!(listed("nps4"), [(0, vec![0]), (3, vec![3])]);
        // Node 4 has neither memory nor CPUs.
        assert_eq!(listed("fakememinitiators"), [(0, vec![0, 1]), (1, vec![2, 3])]);
        assert_eq!(listed("memory of one node"), [(0, vec![0, 1, 2, 3])]);
        assert_eq!(listed("lxcfs"), []);
    }
}
