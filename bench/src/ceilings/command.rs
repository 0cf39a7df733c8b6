//! The subcommand: which memory, which threads, and how long.

use super::budget::Budget;
use super::cycle::{Cycle, PIECE};
use super::error::CeilingsError;
use super::measure::Bench;
use super::region::{Region, share_note};
use super::report::Ceilings;
use crate::memory::{self, Room};
use crate::numbers;
use crate::protocol::PAGES;
use bskip_topology::{Machine, NumaNode, PinPolicy};
use std::time::{Duration, Instant};

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct CeilingsCommand {
    /// Take about 5 s and half of the memory
    #[arg(long)]
    pub quick: bool,
    /// Time for all measurements, roughly [default: 30; with --quick: 5]
    #[arg(long, value_name = "N", value_parser = |text: &str| numbers::within(text, 1..=60))]
    pub seconds: Option<u64>,
    /// Memory of a node [default: 8 times its last-level caches together, at least 256 and at most 8192]
    #[arg(long, value_name = "N", value_parser = |text: &str| numbers::within(text, 1..=1 << 16))]
    pub mib: Option<u64>,
    /// Pages: thp, 4k, hugetlb-2m, hugetlb-1g [default: those that there are]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = pages)]
    pub pages: Vec<String>,
    /// How threads are pinned, as in `bench cell`; may be given several times
    #[arg(long, value_name = "POLICY", default_value = "compact")]
    pub pin: Vec<PinPolicy>,
    /// Numbers of threads [default: 1, 2, 4 and so on, up to the CPUs that this process may use]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = numbers::threads)]
    pub threads: Vec<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn pages(text: &str) -> Result<String, String> {
    match PAGES.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} are no pages: there are {}", PAGES.join(", "))),
    }
}

impl CeilingsCommand {
    /// Measures. Returns a table or a line of JSON.
    ///
    /// # Errors
    /// There is no memory, a thread cannot be pinned, or memory did not hold what was written to it.
    pub fn run(&self) -> Result<String, CeilingsError> {
        let ceilings = self.measure(&Machine::discover())?;
        match self.json {
            true => Ok(serde_json::to_string(&ceilings).map_err(|error| error.to_string())? + "\n"),
            false => Ok(ceilings.to_string()),
        }
    }

    /// Measures everything.
    fn measure(&self, machine: &Machine) -> Result<Ceilings, CeilingsError> {
        let begun = Instant::now();
        let seconds = self.seconds.unwrap_or(if self.quick { 5 } else { 30 });
        // Nodes with memory for this process, and a CPU of each node that has CPUs.
        let usable = machine.nodes().iter().filter(|node| node.allowed && node.memory != Some(0));
        let memories: Vec<u32> = usable.map(|node| node.os_index).collect();
        let cpus = first_cpus(machine);
        let threads = self.thread_counts(machine);
        let cache = machine.caches().iter().filter_map(|cache| cache.size).max();
        let (bytes, short) = self.bytes(node_cache(machine), memories.len(), &Room::of(&memory::read));
        let mut ceilings = Ceilings { bytes, cache, ..Ceilings::default() };
        ceilings.notes.extend(short);
        ceilings.notes.extend(machine.fallback().map(|why| format!("only one node is known: {why}")));

        let asked: Vec<&str> = match &self.pages[..] {
            [] => PAGES.to_vec(),
            pages => pages.iter().map(String::as_str).collect(),
        };
        let each = 3 * (cpus.len() * memories.len() + self.pin.len() * threads.len());
        let usual = asked.iter().filter(|pages| !pages.starts_with("hugetlb")).count().max(1);
        let handovers = cpus.len() * (cpus.len() + 1) / 2;
        let mut budget = Budget::new(begun + Duration::from_secs(seconds), each * usual + handovers, usual);
        let cycle = Cycle::new(bytes as usize / (64 * PIECE), 1);
        for pages in asked {
            let build = Instant::now();
            let regions = memories.iter().map(|&node| Region::new(node, pages, &cycle));
            let regions = match regions.collect::<Result<Vec<_>, _>>() {
                Ok(regions) => regions,
                Err(why) if pages.starts_with("hugetlb") && self.pages.is_empty() => {
                    ceilings.notes.push(format!("{pages} left out: {why}"));
                    continue;
                }
                Err(why) => return Err(CeilingsError::Refused(format!("{pages}: {why}"))),
            };
            budget.built(build.elapsed());
            for note in regions.iter().flat_map(Region::notes) {
                let note = format!("{pages}: {note}");
                if !ceilings.notes.contains(&note) {
                    ceilings.notes.push(note);
                }
            }
            for (node, region) in memories.iter().zip(&regions) {
                let note = share_note(pages, region.huge_share());
                ceilings.notes.extend(note.map(|note| format!("{pages}: {note} (node {node})")));
            }
            let bench = Bench { machine, pages, cycle: &cycle, memories: &memories, regions: &regions };
            for &cpu in &cpus {
                for memory in 0..memories.len() {
                    ceilings.pairs.push(bench.pair(cpu, memory, &mut budget)?);
                }
            }
            for pin in &self.pin {
                for &threads in &threads {
                    ceilings.bandwidth.push(bench.together(pin, threads, &mut budget)?);
                }
            }
            if ceilings.handovers.is_empty() {
                ceilings.handovers = bench.handovers(&cpus, &mut budget)?;
            }
            regions.iter().try_for_each(Region::check_writes)?;
        }
        ceilings.written_line_ns = ceilings.handovers.iter().map(|row| row.ns).min_by(f64::total_cmp);
        if ceilings.handovers.is_empty() {
            ceilings.notes.push("one CPU: no line can go from one CPU to another".into());
        }
        ceilings.seconds = begun.elapsed().as_secs_f64();
        Ok(ceilings)
    }

