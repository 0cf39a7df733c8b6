//! The maps by name, and what a cell says about the map that it wants.

use crate::protocol::CellSpec;
use std::fmt;

/// Every map by name, ours first:
/// - `bskip`: the default map, as `BSkipMap::new()` makes it, on `GlobalArena`;
/// - `bskip-numa`: the same map on `NumaArena`, with the placement and the pages of the cell;
/// - `bskip-coin`: `bskip` with the paper's promotion by coin alone (1 in 64);
/// - `bskip-overflow`: `bskip` with promotion by overflow alone;
/// - `bskip-single`: `bskip` with batches done one key at a time, for comparison;
/// - `bskip-numa-replicas`: `bskip-numa` with the inner levels replicated on every NUMA node, kept up to date
///   at once;
/// - `bskip-numa-replicas-lazy`: the same, but a replica is updated only when it has led a search astray;
/// - then the peers. All of them but `rwlock-btreemap` need the feature `peers`.
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

/// Whether `name` is a variant of our map.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.starts_with("bskip")
}

/// Whether the map lives on `NumaArena`. The placement and the pages of a cell have no effect on any other
/// map.
#[must_use]
pub fn is_placed(name: &str) -> bool {
    name.starts_with("bskip-numa")
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

/// Finds `name` among `known`.
///
/// # Errors
/// `name` is not there. The message names `what` it should be and lists `known`.
pub fn known<'a>(what: &str, name: &str, known: &[&'a str]) -> Result<&'a str, String> {
    let found = known.iter().find(|known| **known == name);
    found.copied().ok_or_else(|| unknown(what, name, known))
}

/// The message that `name` is no `what`, of which there are `known`.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    format!("unknown {what} '{name}'; known are {}", known.join(", "))
}

/// An operation that a map may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Giving a key that is there another value.
    Updates,
    /// Removing a key.
    Removals,
    /// Scans of strings that leave no key out.
    ExactScans,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Updates => "updates",
            Self::Removals => "removals",
            Self::ExactScans => "exact scans: those of strings leave keys out",
        })
    }
}

/// A map and the settings of its arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSpec {
    /// One of [`NAMES`].
    pub name: String,
    /// Where the arena puts nodes, as in [`CellSpec::placement`]. Only maps for which [`is_placed`] holds use
    /// it.
    pub placement: String,
    /// Pages of the arena, as in [`CellSpec::pages`]. The same maps use it.
    pub pages: String,
    /// Seed of our map's coin.
    pub seed: u64,
    /// What keys look like, as in [`CellSpec::keys_like`].
    pub keys_like: String,
}

impl From<&CellSpec> for MapSpec {
    fn from(cell: &CellSpec) -> Self {
        let CellSpec { map, placement, pages, seed, keys_like, .. } = cell.clone();
        Self { name: map, placement, pages, seed, keys_like }
    }
}

/// Why a map was not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The spec makes no sense.
    Bad(String),
    /// The spec makes sense, but this build or this machine does not have the map.
    Unavailable(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Bad(why) | Self::Unavailable(why)) = self;
        f.write_str(why)
    }
}
