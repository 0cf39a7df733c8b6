//! Why a machine cannot do a placement or a page size.

use super::super::machine::Machine;
use super::super::names;

/// What the machine lacks for this placement with these pages, in words; `None` if it lacks nothing.
pub(crate) fn unfit(placement: &str, pages: &str, machine: &Machine) -> Option<String> {
    missing_node(placement, machine)
        .or_else(|| missing_kind(placement, machine))
        .or_else(|| missing_pages(pages, machine))
}

/// A node that the placement names.
fn missing_node(placement: &str, machine: &Machine) -> Option<String> {
    let nodes = names::placed_on(placement).unwrap_or_default();
    let missing =
        nodes.iter().find(|node| !machine.nodes.contains(node) && !machine.memory_alone.contains(node))?;
    Some(format!("node {missing} is missing, this machine has {}", machine.nodes_in_words()))
}

/// A kind of node that the placement needs.
fn missing_kind(placement: &str, machine: &Machine) -> Option<String> {
    let needs = |names: [&str; 2]| placement.split('+').any(|policy| names.contains(&policy));
    if needs(["tiered", "memory-only"]) && machine.memory_alone.is_empty() {
        return Some("this machine has no node of memory alone (CXL, HBM)".into());
    }
    let is_one = machine.nodes.len() == 1;
    (is_one && needs(["nearest", "nearest-remote"]))
        .then(|| format!("no other node: this machine has {}", machine.nodes_in_words()))
}

/// Reserved huge pages.
fn missing_pages(pages: &str, machine: &Machine) -> Option<String> {
    let kilobytes = match pages {
        "hugetlb-2m" => 2048,
        "hugetlb-1g" => 1_048_576,
        _ => return None,
    };
    (!machine.reserved_pages.iter().any(|reserved| reserved == pages)).then(|| {
        format!(
            "no pages {pages} are reserved: the administrator writes their number to \
             /sys/kernel/mm/hugepages/hugepages-{kilobytes}kB/nr_hugepages"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::sample;
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let one = sample(2, 1);
        let two =
            Machine { memory_alone: vec![2], reserved_pages: vec!["hugetlb-2m".into()], ..sample(4, 2) };
        for (placement, pages, hint) in [
            ("node:1", "thp", "node 1 is missing"),
            ("tiered+local", "4k", "no node of memory alone"),
            ("local+memory-only", "4k", "no node of memory alone"),
            ("nearest", "thp", "no other node"),
            ("local", "hugetlb-2m", "hugepages-2048kB/nr_hugepages"),
            ("local", "hugetlb-1g", "hugepages-1048576kB/nr_hugepages"),
        ] {
            let why = unfit(placement, pages, &one).expect(placement);
            assert!(why.contains(hint), "{why}");
            assert_eq!(unfit(placement, pages, &two).is_none(), pages != "hugetlb-1g", "{placement} {pages}");
        }
    }
}
