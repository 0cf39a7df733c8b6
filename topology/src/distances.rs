//! The matrix of relative memory latencies between NUMA nodes.

use std::fmt;
use std::iter::FusedIterator;

/// The relative latency from each NUMA node to each other, as the firmware states it (ACPI SLIT).
///
/// 10 means local. 20 means that the firmware estimates twice the local latency. The numbers are estimates of
/// the vendor, not measurements. A matrix need not be symmetric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distances {
    nodes: Vec<u32>,
    /// The matrix row by row, in the order of `nodes`. The row is the node that accesses, the column the node
    /// with the memory.
    values: Vec<u64>,
}

impl Distances {
    /// A matrix over `nodes` in any order; `None` unless it is square and each node occurs once.
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

    /// The nodes of the matrix, ascending: the order of its rows and columns.
    #[must_use]
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// The distance from the CPUs of node `from` to the memory of node `to`; `None` if the matrix lacks one
    /// of them. O(log nodes).
    #[must_use]
    pub fn get(&self, from: u32, to: u32) -> Option<u64> {
        let row = self.nodes.binary_search(&from).ok()?;
        let column = self.nodes.binary_search(&to).ok()?;
        Some(self.values[row * self.nodes.len() + column])
    }

    /// All rows, each with its node. The columns are in the order of [`Self::nodes`].
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (u32, &[u64])> + FusedIterator {
        self.nodes.iter().copied().zip(self.values.chunks_exact(self.nodes.len()))
    }
}

/// A table: one line of column heads, then one line for each node.
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
        // The matrix is given in the order 2, 0. From 2 to 0 the distance is 31, from 0 to 2 it is 21.
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
    fn matrices_that_are_not_square_are_refused() {
        assert_eq!(Distances::new(&[], &[]), None);
        assert_eq!(Distances::new(&[0, 1], &[10, 20, 20]), None);
        assert_eq!(Distances::new(&[0, 0], &[10, 20, 20, 10]), None);
    }
}
