//! Whether the plan's workers can be pinned as it says, asked before anything is built.

use std::collections::BTreeSet;

use bskip_topology::{Machine, PinPolicy};

use super::plan::Plan;

/// Plans the workers of each setting on `machine`.
///
/// # Errors
///
/// One line that names the policy and what is wrong with it here.
pub(crate) fn check(plan: &Plan, machine: &Machine) -> Result<(), String> {
    let cells = plan.groups.iter().flat_map(|group| &group.cells);
    let settings: BTreeSet<(&str, usize)> = cells.map(|cell| (cell.pin.as_str(), cell.threads)).collect();
    for (pin, threads) in settings {
        let policy: PinPolicy = pin.parse().map_err(|error| format!("--pin {pin}: {error}"))?;
        policy.plan(machine, threads).map_err(|error| format!("--pin {pin}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_cpu_that_is_not_there_is_named() {
        let machine = Machine::discover();
        let first = machine.allowed().first().expect("a process runs on some CPU");
        let with = |pin: &str| plan(&format!("--maps bskip --pin {pin}"), &sample(2, 1)).unwrap();
        assert_eq!(check(&with(&format!("none,compact,cpus:{first}")), &machine), Ok(()));
        let error = check(&with("cpus:60000"), &machine).unwrap_err();
        assert!(error.contains("--pin cpus:60000") && error.contains("choose among"), "{error}");
    }
}
