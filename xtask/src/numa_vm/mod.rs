//! `cargo xtask numa-vm`: the tests of placement, in virtual machines with several NUMA nodes.
//!
//! `machines` lists the guests, `suite` the test programs, `tally` reads what these said. What boots is in
//! `crate::guest`.

mod args;
mod machines;
mod suite;
mod tally;

use std::ffi::OsString;
use std::time::Duration;

use crate::bench_numa::print;
use crate::child;
use crate::guest::{Boot, Booted, Failure, Image, Kernel, Machine, check_host};
use crate::stop::Stop;
use crate::tree;
use args::Args;
use suite::{PROGRAMS, Suite};
use tally::Tally;

/// Many times what a guest takes on a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        return print(&help());
    }
    if args.list {
        println!("{}\n", machines::list());
        PROGRAMS.iter().for_each(|program| println!("  {} of {}", program.name, program.folder));
        return Ok(());
    }
    let qemu = check_host()?;
    let kernel = Kernel::find(args.kernel.as_deref())?;
    child::listen()?;
    let suite = Suite::build(&args.tests)?;
    let run = Run { suite: &suite, image: &suite.image()?, kernel: &kernel, kvm: args.kvm };
    println!("numa-vm: {qemu}, {}", kernel.name);
    let (mut sum, mut broken) = (Tally::default(), Vec::new());
    let mut machines = machines::all();
    machines.retain(|machine| args.machines.is_empty() || args.machines.contains(&machine.name));
    for machine in &machines {
        println!("\n{}: {}", machine.name, machine.what);
        match run.on(machine) {
            Ok(tally) if tally.is_well() => sum += tally,
            Ok(tally) => {
                sum += tally;
                broken.push(machine.name.as_str());
            }
            Err(Failure::Interrupted) => {
                return Err(Stop { code: Stop::INTERRUPTED, line: "interrupted".into() });
            }
            Err(failure) => {
                println!("  FAILED: {failure}");
                println!("  what it said: {}", run.log(machine).display());
                broken.push(machine.name.as_str());
            }
        }
    }
    println!("\nnuma-vm: {} machines: {sum}", machines.len());
    match broken[..] {
        [] => Ok(()),
        _ => Err(Stop::failure(format!("numa-vm: failed on {}", broken.join(", ")))),
    }
}

/// The text of `--help`, with the lists in force.
fn help() -> String {
    include_str!("help.txt")
        .replace("{quick}", &machines::QUICK.join(" and "))
        .replace("{machines}", &machines::list())
}

/// What is the same for all machines.
struct Run<'a> {
    suite: &'a Suite,
    image: &'a Image,
    kernel: &'a Kernel,
    kvm: bool,
}

impl Run<'_> {
    /// Boots one machine and tells what each program came to.
    fn on(&self, machine: &Machine) -> Result<Tally, Failure> {
        let script = self.suite.script();
        let boot = Boot {
            machine,
            kernel: self.kernel,
            image: self.image,
            script: &script,
            plugin: None,
            kvm: self.kvm,
            limit: LIMIT,
            log: &self.log(machine),
        };
        let Booted { console, took, .. } = boot.run()?;
        let mut sum = Tally::default();
        for (program, command) in self.suite.programs().zip(&console.commands) {
            let end = command.end.as_ref();
            // A program that died has no tally, one that failed says so in its exit code as well.
            let tally = match (Tally::read(console.text_of(command)), end.is_some_and(|end| end.is_success()))
            {
                (Some(tally), well) if tally.is_well() == well => tally,
                (tally, _) => {
                    let words = end.map_or_else(|| "no end".to_owned(), ToString::to_string);
                    let mut tally = tally.unwrap_or_default();
                    tally.failed.push(format!("{}: {words}", program.name));
                    tally
                }
            };
            println!("  {:<10} {:<14} {tally}", program.folder, program.name);
            tally.failed.iter().for_each(|test| println!("    FAILED: {test}"));
            tally.left_out.iter().for_each(|(test, why)| println!("    {test} left out: {why}"));
            sum += tally;
        }
        let killed = match console.oom_kills {
            Some(0) => None,
            Some(number) => Some(format!("{number} processes were killed for want of memory")),
            None => Some("the kernel does not tell how many processes it killed".to_owned()),
        };
        killed.iter().for_each(|why| println!("    FAILED: {why}"));
        sum.failed.extend(killed);
        let up = console.up.unwrap_or_default();
        println!("  {sum}; up after {up:.1} s, through after {:.1} s", took.as_secs_f64());
        if !sum.is_well() {
            println!("  what it said: {}", self.log(machine).display());
        }
        Ok(sum)
    }

    /// Where a machine's words are kept.
    fn log(&self, machine: &Machine) -> std::path::PathBuf {
        tree::target().join("guest/logs").join(format!("{}.log", machine.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_no_gaps_left_and_fits_a_terminal() {
        let text = help();
        assert!(!text.contains('{') && text.contains("tiered"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 120), "{text}");
    }
}
