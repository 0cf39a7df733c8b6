//! Where the kernel really put the pages: `move_pages` says on which node, `smaps` says on huge pages.

use core::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};

use bskip_core::arena::NumaNodeId;

use crate::arena::NumaArena;
use crate::nodes::ArenaNode;
use crate::region::Span;
use crate::sys;

/// The most pages of a stripe that are checked. Of a larger stripe, every second, third, … page is checked.
const MOST_PAGES: usize = 1 << 16;
/// Pages that one system call asks about.
const CHUNK: usize = 1024;

/// Where the pages of an arena are. `Display` gives a line for each node.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PlacementReport {
    /// One row for each node that the arena asked for pages, in the order of [`NumaArena::nodes`].
    pub nodes: Vec<NodePages>,
    /// The error number with which the system refused to answer. The counts then stop where it did.
    pub refused: Option<i32>,
    /// Bytes of a base page. A huge page counts as several base pages.
    pub page_bytes: usize,
    /// How large the samples were: in the largest stripe, one page in this many was checked.
    pub sampled_one_in: usize,
}

/// The pages that the arena asked of one node.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NodePages {
    /// The node that the arena asked for.
    pub node: NumaNodeId,
    /// Pages that are on this node.
    pub placed: usize,
    /// Pages that are on other nodes, by the kernel's number of that node.
    pub elsewhere: Vec<(NumaNodeId, usize)>,
    /// Pages that were never touched, so they are on no node yet.
    pub untouched: usize,
}

impl PlacementReport {
    /// Adds the pages of `span`, which were asked of `node`, to the row at `index`.
    fn add_pages(&mut self, index: usize, span: Span, node: ArenaNode) -> Result<(), i32> {
        let asked = node.os_index.unwrap_or(node.id.0);
        let step = self.nodes[index].check(span, self.page_bytes, asked)?;
        self.sampled_one_in = self.sampled_one_in.max(step);
        Ok(())
    }

    /// Whether the system answered and every touched page is on the node that it was asked of.
    #[must_use]
    pub fn is_as_requested(&self) -> bool {
        self.refused.is_none() && self.nodes.iter().all(|node| node.elsewhere.is_empty())
    }
}

impl fmt::Display for PlacementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for NodePages { node, placed, elsewhere, untouched } in &self.nodes {
            write!(f, "node {node}: {placed} pages as requested, {untouched} untouched")?;
            elsewhere.iter().try_for_each(|(other, pages)| write!(f, ", {pages} on node {other}"))?;
            writeln!(f)?;
        }
        match self.refused {
            Some(errno) => {
                write!(
                    f,
                    "the system does not say where pages are: {}",
                    std::io::Error::from_raw_os_error(errno)
                )
            }
            None => {
                write!(f, "one page in {} checked, {} bytes each", self.sampled_one_in, self.page_bytes)
            }
        }
    }
}

impl NumaArena {
    /// Asks the kernel which node each page of the arena's memory is on, replicas included, and compares that
    /// with what the arena asked for. Checks up to 65,536 pages of each pool on each node, evenly spread.
    /// Moves and touches no page.
    #[must_use]
    pub fn verify_placement(&self) -> PlacementReport {
        let row = |node| NodePages { node, placed: 0, elsewhere: Vec::new(), untouched: 0 };
        let page_bytes = self.shared.page;
        let mut report = PlacementReport {
            nodes: self.nodes().into_iter().map(row).collect(),
            refused: None,
            page_bytes,
            sampled_one_in: 1,
        };
        for pool in self.pools() {
            for (index, stripe) in pool.stripes().iter().enumerate() {
                if let Err(errno) = report.add_pages(index, stripe.committed(), stripe.node()) {
                    report.refused = Some(errno);
                    return report;
                }
                let replicas = stripe.committed_replicas().zip(self.shared.nodes.all());
                for (index, (replica, &node)) in replicas.enumerate() {
                    if let Err(errno) = report.add_pages(index, replica, node) {
                        report.refused = Some(errno);
                        return report;
                    }
                }
            }
        }
        report
    }

