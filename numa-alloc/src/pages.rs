//! Pages of which size: what a user may ask for.

use core::fmt;
use core::str::FromStr;

use crate::policy::ParseError;

/// Which pages an arena asks the system for. `Display` and `FromStr` spell it `huge` and `small`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PageSize {
    /// Transparent huge pages (2 MiB) where the system has them: fewer TLB misses. The first touch of a slab
    /// makes 2 MiB resident.
    #[default]
    Huge,
    /// Base pages only, as a rule 4 KiB.
    Small,
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Huge => "huge",
            Self::Small => "small",
        })
    }
}

impl FromStr for PageSize {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "huge" => Ok(Self::Huge),
            "small" => Ok(Self::Small),
            _ => Err(ParseError { text: text.to_owned(), expected: "a page size: huge or small" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_read_back_as_written() {
        for size in [PageSize::Huge, PageSize::Small] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(
            "2M".parse::<PageSize>().unwrap_err().to_string(),
            "\"2M\" is not a page size: huge or small"
        );
    }
}
