//! Our map: the default one, the one on `NumaArena`, and variants of both.

use super::names::{BuildError, MapSpec, known};
use super::ordered_map::{Footprint, OrderedMap};
use crate::protocol::PAGES;
use bskip_core::arena::BlockKind;
use bskip_core::{BSkipMap, BlockArena, Config, GlobalArena, HugePages, Promotion, Refresh};
use numa_alloc::{NumaArena, PageSize, Policy};
use std::ops::Range;

/// Our map on the arena `A`. Unless `BATCHED`, it gets the keys of a batch one at a time.
pub(crate) struct Ours<A: BlockArena, const BATCHED: bool>(BSkipMap<u64, u64, A>);

impl<A: BlockArena, const BATCHED: bool> Ours<A, BATCHED> {
    /// The variant that `spec` names, on `arena`.
    pub(crate) fn new(arena: A, spec: &MapSpec) -> Result<Self, BuildError> {
        // The default but for the seed, which is the cell's so that runs repeat.
        let config = Config::new().seed(spec.seed);
        let config = match spec.name.as_str() {
            "bskip-coin" => config.promotion(Promotion::Coin { one_in: 64 }),
            "bskip-overflow" => config.promotion(Promotion::Overflow),
            "bskip-numa-replicas-lazy" => config.refresh(Refresh::Lazy),
            _ => config,
        };
        let map = BSkipMap::with_config(arena, config);
        map.map(Self).map_err(|error| BuildError::Unavailable(format!("the map cannot be built: {error}")))
    }
}

/// The arena that `spec` describes.
pub(crate) fn numa_arena(spec: &MapSpec) -> Result<NumaArena, BuildError> {
    let policy =
        |text: &str| text.parse::<Policy>().map_err(|error| BuildError::Bad(format!("placement {error}")));
    let (leaves, inners) = spec.placement.split_once('+').unwrap_or((&spec.placement, &spec.placement));
    let pages = known("pages", &spec.pages, PAGES).map_err(BuildError::Bad)?;
    let pages: PageSize = pages.parse().expect("the arena has the protocol's names");
    let builder = NumaArena::builder().policy(policy(leaves)?).inner_policy(policy(inners)?);
    let replicate = spec.name.starts_with("bskip-numa-replicas");
    builder.page_size(pages).replicate_inner(replicate).build().map_err(|error| match error {
        numa_alloc::BuildError::NoSuchNode { .. } => BuildError::Unavailable(error.to_string()),
        _ => BuildError::Bad(format!("placement {}: {error}", spec.placement)),
    })
}

/// Which addresses of an arena belong to leaves and which to inner nodes.
#[must_use]
pub fn address_ranges(arena: &NumaArena) -> Vec<(BlockKind, Range<u64>)> {
    let ranges = arena.address_ranges();
    ranges.iter().map(|range| (range.kind, range.start as u64..(range.start + range.bytes) as u64)).collect()
}

/// What an arena says about the memory of a map.
pub(crate) trait Facts: BlockArena + Sized {
    /// Blocks in use by node, if the arena places blocks.
    fn nodes(&self) -> Vec<(u32, u64)> {
        Vec::new()
    }

    /// Blocks that are not on the node of the thread that asked, if the policy was to put them there.
    fn misses(&self) -> Option<u64> {
        None
    }

    /// Which addresses belong to leaves and which to inner nodes.
    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)> {
        Vec::new()
    }

    /// What the arena of `map` fell back to.
    fn notes(map: &BSkipMap<u64, u64, Self>) -> Vec<String>;

    /// What the arena itself fell back to.
    fn fallbacks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Facts for GlobalArena {
    fn notes(map: &BSkipMap<u64, u64>) -> Vec<String> {
        few_huge_pages(map.huge_pages()).into_iter().collect()
    }
}

/// A note if the system gave few of the huge pages that the default arena asked for. Untouched slabs have no
/// huge pages either, but they are the smaller part.
fn few_huge_pages(pages: HugePages) -> Option<String> {
    let few = pages.resident_bytes.is_some_and(|bytes| bytes < pages.asked_bytes / 4);
    few.then(|| "the system gave less than a quarter of the huge pages that the map asked for".to_owned())
}

impl Facts for NumaArena {
    fn nodes(&self) -> Vec<(u32, u64)> {
        self.stats().nodes.iter().map(|n| (n.node.0, n.usage.issued_blocks as u64)).collect()
    }

    fn misses(&self) -> Option<u64> {
        let local = [self.policy(), self.inner_policy()] == [&Policy::Local; 2];
        local.then(|| self.stats().misses)
    }

    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)> {
        address_ranges(self)
    }

    fn notes(map: &BSkipMap<u64, u64, Self>) -> Vec<String> {
        Facts::fallbacks(map.arena())
    }

    fn fallbacks(&self) -> Vec<String> {
        let mut notes: Vec<String> = Self::fallbacks(self).iter().map(ToString::to_string).collect();
        let report = self.verify_placement();
        if !report.is_as_requested() {
            notes.push(format!("placement: {}", report.to_string().replace('\n', "; ")));
        }
        notes
    }
}

impl<A: Facts, const BATCHED: bool> OrderedMap for Ours<A, BATCHED> {
    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.0.get(&key)
    }

    #[inline]
    fn update(&self, key: u64, value: u64) {
        self.0.update(&key, |slot| *slot = value);
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.0.remove(&key)
    }

    #[inline]
    fn get_many(&self, keys: &[u64], values: &mut [Option<u64>]) {
        if BATCHED {
            return self.0.get_many(keys, values);
        }
        keys.iter().zip(values).for_each(|(key, value)| *value = self.0.get(key));
    }

    #[inline]
    fn insert_many(&self, pairs: &mut [(u64, Option<u64>)]) {
        if BATCHED {
            return self.0.insert_many(pairs);
        }
        for (key, value) in pairs {
            *value = value.and_then(|value| self.0.insert(*key, value));
        }
    }

    #[inline]
    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        self.0.range(start..).take(limit).for_each(|(key, value)| visit(key, value));
    }

    fn footprint(&self) -> Option<Footprint> {
        let usage = self.0.usage();
        Some(Footprint {
            issued: (usage.issued_bytes + self.0.hint_bytes()) as u64,
            reserved: (usage.reserved_bytes + self.0.hint_bytes()) as u64,
            nodes: self.0.arena().nodes(),
            misses: self.0.arena().misses(),
        })
    }

    fn notes(&self) -> Vec<String> {
        A::notes(&self.0)
    }

    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)> {
        self.0.arena().address_ranges()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_that_huge_pages_did_not_come() {
        let pages = |asked, resident| {
            let mut pages = HugePages::default();
            (pages.asked_bytes, pages.resident_bytes) = (asked, resident);
            few_huge_pages(pages).is_some()
        };
        assert!(pages(8 << 20, Some(0)) && pages(8 << 20, Some(1 << 20)));
        assert!(!pages(8 << 20, Some(2 << 20)) && !pages(8 << 20, None) && !pages(0, Some(0)));
    }
}
