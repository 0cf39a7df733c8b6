//! The arena itself: its regions, and what is left of them.

use core::fmt;
use core::marker::PhantomData;

use super::line::{UNIT, Window, whole_lines};
use super::region::{MOST, Region, RegionError, RegionUsage};
use crate::backoff::DefaultPlatform;
use crate::few::Few;
use crate::numa_node::NumaNodeId;
use crate::platform::Platform;
use crate::spin::SpinLock;
use crate::sync::{AtomicUsize, Ordering};

/// An arena over memory that the program gives it: one region or several, each on a NUMA node. For programs without
/// a global allocator.
///
/// Maps use it by reference, `&'static StaticArena`. A map in a static takes its first block at its first insertion:
///
/// ```
/// use bskip_core::{BSkipMap, StaticArena, StaticMemory};
///
/// static MEMORY: StaticMemory<65536> = StaticMemory::new();
/// static ARENA: StaticArena = StaticArena::new();
/// static MAP: BSkipMap<u64, u64, &'static StaticArena> = BSkipMap::new_in(&ARENA);
///
/// ARENA.add_region(MEMORY.take().expect("taken once"))?;
/// assert_eq!(MAP.get(&1), None);
/// assert_eq!(ARENA.remaining(), ARENA.capacity());
/// MAP.insert(1, 10);
/// assert_eq!(MAP.get(&1), Some(10));
/// // The arena is soon full. Then an insertion gives the pair back.
/// let full = (0..).find_map(|key| MAP.try_insert(key, key).err()).expect("64 KiB");
/// assert_eq!(full.key, full.value);
/// # Ok::<(), bskip_core::RegionError>(())
/// ```
///
/// # Memory
/// A pool takes one block at a time, and a line of 64 bytes for every 13 blocks or fewer. There it notes which blocks
/// are free: the pool does not write into blocks, because readers may still look at them. A block that the map
/// releases stays with the map's pool, which issues it again. When the map drops, its pools give all their memory
/// back, and any map may use it.
///
/// A region is used to the last block: when it is full, less than a block and two lines are left, unless maps with
/// blocks of other sizes have dropped before and left gaps.
///
/// # NUMA nodes
/// A block comes from a region of the NUMA node that is asked for, or else of the node of the CPU that runs the
/// thread ([`Platform::numa_node`]). If these regions are full, it comes from the others.
pub struct StaticArena<P = DefaultPlatform> {
    /// The origin of the window. Set with the first region.
    window: AtomicUsize,
    regions: SpinLock<Regions>,
    _platform: PhantomData<fn() -> P>,
}

/// The first `count` are there.
struct Regions {
    count: usize,
    regions: [Region; MOST],
}

impl Regions {
    fn all(&self) -> &[Region] {
        &self.regions[..self.count]
    }
}

impl<P> StaticArena<P> {
    /// An arena without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window: AtomicUsize::new(0),
            regions: SpinLock::new(Regions { count: 0, regions: [Region::NONE; MOST] }),
            _platform: PhantomData,
        }
    }
}

impl<P: Platform> StaticArena<P> {
    /// The most regions of one arena.
    pub const MOST_REGIONS: usize = MOST;

    /// Gives the arena a region on NUMA node 0. Maps use it at once. The arena uses the whole lines of 64 bytes that
    /// lie in the region, and zeroes each block before it issues the block for the first time.
    ///
    /// O(1).
    ///
    /// # Errors
    /// [`RegionError`]. The arena is unchanged.
    pub fn add_region(&self, memory: &'static mut [u8]) -> Result<(), RegionError> {
        self.add_region_on(NumaNodeId(0), memory)
    }

