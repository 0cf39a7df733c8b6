//! Plans: which worker runs on which CPUs of a machine.

use std::collections::BTreeMap;
use std::fmt;

use crate::order::{Ranked, allowed_cpus, scatter, smt_last};
use crate::summary::Count;
use crate::{CpuSet, Machine, PinError, PinPolicy, pin_current_thread};

/// Where one worker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The CPUs that the worker may use; never empty.
    pub cpus: CpuSet,
    /// The NUMA node that is home to all of these CPUs; `None` if they belong to several, so that the
    /// worker may wander between nodes.
    pub node: Option<u32>,
}

/// Where each worker runs: made by [`PinPolicy::plan`], applied by [`PinPlan::pin`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPlan {
    policy: PinPolicy,
    places: Vec<Place>,
    notes: Vec<String>,
    is_this_machine: bool,
}

impl PinPlan {
    /// Binds the calling thread to the place of `worker`. Does nothing for [`PinPolicy::None`].
    ///
    /// # Errors
    /// Those of [`pin_current_thread`]; [`PinError::OtherMachine`] if the plan was made for a described
    /// machine.
    ///
    /// # Panics
    /// If the plan has no such worker.
    pub fn pin(&self, worker: usize) -> Result<(), PinError> {
        let place = &self.places[worker];
        if self.policy == PinPolicy::None {
            return Ok(());
        }
        if !self.is_this_machine {
            return Err(PinError::OtherMachine);
        }
        pin_current_thread(&place.cpus)
    }

    /// The policy that made the plan.
    #[must_use]
    pub fn policy(&self) -> &PinPolicy {
        &self.policy
    }

    /// The place of each worker.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the plan has no workers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What a reader of results should know, as sentences: workers that share CPUs, nodes passed over,
    /// a machine whose nodes are unknown.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// A line for each worker: `worker 0: CPU 4, node 1`.
impl fmt::Display for PinPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (worker, place) in self.places.iter().enumerate() {
            let line_end = if worker == 0 { "" } else { "\n" };
            let plural = if place.cpus.len() == 1 { "" } else { "s" };
            write!(f, "{line_end}worker {worker}: CPU{plural} {}", place.cpus)?;
            match place.node {
                Some(node) => write!(f, ", node {node}")?,
                None => write!(f, ", any node")?,
            }
        }
        Ok(())
    }
}

impl PinPolicy {
    /// Places `workers` workers on `machine`. Equal arguments give equal plans.
    ///
    /// More workers than CPUs wrap around, and [`PinPlan::notes`] says so. O(CPUs log CPUs + workers).
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::{Machine, PinPolicy};
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 core:2 pu:1")?;
    /// let plan = PinPolicy::Scatter.plan(&machine, 4)?;
    /// let nodes: Vec<_> = plan.places().iter().map(|place| place.node).collect();
    /// assert_eq!(nodes, [Some(0), Some(1), Some(0), Some(1)]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PinError::NoCpus`] if no CPU of the machine is allowed or the list is empty;
    /// [`PinError::NoSuchCpu`], [`PinError::NotAllowed`] and [`PinError::Repeated`] for a CPU of an
    /// explicit list.
    pub fn plan(&self, machine: &Machine, workers: usize) -> Result<PinPlan, PinError> {
        let mut notes = Vec::new();
        let places = self.places(machine, &mut notes)?;
        let places: Vec<Place> = places.into_iter().cycle().take(workers).collect();
        notes.extend(crowding(&places));
        if let (Some(reason), Self::Scatter | Self::PerNode) = (machine.fallback(), self) {
            notes.push(format!("{self} sees one node only: {reason}"));
        }
        Ok(PinPlan { policy: self.clone(), places, notes, is_this_machine: machine.is_this_machine() })
    }

    /// The places in the order in which workers take them, each once; not empty.
    fn places(&self, machine: &Machine, notes: &mut Vec<String>) -> Result<Vec<Place>, PinError> {
        let allowed = allowed_cpus(machine);
        if allowed.is_empty() {
            return Err(PinError::NoCpus);
        }
        let place = |cpus: CpuSet| Place { node: common_node(machine, &cpus), cpus };
        let single =
            |cpus: Vec<Ranked>| cpus.into_iter().map(|r| place(CpuSet::from([r.cpu.number]))).collect();
        Ok(match self {
            Self::None => vec![place(machine.allowed().clone())],
            Self::Compact => single(allowed),
            Self::SmtLast => single(smt_last(allowed)),
            Self::Scatter => single(scatter(&allowed)),
            Self::PerNode => per_node(machine, notes).into_iter().map(place).collect(),
            Self::Cpus(list) => {
                check_list(list, machine)?;
                list.iter().map(|&cpu| place(CpuSet::from([cpu]))).collect()
            }
        })
    }
}

/// The allowed CPUs of each node that has any; notes the nodes passed over.
fn per_node(machine: &Machine, notes: &mut Vec<String>) -> Vec<CpuSet> {
    let mut sets = Vec::new();
    for node in machine.nodes() {
        let cpus = node.cpus.intersection(machine.allowed());
        if !cpus.is_empty() {
            sets.push(cpus);
        } else if node.is_cpuless() {
            notes.push(format!("node {} has no CPUs: no worker is placed there", node.number));
        } else {
            notes.push(format!(
                "this process may use no CPU of node {}: no worker is placed there",
                node.number
            ));
        }
    }
    sets
}

fn check_list(list: &[u32], machine: &Machine) -> Result<(), PinError> {
    if list.is_empty() {
        return Err(PinError::NoCpus);
    }
    let mut seen = CpuSet::new();
    for &cpu in list {
        if machine.cpu(cpu).is_none() {
            return Err(PinError::NoSuchCpu { cpu, machine: machine.cpu_numbers() });
        }
        if !machine.allowed().contains(cpu) {
            return Err(PinError::NotAllowed { cpu, allowed: machine.allowed().clone() });
        }
        if !seen.insert(cpu) {
            return Err(PinError::Repeated { cpu });
        }
    }
    Ok(())
}

/// The node that all the CPUs call home.
fn common_node(machine: &Machine, cpus: &CpuSet) -> Option<u32> {
    let mut nodes = cpus.iter().map(|cpu| machine.node_of_cpu(cpu));
    let first = nodes.next()??;
    nodes.all(|node| node == Some(first)).then_some(first)
}

/// A note if workers share CPUs. Places of one plan are either equal or disjoint.
fn crowding(places: &[Place]) -> Option<String> {
    let mut tenants = BTreeMap::<&CpuSet, usize>::new();
    for place in places {
        *tenants.entry(&place.cpus).or_default() += 1;
    }
    let worst = tenants.iter().map(|(cpus, count)| count.div_ceil(cpus.len())).max()?;
    let cpus: usize = tenants.keys().map(|cpus| cpus.len()).sum();
    (worst > 1).then(|| {
        format!(
            "{} workers on {}: the plan wraps around, up to {worst} workers share a CPU",
            places.len(),
            Count(cpus, "CPU")
        )
    })
}

#[cfg(test)]
mod tests;
