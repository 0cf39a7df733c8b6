//! Pinned workers fill one map over a NUMA arena, each with its own range of keys. Then the program prints
//! where each worker ran and where the memory is.
//!
//! `cargo run --release -p bench --example workers -- [POLICY] [WORKERS] [KEYS]`

use std::error::Error;
use std::process::ExitCode;

use bskip_core::BSkipMap;
use bskip_topology::{Machine, Partition, PinPolicy, WorkerPool, current_cpu, current_node};
use numa_alloc::NumaArena;

fn main() -> ExitCode {
    match fill() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("workers: {error}");
            ExitCode::from(2)
        }
    }
}

fn fill() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let policy: PinPolicy = arguments.next().as_deref().unwrap_or("smt-last").parse()?;
    let number = |argument: Option<String>, what, default: u64| match argument {
        Some(text) => text.parse().ok().filter(|&n| n > 0).ok_or(format!("{text} is no number of {what}")),
        None => Ok(default),
    };
    let machine = Machine::discover();
    let workers = number(arguments.next(), "workers", machine.parallelism() as u64)?;
    let keys = number(arguments.next(), "keys", 1_000_000)?;
    println!("{machine}");

    let plan = policy.plan(&machine, usize::try_from(workers)?)?;
    let partition = Partition::new(&plan, 0..=keys - 1);
    // The default policy places a block on the node of the thread that asks for it, so each range is on its
    // worker's node.
    let arena = NumaArena::new()?;
    let map = BSkipMap::with_arena(arena.clone())?;
    let pool = WorkerPool::new(plan);
    for note in machine.notes().iter().chain(&pool.notes()) {
        println!("note: {note}");
    }
    let lines = pool.run(|worker| {
        let range = partition.range(worker.index());
        for key in range.clone() {
            map.insert(key, key);
        }
        let cpu = current_cpu().map_or("an unknown CPU".to_owned(), |cpu| format!("CPU {cpu}"));
        let pinned = if worker.is_pinned() { "pinned" } else { "not pinned" };
        let (index, node) = (worker.index(), current_node());
        format!("worker {index}: keys {range:?} inserted on {cpu}, node {node}, {pinned}")
    });
    println!("{}", lines.join("\n"));

    let bounds: Vec<String> = partition
        .bounds()
        .into_iter()
        .map(|(lowest, node)| format!("from {lowest} on node {node}"))
        .collect();
    println!(
        "keys by plan: {}",
        if bounds.is_empty() { "on any node".to_owned() } else { bounds.join(", ") }
    );
    println!("{} keys\n{}\n{}", map.len(), arena.report(), arena.verify_placement());
    Ok(())
}
