//! The subcommand `topology`.

use std::path::Path;

use bskip_topology::{Machine, PinPolicy};
use clap::Args;

use super::placed::placed;
use super::report::{Described, PlannedPins, Worker};
use crate::numbers;

/// A machine that is not here, and plans for it, as JSON.
#[derive(Args)]
pub struct TopologyCommand {
    /// hwloc's synthetic notation, such as `package:2 numa:1 core:8 pu:2`, or a file with it or with XML as
    /// `lstopo --of xml` writes it
    description: String,
    /// Plan this pinning; may be given several times
    #[arg(long, value_name = "POLICY")]
    pin: Vec<PinPolicy>,
    /// Plan this number of workers for each pinning; may be given several times
    #[arg(long, value_name = "N", value_parser = numbers::threads)]
    threads: Vec<usize>,
    /// Say which nodes this placement uses; may be given several times
    #[arg(long, value_name = "PLACEMENT")]
    placement: Vec<String>,
}

impl TopologyCommand {
    /// The machine and the plans as a line of JSON.
    ///
    /// # Errors
    /// hwloc refuses the description, or a plan is impossible on the machine.
    pub fn run(&self) -> Result<String, String> {
        let machine = machine(&self.description)?;
        let described = self.describe(&machine)?;
        Ok(serde_json::to_string(&described).map_err(|error| error.to_string())? + "\n")
    }

    fn describe(&self, machine: &Machine) -> Result<Described, String> {
        let usable = machine.nodes().iter().filter(|node| node.allowed && node.memory != Some(0));
        let (alone, homes): (Vec<_>, Vec<_>) = usable.clone().partition(|node| node.is_cpuless());
        let numbers =
            |nodes: Vec<&bskip_topology::NumaNode>| nodes.iter().map(|node| node.os_index as usize).collect();
        let pins = self.pin.iter().flat_map(|pin| self.threads.iter().map(move |&threads| (pin, threads)));
        Ok(Described {
            cpus: machine.allowed().iter().collect(),
            nodes: numbers(homes),
            memory_alone: numbers(alone),
            memory: usable.filter_map(|node| node.memory).sum(),
            cache: machine.caches().iter().filter_map(|cache| cache.size).max(),
            notes: machine.notes().to_vec(),
            pins: pins.map(|(pin, threads)| planned(pin, threads, machine)).collect::<Result<_, _>>()?,
            placements: self.placement.iter().map(|text| placed(text, machine)).collect::<Result<_, _>>()?,
        })
    }
}

/// The machine of a description, or of a file that holds one.
fn machine(description: &str) -> Result<Machine, String> {
    let text = match Path::new(description).is_file() {
        true => std::fs::read_to_string(description).map_err(|error| format!("{description}: {error}"))?,
        false => description.to_owned(),
    };
    let text = text.trim();
    let machine = if text.starts_with('<') { Machine::from_xml(text) } else { Machine::synthetic(text) };
    machine.map_err(|error| {
        format!("{error}; write it like 'package:2 numa:1 core:8 pu:2', or name a file of lstopo --of xml")
    })
}

/// Where the workers of one setting run.
fn planned(pin: &PinPolicy, threads: usize, machine: &Machine) -> Result<PlannedPins, String> {
    let plan = pin.plan(machine, threads).map_err(|error| format!("--pin {pin}: {error}"))?;
    let workers = plan.bindings().iter();
    Ok(PlannedPins {
        pin: pin.to_string(),
        threads,
        workers: workers.map(|worker| Worker { cpus: worker.cpus.to_string(), node: worker.node }).collect(),
        notes: plan.notes().to_vec(),
    })
}
