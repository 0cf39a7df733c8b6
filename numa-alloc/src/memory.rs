//! The addresses of a pool: a stripe of blocks for each node, the same again for each replica, and the links.

use core::alloc::Layout;

use crate::areas::Area;
use crate::region::{Region, SLAB, Span};
use crate::room::{Room, WHOLE};
use crate::sys;

/// Bytes of a unit. Blocks are numbered in units.
pub(crate) const UNIT: usize = 64;

/// The largest range: all units that 32 bits can number, less one slab so that their count fits in 32 bits
/// too.
const LARGEST: usize = WHOLE - SLAB;

/// How far before the end of its first slab a stripe's first block begins. The rest of that slab is never
/// used, so it never becomes a huge page, and a pool of few blocks takes little memory. Huge pages begin with
/// the second slab.
pub(crate) const START: usize = 256 << 10;

/// The shape of a pool's blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Bytes from one block to the next: a multiple of the unit and of the alignment.
    pub(crate) size: usize,
    /// Where a stripe's first block begins. This is not 0, so no block has the number 0.
    pub(crate) lead: usize,
    /// The bytes at a stripe's start that are never used. They are whole pages.
    pub(crate) front: usize,
}

impl Shape {
    /// The shape of blocks of `layout`, rounded up to whole units. `hugetlb` is the size of a hugetlb page if
    /// the arena uses them. `None` if a stripe cannot hold such blocks.
    pub(crate) fn of(layout: Layout, hugetlb: Option<usize>) -> Option<Self> {
        let padded = layout.align_to(UNIT).ok()?.pad_to_align();
        let (size, align) = (padded.size().max(padded.align()), padded.align());
        let shape = match hugetlb {
            Some(_) => Self { size, lead: align, front: 0 },
            None => {
                let lead = (SLAB - START).next_multiple_of(align);
                Self { size, lead, front: lead }
            }
        };
        (align <= SLAB && shape.size <= LARGEST / 2).then_some(shape)
    }

    /// Units from one block to the next.
    pub(crate) fn units(self) -> u32 {
        (self.size / UNIT) as u32
    }

    /// How many blocks the first `bytes` of a stripe hold.
    pub(crate) fn blocks_in(self, bytes: usize) -> usize {
        bytes.saturating_sub(self.lead) / self.size
    }

    /// Bytes, in whole pages, of the links for that many blocks.
    pub(crate) fn link_bytes(self, bytes: usize, page: usize) -> usize {
        (self.blocks_in(bytes) * size_of::<u32>()).next_multiple_of(page)
    }
}

/// The addresses of a pool. Its parts must be dropped first.
#[derive(Debug)]
pub(crate) struct Memory {
    blocks: Span,
    /// As long as `blocks`, once for each replica.
    replicas: Span,
    stripe_bytes: usize,
    /// The bytes that the pool can hold, if it has fewer addresses than usual.
    pub(crate) small: Option<usize>,
    _area: Option<Area>,
    _room: Room,
}

/// The addresses of a stripe.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) blocks: Region,
    pub(crate) links: Region,
    /// The addresses of its replicas, each as long as the blocks.
    pub(crate) replicas: Vec<Region>,
}

/// How the addresses of a pool are divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) stripes: usize,
    /// Replicas of each block.
    pub(crate) replicas: usize,
    /// Bytes of a base page.
    pub(crate) page: usize,
    /// Stripes begin at multiples of this many bytes.
    pub(crate) slab: usize,
}

impl Cut {
    /// Bytes of stripes of this length, with their replicas and links.
    fn total(self, stripe_bytes: usize, shape: Shape) -> Option<usize> {
        let blocks = stripe_bytes.checked_mul(self.stripes)?.checked_mul(1 + self.replicas)?;
        blocks.checked_add(shape.link_bytes(stripe_bytes, self.page) * self.stripes)
    }
}

