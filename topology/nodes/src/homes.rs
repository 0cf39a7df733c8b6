//! The home of each CPU: the crate's rule, in code.

use std::collections::BTreeMap;

use crate::{Node, Nodes};

/// The home of each CPU among some of the usable nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// The home of each CPU that a node lists.
    of_cpu: BTreeMap<u32, u32>,
    /// The home of the others.
    of_others: u32,
}

impl Homes {
    /// The node that is home to this CPU.
    #[must_use]
    pub fn of(&self, cpu: u32) -> u32 {
        self.of_cpu.get(&cpu).copied().unwrap_or(self.of_others)
    }

    /// Whether a node lists this CPU.
    #[must_use]
    pub fn is_listed(&self, cpu: u32) -> bool {
        self.of_cpu.contains_key(&cpu)
    }

    /// The node that is home to CPUs that no node lists.
    #[must_use]
    pub fn of_others(&self) -> u32 {
        self.of_others
    }

    /// Whether this node is home to a CPU.
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
    /// The home of each CPU, on any usable node.
    #[must_use]
    pub fn homes(&self) -> Homes {
        self.homes_among(&self.usable())
    }

    /// The home of each CPU, if only the nodes of `some` are usable.
    ///
    /// # Panics
    /// If `some` names no usable node.
    #[must_use]
    pub fn homes_among(&self, some: &[u32]) -> Homes {
        let chosen = |node: &&Node| node.is_usable() && some.contains(&node.number);
        let usable: Vec<&Node> = self.all.iter().filter(chosen).collect();
        assert!(!usable.is_empty(), "homes among the nodes {some:?}: none of them is usable");
        let mut listing: Vec<&Node> = self.all.iter().collect();
        listing.sort_by_key(|node| (!chosen(node), node.cpus.len(), node.number));
        let mut of_cpu = BTreeMap::new();
        for node in listing {
            let home = nearest(node, &usable).number;
            for &cpu in &node.cpus {
                of_cpu.entry(cpu).or_insert(home);
            }
        }
        let of_others = of_cpu.values().copied().min().unwrap_or(usable[0].number);
        Homes { of_cpu, of_others }
    }
}

/// The nearest of `usable` from `node`: itself if it is one of them.
fn nearest<'a>(node: &Node, usable: &[&'a Node]) -> &'a Node {
    let far = |other: &&&Node| {
        let same = other.number == node.number;
        (!same, node.distance(other.number), other.cpus.is_empty(), other.number)
    };
    usable.iter().min_by_key(far).expect("a usable node")
}

#[cfg(test)]
mod tests {
    use crate::shapes::{self, Shape};
    use crate::{Node, Nodes};

    #[test]
    fn every_shape_has_the_homes_that_it_says() {
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
    fn fewer_nodes_are_home_to_the_same_cpus() {
        let gpus = Shape::named("nvidiagpunumanodes");
        let nodes = gpus.nodes().unwrap();
        let homes = nodes.homes_among(&[8, 250]);
        assert_eq!((homes.of(0), homes.of(88)), (8, 8));
        assert!(homes.is_home(8) && !homes.is_home(250));
        assert_eq!(nodes.homes_among(&[250, 251]).of(88), 250);
    }

    #[test]
    fn the_smaller_list_is_the_home() {
        let node = |number, cpus: &[u32]| Node {
            number,
            cpus: cpus.to_vec(),
            memory: true,
            allowed: true,
            bytes: None,
            distances: Vec::new(),
        };
        let nodes =
            Nodes::described(vec![node(0, &[0, 1, 2, 3]), node(2, &[2, 3]), node(1, &[0, 1])]).unwrap();
        let homes = nodes.homes();
        assert_eq!([0, 1, 2, 3].map(|cpu| homes.of(cpu)), [1, 1, 2, 2]);
        assert_eq!((homes.of(77), homes.is_listed(77)), (1, false));
        assert_eq!(nodes.in_use(), [0, 1, 2]);
    }

    #[test]
    fn equally_near_nodes_with_cpus_come_first() {
        let node = |number, cpus: &[u32], memory| Node {
            number,
            cpus: cpus.to_vec(),
            memory,
            allowed: true,
            bytes: None,
            distances: Vec::new(),
        };
        let nodes = vec![node(0, &[0], false), node(1, &[], true), node(2, &[1], true), node(3, &[2], true)];
        let nodes = Nodes::described(nodes).unwrap();
        assert_eq!((nodes.homes().of(0), nodes.in_use()), (2, vec![2, 3]));
    }

    #[test]
    fn a_description_without_memory_is_believed_otherwise() {
        let node = |number| Node {
            number,
            cpus: vec![number],
            memory: false,
            allowed: true,
            bytes: Some(0),
            distances: Vec::new(),
        };
        assert_eq!(Nodes::described(vec![node(1), node(0)]).unwrap().homes().of(1), 1);
        assert!(Nodes::described(Vec::new()).is_err());
    }
}
