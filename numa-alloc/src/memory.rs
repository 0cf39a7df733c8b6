//! The address space of one pool: one range for the blocks, one for their links, cut into equal stripes.

use core::alloc::Layout;

use crate::region::{Region, SLAB, Span};

/// Bytes of the unit in which blocks are numbered.
pub(crate) const UNIT: usize = 64;

/// All the units that 32 bits number, less one slab so that their count fits in 32 bits too. Where addresses
/// are short, what they may hope for.
const LARGEST: usize = if usize::BITS >= 64 { ((1u64 << 38) as usize) - SLAB } else { 1 << 29 };

/// What the blocks of a pool are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Bytes from one block to the next: a multiple of the unit and of the alignment.
    pub(crate) size: usize,
    /// Where a stripe's first block begins. Not at 0, so that no block has the number 0.
    pub(crate) lead: usize,
}

impl Shape {
    /// For blocks of `layout`, rounded up to whole units. `None` for what no stripe can hold.
    pub(crate) fn of(layout: Layout) -> Option<Self> {
        let padded = layout.align_to(UNIT).ok()?.pad_to_align();
        let shape = Self { size: padded.size().max(padded.align()), lead: padded.align() };
        (shape.lead <= SLAB && shape.size <= LARGEST / 2).then_some(shape)
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

/// A pool's address space.
#[derive(Debug)]
pub(crate) struct Memory {
    blocks: Region,
    links: Region,
    /// As large as `blocks`, as many times as there are replicas.
    replicas: Option<Region>,
    stripe_bytes: usize,
    link_bytes: usize,
    /// The system refused a larger one.
    pub(crate) refused: bool,
}

/// How a pool's address space is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) stripes: usize,
    /// Replicas of each block.
    pub(crate) replicas: usize,
    /// Bytes of a base page.
    pub(crate) page: usize,
    /// Stripes begin at multiples of so many bytes.
    pub(crate) slab: usize,
}

impl Memory {
    /// Reserves stripes and replicas, as large as can be, but not larger than `limit` calls for. `None` if the system
    /// does not even give a slab for each.
    pub(crate) fn reserve(shape: Shape, cut: Cut, limit: Option<usize>) -> Option<Self> {
        let Cut { stripes, slab, .. } = cut;
        // A block, its lead and the rounding to slabs fit beside the limit.
        let slack = shape.size + shape.lead + slab;
        let least = slack / slab * slab;
        let most = LARGEST / stripes / slab * slab;
        let wanted =
            limit.and_then(|l| l.checked_add(slack)).map_or(most, |bytes| most.min(bytes / slab * slab));
        if wanted < least {
            return None;
        }
        let halved = |size: usize| (size / 2 / slab * slab).max(least);
        let mut size = wanted;
        loop {
            match Self::stripes_of(size, shape, cut) {
                Some(memory) if size == wanted => return Some(memory),
                // As much again is left to the rest of the process.
                Some(memory) => {
                    drop(memory);
                    let half = Self::stripes_of(halved(size), shape, cut);
                    return half.map(|memory| Self { refused: true, ..memory });
                }
                None if size == least => return None,
                None => size = halved(size),
            }
        }
    }

    fn stripes_of(stripe_bytes: usize, shape: Shape, cut: Cut) -> Option<Self> {
        let Cut { stripes, replicas, page, slab } = cut;
        let link_bytes = shape.link_bytes(stripe_bytes, page);
        let blocks = Region::reserve_aligned(stripe_bytes * stripes, slab).ok()?;
        let links = Region::reserve(link_bytes * stripes).ok()?;
        let bytes = (stripe_bytes * stripes).checked_mul(replicas)?;
        let replicas = if replicas > 0 { Some(Region::reserve(bytes).ok()?) } else { None };
        Some(Self { blocks, links, replicas, stripe_bytes, link_bytes, refused: false })
    }

    /// Bytes of one stripe.
    pub(crate) fn stripe_bytes(&self) -> usize {
        self.stripe_bytes
    }

    /// All blocks.
    pub(crate) fn blocks(&self) -> Span {
        self.blocks.span()
    }

