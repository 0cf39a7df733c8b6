//! A map whose type is hidden: what cells and comparisons hold. The compiler sees through the loops inside.
//! Only the start of a loop goes through a table of functions.

use crate::exec::{self, Tally, Violation};
use crate::locks;
use crate::maps::names::{BuildError, Lack, MapSpec, NAMES, is_placed, known};
use crate::maps::ordered_map::{DynOperations, Footprint, OrderedMap, Share};
use crate::maps::ours::{Ours, numa_arena};
#[cfg(all(feature = "peers", not(test)))]
use crate::maps::peers;
use crate::open_loop::{Arrived, Schedule};
use crate::ops::{Checks, Stripe};
use crate::strings::{self, Spelling, Strings};
use crate::team::{Team, describe};
use crate::verify::{self, Expected};
use bskip_core::GlobalArena;
use bskip_core::arena::BlockKind;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::RwLock;
use std::time::{Duration, Instant};

/// A run in which every answer was right.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// From the first worker's start to the last one's end.
    pub elapsed: Duration,
    /// What all workers did together.
    pub tally: Tally,
    /// Operations a second of each worker, by its own clock.
    pub rates: Vec<f64>,
    /// What each worker locked and wrote.
    pub(crate) locks: Vec<locks::Counts>,
}

/// A map that can be measured. Every map that threads can [`Share`] is one.
pub trait DynMap: Sync {
    /// Runs one stripe on each worker of the team.
    ///
    /// # Errors
    /// The first wrong answer or panic of a worker, in words.
    fn run(&self, team: &Team, stripes: &[Stripe], checks: &Checks) -> Result<Run, String>;

    /// Runs one stripe on each worker, by schedules that give the team `rate` operations a second. Returns what each
    /// worker did, and how many answers were checked.
    ///
    /// # Errors
    /// As [`DynMap::run`].
    fn run_by_schedule(
        &self,
        team: &Team,
        stripes: &[Stripe],
        checks: &Checks,
        rate: f64,
    ) -> Result<(Vec<Arrived>, u64), String>;

    /// Compares the map with what it must hold, while no thread writes. Returns the number of comparisons.
    ///
    /// # Errors
    /// The first wrong answer, or the panic, in words.
    fn check(&self, expected: Expected<'_>) -> Result<u64, String>;

    /// As [`OrderedMap::footprint`].
    fn footprint(&self) -> Option<Footprint>;

    /// As [`OrderedMap::lacks`].
    fn lacks(&self) -> &'static [Lack];

    /// As [`OrderedMap::notes`].
    fn notes(&self) -> Vec<String>;

    /// As [`OrderedMap::address_ranges`].
    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)>;

    /// Calls `work` with the map for the calling thread.
    fn with_operations(&self, work: &mut dyn FnMut(&dyn DynOperations));
}

/// Does `work` on one stripe on each worker of the team. Returns the time from the first worker's start to the last
/// one's end, and what the workers returned.
///
/// # Errors
/// As [`DynMap::run`].
fn on_each_stripe<S: Share, T: Send>(
    shared: &S,
    team: &Team,
    stripes: &[Stripe],
    work: impl Fn(usize, &S::Map, &Stripe) -> Result<T, Box<Violation>> + Sync,
) -> Result<(Duration, Vec<T>), String> {
    assert_eq!(team.len(), stripes.len(), "one stripe for each worker");
    let outcome = team.run(|worker| {
        shared.with(|map| {
            work(worker, map, &stripes[worker])
                .map_err(|violation| violation.in_words(map.spelt(violation.key)))
        })
    });
    let parts: Result<Vec<T>, String> = outcome.results.into_iter().map(|result| result?).collect();
    Ok((outcome.elapsed, parts?))
}

impl<S: Share> DynMap for S {
    fn run(&self, team: &Team, stripes: &[Stripe], checks: &Checks) -> Result<Run, String> {
        let (elapsed, parts) = on_each_stripe(self, team, stripes, |_, map, stripe| {
            let begun = Instant::now();
            let (tally, counts) = locks::counted(|| exec::run(map, stripe, checks));
            Ok((tally?, begun.elapsed(), counts))
        })?;
        let (mut tally, mut rates, mut locks) = (Tally::default(), Vec::new(), Vec::new());
        for (part, elapsed, counts) in parts {
            locks.push(counts);
            rates.push(part.ops as f64 / elapsed.as_secs_f64().max(1e-9));
            tally.ops += part.ops;
            tally.checked += part.checked;
            tally.read_nanos.extend(part.read_nanos);
            tally.write_nanos.extend(part.write_nanos);
        }
        Ok(Run { elapsed, tally, rates, locks })
    }

    fn run_by_schedule(
        &self,
        team: &Team,
        stripes: &[Stripe],
        checks: &Checks,
        rate: f64,
    ) -> Result<(Vec<Arrived>, u64), String> {
        let (_, parts) = on_each_stripe(self, team, stripes, |worker, map, stripe| {
            exec::run_by_schedule(map, stripe, checks, Schedule::new(rate, worker, team.len()))
        })?;
        let (all, checked): (Vec<_>, Vec<u64>) = parts.into_iter().unzip();
        Ok((all, checked.iter().sum()))
    }

    fn check(&self, expected: Expected<'_>) -> Result<u64, String> {
        let check = || {
            self.with(|map| {
                verify::check(map, expected).map_err(|violation| violation.in_words(map.spelt(violation.key)))
            })
        };
        catch_unwind(AssertUnwindSafe(check)).map_err(|panic| describe(&*panic))?
    }

