//! The measurements on memory of one page size.

use super::budget::Budget;
use super::cycle::Cycle;
use super::error::CeilingsError;
use super::handover;
use super::region::Region;
use super::report::{Bandwidth, Handover, Pair};
use super::windows::{Best, rates};
use super::work::{Dependent, Independent, Read, Written, part};
use bskip_topology::{Machine, PinPolicy, WorkerPool};

/// A pool of one worker on each of these CPUs.
fn on_cpus(machine: &Machine, cpus: &[u32]) -> Result<WorkerPool, CeilingsError> {
    pinned(machine, &PinPolicy::Cpus(cpus.to_vec()), cpus.len())
}

fn pinned(machine: &Machine, policy: &PinPolicy, workers: usize) -> Result<WorkerPool, CeilingsError> {
    let refused = |why: String| CeilingsError::Refused(why);
    let plan = policy.plan(machine, workers).map_err(|error| refused(error.to_string()))?;
    WorkerPool::new(plan).require_pinned().map_err(|error| refused(error.to_string()))
}

/// Memory of one page size on all nodes.
pub(super) struct Bench<'a> {
    pub(super) machine: &'a Machine,
    pub(super) pages: &'a str,
    pub(super) cycle: &'a Cycle,
    /// The nodes of the regions.
    pub(super) memories: &'a [u32],
    pub(super) regions: &'a [Region],
}

impl Bench<'_> {
    /// One thread on `cpu`, and the memory with this index.
    pub(super) fn pair(
        &self,
        (cpu, cpu_node): (u32, u32),
        memory: usize,
        budget: &mut Budget,
    ) -> Result<Pair, CeilingsError> {
        let (pool, region) = (on_cpus(self.machine, &[cpu])?, &self.regions[memory]);
        let lines = self.cycle.lines();
        let loads = rates(&pool, budget.window(), |_| Dependent::new(region, self.cycle, lines / 3))?;
        let dependent = Best::time(&loads.iter().map(|rate| 1e9 / rate).collect::<Vec<_>>());
        let independent = Best::rate(&millions(&rates(&pool, budget.window(), |_| {
            Independent::new(region, self.cycle, 0)
        })?));
        let written = Best::rate(&millions(&rates(&pool, budget.window(), |_| {
            Written::new(region, self.cycle, 0..lines)
        })?));
        Ok(Pair {
            cpu_node,
            cpu,
            memory_node: self.memories[memory],
            pages: self.pages.to_owned(),
            dependent_ns: dependent.value,
            dependent_ns_range: dependent.range,
            independent_mops: independent.value,
            independent_mops_range: independent.range,
            written_mops: written.value,
            written_mops_range: written.range,
            huge_share: region.huge_share(),
        })
    }

    /// Several threads, each with memory of its own node.
    pub(super) fn together(
        &self,
        pin: &PinPolicy,
        threads: usize,
        budget: &mut Budget,
    ) -> Result<Bandwidth, CeilingsError> {
        let pool = pinned(self.machine, pin, threads)?;
        // The memory of each worker, and its number among those that have the same.
        let nodes: Vec<usize> = pool
            .plan()
            .bindings()
            .iter()
            .enumerate()
            .map(|(worker, binding)| {
                let own =
                    binding.node.and_then(|node| self.memories.iter().position(|&memory| memory == node));
                own.unwrap_or(worker % self.memories.len())
            })
            .collect();
        let place = |worker: usize| {
            let node = nodes[worker];
            let same = |range: &[usize]| range.iter().filter(|&&other| other == node).count();
            (&self.regions[node], same(&nodes[..worker]), same(&nodes))
        };
        let read = rates(&pool, budget.window(), |worker| {
            let (region, rank, of) = place(worker);
            Read::new(region, self.cycle, part_or_all(self.cycle.pieces(), rank, of))
        })?;
        let independent = rates(&pool, budget.window(), |worker| {
            let (region, rank, of) = place(worker);
            Independent::new(region, self.cycle, part(self.cycle.lines(), rank, of).start)
        })?;
        let written = rates(&pool, budget.window(), |worker| {
            let (region, rank, of) = place(worker);
            Written::new(region, self.cycle, part(self.cycle.lines(), rank, of))
        })?;
        let gib = Best::rate(&read.iter().map(|bytes| bytes / (1_u64 << 30) as f64).collect::<Vec<_>>());
        let [independent, written] = [independent, written].map(|rates| Best::rate(&millions(&rates)));
        Ok(Bandwidth {
            pin: pin.to_string(),
            pages: self.pages.to_owned(),
            threads,
            gib_s: gib.value,
            gib_s_range: gib.range,
            independent_mops: independent.value,
            independent_mops_range: independent.range,
            written_mops: written.value,
            written_mops_range: written.range,
        })
    }

    /// Lines between the CPUs of each pair of nodes, and between two CPUs of each node.
    pub(super) fn handovers(
        &self,
        cpus: &[(u32, u32)],
        budget: &mut Budget,
    ) -> Result<Vec<Handover>, CeilingsError> {
        let mut rows = Vec::new();
        for (index, &(cpu, node)) in cpus.iter().enumerate() {
            let others = cpus[index + 1..].iter().copied();
            for (other, other_node) in neighbour(self.machine, cpu, node).into_iter().chain(others) {
                let pool = on_cpus(self.machine, &[cpu, other])?;
                let memory = self.memories.iter().position(|&memory| memory == node).unwrap_or(0);
                let times = handover::nanoseconds(&pool, budget.window(), &self.regions[memory].lines()[0])?;
                let best = Best::time(&times);
                rows.push(Handover {
                    cpus: [cpu, other],
                    nodes: [node, other_node],
                    ns: best.value,
                    ns_range: best.range,
                });
            }
        }
        Ok(rows)
    }
}

/// A CPU of the same node, on another core if there is one.
fn neighbour(machine: &Machine, cpu: u32, node: u32) -> Option<(u32, u32)> {
    let core = |cpu| machine.cpu(cpu).map(|cpu| cpu.core);
    let near = || {
        machine
            .allowed()
            .iter()
            .filter(move |&other| other != cpu && machine.node_of_cpu(other) == Some(node))
    };
    near().find(|&other| core(other) != core(cpu)).or_else(|| near().next()).map(|other| (other, node))
}

/// A worker's part, or everything if there are more workers than things.
fn part_or_all(whole: usize, worker: usize, workers: usize) -> std::ops::Range<usize> {
    let part = part(whole, worker, workers);
    if part.is_empty() { 0..whole } else { part }
}

fn millions(rates: &[f64]) -> Vec<f64> {
    rates.iter().map(|rate| rate / 1e6).collect()
}
