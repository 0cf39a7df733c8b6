//! A virtual machine's NUMA nodes, and the arguments that make QEMU show them.

/// A machine to boot. Its nodes are numbered from 0. Its CPUs are numbered from 0 too, node by node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Machine {
    /// The machine's name, on command lines and in file names.
    pub(crate) name: String,
    /// A description of the machine, in a line.
    pub(crate) what: String,
    /// The first has CPUs. Nodes without CPUs stand last, because Linux numbers them so.
    pub(crate) nodes: Vec<Node>,
    /// Distances from each node (row) to each (column); 10 is local. Without them, distances are 10 and 20.
    pub(crate) distances: Option<Vec<Vec<u8>>>,
    /// Whether the firmware reports latencies and bandwidths (ACPI's HMAT). They follow from the distances.
    pub(crate) hmat: bool,
    /// Whether one host thread emulates all CPUs in turn, so that runs repeat.
    pub(crate) one_thread: bool,
    /// Kernel arguments in addition to those of every guest.
    pub(crate) kernel_words: &'static str,
}

/// A NUMA node of a [`Machine`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Node {
    /// CPUs on it; 0 for memory alone.
    pub(crate) cpus: usize,
    /// Its memory in MiB.
    pub(crate) mib: usize,
    /// Pages of 2 MiB that the kernel reserves on it at boot.
    pub(crate) huge_pages: usize,
}

/// Nanoseconds that an access takes for each unit of distance, if the machine has an HMAT.
const NS: usize = 10;
/// Bandwidth in GiB a second between a node and its own CPUs, if the machine has an HMAT. HMAT's 16-bit field
/// holds no fractions.
const GIB_PER_SECOND: usize = 100;
/// The distance of a node to itself.
const LOCAL: usize = 10;

impl Machine {
    /// `nodes` equal nodes of `cpus` CPUs and `mib` MiB.
    pub(crate) fn even(name: &str, nodes: usize, cpus: usize, mib: usize) -> Self {
        let node = Node { cpus, mib, huge_pages: 0 };
        Self { name: name.into(), nodes: vec![node; nodes], ..Self::default() }
    }

    /// All its CPUs.
    pub(crate) fn cpus(&self) -> usize {
        self.nodes.iter().map(|node| node.cpus).sum()
    }

    /// The numbers of node `node`'s CPUs.
    pub(crate) fn cpus_of(&self, node: usize) -> std::ops::Range<usize> {
        let first = self.nodes[..node].iter().map(|node| node.cpus).sum();
        first..first + self.nodes[node].cpus
    }

    /// The numbers of node `node`'s CPUs, as the kernel and QEMU list them; empty for none.
    pub(crate) fn cpu_list(&self, node: usize) -> String {
        match self.cpus_of(node) {
            cpus if cpus.len() < 2 => cpus.map(|cpu| cpu.to_string()).collect(),
            cpus => format!("{}-{}", cpus.start, cpus.end - 1),
        }
    }

    /// The distance that the guest sees.
    pub(crate) fn distance(&self, from: usize, to: usize) -> usize {
        match &self.distances {
            Some(rows) => rows[from][to].into(),
            None if from == to => LOCAL,
            None => 2 * LOCAL,
        }
    }

