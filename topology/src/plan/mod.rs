//! Plans: the CPUs of a machine that each worker runs on.

mod cpu_order;

use std::collections::BTreeMap;
use std::fmt;

use cpu_order::{Ranked, allowed_cpus, scatter, smt_last};

use crate::cpuset::CpuSet;
use crate::error::PinError;
use crate::machine::{Cpu, Machine, NumaNode};
use crate::pin::pin_current_thread;
use crate::policy::PinPolicy;
use crate::summary::Count;

/// The binding of a worker: where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binding {
    /// The CPUs that the worker may use. Never empty.
    pub cpus: CpuSet,
    /// The NUMA node that is the home of all these CPUs; `None` if they have several homes, so that the
    /// worker may move between nodes.
    pub node: Option<u32>,
    /// The L3 cache that all these CPUs use, as [`Cpu::l3`]; `None` if it is unknown or they use several.
    pub l3: Option<u32>,
    /// The core that all these CPUs belong to, as [`Cpu::core`]; `None` if they belong to several. Workers on
    /// one core are SMT siblings.
    pub core: Option<u32>,
}

impl Binding {
    fn new(machine: &Machine, cpus: CpuSet) -> Self {
        Self {
            node: common(machine, &cpus, |cpu| Some(cpu.node)),
            l3: common(machine, &cpus, |cpu| cpu.l3),
            core: common(machine, &cpus, |cpu| Some(cpu.core)),
            cpus,
        }
    }
}

/// The binding of each worker. [`PinPolicy::plan`] makes a plan, [`PinPlan::pin`] applies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPlan {
    policy: PinPolicy,
    bindings: Vec<Binding>,
    notes: Vec<String>,
    is_this_machine: bool,
}

impl PinPlan {
    /// Binds the calling thread to the CPUs of `worker`. Does nothing for [`PinPolicy::None`].
    ///
    /// # Errors
    /// Those of [`pin_current_thread`]. [`PinError::OtherMachine`] if the plan was made for a described
    /// machine.
    ///
    /// # Panics
    /// If the plan has no such worker.
    pub fn pin(&self, worker: usize) -> Result<(), PinError> {
        let binding = &self.bindings[worker];
        if self.policy == PinPolicy::None {
            return Ok(());
        }
        if !self.is_this_machine {
            return Err(PinError::OtherMachine);
        }
        pin_current_thread(&binding.cpus)
    }

    /// The policy that made the plan.
    #[must_use]
    pub fn policy(&self) -> &PinPolicy {
        &self.policy
    }

    /// The binding of each worker.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether the plan has no workers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    /// What a reader of results should know, as sentences: workers that share CPUs or exceed a CPU quota,
    /// nodes that the plan skips, a machine whose nodes or caches are unknown.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// One line for each worker: `worker 0: CPU 4, node 1, L3 2`.
impl fmt::Display for PinPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (worker, binding) in self.bindings.iter().enumerate() {
            let line_end = if worker == 0 { "" } else { "\n" };
            let plural = if binding.cpus.len() == 1 { "" } else { "s" };
            write!(f, "{line_end}worker {worker}: CPU{plural} {}", binding.cpus)?;
            match binding.node {
                Some(node) => write!(f, ", node {node}")?,
                None => write!(f, ", any node")?,
            }
            if let Some(l3) = binding.l3 {
                write!(f, ", L3 {l3}")?;
            }
        }
        Ok(())
    }
}

impl PinPolicy {
    /// Plans `workers` workers on `machine`. Equal arguments give equal plans.
    ///
    /// If there are more workers than CPUs, several workers get the same CPUs, and [`PinPlan::notes`] says
    /// so. [`Machine::parallelism`] is the number of workers that can run at once. O(CPUs log CPUs +
    /// workers).
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::{Machine, PinPolicy};
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 core:2 pu:1")?;
    /// let plan = PinPolicy::Scatter.plan(&machine, 4)?;
    /// let nodes: Vec<_> = plan.bindings().iter().map(|binding| binding.node).collect();
    /// assert_eq!(nodes, [Some(0), Some(1), Some(0), Some(1)]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PinError::NoCpus`] if no CPU of the machine is allowed or the list is empty.
    /// [`PinError::NoSuchCpu`], [`PinError::NotAllowed`] and [`PinError::Repeated`] for a CPU of an explicit
    /// list.
    pub fn plan(&self, machine: &Machine, workers: usize) -> Result<PinPlan, PinError> {
        let mut notes = Vec::new();
        let bindings = self.bindings(machine, &mut notes)?;
        let bindings: Vec<Binding> = bindings.into_iter().cycle().take(workers).collect();
        notes.extend(crowding(&bindings));
        if let Some(quota) = machine.quota().filter(|&quota| quota < workers) {
            let quota = Count(quota, "CPU");
            notes.push(format!("a quota limits these {workers} workers to the time of about {quota}"));
        }
        if let (Some(reason), Self::Scatter | Self::PerNode | Self::PerL3) = (machine.fallback(), self) {
            notes.push(format!("{self} knows only one node: {reason}"));
        }
        if *self == Self::PerL3 && machine.cpus().iter().all(|cpu| cpu.l3.is_none()) {
            notes.push(format!("{self} knows of no L3 cache: workers are placed by node"));
        }
        Ok(PinPlan { policy: self.clone(), bindings, notes, is_this_machine: machine.is_this_machine() })
    }

