//! Builds a map by name.

use super::{bskip, rwlock_btreemap};
use crate::subject::Subject;

/// A map and the setting of its arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSpec {
    /// One of [`NAMES`](super::NAMES).
    pub name: String,
    /// Where the arena puts nodes, as in [`CellSpec`](crate::protocol::CellSpec); only maps that [`is_placed`](super::is_placed)
    /// names heed it.
    pub placement: String,
    /// Pages of the arena, one of [`PAGES`](crate::protocol::PAGES); likewise.
    pub pages: String,
    /// Seed of our map's coin.
    pub seed: u64,
}

/// Why there is no map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The spec makes no sense.
    Bad(String),
    /// The spec makes sense, but not in this build or on this machine.
    Unavailable(String),
}

/// Builds an empty map.
///
/// # Errors
/// [`BuildError`]: unknown names and settings, maps that this build has not got, arenas that this machine
/// cannot give.
pub fn build(spec: &MapSpec) -> Result<Box<dyn Subject>, BuildError> {
    if !super::NAMES.contains(&spec.name.as_str()) {
        let known = super::NAMES.join(", ");
        return Err(BuildError::Bad(format!("unknown map '{}'; known are {known}", spec.name)));
    }
    match spec.name.as_str() {
        "rwlock-btreemap" => Ok(Box::new(rwlock_btreemap::Map::default())),
        name if super::is_ours(name) => bskip::build(spec),
        name => peer(name),
    }
}

#[cfg(feature = "peers")]
fn peer(name: &str) -> Result<Box<dyn Subject>, BuildError> {
    Ok(match name {
        "arctic-map" => Box::new(super::arctic_map::Map::default()),
        "arenaskiplist" => Box::new(super::arenaskiplist::Map::default()),
        "artmap" => Box::new(super::artmap::Heap::default()),
        "artmap-arena" => Box::new(super::artmap::InArena::default()),
        "bplustree" => Box::new(super::bplustree::Map::default()),
        "concurrent-map" => Box::new(super::concurrent_map::Map::default()),
        "congee" => Box::new(super::congee::Map::default()),
        "crossbeam-skiplist" => Box::new(super::crossbeam_skiplist::Map::default()),
        "ferntree" => Box::new(super::ferntree::Map::default()),
        "indexset" => Box::new(super::indexset::Map::default()),
        "masstree" => Box::new(super::masstree::Map::default()),
        "scc-tree-index" => Box::new(super::scc::Map::default()),
        other => unreachable!("{other} is in NAMES but has no adapter"),
    })
}

#[cfg(not(feature = "peers"))]
fn peer(name: &str) -> Result<Box<dyn Subject>, BuildError> {
    Err(BuildError::Unavailable(format!(
        "bench-cell was built without the feature `peers`, so without {name}"
    )))
}