    /// QEMU's arguments for CPUs, memory and nodes.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut args = Vec::new();
        let mut arg = |name: &str, value: String| args.extend([name.to_owned(), value]);
        arg("-machine", format!("q35{}", if self.hmat { ",hmat=on" } else { "" }));
        let memory: usize = self.nodes.iter().map(|node| node.mib).sum();
        arg("-m", format!("{memory}M"));
        // If all nodes are alike, each is a socket, so that caches and packages end where nodes do.
        let with_cpus: Vec<_> = self.nodes.iter().filter(|node| node.cpus > 0).collect();
        let alike = with_cpus.iter().all(|node| node.cpus == with_cpus[0].cpus);
        let (sockets, cores) = if alike { (with_cpus.len(), with_cpus[0].cpus) } else { (self.cpus(), 1) };
        arg("-smp", format!("{},sockets={sockets},cores={cores},threads=1", self.cpus()));
        for (number, node) in self.nodes.iter().enumerate() {
            arg("-object", format!("memory-backend-ram,id=m{number},size={}M", node.mib));
            let cpus = self.cpu_list(number);
            let cpus = if cpus.is_empty() { cpus } else { format!(",cpus={cpus}") };
            let initiator =
                if self.hmat { format!(",initiator={}", self.initiator(number)) } else { String::new() };
            arg("-numa", format!("node,nodeid={number},memdev=m{number}{cpus}{initiator}"));
        }
        if self.distances.is_some() {
            self.pairs(|from, to| {
                arg("-numa", format!("dist,src={from},dst={to},val={}", self.distance(from, to)))
            });
        }
        if self.hmat {
            self.pairs(|from, to| {
                if self.nodes[from].cpus == 0 {
                    return;
                }
                let distance = self.distance(from, to);
                let about = format!("hmat-lb,initiator={from},target={to},hierarchy=memory,data-type=access");
                arg("-numa", format!("{about}-latency,latency={}", NS * distance));
                arg("-numa", format!("{about}-bandwidth,bandwidth={}G", GIB_PER_SECOND * LOCAL / distance));
            });
        }
        args
    }

    /// The kernel arguments for this machine.
    pub(crate) fn kernel_words(&self) -> String {
        let with_pages = self.nodes.iter().enumerate().filter(|(_, node)| node.huge_pages > 0);
        let pages: Vec<_> =
            with_pages.map(|(number, node)| format!("{number}:{}", node.huge_pages)).collect();
        match pages.is_empty() {
            true => self.kernel_words.into(),
            false => format!("{} hugepagesz=2M hugepages={}", self.kernel_words, pages.join(",")),
        }
    }

    /// The node whose CPUs are nearest to the memory of `node`.
    fn initiator(&self, node: usize) -> usize {
        let with_cpus = (0..self.nodes.len()).filter(|&from| self.nodes[from].cpus > 0);
        with_cpus.min_by_key(|&from| self.distance(from, node)).unwrap_or(0)
    }

    /// Calls `visit` for each pair of nodes. Each node is also paired with itself.
    fn pairs(&self, mut visit: impl FnMut(usize, usize)) {
        let count = self.nodes.len();
        (0..count).for_each(|from| (0..count).for_each(|to| visit(from, to)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(machine: &Machine) -> String {
        machine.arguments().join(" ")
    }

    #[test]
    fn equal_nodes_are_sockets() {
        let machine = Machine::even("2x2", 2, 2, 256);
        assert_eq!(
            line(&machine),
            "-machine q35 -m 512M -smp 4,sockets=2,cores=2,threads=1 \
             -object memory-backend-ram,id=m0,size=256M -numa node,nodeid=0,memdev=m0,cpus=0-1 \
             -object memory-backend-ram,id=m1,size=256M -numa node,nodeid=1,memdev=m1,cpus=2-3"
        );
        assert_eq!(machine.kernel_words(), "");
        assert_eq!((machine.distance(0, 0), machine.distance(0, 1)), (10, 20));
    }

    #[test]
    fn distances_go_both_ways_and_memory_nodes_have_no_cpus() {
        let mut machine = Machine::even("tiered", 3, 2, 64);
        machine.nodes[2].cpus = 0;
        machine.distances = Some(vec![vec![10, 21, 17], vec![31, 10, 28], vec![17, 28, 10]]);
        let line = line(&machine);
        assert!(line.contains("-smp 4,sockets=2,cores=2"), "{line}");
        assert!(line.contains("nodeid=2,memdev=m2 "), "{line}");
        assert!(
            line.contains("dist,src=0,dst=1,val=21 ") && line.contains("dist,src=1,dst=0,val=31 "),
            "{line}"
        );
        assert_eq!(line.matches("dist,").count(), 9);
    }

    #[test]
    fn a_hmat_has_an_entry_for_each_pair_and_follows_the_distances() {
        let mut machine = Machine::even("hmat", 3, 1, 64);
        machine.nodes[2].cpus = 0;
        machine.hmat = true;
        machine.distances = Some(vec![vec![10, 20, 25], vec![20, 10, 50], vec![25, 50, 10]]);
        let line = line(&machine);
        assert!(line.starts_with("-machine q35,hmat=on "), "{line}");
        assert!(line.contains("nodeid=2,memdev=m2,initiator=0"), "{line}");
        let pair = "hmat-lb,initiator=1,target=2,hierarchy=memory,data-type=access";
        assert!(line.contains(&format!("{pair}-latency,latency=500")), "{line}");
        assert!(line.contains(&format!("{pair}-bandwidth,bandwidth=20G")), "{line}");
        assert_eq!((line.matches("-latency").count(), line.matches("-bandwidth").count()), (6, 6));
        assert!(!line.contains("initiator=2"), "{line}");
    }

    #[test]
    fn huge_pages_are_words_for_the_kernel() {
        let mut machine = Machine::even("huge", 3, 1, 256);
        machine.nodes[0].huge_pages = 2;
        machine.nodes[2].huge_pages = 7;
        machine.kernel_words = "debug";
        assert_eq!(machine.kernel_words(), "debug hugepagesz=2M hugepages=0:2,2:7");
    }
}
