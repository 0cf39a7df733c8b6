//! Plain memory to compare with: blocks of the arena from which the default map takes its leaves, so the
//! pages have the same size.

use crate::keys::mix64;
use bskip_core::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, Placement};
use core::alloc::Layout;

/// Blocks of memory in which every word is 1.
pub(crate) struct MemoryBaseline {
    pool: <GlobalArena as BlockArena>::Pool,
    blocks: Vec<BlockId>,
}

/// Words of a block, and of a line.
const BLOCK: usize = (1 << 18) / 8;
const LINE: usize = 64 / 8;

impl MemoryBaseline {
    /// Fills at least `bytes` bytes.
    pub(crate) fn new(bytes: usize) -> Result<Self, String> {
        let layout =
            Layout::array::<u64>(BLOCK).and_then(|layout| layout.align_to(64)).map_err(|e| e.to_string())?;
        let pool = GlobalArena::new().pool(layout, BlockKind::Leaf).map_err(|e| e.to_string())?;
        let blocks = (0..bytes.div_ceil(8 * BLOCK)).map(|_| pool.acquire(Placement::Policy));
        let blocks = blocks.collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
        for &block in &blocks {
            // SAFETY: the pool has issued the block.
            let words = unsafe { pool.address(block) }.cast::<u64>();
            for i in 0..BLOCK {
                // SAFETY: the word is within the block.
                let word = unsafe { words.add(i) };
                // SAFETY: the block is ours and aligned, and no other thread knows it yet.
                unsafe { word.write(1) };
            }
        }
        Ok(Self { pool, blocks })
    }

    /// The words of each block.
    fn words(&self) -> impl Iterator<Item = &[u64; BLOCK]> {
        self.blocks.iter().map(|&block| {
            // SAFETY: the pool has issued the block.
            let words = unsafe { self.pool.address(block) }.cast::<[u64; BLOCK]>();
            // SAFETY: the block is ours, aligned, of that size and written; from now on it is only read.
            unsafe { words.as_ref() }
        })
    }

    /// Reads part `part` of `parts` in order, and adds it up.
    pub(crate) fn sum(&self, part: usize, parts: usize) -> u64 {
        let (from, to) = (self.blocks.len() * part / parts, self.blocks.len() * (part + 1) / parts);
        self.words().skip(from).take(to - from).map(|words| words.iter().sum::<u64>()).sum()
    }

    /// Reads a word of each of `count` random lines, and adds them up. No read waits for another.
    pub(crate) fn sum_lines(&self, count: u64, stream: u64) -> u64 {
        let blocks: Vec<&[u64; BLOCK]> = self.words().collect();
        let lines = (blocks.len() * (BLOCK / LINE)) as u64;
        let random = (0..count).map(|i| (u128::from(mix64(stream << 40 | i)) * u128::from(lines)) >> 64);
        random.map(|line| blocks[line as usize / (BLOCK / LINE)][line as usize % (BLOCK / LINE) * LINE]).sum()
    }
}
