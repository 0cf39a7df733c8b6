//! The subcommand: which memory, which threads, and how long.

use super::budget::Budget;
use super::cycle::{Cycle, PIECE};
use super::measure::Bench;
use super::region::Region;
use super::report::Ceilings;
use crate::memory::{self, Room};
use crate::numbers;
use crate::protocol::PAGES;
use bskip_topology::{Machine, PinPolicy};
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
    /// Memory of a node [default: 8 times the largest cache, at least 256 and at most 2048]
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
    pub fn run(&self) -> Result<String, String> {
        let ceilings = self.measure(&Machine::discover())?;
        match self.json {
            true => Ok(serde_json::to_string(&ceilings).map_err(|error| error.to_string())? + "\n"),
            false => Ok(ceilings.to_string()),
        }
    }

    /// Measures everything.
    fn measure(&self, machine: &Machine) -> Result<Ceilings, String> {
        let begun = Instant::now();
        let seconds = self.seconds.unwrap_or(if self.quick { 5 } else { 30 });
        // Nodes with memory for this process, and a CPU of each node that has CPUs.
        let usable = machine.nodes().iter().filter(|node| node.allowed && node.memory != Some(0));
        let memories: Vec<u32> = usable.map(|node| node.os_index).collect();
        let cpus = first_cpus(machine);
        let threads = self.thread_counts(machine);
        let cache = machine.caches().iter().filter_map(|cache| cache.size).max();
        let (bytes, short) = self.bytes(cache, memories.len());
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
                Err(why) => return Err(format!("{pages}: {why}")),
            };
            budget.built(build.elapsed());
            for note in regions.iter().flat_map(Region::notes) {
                let note = format!("{pages}: {note}");
                if !ceilings.notes.contains(&note) {
                    ceilings.notes.push(note);
                }
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

    /// The bytes of a node's memory, whole pieces, and what to say if there are fewer than usual.
    fn bytes(&self, cache: Option<u64>, nodes: usize) -> (u64, Option<String>) {
        let half = u32::from(self.quick);
        let usual = (cache.unwrap_or(32 << 20) * 8).clamp(256 << 20, 2 << 30) >> half;
        let wanted = self.mib.map_or(usual, |mib| mib << 20);
        let room = Room::of(&memory::read);
        // Half of the room is for what the cycle takes, and for others.
        let most = (room.bytes / 2 / nodes.max(1) as u64).min(64 << u32::BITS);
        let piece = 64 * PIECE as u64;
        let bytes = (wanted.min(most) / piece).max(1) * piece;
        let small = cache.filter(|cache| bytes < 3 * cache).map(|_| {
            let why = if bytes < wanted { format!(" ({} leaves no more)", room.source) } else { String::new() };
            format!("the memory is less than 3 times the largest cache{why}: some misses are hits, so rates are too high")
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
