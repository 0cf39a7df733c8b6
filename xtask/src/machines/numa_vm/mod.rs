//! `cargo xtask numa-vm`: the tests of placement, in virtual machines with several NUMA nodes.
//!
//! `machines` lists the guests, `suite` lists the test programs, and `tally` reads what these printed. `tuned`
//! sweeps in a guest.

mod machines;
mod suite;
mod tally;
mod tuned;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::guest::{Boot, Image, Kernel, Machine};
use super::qemu::check_host;
use crate::child;
use crate::cli::known;
use crate::stop::Stop;
use crate::tree;
use suite::{PROGRAMS, Program};
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
    /// Instead: sweep in a guest with 4 nodes, load its tuned.toml there, refuse it here
    #[arg(long, conflicts_with_all = ["machines", "quick", "tests"])]
    tuned: bool,
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

    /// The sweep in a guest.
    pub(crate) fn tuned() -> Self {
        Self { tuned: true, ..Self::default() }
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
    if args.tuned {
        println!("numa-vm: {qemu}, {}", kernel.name);
        return tuned::run(&kernel, args.kvm);
    }
    let programs = suite::build(args.tests.as_deref().unwrap_or_default())?;
    let paths: Vec<String> = programs.iter().map(|(program, _)| program.path()).collect();
    let image =
        Image::new(paths.iter().map(String::as_str).zip(programs.iter().map(|(_, file)| file.as_path())))?;
    let run = Run { programs: &programs, image: &image, kernel: &kernel, kvm: args.kvm };
    println!("numa-vm: {qemu}, {}", kernel.name);
    let (mut sum, mut broken) = (Tally::default(), Vec::new());
    let mut machines = machines::all();
    machines.retain(|machine| args.has(&machine.name));
    for machine in &machines {
        println!("\n{}: {}", machine.name, machine.what);
        let log = tree::target().join("guest/logs").join(format!("{}.log", machine.name));
        let is_well = match run.on(machine, &log) {
            Ok(tally) => {
                let is_well = tally.is_well();
                sum.add(tally);
                is_well
            }
            Err(stop) if stop.code == Stop::INTERRUPTED => return Err(stop),
            Err(stop) => {
                println!("  FAILED: {}", stop.line);
                false
            }
        };
        if !is_well {
            println!("  what it said: {}", log.display());
            broken.push(machine.name.as_str());
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
  cargo xtask numa-vm 2x2 tiered --tests policies,numa_map
  cargo xtask numa-vm --tuned",
        machines::list()
    )
}

/// The parts that all machines share.
struct Run<'a> {
    programs: &'a [(Program, PathBuf)],
    image: &'a Image,
    kernel: &'a Kernel,
    kvm: bool,
}

impl Run<'_> {
    /// Boots one machine and prints the result of each program. The programs run one after the other, one
    /// test at a time.
    fn on(&self, machine: &Machine, log: &Path) -> Result<Tally, Stop> {
        let words = |path: String| vec![path, "--test-threads=1".into(), "--nocapture".into()];
        let script = self.programs.iter().map(|(program, _)| words(program.path())).collect();
        let Self { image, kernel, kvm, .. } = *self;
        let boot = Boot { machine, kernel, image, script: &script, plugin: None, kvm, limit: LIMIT, log };
        let (console, took) = boot.run()?;
        let mut sum = Tally::default();
        for ((program, _), command) in self.programs.iter().zip(&console.commands) {
            let mut tally = Tally::read(&command.text);
            let end = command.end.as_ref();
            // A program that died has no tally. A program that failed reports this by its exit code as well.
            if tally.is_well() != end.is_some_and(|end| end.is_success()) || tally == Tally::default() {
                let words = end.map_or_else(|| "no end".to_owned(), ToString::to_string);
                tally.counts.failed.push(format!("{}: {words}", program.name));
            }
            println!("  {:<10} {:<14} {tally}", program.folder, program.name);
            tally.counts.failed.iter().for_each(|test| println!("    FAILED: {test}"));
            tally.left_out.iter().for_each(|(test, why)| println!("    {test} left out: {why}"));
            sum.add(tally);
        }
        let killed = match console.oom_kills {
            Some(0) => None,
            Some(number) => Some(format!("{number} processes were killed because memory ran out")),
            None => Some("the kernel does not tell how many processes it killed".to_owned()),
        };
        killed.iter().for_each(|why| println!("    FAILED: {why}"));
        sum.counts.failed.extend(killed);
        let up = console.up.unwrap_or_default();
        println!("  {sum}; up after {up:.1} s, through after {:.1} s", took.as_secs_f64());
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

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
    }
}