    /// The bytes of a node's memory, whole pieces, and what to say if there are fewer than usual. `cache` is that of a
    /// whole node, because the threads of a node divide its memory, and each keeps its part in the cache nearby.
    fn bytes(&self, cache: Option<u64>, nodes: usize, room: &Room) -> (u64, Option<String>) {
        let half = u32::from(self.quick);
        let usual = (cache.unwrap_or(32 << 20) * 8).clamp(256 << 20, 8 << 30) >> half;
        let wanted = self.mib.map_or(usual, |mib| mib << 20);
        // Half of the room is for what the cycle takes, and for others.
        let most = (room.bytes / 2 / nodes.max(1) as u64).min(64 << u32::BITS);
        let piece = 64 * PIECE as u64;
        let bytes = (wanted.min(most) / piece).max(1) * piece;
        let small = cache.filter(|cache| bytes < 3 * cache).map(|_| {
            let why =
                if bytes < wanted { format!(" ({} leaves no more)", room.source) } else { String::new() };
            format!(
                "the memory of a node is less than 3 times its last-level caches{why}: \
                 some misses are hits, so rates are too high"
            )
        });
        (bytes, small)
    }

    /// The numbers of threads to measure.
    fn thread_counts(&self, machine: &Machine) -> Vec<usize> {
        if !self.threads.is_empty() {
            return self.threads.clone();
        }
        let most = machine.parallelism().max(1);
        let mut counts: Vec<usize> =
            std::iter::successors(Some(1), |n| Some(n * 2)).take_while(|&n| n < most).collect();
        counts.push(most);
        counts
    }
}

/// The bytes of all last-level caches of a node together, of the node that has most. Chiplets have a cache each.
fn node_cache(machine: &Machine) -> Option<u64> {
    let sized = || machine.caches().iter().filter(|cache| cache.size.is_some());
    let last = sized().map(|cache| cache.level).max()?;
    let of = |node: &NumaNode| -> u64 {
        let near =
            sized().filter(|cache| cache.level == last && !cache.cpus.intersection(&node.cpus).is_empty());
        near.filter_map(|cache| cache.size).sum()
    };
    machine.nodes().iter().map(of).max()
}

/// The first CPU that this process may use of each node, with the node.
fn first_cpus(machine: &Machine) -> Vec<(u32, u32)> {
    let mut cpus: Vec<(u32, u32)> = Vec::new();
    for cpu in machine.allowed().iter() {
        let node = machine.node_of_cpu(cpu).unwrap_or(0);
        if !cpus.iter().any(|&(_, known)| known == node) {
            cpus.push((cpu, node));
        }
    }
    cpus.sort_unstable_by_key(|&(_, node)| node);
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        command: CeilingsCommand,
    }

    fn bytes(flags: &str, machine: &str, room: u64) -> (u64, Option<String>) {
        let command = Program::parse_from(["bench"].into_iter().chain(flags.split_whitespace())).command;
        let machine = Machine::synthetic(machine).unwrap();
        let room = Room { bytes: room, source: "memory.max".into() };
        command.bytes(node_cache(&machine), machine.nodes().len(), &room)
    }

    const CHIPLETS: &str = "package:2 numa:1 l3:12(size=32MiB) l2:8(size=1MiB) core:1 pu:2";

    #[test]
    fn the_memory_exceeds_all_caches_of_a_node_together() {
        assert_eq!(bytes("", CHIPLETS, 1 << 40), (8 * 12 * (32 << 20), None));
        assert_eq!(bytes("--quick", CHIPLETS, 1 << 40), (4 * 12 * (32 << 20), None));
        // A cache of two nodes counts for both.
        assert_eq!(bytes("", "l3:1(size=64MiB) numa:2 core:4 pu:1", 1 << 40), (8 * (64 << 20), None));
        assert_eq!(bytes("", "numa:1 l2:2(size=1MiB) core:1 pu:1", 1 << 40), (256 << 20, None));
    }

    #[test]
    fn too_little_memory_for_the_caches_of_a_node_is_said() {
        let (bytes_, note) = bytes("--mib 1024", CHIPLETS, 1 << 40);
        assert_eq!(bytes_, 1 << 30);
        assert!(
            note.unwrap().starts_with("the memory of a node is less than 3 times its last-level caches: ")
        );
        let (bytes_, note) = bytes("", CHIPLETS, 2 << 30);
        assert_eq!(bytes_, 512 << 20);
        assert!(note.unwrap().contains("(memory.max leaves no more)"));
    }
}
