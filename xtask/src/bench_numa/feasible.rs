//! Checks whether this machine can do what a plan says: whether each cell fits into memory, and whether its
//! workers can be pinned. The sweep asks this before it builds anything.

use std::collections::BTreeSet;

use bench::memory::{likely, operations};
use bench::protocol::CellSpec;
use bench::units;
use bskip_topology::{PinError, PinPolicy};

use super::machine::Machine;
use super::plan::Plan;
use crate::stop::Stop;

/// Refuses a plan with a cell that may need more memory than there is.
///
/// # Errors
///
/// One line that names the cell that needs most, what limits the memory, and what would fit.
pub(crate) fn memory(plan: &Plan, machine: &Machine) -> Result<(), String> {
    let cells = plan.groups.iter().flat_map(|group| &group.cells);
    let Some(cell) = cells.max_by_key(|cell| likely(cell)) else { return Ok(()) };
    let (needed, room) = (likely(cell), machine.memory_available);
    if needed <= room {
        return Ok(());
    }
    Err(format!(
        "{} with {} keys and {} operations of {} may need {} of memory; {} leaves {}: {}",
        cell.map,
        units::count(cell.keys),
        units::count(operations(cell)),
        cell.workload,
        units::bytes(needed),
        machine.memory_limit,
        units::bytes(room),
        way_out(cell, room),
    ))
}

/// What would fit.
fn way_out(cell: &CellSpec, room: u64) -> String {
    if cell.trace.is_some() {
        return "use a shorter trace, or raise the limit".into();
    }
    let fits = |keys: u64, ops: u64| likely(&CellSpec { keys, ops, ..cell.clone() }) <= room;
    if !fits(1, 1) {
        return "nothing fits: raise the limit".into();
    }
    // With as many operations as the user wants, unless they alone are too many for half of the memory.
    if fits(cell.keys, 1) && cell.ops > cell.keys {
        return format!("use at most --ops {}", most(|ops| fits(cell.keys, ops)));
    }
    let same = most(|both| fits(both, both));
    match cell.ops > cell.keys || operations(cell) == 0 {
        false if cell.ops < cell.keys => format!("use at most --keys {}", most(|keys| fits(keys, cell.ops))),
        _ => format!("use at most --keys {same} --ops {same}"),
    }
}

/// The largest round number that fits, at least 1.
fn most(fits: impl Fn(u64) -> bool) -> String {
    let (mut good, mut bad) = (0, u64::MAX);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    let step = 10_u64.pow(good.max(1).ilog10().saturating_sub(1));
    units::count((good / step * step).max(1))
}

/// Plans the workers of each setting on `machine`.
///
/// # Errors
///
/// One line that names the policy and says what is wrong with it, everywhere or on this machine.
pub(crate) fn pins(plan: &Plan, machine: &bskip_topology::Machine) -> Result<(), Stop> {
    let cells = plan.groups.iter().flat_map(|group| &group.cells);
    let settings: BTreeSet<(&str, usize)> = cells.map(|cell| (cell.pin.as_str(), cell.threads)).collect();
    for (pin, threads) in settings {
        let policy: PinPolicy = pin.parse().map_err(|error| Stop::usage(format!("--pin {pin}: {error}")))?;
        policy.plan(machine, threads).map_err(|error| {
            let line = format!("--pin {pin}: {error}");
            match error {
                PinError::Repeated { .. } => Stop::usage(line),
                _ => Stop::environment(line),
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan;
    use super::*;

    /// Plans a command line. Fails if the plan does not fit into the memory of `machine`.
    fn plan(line: &str, machine: &Machine) -> Result<Plan, String> {
        let plan = plan::tests::plan(line, machine)?;
        memory(&plan, machine).map(|()| plan)
    }

    #[test]
    fn operations_count_and_what_is_advised_fits() {
        let machine = sample(2, 1);
        for line in [
            "--maps bskip --workloads c --keys 1M --ops 100G",
            "--maps bskip,masstree --workloads c --keys 1G",
            "--maps bskip --workloads load --keys 18446744073709551615",
            "--maps bskip --workloads n --keys 1 --ops 18446744073709551615",
            "--maps masstree --workloads a --keys 100M --ops 5",
        ] {
            let error = plan(line, &machine).expect_err(line);
            assert!(error.contains("MemAvailable") && error.contains("use at most --"), "{error}");
            assert!(!error.contains('\n'), "{error}");
            let advice = error.split_once("use at most ").expect("it says what to do").1;
            // The last of two equal flags counts.
            let again = plan(&format!("{line} {advice}"), &machine);
            assert!(again.is_ok(), "{error}: {again:?}");
        }
    }

    #[test]
    fn a_small_group_refuses_what_a_large_machine_bears() {
        let mut machine = sample(2, 1);
        let line = "--maps bskip --workloads load --keys 20M";
        assert!(plan(line, &machine).is_ok());
        (machine.memory_available, machine.memory_limit) =
            (300 << 20, "memory.max of the control group /x".into());
        let error = plan(line, &machine).unwrap_err();
        assert!(error.contains("memory.max of the control group /x leaves 300 MiB"), "{error}");
        machine.memory_available = 1 << 20;
        assert!(plan(line, &machine).unwrap_err().contains("nothing fits"));
    }

    #[test]
    fn a_cpu_that_is_not_there_is_named() {
        let machine = bskip_topology::Machine::discover();
        let first = machine.allowed().first().expect("a process runs on some CPU");
        let with = |pin: &str| plan(&format!("--maps bskip --pin {pin}"), &sample(2, 1)).unwrap();
        assert_eq!(pins(&with(&format!("none,compact,cpus:{first}")), &machine), Ok(()));
        let Stop { line: error, code } = pins(&with("cpus:60000"), &machine).unwrap_err();
        assert_eq!(code, Stop::ENVIRONMENT);
        let twice = pins(&with(&format!("cpus:{first},{first}")), &machine).unwrap_err();
        assert_eq!(twice.code, Stop::USAGE);
        assert!(error.contains("--pin cpus:60000") && error.contains("choose among"), "{error}");
    }
}
