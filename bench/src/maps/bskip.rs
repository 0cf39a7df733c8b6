//! Our map: the default one, the one on `NumaArena`, and variants of both.

use super::map::{BuildError, MapSpec};
use super::{Footprint, OrderedMap, Session, is_placed};
use crate::marks::Class;
use crate::protocol::PAGES;
use crate::subject::Subject;
use bskip_core::arena::BlockKind;
use bskip_core::{BSkipMap, BlockArena, Config, GlobalArena, HugePages, Promotion, Refresh};
use numa_alloc::{AddressRange, NumaArena, PageSize, Policy};
use std::ops::Range;

/// The map that `spec` names.
pub(super) fn build(spec: &MapSpec) -> Result<Box<dyn Subject>, BuildError> {
    // The default but for the seed, which is the cell's so that runs repeat.
    let config = Config::new().seed(spec.seed);
    let config = match spec.name.as_str() {
        "bskip-coin" => config.promotion(Promotion::Coin { one_in: 64 }),
        "bskip-overflow" => config.promotion(Promotion::Overflow),
        "bskip-numa-replicas-lazy" => config.refresh(Refresh::Lazy),
        _ => config,
    };
    match spec.name.as_str() {
        name if is_placed(name) => on::<_, true>(numa_arena(spec)?, config),
        "bskip-single" => on::<_, false>(GlobalArena::new(), config),
        _ => on::<_, true>(GlobalArena::new(), config),
    }
}

/// The arena that `spec` describes.
fn numa_arena(spec: &MapSpec) -> Result<NumaArena, BuildError> {
    let policy = |text: &str| text.parse::<Policy>().map_err(|e| BuildError::Bad(format!("placement {e}")));
    let (leaves, inners) = spec.placement.split_once('+').unwrap_or((&spec.placement, &spec.placement));
    let pages = match spec.pages.as_str() {
        "thp" => PageSize::Huge,
        "4k" => PageSize::Small,
        "hugetlb-2m" => PageSize::Hugetlb2M,
        "hugetlb-1g" => PageSize::Hugetlb1G,
        other => {
            let known = PAGES.join(", ");
            return Err(BuildError::Bad(format!("unknown pages '{other}'; known are {known}")));
        }
    };
    let builder = NumaArena::builder().policy(policy(leaves)?).inner_policy(policy(inners)?);
    let replicate = spec.name.starts_with("bskip-numa-replicas");
    let arena = builder.pages(pages).replicate_inner(replicate).build();
    arena.map_err(|e| match e {
        numa_alloc::BuildError::NoSuchNode { .. } => BuildError::Unavailable(e.to_string()),
        _ => BuildError::Bad(format!("placement {}: {e}", spec.placement)),
    })
}

fn on<A: Tells + 'static, const MANY: bool>(arena: A, config: Config) -> Result<Box<dyn Subject>, BuildError>
where
    Map<A, MANY>: OrderedMap,
{
    match BSkipMap::with_config(arena, config) {
        Ok(map) => Ok(Box::new(Map::<A, MANY>(map))),
        Err(e) => Err(BuildError::Unavailable(format!("the map cannot be built: {e}"))),
    }
}

/// Which addresses of an arena are leaves and which inner nodes.
pub(crate) fn ranges_of(arena: &NumaArena) -> Vec<(Class, Range<u64>)> {
    let class = |kind| if kind == BlockKind::Leaf { Class::Leaf } else { Class::Inner };
    let addresses = |range: &AddressRange| range.start as u64..(range.start + range.bytes) as u64;
    arena.address_ranges().iter().map(|range| (class(range.kind), addresses(range))).collect()
}

/// What an arena says about itself.
trait Tells: BlockArena + Sized {
    /// Blocks in use by node, where the arena places blocks.
    fn nodes(&self) -> Vec<(u32, u64)>;

    /// Blocks that are not on the node of the thread that asked, where that was asked for.
    fn misses(&self) -> Option<u64>;

    /// What the arena of this map fell back to.
    fn notes(map: &BSkipMap<u64, u64, Self>) -> Vec<String>;

    /// Which addresses are leaves and which inner nodes.
    fn ranges(&self) -> Vec<(Class, Range<u64>)> {
        Vec::new()
    }
}

impl Tells for GlobalArena {
    fn nodes(&self) -> Vec<(u32, u64)> {
        Vec::new()
    }

    fn misses(&self) -> Option<u64> {
        None
    }

    fn notes(map: &BSkipMap<u64, u64>) -> Vec<String> {
        few_huge_pages(map.huge_pages()).into_iter().collect()
    }
}

/// Said if the system gave few of the huge pages that the default arena asked for. Slabs that are not touched yet have
/// none either, but they are the smaller part.
fn few_huge_pages(pages: HugePages) -> Option<String> {
    let few = pages.resident_bytes.is_some_and(|bytes| bytes < pages.asked_bytes / 4);
    few.then(|| "huge pages are asked for; the system gave less than a quarter of them".to_owned())
}

impl Tells for NumaArena {
    fn nodes(&self) -> Vec<(u32, u64)> {
        self.stats().nodes.iter().map(|n| (n.node.0, n.usage.issued_blocks as u64)).collect()
    }

    fn misses(&self) -> Option<u64> {
        let local = [self.policy(), self.inner_policy()] == [&Policy::Local; 2];
        local.then(|| self.stats().misses)
    }

    fn notes(map: &BSkipMap<u64, u64, Self>) -> Vec<String> {
        let arena = map.arena();
        let mut notes: Vec<String> = arena.fallbacks().iter().map(ToString::to_string).collect();
        let report = arena.verify_placement();
        if !report.is_as_asked() {
            notes.push(format!("placement: {}", report.to_string().replace('\n', "; ")));
        }
        notes
    }

    fn ranges(&self) -> Vec<(Class, Range<u64>)> {
        ranges_of(self)
    }
}

/// Our map on the arena `A`. Unless `MANY`, it is given one key at a time.
struct Map<A: BlockArena, const MANY: bool>(BSkipMap<u64, u64, A>);

impl<A: Tells + Sync, const MANY: bool> OrderedMap for Map<A, MANY> {
    type Session<'a>
        = &'a Self
    where
        A: 'a;

    fn session(&self) -> &Self {
        self
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

    fn ranges(&self) -> Vec<(Class, Range<u64>)> {
        self.0.arena().ranges()
    }
}

impl<A: BlockArena, const MANY: bool> Session for &Map<A, MANY> {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get(&key)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.update(&key, |slot| *slot = value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key)
    }

    #[inline]
    fn get_many(&mut self, keys: &[u64], values: &mut [Option<u64>]) {
        if MANY {
            return self.0.get_many(keys, values);
        }
        keys.iter().zip(values).for_each(|(key, value)| *value = self.0.get(key));
    }

    #[inline]
    fn insert_many(&mut self, pairs: &mut [(u64, Option<u64>)]) {
        if MANY {
            return self.0.insert_many(pairs);
        }
        for (key, value) in pairs {
            *value = value.and_then(|value| self.0.insert(*key, value));
        }
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        self.0.range(start..).take(limit).for_each(|(key, value)| visit(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_pages_that_did_not_come_are_told() {
        let pages = |asked, resident| {
            let mut pages = HugePages::default();
            (pages.asked_bytes, pages.resident_bytes) = (asked, resident);
            few_huge_pages(pages).is_some()
        };
        assert!(pages(8 << 20, Some(0)) && pages(8 << 20, Some(1 << 20)));
        assert!(!pages(8 << 20, Some(2 << 20)) && !pages(8 << 20, None) && !pages(0, Some(0)));
    }
}
