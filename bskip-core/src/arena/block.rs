//! The types of the contract: blocks, where they should be, and why a pool has none.

use core::alloc::Layout;
use core::fmt;
use core::num::NonZeroU32;

use crate::key::big_endian::word_at;
use crate::key::{Key, KeyWords};
use crate::numa_node::NumaNodeId;

/// Where the map would like a block to be. It is a preference: a pool that cannot meet it takes the block
/// from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Placement {
    /// Where the arena's own policy puts it.
    #[default]
    Policy,
    /// On this NUMA node.
    NumaNode(NumaNodeId),
    /// A block for keys from this one on, placed by the arena's policy. If the policy does not go by keys,
    /// this is the same as [`Policy`](Self::Policy).
    KeysFrom(KeyPrefix),
}

/// The first 64 bits of a key in the map's order: if `a <= b`, then `KeyPrefix::of(a) <= KeyPrefix::of(b)`.
///
/// With prefixes, an arena can place the keys of any type without knowing the type. For a `u64` the prefix is
/// the key itself. For an `i64` it is the key with its sign bit flipped. For a byte array it is the first 8
/// bytes, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyPrefix(u64);

impl KeyPrefix {
    /// The prefix of the least key.
    pub const LEAST: Self = Self(0);

    /// The prefix of `key`.
    #[must_use]
    pub fn of<K: Key>(key: K) -> Self {
        Self(key.to_words().word(0))
    }

    /// The prefix of a byte string: its first 8 bytes, big-endian, with zeros behind a shorter one. For the keys
    /// of a [`BSkipBytesMap`](crate::BSkipBytesMap), which are ordered by their encodings.
    ///
    /// ```
    /// use bskip_core::KeyPrefix;
    ///
    /// assert!(KeyPrefix::of_bytes(b"apple") < KeyPrefix::of_bytes(b"b"));
    /// ```
    #[must_use]
    pub fn of_bytes(key: &[u8]) -> Self {
        Self(word_at(key, 0))
    }

    /// The prefix that is these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, in the order of the keys.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

/// What the blocks of a pool are for, so that an arena can treat leaves and inner levels differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// Keys and values: nearly all of a map.
    Leaf,
    /// Keys and children: about 1/64 of a map, and every operation reads some of it.
    Inner,
}

/// A block of a pool: a number from 1 on, so that one block can refer to another in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(pub NonZeroU32);

/// Why a pool has no block to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AllocErrorKind {
    /// The block would exceed the arena's byte limit.
    LimitReached,
    /// The arena has no memory left.
    OutOfMemory,
    /// The pool has no block numbers or addresses left.
    AddressSpaceExhausted,
}

/// A pool had no block to give. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocError {
    /// The layout of the block.
    pub layout: Layout,
    /// Why there was none.
    pub kind: AllocErrorKind,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            AllocErrorKind::LimitReached => "the arena's byte limit is reached; raise it or remove keys",
            AllocErrorKind::OutOfMemory => "the arena has no memory left; remove keys or give it more",
            AllocErrorKind::AddressSpaceExhausted => "the pool has no addresses left; use several maps",
        };
        write!(f, "no block of {} bytes aligned to {}: {why}", self.layout.size(), self.layout.align())
    }
}

impl core::error::Error for AllocError {}

/// What a pool holds. Exact while no thread acquires or releases blocks, and close otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolUsage {
    /// Blocks in use: issued and not released.
    pub issued_blocks: usize,
    /// The bytes of these blocks.
    pub issued_bytes: usize,
    /// Bytes that the pool has taken from the memory below it, free blocks included.
    pub reserved_bytes: usize,
}

impl PoolUsage {
    /// The sum of two pools' figures.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            issued_blocks: self.issued_blocks + other.issued_blocks,
            issued_bytes: self.issued_bytes + other.issued_bytes,
            reserved_bytes: self.reserved_bytes + other.reserved_bytes,
        }
    }
}
