//! A summary of a machine in one line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::cpuset::write_list;
use crate::machine::{Cache, Cpu, Machine};

/// One line: packages, nodes, cores, threads, memory, caches, and the allowed CPUs if these are not all.
///
/// `2 packages, 2 nodes (0-1), 4 cores, 8 threads, 2 GiB; L2 256 KiB x4, L3 4 MiB x2`
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = |key: fn(&Cpu) -> u32| self.cpus.iter().map(key).collect::<BTreeSet<_>>().len();
        if self.fallback.is_some() {
            // Cores and packages may be unknown too, so this line names neither.
            write!(f, "1 node (assumed), {}", Count(self.cpus.len(), "thread"))?;
        } else {
            write!(f, "{}, ", Count(distinct(|cpu| cpu.package), "package"))?;
            write!(f, "{} (", Count(self.nodes.len(), "node"))?;
            write_list(f, self.nodes.iter().map(|node| node.os_index))?;
            write!(f, "), {}", Count(distinct(|cpu| cpu.core), "core"))?;
            write!(f, ", {}", Count(self.cpus.len(), "thread"))?;
        }
        let memory = self.nodes.iter().filter_map(|node| node.memory).sum::<u64>();
        if memory > 0 {
            write!(f, ", {}", Bytes(memory))?;
        }
        let mut separator = "; ";
        for ((level, size), count) in cache_kinds(&self.caches) {
            write!(f, "{separator}L{level}")?;
            if let Some(size) = size {
                write!(f, " {}", Bytes(size))?;
            }
            write!(f, " x{count}")?;
            separator = ", ";
        }
        if self.allowed.len() < self.cpus.len() {
            write!(f, "; {} allowed", Count(self.allowed.len(), "thread"))?;
            if !self.allowed.is_empty() {
                write!(f, " ({})", self.allowed)?;
            }
        }
        if let Some(quota) = self.quota() {
            write!(f, "; quota of {}", Count(quota, "CPU"))?;
        }
        Ok(())
    }
}

/// The number of caches of each level and size.
fn cache_kinds(caches: &[Cache]) -> BTreeMap<(u8, Option<u64>), usize> {
    let mut kinds = BTreeMap::new();
    for cache in caches {
        *kinds.entry((cache.level, cache.size)).or_default() += 1;
    }
    kinds
}

/// A number with its noun: "1 node", "2 nodes".
pub(crate) struct Count(pub(crate) usize, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// Bytes in the largest binary unit of which there is at least one, with one decimal digit unless the number
/// is whole.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let Some((shift, unit)) = units.into_iter().find(|(shift, _)| self.0 >> shift > 0) else {
            return write!(f, "{} B", self.0);
        };
        let (whole, rest) = (self.0 >> shift, self.0 & ((1 << shift) - 1));
        let tenths = (rest * 10) >> shift;
        if tenths == 0 { write!(f, "{whole} {unit}") } else { write!(f, "{whole}.{tenths} {unit}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (48 << 10, "48 KiB"),
            (1280 << 10, "1.2 MiB"),
            (3 << 30, "3 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
