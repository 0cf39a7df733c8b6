//! A plan of a table of nodes: which nodes for which range of keys.

use alloc::vec::Vec;

/// Buckets for each separator. With 3, few buckets have more than one separator.
pub(in crate::index) const SPREAD: usize = 3;
/// A bucket with this many separators gets an area of its own. If it has fewer, searches reach them by steps
/// to the right.
pub(in crate::index) const CROWD: usize = 4;
/// How deep areas may nest. Keys that crowd even there have so long a prefix in common that areas do not
/// help.
pub(in crate::index) const DEPTH: usize = 6;

/// What a table is to say.
#[derive(Default)]
pub(in crate::index) struct Plan {
    pub(in crate::index) areas: Vec<PlannedArea>,
    pub(in crate::index) buckets: Vec<(u64, u64)>,
}

pub(in crate::index) struct PlannedArea {
    pub(in crate::index) base: u64,
    pub(in crate::index) scale: u64,
    pub(in crate::index) first: u32,
    pub(in crate::index) last: u32,
}

/// A word and a node's block. Searches for keys that begin with that word or a greater one start at the node.
pub(in crate::index) type Separator = (u64, u32);

impl Plan {
    /// A plan for the nodes in `separators`, which ascend strictly. The first node covers everything below
    /// the second. `None` if there is no memory, or if there are fewer than two nodes.
    pub(in crate::index) fn new(separators: &[Separator]) -> Option<Self> {
        let (&(_, first), rest) = separators.split_first()?;
        let mut plan = Self::default();
        plan.add_area(first, rest, 0)?;
        Some(plan)
    }

    /// Adds an area for `separators` and the node `before` them. Returns the area's number.
    fn add_area(&mut self, before: u32, separators: &[Separator], depth: usize) -> Option<u32> {
        let (base, end) = (separators.first()?.0, separators.last()?.0);
        let count = separators.len() * SPREAD;
        let scale = u64::try_from(((count as u128) << 64) / (u128::from(end - base) + 1)).unwrap_or(u64::MAX);
        let first = self.buckets.len();
        let number = u32::try_from(self.areas.len()).ok()?;
        self.areas.try_reserve(1).ok()?;
        self.areas.push(PlannedArea {
            base,
            scale,
            first: u32::try_from(first).ok()?,
            last: u32::try_from(count - 1).ok()?,
        });
        self.buckets.try_reserve(count).ok()?;
        self.buckets.resize(first + count, (0, 0));
        let (mut before, mut left) = (before, separators);
        for bucket in 0..count {
            let here =
                left.iter().take_while(|(word, _)| scaled(word - base, scale) as usize <= bucket).count();
            let (here, behind) = left.split_at(here);
            left = behind;
            self.buckets[first + bucket] = self.bucket(before, here, depth)?;
            before = here.last().map_or(before, |&(_, node)| node);
        }
        Some(number)
    }

    /// A bucket with the separators `here`.
    fn bucket(&mut self, before: u32, here: &[Separator], depth: usize) -> Option<(u64, u64)> {
        let same = here.first().map(|first| first.0) == here.last().map(|last| last.0);
        if here.len() >= CROWD && !same && depth < DEPTH {
            return Some((0, u64::from(self.add_area(before, here, depth + 1)?) << 32));
        }
        let (at, behind) = here.get(here.len() / 2).copied().unwrap_or((u64::MAX, before));
        Some((at, u64::from(behind) << 32 | u64::from(before)))
    }
}
/// The bucket of a word so far from its area's base.
#[inline(always)]
pub(in crate::index) fn scaled(offset: u64, scale: u64) -> u64 {
    ((u128::from(offset) * u128::from(scale)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_is_no_plan() {
        assert!(Plan::new(&[]).is_none());
        assert!(Plan::new(&[(0, 1)]).is_none());
        assert!(Plan::new(&[(0, 1), (7, 2)]).is_some());
    }
}
