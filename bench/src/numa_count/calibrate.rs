//! Touches memory whose node is known, so that the plugin learns which addresses belong to which node.

use crate::marks::{CALIBRATE, CALIBRATED, enter, leave, send};
use bskip_core::arena::{BlockArena, BlockKind, BlockPool, Placement};
use numa_alloc::{NumaArena, PageSize, Policy};
use std::alloc::Layout;

/// Bytes of each node, of which a word in each page is touched.
const BYTES: usize = 1 << 20;
const PAGE: usize = 4096;

/// Calibrates every node that the arena uses, and returns how many there are.
///
/// # Errors
/// A node has no memory, or the kernel did not put the memory there.
pub(super) fn calibrate() -> Result<usize, String> {
    let nodes = NumaArena::new().map_err(|error| error.to_string())?.nodes();
    for &node in &nodes {
        let arena = NumaArena::builder().policy(Policy::Node(node)).page_size(PageSize::Small).build();
        let arena = arena.map_err(|error| error.to_string())?;
        let layout = Layout::from_size_align(BYTES, PAGE).map_err(|error| error.to_string())?;
        let pool = arena.pool(layout, BlockKind::Leaf).map_err(|error| error.to_string())?;
        let block = pool.acquire(Placement::Policy).map_err(|error| error.to_string())?;
        // SAFETY: the pool has just issued the block.
        let start = unsafe { pool.address(block) }.as_ptr();
        let words = (0..BYTES / PAGE).map(|page| start.wrapping_add(page * PAGE).cast::<u64>());
        for word in words.clone() {
            // SAFETY: the word is within the block, which is ours alone and aligned to a page.
            unsafe { word.write_volatile(1) };
        }
        let report = arena.verify_placement();
        if nodes.len() > 1 && !report.is_as_requested() {
            return Err(format!(
                "the kernel did not place the memory to calibrate node {node} with: {report}"
            ));
        }
        let address = start.addr() as u64;
        send(CALIBRATE, &[u64::from(node.0), address, address + BYTES as u64]);
        for word in words {
            enter();
            // SAFETY: the word is within the block, and written above.
            let seen = unsafe { word.read_volatile() };
            leave();
            assert_eq!(seen, 1, "what was written is there");
        }
    }
    send(CALIBRATED, &[]);
    Ok(nodes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_of_this_machine_is_touched() {
        assert_eq!(calibrate().unwrap(), NumaArena::new().unwrap().nodes().len());
    }
}
