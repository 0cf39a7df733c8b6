//! Machines in hwloc's synthetic notation.

use bskip_topology::Machine;
use hwlocality::topology::Topology;

use super::checks::check;

/// Descriptions in hwloc's synthetic notation. The names are those of the machines in hwloc's test suite that they
/// are like, or say what is unusual.
const MACHINES: &[(&str, &str)] = &[
    ("2arm-2c", "package:1 l2:1 core:2 pu:1"),
    ("8ia64-2s2c2t", "package:2 core:2 pu:2"),
    ("16amd64-8n2c", "package:8 [numa] core:2 pu:1"),
    ("16em64t-4s2c2t", "package:4 l3:1 core:2 pu:2"),
    ("16em64t-4s2ca2c", "package:4 l2:2 core:2 pu:1"),
    ("16ia64-8n2s", "numa:8 package:2 core:1 pu:1"),
    ("32em64t-2n8c2t", "package:2 [numa] l3:1 core:8 pu:2"),
    ("32amd64-4s2n4c", "package:4 group:2 [numa] l3:1 core:4 pu:1"),
    ("48amd64-4d2n6c", "package:4 group:2 [numa] l3:1 core:6 pu:1"),
    ("64amd64-4s2n4ca2co", "package:4 group:2 [numa] l2:4 core:2 pu:1"),
    ("96em64t-4n4d3ca2co", "numa:4 package:4 l2:3 core:2 pu:1"),
    ("128ia64-17n4s2c", "[numa] group:16 [numa] package:4 core:2 pu:1"),
    ("256ppc-8n8s4t", "numa:8 package:8 core:1 pu:4"),
    ("4fake-4gr1nu1pu", "group:4 [numa] pu:1"),
    (
        "knl in flat mode: fast memory beside slow",
        "package:1 [numa(memory=96GiB)] [numa(memory=16GiB)] l2:36 core:2 pu:4",
    ),
    ("knl-snc4: fast memory in four clusters", "package:1 group:4 [numa] [numa] l2:9 core:2 pu:4"),
    ("memory of a switch beside all packages", "[numa(memory=256GiB)] package:2 [numa] core:4 pu:2"),
    ("memory of GPUs beside each package", "package:2 [numa] [numa] [numa] [numa] core:4 pu:4"),
    ("fake NUMA: every node lists all CPUs", "package:1 [numa] [numa] [numa] [numa] core:4 pu:1"),
    ("CPUs on nodes without memory", "[numa(memory=1GiB)] group:2 [numa(memory=0)] core:2 pu:1"),
    ("nodes numbered backwards", "numa:4(indexes=3,2,1,0) core:2 pu:2"),
    ("siblings numbered apart", "numa:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"),
    ("CPUs numbered across nodes", "numa:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)"),
    ("a cache that spans nodes", "package:2 l3:1 numa:2 core:2 pu:2"),
    ("1280 CPUs", "package:4 group:2 [numa] l3:8 core:10 pu:2"),
];

#[test]
fn plans_have_the_cpus_that_hwloc_names_and_the_arena_agrees_on_homes() {
    assert!(MACHINES.len() >= 20);
    for &(name, description) in MACHINES {
        let builder = Topology::builder().from_synthetic(description).expect(name);
        let machine = Machine::synthetic(description).expect(name);
        check(name, &builder.build().expect(name), &machine, &[]);
    }
}
