//! Sets of CPU numbers, and the list notation (`0,2,4-7`) that Linux and the pin policies use.

use std::collections::BTreeSet;
use std::fmt;
use std::iter::FusedIterator;
use std::str::FromStr;

/// The largest CPU number that a list or a binding may have. Linux has no CPU above 8191.
pub(crate) const MAX_CPU: u32 = 65_535;

/// A set of CPUs, by the numbers of the operating system.
///
/// `Display` and `FromStr` use the list notation of Linux, as in `0,2,4-7`. The empty set is the empty
/// string. Membership and insertion take O(log n).
///
/// ```
/// use bskip_topology::CpuSet;
///
/// let set: CpuSet = "0,2,4-7".parse()?;
/// assert_eq!(set.len(), 6);
/// assert!(set.contains(5) && !set.contains(3));
/// assert_eq!(set.to_string(), "0,2,4-7");
/// # Ok::<(), bskip_topology::ParseCpuListError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuSet(BTreeSet<u32>);

impl CpuSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// The number of CPUs in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set holds no CPU.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the set holds `cpu`.
    #[must_use]
    pub fn contains(&self, cpu: u32) -> bool {
        self.0.contains(&cpu)
    }

    /// Adds `cpu`. Returns whether it was new.
    pub fn insert(&mut self, cpu: u32) -> bool {
        self.0.insert(cpu)
    }

    /// The smallest CPU number.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.0.first().copied()
    }

    /// The largest CPU number.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.0.last().copied()
    }

    /// The CPU numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + FusedIterator + '_ {
        self.0.iter().copied()
    }

    /// The CPUs that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.0.intersection(&other.0).copied().collect()
    }

    /// Whether every CPU of this set is also in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }
}

impl FromIterator<u32> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(cpus: I) -> Self {
        Self(cpus.into_iter().collect())
    }
}

impl<const N: usize> From<[u32; N]> for CpuSet {
    fn from(cpus: [u32; N]) -> Self {
        cpus.into_iter().collect()
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, self.iter())
    }
}

impl FromStr for CpuSet {
    type Err = ParseCpuListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::new());
        }
        Ok(parse_list(text)?.into_iter().collect())
    }
}

/// The text is not a CPU list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseCpuListError {
    /// The part of the list that is wrong.
    part: String,
    reason: &'static str,
}

impl fmt::Display for ParseCpuListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in a CPU list is {}; write a list like 0,2,4-7", self.part, self.reason)
    }
}

impl std::error::Error for ParseCpuListError {}

/// Parses a non-empty list. Keeps its order and its repetitions.
pub(crate) fn parse_list(text: &str) -> Result<Vec<u32>, ParseCpuListError> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let fail = |reason| ParseCpuListError { part: part.to_owned(), reason };
        let number = |digits: &str| {
            // `u32::from_str` accepts a leading plus sign; a CPU list does not.
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fail("neither a number nor a range of numbers"));
            }
            digits.parse::<u32>().ok().filter(|&cpu| cpu <= MAX_CPU).ok_or_else(|| fail("above 65535"))
        };
        let (first, last): (u32, u32) = (number(first)?, number(last)?);
        if first > last {
            return Err(fail("a range that does not ascend"));
        }
        cpus.extend(first..=last);
    }
    Ok(cpus)
}

/// Writes numbers in the given order, ascending runs as ranges.
pub(crate) fn write_list(f: &mut impl fmt::Write, cpus: impl IntoIterator<Item = u32>) -> fmt::Result {
    let mut cpus = cpus.into_iter().peekable();
    let mut separator = "";
    while let Some(first) = cpus.next() {
        let mut last = first;
        while let Some(next) = cpus.next_if(|&next| Some(next) == last.checked_add(1)) {
            last = next;
        }
        write!(f, "{separator}{first}")?;
        if last > first {
            write!(f, "-{last}")?;
        }
        separator = ",";
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_round_trip() {
        for text in ["", "0", "0-1", "0,2,4-7", "3,5-6,65535"] {
            let set: CpuSet = text.parse().expect("a valid list");
            assert_eq!(set.to_string(), text);
        }
        assert_eq!("4-7,0,2,2".parse::<CpuSet>().expect("order and repeats are fine").to_string(), "0,2,4-7");
    }

    #[test]
    fn lists_keep_their_order() {
        let cpus = parse_list("4-6,0,1,9,8").expect("a valid list");
        assert_eq!(cpus, [4, 5, 6, 0, 1, 9, 8]);
        let mut text = String::new();
        write_list(&mut text, cpus).expect("strings take all text");
        assert_eq!(text, "4-6,0-1,9,8");
    }

    #[test]
    fn wrong_lists_name_the_wrong_part() {
        for (text, part) in [
            ("0,x", "x"),
            ("0,,1", ""),
            ("7-4", "7-4"),
            ("1-", "1-"),
            ("-1", "-1"),
            ("+1", "+1"),
            (" 1", " 1"),
            ("1-2-3", "1-2-3"),
            ("0-65536", "0-65536"),
            ("99999999999", "99999999999"),
        ] {
            let error = text.parse::<CpuSet>().expect_err(text);
            assert_eq!(error.part, part, "in {text:?}");
            assert!(error.to_string().contains("0,2,4-7"), "{error}");
        }
    }

    #[test]
    fn set_operations() {
        let (a, b) = (CpuSet::from([0, 1, 2]), CpuSet::from([1, 2, 3]));
        assert_eq!(a.intersection(&b), CpuSet::from([1, 2]));
        assert!(CpuSet::from([1]).is_subset(&a) && !b.is_subset(&a));
        assert_eq!((b.first(), b.last(), CpuSet::new().first()), (Some(1), Some(3), None));
        let mut c = CpuSet::new();
        assert!(c.insert(4) && !c.insert(4) && !c.is_empty());
    }
}
