//! `cargo xtask bench-numa verify FILE`: measures again whether the choices of a configuration hold.
//!
//! `again` makes the plan, and `verdict` judges what came of it.

use bench::protocol::CellSpec;
use numa_alloc::NumaConfig;
use numa_alloc::config::{ConfigError, ConfigErrorKind};

use super::super::cell_binary::Build;
use super::super::machine::Machine;
use super::super::measure::measure;
use super::super::plan::{Plan, unfit};
use super::super::{feasible, presets};
use super::again;
use super::args::{ROUNDS, Verify};
use super::verdict::{self, Verdict};
use crate::child::listen;
use crate::stop::{Stop, print};

/// Runs the command.
pub(crate) fn verify(args: &Verify) -> Result<(), Stop> {
    let config = NumaConfig::from_file(&args.file).map_err(refused)?;
    let name = args.file.display();
    let choices = again::choices(&config, args.workloads.as_deref()).map_err(Stop::usage)?;
    if choices.iter().all(|choice| choice.pair().is_none()) {
        let best = &config.overall.best;
        return print(&format!(
            "{name} is for this machine; one setting was measured, so nothing can change: {best}\n"
        ));
    }
    let repeat = args.repeat.map_or(config.measured.rounds.max(ROUNDS), |repeat| repeat as usize);
    let plan = again::plan(&config, &choices, repeat, args.timeout.unwrap_or(presets::TIMEOUT));
    let topology = bskip_topology::Machine::discover();
    let machine = Machine::discover(&topology);
    fits(&plan, &machine, &name.to_string()).map_err(Stop::environment)?;
    feasible::memory(&plan, &machine).map_err(Stop::environment)?;
    feasible::pins(&plan, &topology)?;
    listen()?;
    let build = match &args.cell_bin {
        Some(path) => Build::given(path.clone()),
        None => Build::run(!args.no_native, false),
    }?;
    let (runs, complete) = measure(&plan, &build, plan.runs(), Vec::new(), None)?;
    if !complete {
        return Err(Stop::interrupted());
    }
    let verdicts = verdict::of(&choices, &runs);
    print(&verdict::table(&args.file, repeat, &verdicts, &runs))?;
    let bad = verdicts.iter().filter(|verdict| !verdict.holds()).map(Verdict::name).collect::<Vec<_>>();
    match bad[..] {
        [] => Ok(()),
        _ => Err(Stop::failure(format!(
            "{name} does not hold for {}: measure again with `cargo xtask bench-numa --out DIR`",
            bad.join(", ")
        ))),
    }
}

/// Refuses cells that this machine cannot run as the file says: it lacks a node, or pages are not reserved.
fn fits(plan: &Plan, machine: &Machine, file: &str) -> Result<(), String> {
    let why = |cell: &CellSpec| {
        let why = unfit(&cell.placement, &cell.pages, machine)?;
        Some(format!("{file}: placement {}, pages {}: {why}", cell.placement, cell.pages))
    };
    plan.specs().find_map(why).map_or(Ok(()), Err)
}

/// The exit code of a file that cannot be used.
fn refused(error: ConfigError) -> Stop {
    match error.kind {
        ConfigErrorKind::OtherMachine { .. } => Stop::environment(error.to_string()),
        _ => Stop::usage(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::sample;
    use super::super::super::plan::Group;
    use super::*;

    #[test]
    fn pages_that_are_not_reserved_are_refused() {
        let machine = sample(2, 1);
        let plan = |pages: &str| {
            let cell = CellSpec { placement: "local".into(), pages: pages.into(), ..CellSpec::default() };
            let groups = vec![Group { cells: vec![cell] }];
            let timeout = presets::TIMEOUT;
            Plan { groups, skipped: Vec::new(), repeat: 2, timeout, preset: None, budget: None }
        };
        let why = fits(&plan("hugetlb-2m"), &machine, "tuned.toml").unwrap_err();
        assert!(why.starts_with("tuned.toml: placement local, pages hugetlb-2m: no pages"), "{why}");
        assert_eq!(fits(&plan("thp"), &machine, "tuned.toml"), Ok(()));
    }

    #[test]
    fn a_file_of_another_machine_is_no_usage_error() {
        let kind = ConfigErrorKind::OtherMachine { differences: vec!["x".into()] };
        let stop = refused(ConfigError { file: None, kind });
        assert_eq!(stop.code, Stop::ENVIRONMENT);
        let gone = Verify { file: "/nonexistent/tuned.toml".into(), ..Verify::default() };
        let gone = verify(&gone).unwrap_err();
        assert_eq!(gone.code, Stop::USAGE);
        assert!(gone.line.contains("/nonexistent/tuned.toml cannot be read"), "{}", gone.line);
    }
}
