//! The names a sweep knows: maps, workloads, distributions, pages; and the shapes of placements.

use bench::maps::NAMES;
pub(crate) use bench::maps::is_placed;
pub(crate) use bench::protocol::{DISTRIBUTIONS as DISTS, PAGES};
use bench::strings::names::BYTE_MAPS;
pub(crate) use bench::strings::names::KEYS_LIKE;
use numa_alloc::Policy;

/// Maps that a sweep can measure, ours first.
pub(crate) const MAPS: &[&str] = NAMES;
/// The workloads by name. `trace` is not among them, because it has its own flag.
pub(crate) const WORKLOADS: &[&str] = &["load", "a", "b", "c", "e", "u", "x", "s", "m", "n"];

/// Whether a map takes byte strings.
pub(crate) fn takes_strings(map: &str) -> bool {
    BYTE_MAPS.contains(&map)
}

/// The numbers of the nodes that a placement names. `local` names none, and `tiered+local` is two placements.
pub(crate) fn placed_on(text: &str) -> Result<Vec<usize>, String> {
    let mut nodes = Vec::new();
    for text in text.splitn(2, '+') {
        let policy = text
            .parse::<Policy>()
            .map_err(|error| format!("{error}; or two of them for leaves and inner levels: tiered+local"))?;
        nodes.extend(policy.nodes().iter().map(|node| node.0 as usize));
    }
    Ok(nodes)
}

/// Splits a list at its commas, except within `preferred:0,1`, `weighted:0=3,1=1` and `cpus:0,2-3`.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let takes_numbers = |item: &str| {
        let last = item.rsplit('+').next().unwrap_or(item);
        ["preferred:", "weighted:", "range:", "cpus:"].iter().any(|start| last.starts_with(start))
    };
    let mut items: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let is_number = piece.starts_with(|c: char| c.is_ascii_digit());
        match items.last_mut() {
            Some(open) if is_number && takes_numbers(open) => {
                open.push(',');
                open.push_str(piece);
            }
            _ => items.push(piece.to_owned()),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_the_numbers_of_an_item_together() {
        assert_eq!(split_list("1,2"), ["1", "2"]);
        assert_eq!(split_list("none,cpus:0,2-3,compact"), ["none", "cpus:0,2-3", "compact"]);
        assert_eq!(split_list("preferred:0,1,node:1"), ["preferred:0,1", "node:1"]);
        assert_eq!(split_list("weighted:0=3,1=1,local"), ["weighted:0=3,1=1", "local"]);
        assert_eq!(split_list("range:0=1,70=0,hash"), ["range:0=1,70=0", "hash"]);
        let pairs = ["tiered+weighted:0=1,1=2", "preferred:0,1+local", "node:1+node:0"];
        assert_eq!(split_list(&pairs.join(",")), pairs);
        assert_eq!(split_list("local,"), ["local", ""]);
    }

    #[test]
    fn placements_are_read_or_refused() {
        assert_eq!(placed_on("tiered+local"), Ok(vec![]));
        assert_eq!(placed_on("node:3+preferred:0,1"), Ok(vec![3, 0, 1]));
        for bad in ["", "near", "local+", "+local", "local+local+local"] {
            assert!(placed_on(bad).unwrap_err().contains("is not a placement"), "{bad}");
        }
    }
}
