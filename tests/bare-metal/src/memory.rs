//! The memory of the NUMA nodes, given out piece by piece.

use core::ptr::with_exposed_provenance_mut;
use core::slice;

use bskip_core::arena::NumaNodeId;
use bskip_core::{Platform, StaticArena};

use crate::list::List;
use crate::machine::{MOST_NODES, Machine};

/// What is left of each node's memory.
pub(crate) struct Memory {
    /// Start and end.
    left: [(usize, usize); MOST_NODES],
    nodes: usize,
}

impl Memory {
    /// The memory of `machine`. There is one of these.
    pub(crate) fn new(machine: &Machine) -> Self {
        let mut left = [(0, 0); MOST_NODES];
        left.iter_mut().zip(machine.memory.iter()).for_each(|(left, &range)| *left = range);
        Self { left, nodes: machine.memory.len() }
    }

    /// The nodes with memory. Their numbers are below this one.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Takes that many bytes from each node for `arena`. Returns their addresses.
    pub(crate) fn give<P: Platform>(
        &mut self,
        arena: &'static StaticArena<P>,
        bytes: usize,
    ) -> List<(usize, usize), MOST_NODES> {
        let mut given = List::new();
        for node in 0..self.nodes {
            let piece = self.take(node, bytes);
            given.push((piece.as_ptr().addr(), piece.as_ptr().addr() + bytes));
            arena.add_region_on(NumaNodeId(node as u32), piece).expect("the arena has room for a region");
        }
        given
    }

    /// Takes that many bytes of a node's memory.
    fn take(&mut self, node: usize, bytes: usize) -> &'static mut [u8] {
        let (start, end) = &mut self.left[node];
        let address = start.next_multiple_of(4096);
        assert!(address + bytes <= *end, "node {node} has no {bytes} bytes left");
        *start = address + bytes;
        let memory = with_exposed_provenance_mut(address);
        // SAFETY: the firmware says that there is memory and that nothing uses it. The kernel ends below it, and
        // `left` gives every byte to one caller.
        unsafe { slice::from_raw_parts_mut(memory, bytes) }
    }
}
