//! `cargo xtask numa-vm`: the tests of placement, in virtual machines with several NUMA nodes.
//!
//! `machines` lists the guests, `suite` lists the test programs, and `tally` reads what these printed.

mod machines;
mod suite;
mod tally;

use std::path::PathBuf;
use std::time::Duration;

use super::guest::{Boot, Booted, Failure, Image, Kernel, Machine, check_host};
use crate::child;
use crate::cli::known;
use crate::stop::Stop;
use crate::tree;
use suite::{PROGRAMS, Suite};
use tally::Tally;

/// Many times as long as a guest takes on an idle machine.
const LIMIT: Duration = Duration::from_secs(600);

/// Run the tests of placement in virtual machines with several NUMA nodes
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(args_override_self = true, after_help = below())]
pub(crate) struct Args {
    /// Names of machines [default: all]
    #[arg(value_name = "MACHINE", value_parser = machine, conflicts_with = "quick")]
    machines: Vec<String>,
    #[arg(long, help = format!("The machines of CI: {}", machines::QUICK.join(" and ")))]
    quick: bool,
    /// Only these test programs: a,b,c
    #[arg(long, value_name = "LIST", value_parser = programs)]
    tests: Option<std::vec::Vec<String>>,
    /// This kernel, vmlinux or bzImage, instead of Debian's
    #[arg(long, value_name = "PATH")]
    kernel: Option<PathBuf>,
    /// Let the processor run the guests, not QEMU: faster, but on some hosts a guest never comes up
    #[arg(long)]
    kvm: bool,
    /// List the machines and the test programs, and stop
    #[arg(long)]
    list: bool,
}

impl Args {
    /// The machines of CI.
    pub(crate) fn quick() -> Self {
        Self { quick: true, ..Self::default() }
    }

    fn has(&self, machine: &str) -> bool {
        match self.quick {
            true => machines::QUICK.contains(&machine),
            false => self.machines.is_empty() || self.machines.iter().any(|name| name == machine),
        }
    }
}

fn machine(name: &str) -> Result<String, String> {
    known("machine", name, machines::all().iter().map(|machine| machine.name.as_str()))
}

fn programs(list: &str) -> Result<Vec<String>, String> {
    let names = PROGRAMS.iter().map(|program| program.name);
    list.split(',').map(|name| known("test program", name, names.clone())).collect()
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    if args.list {
        println!("{}\n", machines::list());
        PROGRAMS.iter().for_each(|program| println!("  {} of {}", program.name, program.folder));
        return Ok(());
    }
    let qemu = check_host()?;
    let kernel = Kernel::find(args.kernel.as_deref())?;
    child::listen()?;
    let suite = Suite::build(args.tests.as_deref().unwrap_or_default())?;
    let run = Run { suite: &suite, image: &suite.image()?, kernel: &kernel, kvm: args.kvm };
    println!("numa-vm: {qemu}, {}", kernel.name);
    let (mut sum, mut broken) = (Tally::default(), Vec::new());
    let mut machines = machines::all();
    machines.retain(|machine| args.has(&machine.name));
    for machine in &machines {
        println!("\n{}: {}", machine.name, machine.what);
        match run.on(machine) {
            Ok(tally) if tally.is_well() => sum += tally,
            Ok(tally) => {
                sum += tally;
                broken.push(machine.name.as_str());
            }
            Err(Failure::Interrupted) => {
                return Err(Stop::interrupted());
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

/// The help text below the flags.
fn below() -> String {
    format!(
        "\
Machines:
{}

`sh .ci/setup --guests` installs QEMU. `apt-get download` fetches the kernel once, into target/guest/kernel; remove that
folder for a newer one. What a guest said is kept in target/guest/logs, a file each.

A test that needs what a machine lacks prints \"left out\", and is listed so. A guest has failed if its kernel panics,
if it hangs, if it sees other nodes than it was given, or if a process in it was killed because memory ran out.

Exit code: 0; 1 if a test or a guest failed; 2 for a bad flag; 130 after Ctrl-C.

Examples:
  cargo xtask numa-vm
  cargo xtask numa-vm --quick
  cargo xtask numa-vm 2x2 tiered --tests policies,numa_map",
        machines::list()
    )
}

/// The parts that all machines share.
struct Run<'a> {
    suite: &'a Suite,
    image: &'a Image,
    kernel: &'a Kernel,
    kvm: bool,
}

impl Run<'_> {
    /// Boots one machine and prints how each program ended.
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
            // A program that died has no tally. A program that failed reports this by its exit code as well.
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
            Some(number) => Some(format!("{number} processes were killed because memory ran out")),
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

    /// The file for a machine's output.
    fn log(&self, machine: &Machine) -> PathBuf {
        tree::target().join("guest/logs").join(format!("{}.log", machine.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn flags_are_read() {
        let parse = |line: &str| cli::parse::<Args>(line).unwrap();
        assert_eq!(parse(""), Args::default());
        let args = parse("2x2 tiered --tests policies,kernel --kernel some/vmlinux --kvm");
        assert_eq!(
            (&args.machines[..], args.tests.as_ref().unwrap().len()),
            (&["2x2".into(), "tiered".into()][..], 2)
        );
        assert!(args.has("2x2") && !args.has("huge") && parse("").has("huge"));
        assert_eq!((args.kernel, args.kvm), (Some("some/vmlinux".into()), true));
        assert!(parse("--quick").has(machines::QUICK[0]) && !Args::quick().has("huge"));
    }

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("3x3", "no machine \"3x3\"; there are 2x2, "),
            ("--tests nothing", "no test program \"nothing\"; there are "),
            ("--tests", "a value is required"),
            ("--quick 2x2", "cannot be used with"),
            ("--fast", "--help"),
        ] {
            let error = cli::parse::<Args>(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
        let help = cli::help::<Args>();
        assert!(help.contains("tiered") && help.lines().all(|line| line.len() <= 120), "{help}");
    }
}
