//! Where the kernel really put the pages: `move_pages` for nodes, `smaps` for huge pages.

use core::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};

use bskip_core::arena::NumaNodeId;

use crate::arena::NumaArena;
use crate::places::Place;
use crate::region::Span;
use crate::sys;

/// Pages of one stripe that are looked at; of a larger stripe every second, third, … page.
const MOST_PAGES: usize = 1 << 16;
/// Pages asked for in one call.
const CHUNK: usize = 1024;

/// Where the arena's pages were found. `Display` gives a line for each node.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PlacementReport {
    /// By the node that the pages were asked of, in the order of [`NumaArena::nodes`].
    pub nodes: Vec<NodePages>,
    /// The system refused to tell, with this error number; then the counts stop where it did.
    pub refused: Option<i32>,
    /// Bytes of the base pages that are counted; a huge page counts as many of them.
    pub page_bytes: usize,
    /// In the largest stripe one page in so many was looked at.
    pub sampled_one_in: usize,
}

/// The pages that were asked of one node.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NodePages {
    /// The node that the arena asked for.
    pub node: NumaNodeId,
    /// Pages that are there.
    pub placed: usize,
    /// Pages that are on other nodes, by the kernel's number of the node.
    pub elsewhere: Vec<(NumaNodeId, usize)>,
    /// Pages that nobody has touched, so that they are nowhere yet.
    pub untouched: usize,
}

impl PlacementReport {
    /// Adds the pages of `span`, which was asked of `place`, to the row at `index`.
    fn look_at_one(&mut self, index: usize, span: Span, place: Place) -> Result<(), i32> {
        let asked = place.bind.unwrap_or(place.node.0);
        let step = self.nodes[index].look_at(span, self.page_bytes, asked)?;
        self.sampled_one_in = self.sampled_one_in.max(step);
        Ok(())
    }

    /// The system answered, and every touched page is where it was asked for.
    #[must_use]
    pub fn is_as_asked(&self) -> bool {
        self.refused.is_none() && self.nodes.iter().all(|node| node.elsewhere.is_empty())
    }
}

impl fmt::Display for PlacementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for NodePages { node, placed, elsewhere, untouched } in &self.nodes {
            write!(f, "node {node}: {placed} pages as asked, {untouched} untouched")?;
            elsewhere.iter().try_for_each(|(other, pages)| write!(f, ", {pages} on node {other}"))?;
            writeln!(f)?;
        }
        match self.refused {
            Some(errno) => {
                write!(f, "the system does not tell: {}", std::io::Error::from_raw_os_error(errno))
            }
            None => {
                write!(f, "one page in {} looked at, {} bytes each", self.sampled_one_in, self.page_bytes)
            }
        }
    }
}

impl NumaArena {
    /// Asks the kernel on which node each page of the arena's memory is, replicas included, and compares. Looks at up to 65,536
    /// pages of each pool's memory on each node, evenly spread; moves and touches nothing.
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
                if let Err(errno) = report.look_at_one(index, stripe.committed(), stripe.place()) {
                    report.refused = Some(errno);
                    return report;
                }
                let replicas = stripe.committed_replicas().zip(self.shared.places.all());
                for (index, (replica, &place)) in replicas.enumerate() {
                    if let Err(errno) = report.look_at_one(index, replica, place) {
                        report.refused = Some(errno);
                        return report;
                    }
                }
            }
        }
        report
    }

    /// Bytes of the arena's memory that lie on huge pages now, transparent ones or of the hugetlb pool;
    /// `None` where the system does not tell (`/proc/self/smaps`). Reads the whole map of the process:
    /// milliseconds.
    #[must_use]
    pub fn huge_pages(&self) -> Option<usize> {
        let pools = self.pools();
        let spans = pools.iter().flat_map(|pool| pool.stripes());
        let spans = spans.flat_map(|stripe| stripe.committed_replicas().chain([stripe.committed()]));
        let spans: Vec<_> = spans.map(range).collect();
        let mine = || spans.iter();
        let mut bytes = 0;
        let mut is_mine = false;
        for line in BufReader::new(File::open("/proc/self/smaps").ok()?).lines() {
            let line = line.ok()?;
            if let Some((start, end)) = mapping(&line) {
                is_mine = mine().any(|mine| start < mine.1 && mine.0 < end);
            } else if is_mine && let Some(text) = huge(&line) {
                let kib: usize = text.trim().strip_suffix("kB")?.trim().parse().ok()?;
                bytes += kib * 1024;
            }
        }
        Some(bytes)
    }
}

impl NodePages {
    /// Looks at the pages of `span`, which were asked of `asked`; one in how many is the answer.
    fn look_at(&mut self, span: Span, page: usize, asked: u32) -> Result<usize, i32> {
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
            // Never touched, or on its way: a negative error number.
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

/// What a line of `smaps` says about huge pages. Which hugetlb pages are shared the kernel only guesses.
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
        let mut report =
            PlacementReport { nodes: vec![row], refused: None, page_bytes: 4096, sampled_one_in: 1 };
        assert!(!report.is_as_asked());
        assert_eq!(
            report.to_string(),
            "node 1: 2 pages as asked, 2 untouched, 2 on node 0, 1 on node 3\n\
             one page in 1 looked at, 4096 bytes each"
        );
        report.nodes.clear();
        report.refused = Some(libc::EPERM);
        assert!(!report.is_as_asked());
        assert!(report.to_string().starts_with("the system does not tell: Operation not permitted"));
    }

    #[test]
    fn mappings_are_told_from_their_fields() {
        assert_eq!(mapping("1000-2a000 r--p 00000000 fe:00 247749   /bin/x"), Some((0x1000, 0x2a000)));
        assert_eq!(mapping("AnonHugePages:    2048 kB"), None);
        assert_eq!(mapping("VmFlags: rd mr mw me"), None);
    }
}