impl Memory {
    /// Takes addresses for stripes, replicas and links: as many as there is [`Room`] for, but not more than
    /// `limit` needs. Reserves all of them. If the system refuses that, or limits the addresses of the
    /// process, the pool reserves only what becomes memory. Returns `None` if there is not even one slab for
    /// each stripe, or no memory for the tables.
    pub(crate) fn reserve(shape: Shape, cut: Cut, limit: Option<usize>) -> Option<(Self, Vec<Part>)> {
        let Cut { stripes, slab, .. } = cut;
        let room = Room::take(1 + cut.replicas);
        // Beyond the limit, there is room for one block, its lead, and the rounding to slabs.
        let slack = shape.size + shape.lead + slab;
        let least = slack / slab * slab;
        let whole = LARGEST / stripes / slab * slab;
        let most = whole.min((room.bytes / stripes / slab * slab).max(least));
        let wanted =
            limit.and_then(|l| l.checked_add(slack)).map_or(whole, |bytes| whole.min(bytes / slab * slab));
        if most < least {
            return None;
        }
        let address_limit = sys::address_limit();
        let mut size = wanted.min(most);
        let reserved = match address_limit {
            None => Region::reserve(cut.total(size, shape)?, slab).ok(),
            Some(_) => None,
        };
        let (region, area) = match reserved {
            Some(region) => (region, None),
            None => loop {
                if let Some(area) = Area::take(cut.total(size, shape)?, slab) {
                    break (Region::unclaimed(area.span()), Some(area));
                }
                if size == least {
                    return None;
                }
                size = (size / 2 / slab * slab).max(least);
            },
        };
        let held = (size * stripes).min(address_limit.unwrap_or(usize::MAX));
        let bytes = size * stripes;
        let memory = Self {
            blocks: region.span().part(0, bytes),
            replicas: region
                .span()
                .part(if cut.replicas > 0 { bytes } else { 0 }, bytes * cut.replicas.max(1)),
            stripe_bytes: size,
            small: (held < wanted * stripes).then_some(held),
            _area: area,
            _room: room,
        };
        // If this fails, the parts are dropped before `memory`.
        let parts = Self::cut(region, size, shape, cut)?;
        Some((memory, parts))
    }

    /// Divides the addresses of a pool among its stripes.
    fn cut(mut all: Region, stripe_bytes: usize, shape: Shape, cut: Cut) -> Option<Vec<Part>> {
        let Cut { stripes, replicas, page, .. } = cut;
        let mut blocks = all.take_front(stripe_bytes * stripes, 0);
        let mut copies = Vec::new();
        copies.try_reserve_exact(replicas).ok()?;
        copies.extend((0..replicas).map(|_| all.take_front(stripe_bytes * stripes, 0)));
        let mut parts = Vec::new();
        parts.try_reserve_exact(stripes).ok()?;
        for _ in 0..stripes {
            let mut replicas = Vec::new();
            replicas.try_reserve_exact(copies.len()).ok()?;
            replicas.extend(copies.iter_mut().map(|copy| copy.take_front(stripe_bytes, shape.front)));
            let blocks = blocks.take_front(stripe_bytes, shape.front);
            let links = all.take_front(shape.link_bytes(stripe_bytes, page), 0);
            parts.push(Part { blocks, links, replicas });
        }
        Some(parts)
    }

    /// Bytes of one stripe.
    pub(crate) fn stripe_bytes(&self) -> usize {
        self.stripe_bytes
    }

    /// The range of all blocks.
    pub(crate) fn blocks(&self) -> Span {
        self.blocks
    }

    /// The range of all replicas, one after the other, each as long as `blocks`. Without replicas, the range
    /// of all blocks.
    pub(crate) fn replicas(&self) -> Span {
        self.replicas
    }

