//! What the numbers of this sweep cannot show on this machine, derived from facts about it.

use bench::protocol::{CellOutcome, CellSpec};
use bench::units;

use super::machine::Machine;
use super::plan::Plan;
use super::run::Run;

/// The bytes of a key and its value alone. They say whether a map can fit into a cache.
const PAYLOAD: u64 = 16;

/// If a run takes fewer seconds than this, starting and stopping the threads is a part of what it measures.
const SHORT: f64 = 0.05;

/// One sentence for each conclusion that the numbers do not support.
pub(crate) fn caveats(plan: &Plan, runs: &[Run], machine: &Machine) -> Vec<String> {
    let cells: Vec<&CellSpec> = plan.groups.iter().flat_map(|group| &group.cells).collect();
    let threads = cells.iter().map(|cell| cell.threads).max().unwrap_or(1);
    let keys = cells.iter().map(|cell| cell.keys).max().unwrap_or(0);
    let cpus = machine.cpus.len();
    let mut said = Vec::new();
    if threads > cpus {
        said.push(format!("{threads} threads took turns on {cpus} CPUs: that is scheduling, not scaling."));
    } else if cpus <= 4 {
        said.push(format!("{cpus} CPUs: contention among many threads does not show."));
    }
    if machine.nodes.len() == 1 {
        said.push("One NUMA node: what remote memory costs does not show.".into());
    }
    if machine.virtual_machine {
        said.push("A virtual machine: its neighbours move the numbers; trust ratios before rates.".into());
    }
    if machine.load_average > 0.5 * cpus as f64 {
        said.push(format!(
            "The machine was busy before the sweep began (load average {:.1}).",
            machine.load_average
        ));
    }
    if let Some(cache) = machine.cache.filter(|&cache| keys.saturating_mul(PAYLOAD) <= cache) {
        said.push(format!(
            "{} keys can fit into the largest cache ({}): memory latency shows with more, say --keys {}.",
            units::count(keys),
            units::bytes(cache),
            units::count(keys_beyond(cache)),
        ));
    }
    let short = runs.iter().filter(|run| is_short(run)).count();
    if short > 0 {
        said.push(format!(
            "{short} of {} runs took less than {:.0} ms, starting the threads included: use more --ops.",
            runs.len(),
            SHORT * 1e3,
        ));
    }
    if runs.iter().any(counts_locks) {
        said.push(
            "The program counted locks (--locks), which makes our maps slower: do not compare rates.".into(),
        );
    }
    match plan.repeat {
        1 => said.push("One round: no intervals; --repeat 5 gives some.".into()),
        2 => said.push("Two rounds: intervals are wide; --repeat 5 gives narrower ones.".into()),
        _ => {}
    }
    said
}

/// The number of keys whose pairs take more than this cache: the next power of ten, and at least 10M.
fn keys_beyond(cache: u64) -> u64 {
    10_u64.pow((cache / PAYLOAD).max(1).ilog10() + 1).max(10_000_000)
}

fn counts_locks(run: &Run) -> bool {
    matches!(&run.result, CellOutcome::Measured(measurement) if measurement.locks.is_some())
}

fn is_short(run: &Run) -> bool {
    matches!(&run.result, CellOutcome::Measured(measurement) if measurement.seconds < SHORT)
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::super::summary::tests::run;
    use super::*;

    #[test]
    fn a_small_machine_says_what_it_cannot_show() {
        let mut machine = sample(2, 1);
        machine.virtual_machine = true;
        machine.load_average = 3.2;
        let plan = plan("--keys 100k --repeat 1 --threads 2", &machine).unwrap();
        let said = caveats(&plan, &[], &machine).join("\n");
        for fact in
            ["2 CPUs", "One NUMA node", "virtual machine", "load average 3.2", "100k keys", "One round"]
        {
            assert!(said.contains(fact), "{fact} in {said}");
        }
    }

    #[test]
    fn a_large_quiet_machine_has_nothing_to_excuse() {
        let machine = sample(64, 2);
        let plan = plan("--keys 10M --repeat 3", &machine).unwrap();
        assert_eq!(caveats(&plan, &[], &machine), Vec::<String>::new());
    }

    #[test]
    fn more_keys_are_more_than_the_cache_holds() {
        for (cache, keys) in [(1 << 20, 10_000_000), (159_999_999, 10_000_000), (300 << 20, 100_000_000)] {
            assert_eq!(keys_beyond(cache), keys, "{cache} bytes");
        }
    }

    #[test]
    fn more_threads_than_cpus_is_said() {
        let machine = sample(2, 1);
        let plan = plan("--threads 1,8", &machine).unwrap();
        assert!(caveats(&plan, &[], &machine)[0].contains("8 threads took turns on 2 CPUs"));
    }

    #[test]
    fn a_program_that_counts_locks_is_named() {
        let machine = sample(64, 2);
        let plan = plan("--keys 10M --maps bskip --workloads c --repeat 3", &machine).unwrap();
        let mut counted = run(&plan, 0, 1, measured(1.0));
        let CellOutcome::Measured(measurement) = &mut counted.result else { panic!("it was measured") };
        measurement.locks = Some(bench::locks::Locks::default());
        let said = caveats(&plan, &[counted], &machine);
        assert!(said.len() == 1 && said[0].contains("--locks"), "{said:?}");
    }

    #[test]
    fn runs_that_are_over_at_once_are_counted() {
        let machine = sample(64, 2);
        let plan = plan("--keys 10M --maps bskip,congee --workloads c --repeat 3", &machine).unwrap();
        let runs = [run(&plan, 0, 1, measured(1.0)), run(&plan, 1, 1, measured(100.0))];
        let said = caveats(&plan, &runs, &machine);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("1 of 2 runs took less than 50 ms"), "{said:?}");
    }
}
