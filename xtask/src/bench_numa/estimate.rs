//! How long a plan takes. The rates are those of the sweeps in `bench/results`, which ran on other machines, so the
//! answer is a range.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bench::protocol::CellSpec;
use bench::units;
use serde::Deserialize;

use super::plan::Plan;

/// Beside the operations themselves, a cell generates them with their answers and checks the map afterwards. In
/// sweeps this took between nothing and three times as long as the operations.
const MOST_OVERHEAD: f64 = 4.0;
/// Starting and ending a process.
const PROCESS: f64 = 0.02;

/// Operations a second and thread: the least and the most.
type Rates = (f64, f64);

/// The columns of `results.csv` that matter here.
#[derive(Deserialize)]
struct Line {
    status: String,
    map: String,
    workload: String,
    threads: f64,
    mops: Option<f64>,
}

/// What a plan takes, in words. `None` if no sweep is known.
pub(crate) fn words(plan: &Plan, cpus: usize, results: &Path) -> Option<String> {
    let known = known(results);
    let (mut least, mut most) = (0.0, 0.0);
    for spec in plan.specs() {
        let (low, high) = cell(spec, cpus, &known)?;
        let limit = plan.timeout.as_secs_f64();
        least += f64::min(low, limit);
        most += f64::min(high, limit);
    }
    let rounds = plan.repeat as f64;
    let time = |seconds: f64| units::duration(Duration::from_secs_f64((seconds * rounds).max(1.0).round()));
    Some(format!(
        "takes {} to {}, if each thread is as fast as in the sweeps of bench/results, which ran on other machines",
        time(least),
        time(most)
    ))
}

/// Seconds of one run of a cell: the least and the most.
fn cell(spec: &CellSpec, cpus: usize, known: &HashMap<(String, String), Rates>) -> Option<(f64, f64)> {
    // At best, the rate grows with the threads as far as there are CPUs. At worst, with half of them.
    let workers = spec.threads.min(cpus) as f64;
    let seconds = |workload: &str, ops: u64| {
        let (slow, fast) = rates(&spec.map, workload, known)?;
        Some((ops as f64 / (fast * workers), ops as f64 / (slow * (workers / 2.0).max(1.0))))
    };
    let load = seconds("load", spec.keys)?;
    let run = match &*spec.workload {
        "load" => (0.0, 0.0),
        workload => seconds(workload, spec.ops)?,
    };
    Some((load.0 + run.0 + PROCESS, (load.1 + run.1) * MOST_OVERHEAD + PROCESS))
}

/// The rates of a map under a workload; if they are unknown, those of all maps, or of everything.
fn rates(map: &str, workload: &str, known: &HashMap<(String, String), Rates>) -> Option<Rates> {
    let all = |has: &dyn Fn(&(String, String)) -> bool| {
        let rates = known.iter().filter(|(key, _)| has(key)).map(|(_, rates)| *rates);
        rates.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    };
    all(&|(of, under)| of == map && under == workload)
        .or_else(|| all(&|(_, under)| under == workload))
        .or_else(|| all(&|_| true))
}

/// The rates of each map under each workload in the folders of `results`.
fn known(results: &Path) -> HashMap<(String, String), Rates> {
    let mut known: HashMap<(String, String), Rates> = HashMap::new();
    let folders = fs::read_dir(results).into_iter().flatten().flatten();
    for mut reader in
        folders.filter_map(|folder| csv::Reader::from_path(folder.path().join("results.csv")).ok())
    {
        for line in reader.deserialize::<Line>().flatten() {
            let Some(mops) = line.mops.filter(|mops| line.status == "measured" && *mops > 0.0) else {
                continue;
            };
            let rate = mops * 1e6 / line.threads;
            let (least, most) = known.entry((line.map, line.workload)).or_insert((rate, rate));
            (*least, *most) = (least.min(rate), most.max(rate));
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::*;
    use crate::tree;

    #[test]
    fn a_plan_takes_as_long_as_its_cells() {
        let dir = tree::target().join(format!("bench-numa/estimate-{}", std::process::id()));
        fs::create_dir_all(dir.join("a")).unwrap();
        let lines = "status,map,workload,threads,mops\nmeasured,bskip,load,2,4.0\nmeasured,bskip,load,1,1\n\
                     measured,bskip,c,2,8\nfailed,bskip,c,2,\n";
        fs::write(dir.join("a/results.csv"), lines).unwrap();
        let plan = |flags: &str| plan(&format!("--maps bskip --repeat 3 {flags}"), &sample(4, 1)).unwrap();
        let known = known(&dir);
        assert_eq!(known[&("bskip".into(), "load".into())], (1e6, 2e6));
        let of = |flags: &str| cell(plan(flags).specs().next().unwrap(), 4, &known).unwrap();
        let (least, most) = of("--workloads load --keys 8M --threads 4");
        assert_eq!((least, most), (1.0 + PROCESS, 4.0 * MOST_OVERHEAD + PROCESS));
        // Threads beyond the CPUs do not help.
        assert_eq!(of("--workloads load --keys 8M --threads 64"), (least, most));
        let (least, _) = of("--workloads c --keys 8M --ops 16M --threads 1");
        assert_eq!(least, 4.0 + 4.0 + PROCESS);
        let text = words(&plan("--workloads load --keys 8M --threads 4"), 4, &dir).unwrap();
        assert!(text.starts_with("takes 3 s to 48 s, if each thread"), "{text}");
        // Another map has the rates of all maps.
        assert!(rates("congee", "c", &known).is_some());
        assert_eq!(words(&plan("--workloads load"), 4, &dir.join("none")), None);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_sweeps_of_this_repository_give_rates() {
        let known = known(&tree::root().join("bench/results"));
        assert!(known.contains_key(&("bskip".into(), "load".into())));
        assert!(known.values().all(|(least, most)| 0.0 < *least && least <= most));
    }
}
