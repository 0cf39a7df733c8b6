//! The matrix of relative memory latencies between NUMA nodes.

use std::fmt;
use std::iter::FusedIterator;

/// Relative latency from each NUMA node to each other, as the firmware states it (ACPI SLIT).
///
/// 10 means local; 20 means that the firmware estimates twice the local latency. The numbers are
/// estimates of the vendor, not measurements. A matrix need not be symmetric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distances {
    nodes: Vec<u32>,
    /// Row-major: row = from, column = to, in the order of `nodes`.
    values: Vec<u64>,
}

impl Distances {
    /// A matrix over `nodes` in any order; `None` unless it is square and every node occurs once.
    pub(crate) fn new(nodes: &[u32], values: &[u64]) -> Option<Self> {
        let n = nodes.len();
        if n == 0 || values.len() != n * n {
            return None;
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_unstable_by_key(|&i| nodes[i]);
        if order.windows(2).any(|pair| nodes[pair[0]] == nodes[pair[1]]) {
            return None;
        }
        let values = order.iter().flat_map(|&row| order.iter().map(move |&col| values[row * n + col]));
        Some(Self { values: values.collect(), nodes: order.iter().map(|&i| nodes[i]).collect() })
    }

    /// The nodes that the matrix covers, ascending: the order of rows and columns.
    #[must_use]
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Distance from CPUs of node `from` to memory of node `to`; `None` if the matrix lacks one of
    /// them. O(log nodes).
    #[must_use]
    pub fn get(&self, from: u32, to: u32) -> Option<u64> {
        let row = self.nodes.binary_search(&from).ok()?;
        let column = self.nodes.binary_search(&to).ok()?;
        Some(self.values[row * self.nodes.len() + column])
    }

    /// All rows with the node that each belongs to; columns are in the order of [`Self::nodes`].
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (u32, &[u64])> + FusedIterator {
        self.nodes.iter().copied().zip(self.values.chunks_exact(self.nodes.len()))
    }
}

/// A table: a line of column heads, then a line for each node.
impl fmt::Display for Distances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node")?;
        for node in &self.nodes {
            write!(f, " {node:>4}")?;
        }
        for (node, row) in self.rows() {
            write!(f, "\n{node:>4}")?;
            for value in row {
                write!(f, " {value:>4}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_follow_the_node_numbers() {
        // Given in the order 2, 0: from 2 to 0 costs 31, from 0 to 2 costs 21.
        let d = Distances::new(&[2, 0], &[10, 31, 21, 11]).expect("a square matrix");
        assert_eq!(d.nodes(), [0, 2]);
        assert_eq!(
            (d.get(0, 0), d.get(0, 2), d.get(2, 0), d.get(2, 2)),
            (Some(11), Some(21), Some(31), Some(10))
        );
        assert_eq!(d.get(1, 0), None);
        assert_eq!(d.rows().collect::<Vec<_>>(), [(0, [11, 21].as_slice()), (2, [31, 10].as_slice())]);
        assert_eq!(d.to_string(), "node    0    2\n   0   11   21\n   2   31   10");
    }

    #[test]
    fn misshapen_matrices_are_refused() {
        assert_eq!(Distances::new(&[], &[]), None);
        assert_eq!(Distances::new(&[0, 1], &[10, 20, 20]), None);
        assert_eq!(Distances::new(&[0, 0], &[10, 20, 20, 10]), None);
    }
}
