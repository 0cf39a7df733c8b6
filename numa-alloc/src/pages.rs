//! Pages of which size: what a user may ask for.

use core::fmt;
use core::str::FromStr;

use crate::policy::ParseError;
use crate::region::SLAB;

/// Which pages an arena asks the system for. `Display` and `FromStr` spell it `huge`, `small`, `hugetlb-2m`
/// and `hugetlb-1g`.
///
/// The pages of the hugetlb pool are there or they are not, are never split, moved or swapped out, and do not
/// depend on how fragmented memory is. The administrator reserves them:
///
/// ```sh
/// echo 512 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages   # 1 GiB on node 0
/// ```
///
/// They are taken from the node that the blocks are for, and touched at once: the acquisition that makes a
/// stripe grow clears up to 32 MiB, or 1 GiB. When the node has none left, the arena goes on with transparent
/// huge pages ([`Fallback::HugetlbRefused`](crate::Fallback::HugetlbRefused)), and asks the pool again each
/// time it grows past a page's worth. Children of `fork` do not have this memory: one that looks at a map of
/// its parent's gets a SIGSEGV.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum PageSize {
    /// Transparent huge pages (2 MiB) where the system has them: fewer TLB misses. The first touch of a slab
    /// makes 2 MiB resident. A stripe's first 256 KiB are on base pages, so that small maps take little.
    #[default]
    Huge,
    /// Base pages only, as a rule 4 KiB.
    Small,
    /// Pages of 2 MiB from the hugetlb pool.
    Hugetlb2M,
    /// Pages of 1 GiB from the hugetlb pool. Each pool of the arena takes whole ones, on each of its nodes.
    Hugetlb1G,
}

impl PageSize {
    /// Bytes of the pages from the hugetlb pool, if those are wanted.
    pub(crate) fn hugetlb(self) -> Option<usize> {
        match self {
            Self::Huge | Self::Small => None,
            Self::Hugetlb2M => Some(2 << 20),
            Self::Hugetlb1G => Some(1 << 30),
        }
    }

    /// What stripes are multiples of.
    pub(crate) fn slab(self) -> usize {
        self.hugetlb().unwrap_or(0).max(SLAB)
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Huge => "huge",
            Self::Small => "small",
            Self::Hugetlb2M => "hugetlb-2m",
            Self::Hugetlb1G => "hugetlb-1g",
        })
    }
}

impl FromStr for PageSize {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "huge" => Ok(Self::Huge),
            "small" => Ok(Self::Small),
            "hugetlb-2m" => Ok(Self::Hugetlb2M),
            "hugetlb-1g" => Ok(Self::Hugetlb1G),
            _ => Err(ParseError {
                text: text.to_owned(),
                expected: "a page size: huge, small, hugetlb-2m or hugetlb-1g",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_read_back_as_written() {
        for size in [PageSize::Huge, PageSize::Small, PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(
            "2M".parse::<PageSize>().unwrap_err().to_string(),
            "\"2M\" is not a page size: huge, small, hugetlb-2m or hugetlb-1g"
        );
    }
}