    /// As [`add_region`](Self::add_region), for a region on that NUMA node.
    ///
    /// # Errors
    /// [`RegionError`]. The arena is unchanged.
    pub fn add_region_on(&self, numa_node: NumaNodeId, memory: &'static mut [u8]) -> Result<(), RegionError> {
        let bytes = memory.len();
        // Pools make pointers from numbers, so the region's provenance must be exposed.
        let address = memory.as_mut_ptr().expose_provenance();
        let (start, lines) = whole_lines(address, bytes).ok_or(RegionError::TooSmall)?;
        self.regions.with::<P, _>(|regions| {
            let Some(region) = regions.regions.get_mut(regions.count) else {
                return Err(RegionError::TooMany);
            };
            let window = if regions.count == 0 { Window::around(start) } else { self.window() };
            let last = window.number(start + (lines - 1) * UNIT);
            let (Some(start), Some(_)) = (window.number(start), last) else {
                return Err(RegionError::TooFar);
            };
            // Release pairs with the Acquire in `window`.
            self.window.store(window.origin, Ordering::Release);
            let lines = lines as u32;
            *region = Region { numa_node, start, lines, ..Region::NONE };
            // SAFETY: the region lies in the window. The caller has given it away, so nothing else uses it.
            unsafe { region.free.give(window, start, lines) };
            regions.count += 1;
            Ok(())
        })
    }

    /// Bytes that the regions have together, without what does not fill a line of 64 bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.sum(|_| true, |region| region.lines)
    }

    /// Bytes that no pool has taken. The rest is what the pools of all maps
    /// [have reserved](crate::PoolUsage::reserved_bytes). Exact while no thread inserts.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.sum(|_| true, |region| region.free.lines)
    }

    /// As [`capacity`](Self::capacity), of the regions on that NUMA node.
    #[must_use]
    pub fn capacity_on(&self, numa_node: NumaNodeId) -> usize {
        self.sum(|region| region.numa_node == numa_node, |region| region.lines)
    }

    /// As [`remaining`](Self::remaining), of the regions on that NUMA node.
    #[must_use]
    pub fn remaining_on(&self, numa_node: NumaNodeId) -> usize {
        self.sum(|region| region.numa_node == numa_node, |region| region.free.lines)
    }

    /// The regions, in the order in which they were added, and what is left of each.
    pub fn regions(&self) -> impl Iterator<Item = RegionUsage> {
        (0..MOST).map_while(|number| {
            // The window is loaded under the lock: a region that is there was added after the window was stored.
            self.regions.with::<P, _>(|regions| Some(regions.all().get(number)?.usage(self.window())))
        })
    }

    fn sum(&self, is_meant: impl Fn(&Region) -> bool, lines: impl Fn(&Region) -> u32) -> usize {
        self.regions.with::<P, _>(|regions| {
            let meant = regions.all().iter().filter(|region| is_meant(region));
            meant.map(|region| lines(region) as usize * UNIT).sum()
        })
    }

    /// Where numbers lead. Meaningless before there is a region.
    pub(super) fn window(&self) -> Window {
        // Acquire pairs with the Release in `add_region_on`.
        Window { origin: self.window.load(Ordering::Acquire) }
    }

    /// The regions in the order in which a pool should try them.
    pub(super) fn order(&self, wanted: Option<NumaNodeId>) -> Few<usize, MOST> {
        let mut order = Few::new();
        self.regions.with::<P, _>(|regions| {
            for is_wanted in [true, false] {
                for (number, region) in regions.all().iter().enumerate() {
                    if wanted.is_none_or(|node| node == region.numa_node) == is_wanted {
                        order.push(number);
                    }
                }
            }
        });
        order
    }

    /// Runs `f` on the window and a region, which is there.
    pub(super) fn with_region<T>(&self, number: usize, f: impl FnOnce(Window, &mut Region) -> T) -> T {
        self.regions.with::<P, _>(|regions| f(self.window(), &mut regions.regions[number]))
    }

    /// The NUMA node of a line.
    pub(super) fn home(&self, number: u32) -> NumaNodeId {
        self.regions.with::<P, _>(|regions| {
            let region = regions.all().iter().find(|region| region.holds(number));
            region.map_or(NumaNodeId(0), |region| region.numa_node)
        })
    }
}

impl<P> Default for StaticArena<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for StaticArena<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticArena")
            .field("capacity", &self.capacity())
            .field("remaining", &self.remaining())
            .finish()
    }
}
