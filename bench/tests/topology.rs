//! `bench topology`, which `cargo xtask bench-numa --topology` asks.

use std::process::{Command, Output};

use bench::described::{Described, Worker};

fn topology(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench")).arg("topology").args(args).output().expect("bench starts")
}

fn described(args: &[&str]) -> Described {
    let output = topology(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_description_gets_cpus_nodes_and_plans() {
    // Two packages, and memory alone beside both.
    let machine = "[numa(memory=4GiB)] package:2 [numa(memory=1GiB)] l3:1(size=8MiB) core:2 pu:2";
    let answer = described(&[
        "--pin=scatter",
        "--pin=per-node",
        "--threads=2",
        "--threads=3",
        "--placement=local",
        "--placement=interleave",
        "--placement=nearest",
        "--placement=tiered+local",
        "--placement=node:2",
        machine,
    ]);
    assert_eq!((answer.cpus, answer.nodes, answer.memory_alone), ((0..8).collect(), vec![0, 1], vec![2]));
    assert_eq!((answer.memory, answer.cache), (6 << 30, Some(8 << 20)));
    let worker = |cpus: &str, node| Worker { cpus: cpus.into(), node: Some(node) };
    let plans: Vec<_> = answer.pins.iter().map(|plan| (&*plan.pin, plan.threads)).collect();
    assert_eq!(plans, [("scatter", 2), ("scatter", 3), ("per-node", 2), ("per-node", 3)]);
    assert_eq!(answer.pins[1].workers, [worker("0", 0), worker("4", 1), worker("2", 0)]);
    assert_eq!(answer.pins[2].workers, [worker("0-3", 0), worker("4-7", 1)]);
    assert!(answer.pins[2].notes[0].contains("node 2 has no CPUs"), "{:?}", answer.pins[2].notes);
    let from = |nodes: [&[u32]; 2]| vec![(0, nodes[0].to_vec()), (1, nodes[1].to_vec())];
    let placed: Vec<_> = answer.placements.into_iter().map(|placement| placement.nodes).collect();
    assert_eq!(
        placed,
        [
            vec![from([&[0], &[1]])],
            vec![from([&[0, 1], &[0, 1]])],
            vec![from([&[1], &[0]])],
            vec![from([&[2], &[2]]), from([&[0], &[1]])],
            vec![from([&[2], &[2]])],
        ]
    );
}

#[test]
fn what_is_wrong_is_one_line_and_exit_code_2() {
    for (args, hint) in [
        (&["nonsense"][..], "write it like 'package:2 numa:1 core:8 pu:2'"),
        (&[""], "write it like"),
        (&["<topology"], "XML description of a machine"),
        (&["pu:9000"], "at most 8192"),
        (&["--pin=cpus:7", "--threads=1", "pu:2"], "--pin cpus:7: "),
        (&["--placement=node:3", "pu:2"], "the described machine has no node 3"),
        (&["--placement=far", "pu:2"], "is not a placement"),
    ] {
        let output = topology(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{args:?}: {said}");
        assert!(said.contains(hint) && output.stdout.is_empty(), "{args:?}: {said}");
    }
}
