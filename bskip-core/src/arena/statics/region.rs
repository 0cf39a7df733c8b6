//! The regions of a static arena.

use core::fmt;
use core::ops::Range;

use super::extents::Extents;
use super::line::{UNIT, Window};
use crate::arena::NumaNodeId;

/// The most regions of one arena.
pub(super) const MOST: usize = 16;

/// Why a [`StaticArena`](super::StaticArena) does not take a region. The arena is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RegionError {
    /// The arena has 16 regions already.
    TooMany,
    /// The region holds no whole line of 64 bytes.
    TooSmall,
    /// A part of the region is more than 128 GiB away from the start of the arena's first region, so numbers of 32
    /// bits do not reach it.
    TooFar,
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "the arena has 16 regions already; join neighbouring regions, or use two arenas",
            Self::TooSmall => "the region holds no whole line of 64 bytes; make it larger",
            Self::TooFar => {
                "the region is more than 128 GiB away from the arena's first region; use an arena of its own"
            }
        })
    }
}

impl core::error::Error for RegionError {}

/// A region of a [`StaticArena`](super::StaticArena), and what is left of it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RegionUsage {
    /// The NUMA node of the region.
    pub numa_node: NumaNodeId,
    /// The addresses that the arena uses.
    pub addresses: Range<usize>,
    /// Bytes that no pool has taken.
    pub remaining: usize,
}

/// A region.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) numa_node: NumaNodeId,
    /// The number of its first line, and how many there are.
    pub(super) start: u32,
    pub(super) lines: u32,
    pub(super) free: Extents,
}

impl Region {
    pub(super) const NONE: Self = Self { numa_node: NumaNodeId(0), start: 0, lines: 0, free: Extents::NONE };

    pub(super) fn usage(&self, window: Window) -> RegionUsage {
        let start = window.address(self.start);
        RegionUsage {
            numa_node: self.numa_node,
            addresses: start..start + self.lines as usize * UNIT,
            remaining: self.free.lines as usize * UNIT,
        }
    }

    pub(super) fn holds(&self, number: u32) -> bool {
        number >= self.start && number - self.start < self.lines
    }
}