    fn footprint(&self) -> Option<Footprint> {
        self.with(OrderedMap::footprint)
    }

    fn lacks(&self) -> &'static [Lack] {
        self.with(OrderedMap::lacks)
    }

    fn notes(&self) -> Vec<String> {
        self.with(OrderedMap::notes)
    }

    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)> {
        self.with(OrderedMap::address_ranges)
    }

    fn with_operations(&self, work: &mut dyn FnMut(&dyn DynOperations)) {
        self.with(|map| work(map));
    }
}

/// Builds an empty map.
///
/// # Errors
/// [`BuildError`]: unknown names and settings, maps that are not in this build, arenas that this machine
/// cannot give.
pub fn build(spec: &MapSpec) -> Result<Box<dyn DynMap>, BuildError> {
    if let Some(like) = strings::shape_of(&spec.keys_like).map_err(BuildError::Bad)? {
        return build_strings(spec, Spelling::Like(like));
    }
    Ok(match known("map", &spec.name, NAMES).map_err(BuildError::Bad)? {
        "rwlock-btreemap" => Box::new(RwLock::new(BTreeMap::<u64, u64>::new())),
        "bskip" | "bskip-coin" | "bskip-overflow" => {
            Box::new(Ours::<_, true>::new(GlobalArena::new(), spec)?)
        }
        "bskip-single" => Box::new(Ours::<_, false>::new(GlobalArena::new(), spec)?),
        name if is_placed(name) => Box::new(Ours::<_, true>::new(numa_arena(spec)?, spec)?),
        #[cfg(all(feature = "peers", not(test)))]
        name => peer(name),
        #[cfg(not(all(feature = "peers", not(test))))]
        name => {
            let why = format!("this program was built without the feature `peers`, so without {name}");
            return Err(BuildError::Unavailable(why));
        }
    })
}

/// Builds an empty map of byte strings.
///
/// # Errors
/// As [`build`].
pub fn build_strings(spec: &MapSpec, spelling: Spelling) -> Result<Box<dyn DynMap>, BuildError> {
    Ok(match &*spec.name {
        "rwlock-btreemap" => Box::new(Strings::spelt(spelling, strings::byte_map::Locked::default())),
        "bskip" => Box::new(Strings::spelt(spelling, strings::ours::Ours::new(GlobalArena::new(), spec)?)),
        "bskip-numa" => {
            Box::new(Strings::spelt(spelling, strings::ours::Ours::new(numa_arena(spec)?, spec)?))
        }
        name => {
            #[cfg(all(feature = "peers", not(test)))]
            if let Some(map) = string_peer(name, spelling) {
                return Ok(map);
            }
            let why = match strings::names::BYTE_MAPS.contains(&name) {
                true => format!("this program was built without the feature `peers`, so without {name}"),
                false => format!("{name} takes no byte strings"),
            };
            return Err(BuildError::Unavailable(why));
        }
    })
}

/// The peer `name`, if it takes byte strings.
#[cfg(all(feature = "peers", not(test)))]
fn string_peer(name: &str, spelling: Spelling) -> Option<Box<dyn DynMap>> {
    use strings::peers::{Arctic, Bytes};
    Some(match name {
        "arctic-map" => Box::new(Strings::spelt(spelling, Arctic::default())),
        "artmap" => Box::new(Strings::spelt(spelling, artmap::ArtMap::<Vec<u8>, u64>::default())),
        "artmap-arena" => Box::new(Strings::spelt(spelling, peers::artmap_arena::<Vec<u8>>())),
        "bplustree" => Box::new(Strings::spelt(spelling, bplustree::BPlusTree::<Bytes, u64>::new())),
        "crossbeam-skiplist" => {
            Box::new(Strings::spelt(spelling, crossbeam_skiplist::SkipMap::<Bytes, u64>::default()))
        }
        "ferntree" => Box::new(Strings::spelt(spelling, ferntree::Tree::<Vec<u8>, u64>::new())),
        "masstree" => Box::new(Strings::spelt(spelling, masstree::MassTree15Inline::<u64>::default())),
        "scc-tree-index" => Box::new(Strings::spelt(spelling, scc::TreeIndex::<Bytes, u64>::default())),
        _ => return None,
    })
}

#[cfg(all(feature = "peers", not(test)))]
fn peer(name: &str) -> Box<dyn DynMap> {
    match name {
        "arctic-map" => Box::new(arctic::ConcurrentMap::<u64, u64>::default()),
        "arenaskiplist" => Box::new(peers::arenaskiplist()),
        "artmap" => Box::new(artmap::ArtMap::<[u8; 8], u64>::default()),
        "artmap-arena" => Box::new(peers::artmap_arena::<[u8; 8]>()),
        "bplustree" => Box::new(bplustree::BPlusTree::<u64, u64>::new()),
        "concurrent-map" => Box::new(peers::Cloned::<concurrent_map::ConcurrentMap<u64, u64>>::default()),
        "congee" => Box::new(congee::U64Congee::<usize>::default()),
        "crossbeam-skiplist" => Box::new(crossbeam_skiplist::SkipMap::<u64, u64>::default()),
        "ferntree" => Box::new(ferntree::Tree::<u64, u64>::new()),
        "indexset" => Box::new(peers::indexset()),
        "masstree" => Box::new(masstree::MassTree15Inline::<u64>::default()),
        "scc-tree-index" => Box::new(scc::TreeIndex::<u64, u64>::default()),
        other => unreachable!("{other} is in NAMES but has no adapter"),
    }
}