    /// The bindings in the order in which workers take them, each once. Never empty.
    fn bindings(&self, machine: &Machine, notes: &mut Vec<String>) -> Result<Vec<Binding>, PinError> {
        let allowed = allowed_cpus(machine);
        if allowed.is_empty() {
            return Err(PinError::NoCpus);
        }
        let bind = |cpus| Binding::new(machine, cpus);
        let single =
            |cpus: Vec<Ranked>| cpus.into_iter().map(|r| bind(CpuSet::from([r.cpu.os_index]))).collect();
        Ok(match self {
            Self::None => vec![bind(machine.allowed().clone())],
            Self::Compact => single(allowed),
            Self::SmtLast => single(smt_last(allowed)),
            Self::Scatter => single(scatter(&allowed)),
            Self::PerNode => {
                notes.extend(passed_over(machine));
                per_node(machine).into_iter().map(bind).collect()
            }
            Self::PerL3 => {
                notes.extend(passed_over(machine));
                per_l3(&allowed).into_iter().map(bind).collect()
            }
            Self::Cpus(list) => {
                check_list(list, machine)?;
                list.iter().map(|&cpu| bind(CpuSet::from([cpu]))).collect()
            }
        })
    }
}

/// The allowed CPUs of each node that has some.
fn per_node(machine: &Machine) -> Vec<CpuSet> {
    let sets = machine.nodes().iter().map(|node| node.cpus.intersection(machine.allowed()));
    sets.filter(|cpus| !cpus.is_empty()).collect()
}

/// A note for each node where no worker can run.
fn passed_over(machine: &Machine) -> impl Iterator<Item = String> {
    let empty = |node: &&NumaNode| node.cpus.intersection(machine.allowed()).is_empty();
    machine.nodes().iter().filter(empty).map(|node| {
        let number = node.os_index;
        let why = if node.memory == Some(0) || !node.allowed {
            format!("node {number} has no memory for this process")
        } else if node.is_cpuless() {
            format!("node {number} has no CPUs")
        } else {
            format!("this process may use no CPU of node {number}")
        };
        format!("{why}: no worker is placed there")
    })
}

/// The CPUs of each L3 domain within a node. The domains are in the order in which `scatter` meets them.
fn per_l3(cpus: &[Ranked]) -> Vec<CpuSet> {
    let (mut domains, mut known) = (Vec::<CpuSet>::new(), BTreeMap::new());
    for Ranked { cpu, .. } in scatter(cpus) {
        let domain = *known.entry((cpu.node, cpu.l3)).or_insert_with(|| {
            domains.push(CpuSet::new());
            domains.len() - 1
        });
        domains[domain].insert(cpu.os_index);
    }
    domains
}

fn check_list(list: &[u32], machine: &Machine) -> Result<(), PinError> {
    if list.is_empty() {
        return Err(PinError::NoCpus);
    }
    let mut seen = CpuSet::new();
    for &cpu in list {
        if machine.cpu(cpu).is_none() {
            return Err(PinError::NoSuchCpu { cpu, machine: machine.cpu_set() });
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

/// The value that all the CPUs have in common; `None` if they differ.
fn common(machine: &Machine, cpus: &CpuSet, of: impl Fn(&Cpu) -> Option<u32>) -> Option<u32> {
    let mut values = cpus.iter().map(|cpu| machine.cpu(cpu).and_then(&of));
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// A note if workers share CPUs. The bindings of a plan are equal or disjoint.
fn crowding(bindings: &[Binding]) -> Option<String> {
    let mut tenants = BTreeMap::<&CpuSet, usize>::new();
    for binding in bindings {
        *tenants.entry(&binding.cpus).or_default() += 1;
    }
    let worst = tenants.iter().map(|(cpus, count)| count.div_ceil(cpus.len())).max()?;
    let cpus: usize = tenants.keys().map(|cpus| cpus.len()).sum();
    (worst > 1).then(|| {
        format!("{} workers on {}: up to {worst} workers share a CPU", bindings.len(), Count(cpus, "CPU"))
    })
}

#[cfg(test)]
pub(crate) mod tests;
