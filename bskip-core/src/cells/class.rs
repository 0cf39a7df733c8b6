//! The sizes of cells.

use super::cell::HEADER;

/// Bytes of the unit that numbers of cells count. A cell is some units of its block.
pub(super) const UNIT: usize = 32;
/// The alignment of a block: a line, so that the cells of a size that divides a line never lie in two lines.
pub(super) const ALIGN: usize = 64;
/// Bytes of a block. A small block wastes little in a map with few long strings.
pub(super) const BLOCK: usize = 8 << 10;
/// Units of a block.
pub(super) const UNITS: usize = BLOCK / UNIT;

/// Units of a cell, by class. A cell wastes less than a third of its bytes, except the two smallest ones.
const SIZES: [u8; Class::COUNT] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// A size of cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Class(u8);

impl Class {
    /// How many classes there are. They fit into the low bits of a block's address.
    pub(super) const COUNT: usize = 12;
    /// The class of all cells of a chain except the last one.
    pub(super) const LARGEST: Self = Self(Self::COUNT as u8 - 1);

    /// The class with this index, or the largest one.
    #[inline]
    pub(super) fn with_index(index: usize) -> Self {
        Self(index.min(Self::COUNT - 1) as u8)
    }

    /// The smallest class with room for this many bytes, or the largest one.
    pub(super) fn of_bytes(bytes: usize) -> Self {
        Self::all().find(|class| class.room() >= bytes).unwrap_or(Self::LARGEST)
    }

    /// All classes, the smallest first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::with_index)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Units of a cell.
    #[inline]
    pub(super) fn units(self) -> usize {
        usize::from(SIZES[self.index()])
    }

    /// Bytes of a cell.
    pub(super) fn bytes(self) -> usize {
        self.units() * UNIT
    }

    /// Bytes of a string that fit into a cell.
    pub(super) fn room(self) -> usize {
        self.bytes() - HEADER
    }

    /// The units at which the cells of a block start.
    pub(super) fn starts(self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        (0..UNITS / self.units()).map(move |cell| cell * self.units())
    }
}
