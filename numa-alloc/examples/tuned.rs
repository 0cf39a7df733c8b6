//! Loads the settings that a sweep found to be the best of this machine, and works with them.
//!
//! ```sh
//! cargo xtask bench-numa --quick --out results
//! cargo run -p numa-alloc --features config --example tuned -- results/tuned.toml c
//! ```
//!
//! Without a file it says how to make one. The second word is a workload; without it, the best setting over
//! all workloads is used.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use bskip_core::BSkipMap;
use bskip_topology::{Machine, PinPolicy, WorkerPool};
use numa_alloc::NumaConfig;

const KEYS: u64 = 100_000;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let Some(file) = words.next() else {
        eprintln!("usage: tuned FILE [WORKLOAD]; cargo xtask bench-numa --out DIR writes DIR/tuned.toml");
        return ExitCode::from(2);
    };
    match work(&file, words.next().as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tuned: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(file: &str, workload: Option<&str>) -> Result<(), Box<dyn Error>> {
    // Before any thread is pinned: a pinned thread sees a smaller machine.
    let config = NumaConfig::from_file(file)?;
    let best = match workload {
        Some(workload) => config.best_for(workload)?,
        None => config.best()?,
    };
    println!("{best}");
    let arena = best.arena().build()?;
    let map = BSkipMap::with_config(arena.clone(), best.map())?;
    let plan = best.pin.parse::<PinPolicy>()?.plan(&Machine::discover(), best.threads)?;
    let pool = WorkerPool::new(plan);
    pool.run(|worker| {
        let (first, step) = (worker.index() as u64, worker.workers());
        (first..KEYS).step_by(step).for_each(|key| _ = map.insert(key, key));
    });
    assert_eq!(map.len() as u64, KEYS);
    let report = arena.verify_placement();
    println!("{report}");
    if !report.is_as_requested() {
        return Err("some pages are not where the setting wants them; the lines above say which".into());
    }
    Ok(())
}