    /// The range of one replica, as long as `blocks`.
    pub(crate) fn replica(&self, replica: usize) -> Span {
        let bytes = self.blocks.len();
        self.replicas.part(replica * bytes, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn shapes_are_whole_units() {
        for (size, align, expected) in [
            (1152, 64, (1152, SLAB - START, 64)),
            (896, 128, (896, SLAB - START, 128)),
            (0, 1, (64, SLAB - START, 64)),
            (65, 8, (128, SLAB - START, 64)),
            (1, 4096, (4096, SLAB - START, 4096)),
            (1, SLAB, (SLAB, SLAB, SLAB)),
        ] {
            let shape = Shape::of(layout(size, align), None).unwrap();
            assert_eq!((shape.size, shape.lead, shape.front), (expected.0, expected.1, expected.1));
            let shape = Shape::of(layout(size, align), Some(SLAB)).unwrap();
            assert_eq!((shape.size, shape.lead, shape.front), (expected.0, expected.2, 0));
        }
        assert!(Shape::of(layout(64, 2 * SLAB), None).is_none());
        assert!(Shape::of(layout(1 << 40, 64), None).is_none());
    }

    fn cut(stripes: usize, replicas: usize, slab: usize) -> Cut {
        Cut { stripes, replicas, page: 4096, slab }
    }

    fn offset(span: Span, of: Span) -> usize {
        span.start().as_ptr() as usize - of.start().as_ptr() as usize
    }

    #[test]
    fn a_limit_keeps_the_range_small() {
        let shape = Shape::of(layout(1152, 64), None).unwrap();
        let (memory, parts) = Memory::reserve(shape, cut(3, 0, SLAB), Some(5 * SLAB)).unwrap();
        assert_eq!((memory.stripe_bytes(), memory.blocks().len()), (6 * SLAB, 18 * SLAB));
        assert_eq!(memory.small, None);
        assert_eq!(offset(parts[2].blocks.span(), memory.blocks()), 12 * SLAB);
        assert_eq!(parts[2].links.span().len(), (shape.blocks_in(6 * SLAB) * 4).next_multiple_of(4096));
    }

    #[test]
    fn stripes_begin_at_slabs_of_any_size() {
        const GIB: usize = 1 << 30;
        let shape = Shape::of(layout(1152, 64), Some(GIB)).unwrap();
        let (memory, _parts) = Memory::reserve(shape, cut(3, 0, GIB), Some(5 * SLAB)).unwrap();
        assert_eq!(memory.stripe_bytes(), GIB);
        assert_eq!(memory.blocks().start().align_offset(GIB), 0);
        let (whole, _parts) = Memory::reserve(shape, cut(3, 0, GIB), None).unwrap();
        assert_eq!(whole.stripe_bytes() % GIB, 0);
        assert!(u32::try_from(whole.blocks().len() / UNIT).is_ok());
    }

    #[test]
    fn replicas_lie_as_the_blocks_do() {
        let shape = Shape::of(layout(896, 64), None).unwrap();
        let (memory, parts) = Memory::reserve(shape, cut(2, 3, SLAB), Some(SLAB)).unwrap();
        let range = memory.blocks().len();
        assert_eq!(memory.replicas().len(), 3 * range);
        for (replica, stripe) in [(0, 0), (1, 0), (2, 1)] {
            let blocks = parts[stripe].blocks.span();
            let copy = parts[stripe].replicas[replica].span();
            assert_eq!(copy.len(), blocks.len());
            let expected = replica * range + offset(blocks, memory.blocks());
            assert_eq!(offset(copy, memory.replicas()), expected);
            assert_eq!(offset(copy, memory.replica(replica)), offset(blocks, memory.blocks()));
        }
    }

    #[test]
    fn the_whole_range_has_32_bit_numbers() {
        assert!(u32::try_from(LARGEST / UNIT).is_ok());
        let shape = Shape::of(layout(64, 64), None).unwrap();
        let (memory, _parts) = Memory::reserve(shape, cut(1, 0, SLAB), None).unwrap();
        assert!(memory.stripe_bytes() <= LARGEST);
    }
}
