//! `--topology`: the plan of a sweep for a machine that is not here. The program `bench` asks hwloc, because xtask
//! is built without it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use bench::described::{Described, PlannedPins, PlannedPlacement};
use bench::protocol::PAGES;
use bskip_topology::CpuSet;

use super::machine::Machine;
use super::plan::Plan;
use crate::stop::Stop;

/// The described machine, and what a sweep does there.
pub(crate) struct Elsewhere<'a> {
    program: &'a Path,
    description: &'a str,
    /// The machine, as far as the description says.
    pub(crate) machine: Machine,
    notes: Vec<String>,
}

impl<'a> Elsewhere<'a> {
    /// Asks `program` for the machine of `description`.
    ///
    /// # Errors
    ///
    /// One line: hwloc refuses the description, or the program cannot answer.
    pub(crate) fn ask(program: &'a Path, description: &'a str) -> Result<Self, Stop> {
        let Described { cpus, nodes, memory_alone, memory, cache, notes, .. } =
            answer(program, description, &[])?;
        let machine = Machine {
            cpu: "described machine".into(),
            cpus,
            nodes,
            memory_alone,
            // Only reports draw it.
            layout: Vec::new(),
            memory,
            memory_available: memory,
            memory_limit: "the described memory".into(),
            cache,
            kernel: "unknown".into(),
            huge_pages: "unknown".into(),
            // The description says nothing of them, so the plan keeps them.
            reserved_pages: PAGES.iter().map(ToString::to_string).collect(),
            virtual_machine: false,
            load_average: 0.0,
            settings: Default::default(),
        };
        match machine.nodes.is_empty() {
            true => Err(Stop::usage("--topology: the described machine has no node with memory and CPUs")),
            false => Ok(Self { program, description, machine, notes }),
        }
    }

    /// Where the workers run and where the memory is, for each setting of the plan.
    ///
    /// # Errors
    ///
    /// One line: a pinning is impossible there.
    pub(crate) fn lists(&self, plan: &Plan) -> Result<String, Stop> {
        let of = |field: &dyn Fn(&bench::protocol::CellSpec) -> String| -> BTreeSet<String> {
            plan.specs().map(field).collect()
        };
        let threads: BTreeSet<usize> = plan.specs().map(|spec| spec.threads).collect();
        let mut flags: Vec<String> = Vec::new();
        flags.extend(of(&|spec| spec.pin.clone()).into_iter().map(|pin| format!("--pin={pin}")));
        flags.extend(threads.into_iter().map(|threads| format!("--threads={threads}")));
        let placements = of(&|spec| spec.placement.clone()).into_iter().filter(|name| name != "default");
        flags.extend(placements.map(|placement| format!("--placement={placement}")));
        let described = answer(self.program, self.description, &flags)?;
        let mut text = String::new();
        let mut line = |line: String| writeln!(text, "{line}").expect("a String takes everything");
        self.notes.iter().for_each(|note| line(format!("  note: {note}")));
        described.pins.iter().flat_map(pin_lines).for_each(&mut line);
        described.placements.iter().map(placement_line).for_each(&mut line);
        Ok(text)
    }
}

/// What `bench topology` says.
fn answer(program: &Path, description: &str, flags: &[String]) -> Result<Described, Stop> {
    let output = Command::new(program).arg("topology").args(flags).arg("--").arg(description).output();
    let cannot =
        |why: String| Stop::failure(format!("cannot ask {} about --topology: {why}", program.display()));
    let output = output.map_err(|error| cannot(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it says nothing").trim_start_matches("bench: ").to_owned();
    match output.status.code() {
        Some(0) => serde_json::from_slice(&output.stdout).map_err(|error| cannot(error.to_string())),
        Some(2) => Err(Stop::usage(format!("--topology: {last}"))),
        _ => Err(cannot(last)),
    }
}

/// A line for the plan, and one for each group of workers with the same node.
fn pin_lines(plan: &PlannedPins) -> Vec<String> {
    let plural = if plan.threads == 1 { "" } else { "s" };
    let all = plan
        .workers
        .iter()
        .filter_map(|worker| worker.cpus.parse::<CpuSet>().ok())
        .flat_map(|cpus| cpus.iter().collect::<Vec<_>>());
    let all: CpuSet = all.collect();
    let workers: Vec<String> = plan.workers.iter().map(|worker| worker.cpus.clone()).collect();
    let mut nodes: Vec<(Option<u32>, usize)> = Vec::new();
    for worker in &plan.workers {
        match nodes.iter_mut().find(|(node, _)| *node == worker.node) {
            Some((_, count)) => *count += 1,
            None => nodes.push((worker.node, 1)),
        }
    }
    let name = |node: Option<u32>| node.map_or("any node".to_owned(), |node| format!("node {node}"));
    let nodes: Vec<String> =
        nodes.into_iter().map(|(node, count)| format!("{count} on {}", name(node))).collect();
    let head = format!(
        "  pin {}, {} thread{plural}: CPUs {all}; {}; each worker's CPUs: {}",
        plan.pin,
        plan.threads,
        nodes.join(", "),
        workers.join(" | ")
    );
    std::iter::once(head).chain(plan.notes.iter().map(|note| format!("    note: {note}"))).collect()
}

/// `placement nearest: from node 0 on 1; from node 1 on 0`.
fn placement_line(placement: &PlannedPlacement) -> String {
    let list = |nodes: &[u32]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let part = |part: &Vec<(u32, Vec<u32>)>| {
        let same = part.iter().all(|(_, nodes)| *nodes == part[0].1);
        match same {
            true => format!("nodes {}", list(&part[0].1)),
            false => part
                .iter()
                .map(|(from, nodes)| format!("threads of node {from}: {}", list(nodes)))
                .collect::<Vec<_>>()
                .join("; "),
        }
    };
    match &placement.nodes[..] {
        [leaves, inner] => {
            format!(
                "  placement {}: leaves on {}; inner levels on {}",
                placement.placement,
                part(leaves),
                part(inner)
            )
        }
        parts => {
            format!("  placement {}: on {}", placement.placement, parts.first().map(part).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::described::Worker;

    #[test]
    fn lists_are_lines() {
        let worker = |cpus: &str, node| Worker { cpus: cpus.into(), node };
        let plan = PlannedPins {
            pin: "scatter".into(),
            threads: 3,
            workers: vec![worker("0", Some(0)), worker("8", Some(1)), worker("2-3", Some(0))],
            notes: vec!["crowded".into()],
        };
        assert_eq!(
            pin_lines(&plan),
            [
                "  pin scatter, 3 threads: CPUs 0,2-3,8; 2 on node 0, 1 on node 1; each worker's CPUs: 0 | 8 | 2-3",
                "    note: crowded"
            ]
        );
        let near = vec![(0, vec![1]), (1, vec![0])];
        let all = vec![(0, vec![0, 1]), (1, vec![0, 1])];
        let line = |nodes| placement_line(&PlannedPlacement { placement: "p".into(), nodes });
        assert_eq!(line(vec![near.clone()]), "  placement p: on threads of node 0: 1; threads of node 1: 0");
        assert_eq!(
            line(vec![all, near]),
            "  placement p: leaves on nodes 0,1; inner levels on threads of node 0: 1; threads of node 1: 0"
        );
    }
}
