//! The kernel's notation of lists and masks.

/// More CPUs or nodes than any kernel is built for. A number above this is an error.
const MOST: u32 = 1 << 16;

/// Reads the kernel's list notation: `0-3,8,10-11`. `None` if the text is no such list.
///
/// ```
/// assert_eq!(bskip_numa_nodes::parse_list("0-2,8\n"), Some(vec![0, 1, 2, 8]));
/// ```
#[must_use]
pub fn parse_list(text: &str) -> Option<Vec<u32>> {
    let mut list = Vec::new();
    for range in trimmed(text).split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if last < first || last >= MOST {
            return None;
        }
        list.extend(first..=last);
    }
    list.sort_unstable();
    list.dedup();
    Some(list)
}

/// Reads the kernel's notation of a mask: words of 32 bits in hexadecimal, the highest first, as in
/// `1,0000000f`.
pub(crate) fn parse_mask(text: &str) -> Option<Vec<u32>> {
    let mut list = Vec::new();
    for (word, base) in trimmed(text).rsplit(',').zip((0..MOST).step_by(32)) {
        let word = u32::from_str_radix(word, 16).ok()?;
        list.extend((0..32).filter(|bit| word >> bit & 1 == 1).map(|bit| base + bit));
    }
    Some(list)
}

/// Some files end in a zero byte.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(parse_list("0\n"), Some(vec![0]));
        assert_eq!(parse_list("0-2,8,10-11"), Some(vec![0, 1, 2, 8, 10, 11]));
        assert_eq!(parse_list("4,0-1,1\n\0"), Some(vec![0, 1, 4]));
        assert_eq!(parse_list("1022-1025,65535"), Some(vec![1022, 1023, 1024, 1025, 65535]));
        for bad in ["", "\n", "a", "3-1", "0-", "0,,1", "0-4294967295", "4294967295", "65536"] {
            assert_eq!(parse_list(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn masks() {
        assert_eq!(parse_mask("ff\n"), Some((0..8).collect()));
        assert_eq!(parse_mask("0001,00000000,0000000c"), Some(vec![2, 3, 64]));
        assert_eq!(parse_mask("00000000"), Some(vec![]));
        assert_eq!(parse_mask(""), None);
    }
}
