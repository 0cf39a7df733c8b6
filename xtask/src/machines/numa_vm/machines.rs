//! The machines that are offered.

use super::super::guest::{Machine, Node};

/// Those that CI boots.
pub(super) const QUICK: &[&str] = &["2x2", "small"];

/// All of them.
pub(super) fn all() -> Vec<Machine> {
    let node = |cpus, mib| Node { cpus, mib, huge_pages: 0 };
    let named = |name: &str, what: &str, machine: Machine| Machine {
        name: name.into(),
        what: what.into(),
        ..machine
    };
    let of = |nodes: &[Node], rows: &[&[u8]]| Machine {
        nodes: nodes.into(),
        distances: (!rows.is_empty()).then(|| rows.iter().map(|row| row.to_vec()).collect()),
        ..Machine::default()
    };
    vec![
        named("2x2", "2 nodes of 2 CPUs", Machine::even("", 2, 2, 256)),
        named("4x2", "4 nodes of 2 CPUs", Machine::even("", 4, 2, 192)),
        named("8x1", "8 nodes of 1 CPU", Machine::even("", 8, 1, 144)),
        named(
            "tiered",
            "2 nodes of 2 CPUs, and one of memory alone, farther than both",
            of(&[node(2, 256), node(2, 256), node(0, 256)], &[&[10, 20, 30], &[20, 10, 40], &[30, 40, 10]]),
        ),
        named(
            "asymmetric",
            "4 nodes of 1 CPU, where the way back may be longer than the way out",
            of(
                &[node(1, 192); 4],
                &[&[10, 15, 22, 31], &[28, 10, 17, 24], &[25, 35, 10, 14], &[19, 26, 33, 10]],
            ),
        ),
        named(
            "hmat",
            "2 nodes of 2 CPUs and one of memory alone, whose latencies and bandwidths the firmware tells",
            Machine {
                hmat: true,
                ..of(
                    &[node(2, 256), node(2, 256), node(0, 256)],
                    &[&[10, 21, 17], &[21, 10, 28], &[17, 28, 10]],
                )
            },
        ),
        named(
            "small",
            "3 nodes of 2 CPUs, the second with little memory: what does not fit goes to the third, not the first",
            of(&[node(2, 256), node(2, 128), node(2, 256)], &[&[10, 25, 40], &[25, 10, 15], &[40, 15, 10]]),
        ),
        named(
            "huge",
            "2 nodes of 2 CPUs with pages of 2 MiB set aside, 4 on the first and 12 on the second",
            of(&[Node { huge_pages: 4, ..node(2, 256) }, Node { huge_pages: 12, ..node(2, 256) }], &[]),
        ),
    ]
}

/// The machines in lines, for people.
pub(super) fn list() -> String {
    let lines = all().into_iter().map(|machine| format!("  {:<12} {}", machine.name, machine.what));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_names_of_their_own_and_nodes_in_the_order_of_linux() {
        let machines = all();
        for (number, machine) in machines.iter().enumerate() {
            assert!(machine.nodes[0].cpus > 0 && machine.nodes.is_sorted_by_key(|node| node.cpus == 0));
            assert!(machines[..number].iter().all(|other| other.name != machine.name));
        }
        assert!(QUICK.iter().all(|name| machines.iter().any(|machine| machine.name == *name)));
    }
}
