//! The maps that can be measured, behind one trait.

#[cfg(feature = "cell")]
mod any;
#[cfg(feature = "cell")]
pub use any::AnySession;
#[cfg(feature = "cell")]
mod map;
#[cfg(feature = "cell")]
pub use map::{BuildError, MapSpec, build};

#[cfg(feature = "cell")]
mod bskip;
#[cfg(feature = "cell")]
pub(crate) use bskip::ranges_of;
#[cfg(feature = "cell")]
mod rwlock_btreemap;

#[cfg(feature = "peers")]
mod arctic_map;
#[cfg(feature = "peers")]
mod arenaskiplist;
#[cfg(feature = "peers")]
mod artmap;
#[cfg(feature = "peers")]
mod bplustree;
#[cfg(feature = "peers")]
mod concurrent_map;
#[cfg(feature = "peers")]
mod congee;
#[cfg(feature = "peers")]
mod crossbeam_skiplist;
#[cfg(feature = "peers")]
mod ferntree;
#[cfg(feature = "peers")]
mod indexset;
#[cfg(feature = "peers")]
mod masstree;
#[cfg(feature = "peers")]
mod scc;

use crate::marks::Class;
use std::fmt;
use std::ops::Range;

/// Every map by name, ours first:
/// - `bskip`: the default map, as `BSkipMap::new()` makes it, on `GlobalArena`;
/// - `bskip-numa`: the same map on `NumaArena`, as the placement and pages of the cell say;
/// - `bskip-coin`: as `bskip`, with the paper's promotion by coin alone (1 in 64);
/// - `bskip-overflow`: as `bskip`, promotion by overflow alone;
/// - `bskip-single`: as `bskip`, many keys at a time done one by one, for comparison;
/// - `bskip-numa-replicas`: as `bskip-numa`, the inner levels replicated on every NUMA node, at once;
/// - `bskip-numa-replicas-lazy`: the same, when a search was led astray;
/// - then the peers. All but `rwlock-btreemap` need the feature `peers`.
pub const NAMES: &[&str] = &[
    "bskip",
    "bskip-numa",
    "bskip-coin",
    "bskip-overflow",
    "bskip-single",
    "bskip-numa-replicas",
    "bskip-numa-replicas-lazy",
    "arctic-map",
    "arenaskiplist",
    "artmap",
    "artmap-arena",
    "bplustree",
    "concurrent-map",
    "congee",
    "crossbeam-skiplist",
    "ferntree",
    "indexset",
    "masstree",
    "scc-tree-index",
    "rwlock-btreemap",
];

/// Whether `name` is our map, in whatever variant.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.starts_with("bskip")
}

/// The package that a peer comes from, by its name in `Cargo.lock`.
#[must_use]
pub fn package(name: &str) -> &str {
    match name {
        "artmap-arena" => "artmap",
        "scc-tree-index" => "scc",
        name => name,
    }
}

/// Whether the map lives on `NumaArena`. The placement and the pages of a cell mean nothing to any other map.
#[must_use]
pub fn is_placed(name: &str) -> bool {
    name.starts_with("bskip-numa")
}

/// An operation that a map may lack. What every map has is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A key that is there gets another value.
    Updates,
    /// A key goes.
    Removals,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Updates => "updates",
            Self::Removals => "removals",
        })
    }
}

/// An ordered map of `u64` to `u64` that threads share.
pub trait OrderedMap: Sync {
    /// What one thread works through: a reference, or a handle that some maps want for each thread.
    type Session<'a>: Session
    where
        Self: 'a;

    /// A session for the calling thread.
    fn session(&self) -> Self::Session<'_>;

    /// What the map's memory comes to, if it counts that itself.
    fn footprint(&self) -> Option<Footprint> {
        None
    }

    /// What the map cannot do. A workload that needs it is skipped.
    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    /// What the map fell back to, in words.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Which addresses are leaves and which inner nodes, where the map's arena tells.
    fn ranges(&self) -> Vec<(Class, Range<u64>)> {
        Vec::new()
    }
}

/// One thread's view of a map. Calls are inlined into the loop that is measured.
pub trait Session {
    /// Puts a value in, in place of the one that the key has, if any.
    fn insert(&mut self, key: u64, value: u64);

    /// The value of a key.
    fn get(&mut self, key: u64) -> Option<u64>;

    /// Gives a key that is there another value.
    fn update(&mut self, key: u64, value: u64);

    /// Takes a key out and gives its value.
    fn remove(&mut self, key: u64) -> Option<u64>;

    /// Puts the value of each key, or `None`, into `values`.
    #[inline]
    fn get_many(&mut self, keys: &[u64], values: &mut [Option<u64>]) {
        for (&key, value) in keys.iter().zip(values) {
            *value = self.get(key);
        }
    }

    /// Puts each pair in, in place of the one that the key has, if any. What it makes of the slice is its affair.
    #[inline]
    fn insert_many(&mut self, pairs: &mut [(u64, Option<u64>)]) {
        for &mut (key, value) in pairs {
            if let Some(value) = value {
                self.insert(key, value);
            }
        }
    }

    /// Visits at most `limit` pairs with keys from `start` on, ascending.
    fn scan(&mut self, start: u64, limit: usize, visit: impl FnMut(u64, u64));
}

/// Memory as counted by a map's arena.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of the blocks in use.
    pub issued: u64,
    /// Bytes taken from beneath the arena.
    pub reserved: u64,
    /// Blocks in use by NUMA node; empty where the arena does not place its blocks.
    pub nodes: Vec<(u32, u64)>,
    /// Of these, blocks that are not on the node of the thread that asked, where that was asked for.
    pub misses: Option<u64>,
}
