//! Plain memory to compare with: blocks of the arena that the default map has its leaves from, so in pages of the same
//! size.

use crate::keys::mix64;
use bskip_core::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, Placement};
use core::alloc::Layout;

/// See the module. All words are 1.
pub(crate) struct Plain(<GlobalArena as BlockArena>::Pool, Vec<BlockId>);

const BLOCK: usize = 1 << 18;
const LINE: usize = 64;

impl Plain {
    /// At least so many bytes.
    pub(crate) fn new(bytes: usize) -> Result<Self, String> {
        let layout = Layout::from_size_align(BLOCK, 64).map_err(|e| e.to_string())?;
        let pool = GlobalArena::new().pool(layout, BlockKind::Leaf).map_err(|e| e.to_string())?;
        let blocks =
            (0..bytes.div_ceil(BLOCK)).map(|_| pool.acquire(Placement::Policy)).collect::<Result<_, _>>();
        let plain = Self(pool, blocks.map_err(|e| e.to_string())?);
        for &block in &plain.1 {
            // SAFETY: the pool has issued the block.
            let words = unsafe { plain.0.address(block) }.cast::<u64>();
            for i in 0..BLOCK / 8 {
                // SAFETY: within the block.
                let word = unsafe { words.add(i) };
                // SAFETY: the block is ours and aligned, and nobody reads it yet.
                unsafe { word.write(1) };
            }
        }
        Ok(plain)
    }

    /// Reads part `part` of `parts`, in order.
    pub(crate) fn sum(&self, part: usize, parts: usize) -> u64 {
        let (from, to) = (self.1.len() * part / parts, self.1.len() * (part + 1) / parts);
        let mut sum = 0u64;
        for &block in &self.1[from..to] {
            // SAFETY: the pool has issued the block.
            let words = unsafe { self.0.address(block) }.cast::<u64>();
            // SAFETY: the block is ours, of that size, aligned and written; nobody writes to it now.
            let words = unsafe { core::slice::from_raw_parts(words.as_ptr(), BLOCK / 8) };
            sum += words.iter().sum::<u64>();
        }
        sum
    }

    /// Reads so many lines, each chosen at random, none waiting for another.
    pub(crate) fn sum_lines(&self, count: u64, stream: u64) -> u64 {
        let bases: Vec<*const u64> = self
            .1
            .iter()
            // SAFETY: the pool has issued the block.
            .map(|&block| unsafe { self.0.address(block) }.as_ptr().cast::<u64>().cast_const())
            .collect();
        let lines = (bases.len() * (BLOCK / LINE)) as u64;
        let mut sum = 0u64;
        for i in 0..count {
            let line = ((u128::from(mix64(stream << 40 | i)) * u128::from(lines)) >> 64) as usize;
            let base = bases[line / (BLOCK / LINE)];
            // SAFETY: a line within the block.
            let word = unsafe { base.add(line % (BLOCK / LINE) * (LINE / 8)) };
            // SAFETY: the block is ours, aligned and written; nobody writes to it now.
            sum += unsafe { word.read() };
        }
        sum
    }
}
