//! What a placement costs, compared with memory of the CPU's own node.

use std::collections::BTreeSet;

use bench::ceilings::Pair;

/// What a miss costs, as the mean over the nodes of the CPUs and of the memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Far {
    /// Nanoseconds of a dependent miss.
    pub(super) latency: f64,
    /// How many times as long an independent miss takes as one to the CPU's own node.
    pub(super) rate: f64,
}

impl Far {
    /// The cost of `placement` with these pages. `Err` says why it is not known.
    pub(super) fn of(pairs: &[Pair], placement: &str, pages: &str) -> Result<Self, String> {
        let pairs = || pairs.iter().filter(|pair| pair.pages == pages);
        let homes: BTreeSet<u32> = pairs().map(|pair| pair.cpu_node).collect();
        let memories: BTreeSet<u32> = pairs().map(|pair| pair.memory_node).collect();
        let placed = Placed::of(placement, memories.len())?;
        let is_used = |pair: &Pair| match placed {
            Placed::Anywhere => true,
            Placed::Local => pair.memory_node == pair.cpu_node,
            // An arena spreads its memory over the nodes that have CPUs.
            Placed::Spread => homes.contains(&pair.memory_node),
            Placed::On(node) => pair.memory_node == node,
        };
        let (mut latency, mut slower, mut used) = (0.0, 0.0, 0.0);
        for pair in pairs().filter(|pair| is_used(pair)) {
            let is_own = |own: &&Pair| own.cpu_node == pair.cpu_node && own.memory_node == pair.cpu_node;
            let Some(own) = pairs().find(is_own) else { continue };
            latency += pair.dependent_ns;
            slower += own.independent_mops / pair.independent_mops;
            used += 1.0;
        }
        if used == 0.0 {
            return Err(format!("no miss was measured for placement {placement} with pages {pages}"));
        }
        Ok(Self { latency: latency / used, rate: slower / used })
    }
}

/// Where a placement puts leaves and inner levels, as far as the model knows.
enum Placed {
    /// There is only one node.
    Anywhere,
    /// The node of each CPU.
    Local,
    /// All nodes with CPUs, evenly.
    Spread,
    /// This node.
    On(u32),
}

impl Placed {
    fn of(placement: &str, memories: usize) -> Result<Self, String> {
        if memories == 1 {
            return Ok(Self::Anywhere);
        }
        let unknown = || format!("no ceiling for placement {placement}");
        let one = match placement.split_once('+') {
            Some((leaves, inner)) if leaves != inner => return Err(unknown()),
            Some((both, _)) => both,
            None => placement,
        };
        match one.split_once(':').unwrap_or((one, "")) {
            // Maps without a placement get the memory of the CPU that touches it first.
            ("local" | "default", "") => Ok(Self::Local),
            ("interleave", "") => Ok(Self::Spread),
            ("node", node) => node.parse().map(Self::On).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two nodes with CPUs and a third of memory alone. Misses with base pages take three times as long.
    fn pairs() -> Vec<Pair> {
        let pair = |pages: &str, cpu_node, memory_node| {
            let far = if cpu_node == memory_node { 1.0 } else { 2.0 + f64::from(memory_node / 2) };
            let slow = if pages == "4k" { 3.0 } else { 1.0 };
            let (dependent_ns, independent_mops) = (100.0 * far * slow, 100.0 / far / slow);
            Pair {
                pages: pages.into(),
                cpu_node,
                memory_node,
                dependent_ns,
                independent_mops,
                ..Pair::default()
            }
        };
        let nodes = |pages| (0..2).flat_map(move |cpu| (0..3).map(move |memory| pair(pages, cpu, memory)));
        nodes("thp").chain(nodes("4k")).collect()
    }

    fn of(placement: &str, pages: &str) -> Result<(f64, f64), String> {
        Far::of(&pairs(), placement, pages).map(|far| (far.latency, far.rate))
    }

    #[test]
    fn each_page_size_has_its_own_latency() {
        assert_eq!(of("local", "thp"), Ok((100.0, 1.0)));
        assert_eq!(of("local", "4k"), Ok((300.0, 1.0)));
        assert_eq!(of("default", "thp"), Ok((100.0, 1.0)));
    }

    #[test]
    fn memory_is_where_the_placement_says() {
        // Node 2 has no CPUs, so no memory is interleaved on it.
        assert_eq!(of("interleave", "thp"), Ok((150.0, 1.5)));
        assert_eq!(of("node:1", "thp"), Ok((150.0, 1.5)));
        assert_eq!(of("node:2+node:2", "4k"), Ok((900.0, 3.0)));
    }

    #[test]
    fn a_placement_without_a_model_says_so() {
        for placement in [
            "tiered",
            "memory-only+local",
            "nearest",
            "hash",
            "weighted:0=3,1=1",
            "preferred:0,1",
            "range:5=0,9=1",
            "node:1+local",
            "node:x",
        ] {
            let error = of(placement, "thp").unwrap_err();
            assert_eq!(error, format!("no ceiling for placement {placement}"));
        }
        assert!(of("node:7", "thp").unwrap_err().contains("no miss was measured for placement node:7"));
        assert!(of("local", "hugetlb-2m").unwrap_err().contains("with pages hugetlb-2m"));
    }

    #[test]
    fn on_one_node_all_placements_are_the_same() {
        let one =
            [Pair { pages: "thp".into(), dependent_ns: 90.0, independent_mops: 50.0, ..Pair::default() }];
        for placement in ["local", "hash", "node:0+local"] {
            assert_eq!(Far::of(&one, placement, "thp"), Ok(Far { latency: 90.0, rate: 1.0 }));
        }
    }
}
