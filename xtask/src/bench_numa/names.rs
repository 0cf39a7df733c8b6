//! The names a sweep knows: maps, workloads, distributions, pages; and the shapes of placements.

use bench::maps::NAMES;
pub(crate) use bench::protocol::DISTRIBUTIONS as DISTS;

/// Maps that a sweep can measure, ours first.
pub(crate) const MAPS: &[&str] = NAMES;
/// Workloads by name; `trace` is asked for by its own flag.
pub(crate) const WORKLOADS: &[&str] = &["load", "a", "b", "c", "e", "u", "x", "s", "m", "n"];
/// Page sizes that our arena can ask for.
pub(crate) const PAGES: &[&str] = &["thp", "4k"];

/// The maps of a sweep that names none: ours as it comes, and every peer. Our other variants answer
/// questions that have to be asked.
pub(crate) fn default_maps() -> Vec<&'static str> {
    MAPS.iter().copied().filter(|map| *map == "bskip" || !map.starts_with("bskip")).collect()
}

/// Whether `map` lives in our NUMA arena, so that placement and page size mean something to it.
pub(crate) fn is_placed(map: &str) -> bool {
    map.starts_with("bskip") && map != "bskip-global"
}

/// Checks that each name is in `known`.
pub(crate) fn known(what: &str, names: &[String], known: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!("no {what} {name:?}; there are {}", known.join(", "))),
    }
}

/// Where an arena puts its blocks, as far as a plan must understand it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Placement {
    /// Without reference to a node: `local`, `interleave`.
    Anywhere,
    /// On these nodes: `node:N`, `preferred:N,M`.
    Nodes(Vec<usize>),
}

/// Reads a placement.
pub(crate) fn placement(text: &str) -> Result<Placement, String> {
    let nodes = match text.split_once(':') {
        None if matches!(text, "local" | "interleave") => return Ok(Placement::Anywhere),
        Some(("node", node)) => numbers(node).filter(|nodes| nodes.len() == 1),
        Some(("preferred", nodes)) => numbers(nodes),
        _ => None,
    };
    nodes
        .map(Placement::Nodes)
        .ok_or_else(|| format!("no placement {text:?}; write local, interleave, node:0 or preferred:0,1"))
}

/// Reads `0,2,5`.
fn numbers(text: &str) -> Option<Vec<usize>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

/// Splits a list at its commas, but leaves the numbers of `preferred:0,1` and `cpus:0,2-3` together.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let is_number = piece.starts_with(|c: char| c.is_ascii_digit());
        match items.last_mut() {
            Some(open) if is_number && (open.starts_with("preferred:") || open.starts_with("cpus:")) => {
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
        assert_eq!(split_list("local,"), ["local", ""]);
    }

    #[test]
    fn placements_are_read_or_refused() {
        assert_eq!(placement("local"), Ok(Placement::Anywhere));
        assert_eq!(placement("node:3"), Ok(Placement::Nodes(vec![3])));
        assert_eq!(placement("preferred:0,1"), Ok(Placement::Nodes(vec![0, 1])));
        for bad in ["", "near", "node:", "node:x", "node:0,1", "preferred:", "local:0"] {
            assert!(placement(bad).unwrap_err().contains("write local"), "{bad}");
        }
    }
}
