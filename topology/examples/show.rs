//! Prints this machine (or a synthetic one) and a plan for it.
//!
//! `cargo run -p bskip-topology --example show -- [POLICY] [WORKERS] [SYNTHETIC DESCRIPTION]`

use std::error::Error;
use std::process::ExitCode;

use bskip_topology::{Machine, PinPolicy};

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn show() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let policy: PinPolicy = arguments.next().as_deref().unwrap_or("scatter").parse()?;
    let workers = arguments.next().map(|count| count.parse()).transpose()?;
    let machine = match arguments.next() {
        Some(description) => Machine::synthetic(&description)?,
        None => Machine::discover(),
    };

    println!("{machine}");
    for node in machine.nodes() {
        let cpus = if node.is_cpuless() { "none".to_owned() } else { node.cpus.to_string() };
        let memory = node.memory.map_or("unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        let bandwidth = node.bandwidth.map(|rate| format!(", {rate} MiB/s")).unwrap_or_default();
        println!("node {}: CPUs {cpus}, memory {memory}{bandwidth}", node.os_index);
    }
    if let Some(distances) = machine.distances() {
        println!("distances:\n{distances}");
    }
    for note in machine.notes() {
        println!("note: {note}");
    }

    let plan = policy.plan(&machine, workers.unwrap_or(machine.parallelism()))?;
    println!("plan {policy}:\n{plan}");
    for note in plan.notes() {
        println!("note: {note}");
    }
    Ok(())
}
