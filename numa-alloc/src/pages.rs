//! The size of an arena's pages: the user's choice.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseError;
use crate::region::SLAB;

/// The size of the pages that an arena asks for. `Display` and `FromStr` use the names `transparent`,
/// `small`, `hugetlb-2m` and `hugetlb-1g`; `FromStr` also accepts `thp` and `4k` for the first two.
///
/// Pages of the hugetlb pool are never split, moved or swapped out, and do not depend on how fragmented
/// memory is. The administrator reserves them:
///
/// ```sh
/// echo 512 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages   # 1 GiB on node 0
/// ```
///
/// The arena takes hugetlb pages from the node that the blocks are for, and touches them at once: the
/// acquisition that makes a stripe grow clears up to 32 MiB, or 1 GiB. If the node has none left, the arena
/// uses transparent huge pages instead ([`Fallback::HugetlbRefused`](crate::Fallback::HugetlbRefused)). It
/// asks the pool again each time a stripe grows by the size of a page. Children of `fork` do not inherit this
/// memory: a child that reads a map of its parent gets a SIGSEGV.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum PageSize {
    /// Transparent huge pages (2 MiB) if the system has them, which means fewer TLB misses. The first touch
    /// of a slab makes 2 MiB resident. The first 256 KiB of a stripe are on base pages, so that small maps
    /// take little memory.
    #[default]
    Transparent,
    /// Only base pages, which usually have 4 KiB.
    Small,
    /// Pages of 2 MiB from the hugetlb pool.
    Hugetlb2M,
    /// Pages of 1 GiB from the hugetlb pool. Each pool of the arena takes whole ones on each of its nodes.
    Hugetlb1G,
}

impl PageSize {
    /// Bytes of a hugetlb page; `None` if the arena does not use them.
    pub(crate) fn hugetlb(self) -> Option<usize> {
        match self {
            Self::Transparent | Self::Small => None,
            Self::Hugetlb2M => Some(2 << 20),
            Self::Hugetlb1G => Some(1 << 30),
        }
    }

    /// Bytes that the length of a stripe is a multiple of.
    pub(crate) fn slab(self) -> usize {
        self.hugetlb().unwrap_or(0).max(SLAB)
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transparent => "transparent",
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
            "transparent" | "thp" | "huge" => Ok(Self::Transparent),
            "small" | "4k" => Ok(Self::Small),
            "hugetlb-2m" => Ok(Self::Hugetlb2M),
            "hugetlb-1g" => Ok(Self::Hugetlb1G),
            _ => Err(ParseError {
                text: text.to_owned(),
                expected: "a page size: transparent, small, hugetlb-2m or hugetlb-1g",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_read_back_as_written() {
        for size in [PageSize::Transparent, PageSize::Small, PageSize::Hugetlb2M, PageSize::Hugetlb1G] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(
            ["thp", "huge", "4k"].map(str::parse),
            [Ok(PageSize::Transparent), Ok(PageSize::Transparent), Ok(PageSize::Small)]
        );
        assert_eq!(
            "2M".parse::<PageSize>().unwrap_err().to_string(),
            "\"2M\" is not a page size: transparent, small, hugetlb-2m or hugetlb-1g"
        );
    }
}