    /// Bytes of the arena's memory that are on huge pages now, transparent ones or hugetlb pages. `None` if
    /// the system does not say (`/proc/self/smaps`). This reads the whole memory map of the process, which
    /// takes milliseconds.
    #[must_use]
    pub fn huge_page_bytes(&self) -> Option<usize> {
        let pools = self.pools();
        let spans = pools.iter().flat_map(|pool| pool.stripes());
        let spans = spans.flat_map(|stripe| stripe.committed_replicas().chain([stripe.committed()]));
        let spans: Vec<_> = spans.map(range).collect();
        let mut bytes = 0;
        let mut is_ours = false;
        for line in BufReader::new(File::open("/proc/self/smaps").ok()?).lines() {
            let line = line.ok()?;
            if let Some((start, end)) = mapping(&line) {
                is_ours = spans.iter().any(|span| start < span.1 && span.0 < end);
            } else if is_ours && let Some(text) = huge(&line) {
                let kib: usize = text.trim().strip_suffix("kB")?.trim().parse().ok()?;
                bytes += kib * 1024;
            }
        }
        Some(bytes)
    }
}

impl NodePages {
    /// How many pages are on other nodes.
    #[must_use]
    pub fn misplaced(&self) -> usize {
        self.elsewhere.iter().map(|(_, pages)| pages).sum()
    }

    /// Checks the pages of `span`, which were asked of the node `asked`. Returns how many pages there are for
    /// each one checked.
    fn check(&mut self, span: Span, page: usize, asked: u32) -> Result<usize, i32> {
        let (start, end) = range(span);
        let step = ((end - start) / page).div_ceil(MOST_PAGES).max(1);
        let mut addresses = (start..end).step_by(page * step).peekable();
        let (mut pages, mut found) = ([0; CHUNK], [0; CHUNK]);
        while addresses.peek().is_some() {
            let mut count = 0;
            for (slot, address) in pages.iter_mut().zip(&mut addresses) {
                *slot = address;
                count += 1;
            }
            sys::nodes_of(&pages[..count], &mut found[..count])?;
            found[..count].iter().for_each(|&status| self.count(status, asked));
        }
        Ok(step)
    }

    fn count(&mut self, status: i32, asked: u32) {
        match u32::try_from(status) {
            // A negative error number: the page was never touched, or it is being moved.
            Err(_) => self.untouched += 1,
            Ok(node) if node == asked => self.placed += 1,
            Ok(node) => match self.elsewhere.iter_mut().find(|(known, _)| known.0 == node) {
                Some((_, pages)) => *pages += 1,
                None => self.elsewhere.push((NumaNodeId(node), 1)),
            },
        }
    }
}

/// The addresses of a span.
fn range(span: Span) -> (usize, usize) {
    let start = span.start().as_ptr() as usize;
    (start, start + span.len())
}

/// The value of a field of `smaps` that counts huge pages. For hugetlb pages, the kernel only guesses which
/// are shared.
fn huge(line: &str) -> Option<&str> {
    ["AnonHugePages:", "Private_Hugetlb:", "Shared_Hugetlb:"]
        .iter()
        .find_map(|field| line.strip_prefix(field))
}

/// The addresses in the first line of a mapping in `smaps`: `5608e09ff000-5608e0a02000 r--p …`.
fn mapping(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_by_where_they_are() {
        let mut row = NodePages { node: NumaNodeId(1), placed: 0, elsewhere: Vec::new(), untouched: 0 };
        for status in [1, -14, 0, 1, -2, 3, 0] {
            row.count(status, 1);
        }
        assert_eq!((row.placed, row.untouched), (2, 2));
        assert_eq!(row.elsewhere, [(NumaNodeId(0), 2), (NumaNodeId(3), 1)]);
        assert_eq!(row.misplaced(), 3);
        let mut report =
            PlacementReport { nodes: vec![row], refused: None, page_bytes: 4096, sampled_one_in: 1 };
        assert!(!report.is_as_requested());
        assert_eq!(
            report.to_string(),
            "node 1: 2 pages as requested, 2 untouched, 2 on node 0, 1 on node 3\n\
             one page in 1 checked, 4096 bytes each"
        );
        report.nodes.clear();
        report.refused = Some(libc::EPERM);
        assert!(!report.is_as_requested());
        assert!(
            report
                .to_string()
                .starts_with("the system does not say where pages are: Operation not permitted")
        );
    }

    #[test]
    fn the_first_line_of_a_mapping_is_recognized() {
        assert_eq!(mapping("1000-2a000 r--p 00000000 fe:00 247749   /bin/x"), Some((0x1000, 0x2a000)));
        assert_eq!(mapping("AnonHugePages:    2048 kB"), None);
        assert_eq!(mapping("VmFlags: rd mr mw me"), None);
    }
}
