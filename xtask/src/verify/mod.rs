//! `cargo xtask verify`: tries to break the map, and says how often it tried.
//!
//! `checks` lists the checks and `builds` how their code is compiled; `quick` runs them, `spin` the one that is
//! no test of cargo's; `counts` reads what they tried, `report` shows it. `soak` and `mutants` are the two
//! other things that the command does. `suite` makes cargo's command lines.

mod args;
mod builds;
mod checks;
mod counts;
mod mutants;
mod quick;
mod report;
mod soak;
mod spin;
mod suite;

use std::ffi::OsString;

use crate::child;
use crate::stop::Stop;
use args::Args;

/// The folder in the target folder.
const VERIFY: &str = "verify";

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        return crate::bench_numa::print(&include_str!("help.txt").replace("{checks}", &checks::list()));
    }
    if args.list {
        match args.mutants {
            Some(_) => mutants::all().for_each(|mutant| println!("{}: {}", mutant.name, mutant.what)),
            None => println!("{}", checks::list()),
        }
        return Ok(());
    }
    child::listen()?;
    match (&args.mutants, args.soak) {
        (Some(names), _) => mutants::command(names, args.every_tool),
        (None, Some(minutes)) => soak::command(minutes),
        (None, None) => quick::command(&args.only),
    }
}