    /// The blocks and the links of a stripe.
    pub(crate) fn stripe(&self, index: usize) -> (Span, Span) {
        let blocks = self.blocks.span().part(index * self.stripe_bytes, self.stripe_bytes);
        (blocks, self.links.span().part(index * self.link_bytes, self.link_bytes))
    }

    /// All replicas, one range as long as `blocks` behind the other; without any, all blocks.
    pub(crate) fn replicas(&self) -> Span {
        self.replicas.as_ref().unwrap_or(&self.blocks).span()
    }

    /// One replica, as long as `blocks`.
    pub(crate) fn replica(&self, replica: usize) -> Span {
        let bytes = self.blocks.span().len();
        self.replicas().part(replica * bytes, bytes)
    }

    /// The part of one replica that belongs to a stripe.
    pub(crate) fn replica_of_stripe(&self, replica: usize, index: usize) -> Span {
        self.replica(replica).part(index * self.stripe_bytes, self.stripe_bytes)
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
            (1152, 64, (1152, 64)),
            (896, 128, (896, 128)),
            (0, 1, (64, 64)),
            (65, 8, (128, 64)),
            (1, 4096, (4096, 4096)),
        ] {
            let shape = Shape::of(layout(size, align)).unwrap();
            assert_eq!((shape.size, shape.lead), expected);
        }
        assert!(Shape::of(layout(64, 2 * SLAB)).is_none());
        assert!(Shape::of(layout(1 << 40, 64)).is_none());
    }

    #[test]
    fn a_limit_keeps_the_range_small() {
        let shape = Shape::of(layout(1152, 64)).unwrap();
        let memory = Memory::reserve(shape, cut(3, 0, SLAB), Some(5 * SLAB)).unwrap();
        assert_eq!(memory.stripe_bytes(), 6 * SLAB);
        assert_eq!(memory.blocks().len(), 18 * SLAB);
        assert!(!memory.refused);
        let (first, _) = memory.stripe(0);
        let (last, links) = memory.stripe(2);
        assert_eq!(last.start().as_ptr() as usize - first.start().as_ptr() as usize, 12 * SLAB);
        assert_eq!(links.len(), (shape.blocks_in(6 * SLAB) * 4).next_multiple_of(4096));
    }

    #[test]
    fn stripes_begin_at_slabs_of_any_size() {
        const GIB: usize = 1 << 30;
        let shape = Shape::of(layout(1152, 64)).unwrap();
        let memory = Memory::reserve(shape, cut(3, 0, GIB), Some(5 * SLAB)).unwrap();
        assert_eq!(memory.stripe_bytes(), GIB);
        assert_eq!(memory.blocks().start().align_offset(GIB), 0);
        let whole = Memory::reserve(shape, cut(3, 0, GIB), None).unwrap();
        assert_eq!(whole.stripe_bytes() % GIB, 0);
        assert!(u32::try_from(whole.blocks().len() / UNIT).is_ok());
    }

    fn cut(stripes: usize, replicas: usize, slab: usize) -> Cut {
        Cut { stripes, replicas, page: 4096, slab }
    }

    #[test]
    fn replicas_lie_as_the_blocks_do() {
        let shape = Shape::of(layout(896, 64)).unwrap();
        let memory = Memory::reserve(shape, cut(2, 3, SLAB), Some(SLAB)).unwrap();
        let range = memory.blocks().len();
        assert_eq!(memory.replicas().len(), 3 * range);
        let offset = |span: Span, of: Span| span.start().as_ptr() as usize - of.start().as_ptr() as usize;
        for (replica, stripe) in [(0, 0), (1, 0), (2, 1)] {
            let (blocks, _) = memory.stripe(stripe);
            let copy = memory.replica_of_stripe(replica, stripe);
            assert_eq!(copy.len(), blocks.len());
            let expected = replica * range + offset(blocks, memory.blocks());
            assert_eq!(offset(copy, memory.replicas()), expected);
        }
    }

    #[test]
    fn the_whole_range_has_32_bit_numbers() {
        assert!(u32::try_from(LARGEST / UNIT).is_ok());
        let shape = Shape::of(layout(64, 64)).unwrap();
        let memory = Memory::reserve(shape, cut(1, 0, SLAB), None).unwrap();
        assert!(memory.stripe_bytes() <= LARGEST);
    }
}
