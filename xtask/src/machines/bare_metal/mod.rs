//! `cargo xtask bare-metal`: a kernel that runs the map on bare metal, under QEMU.
//!
//! `build` builds the kernel of `tests/bare-metal`. `boot` runs it once, and `said` judges what it printed.

mod boot;
mod build;
mod said;

use std::time::Duration;

use bench::numbers::within;
use xshell::Shell;

use super::qemu::check_host;
use crate::child;
use crate::stop::Stop;
use crate::tree;
use boot::{Boot, Times};

/// CPUs that the kernel can start.
const MOST_CPUS: u64 = 16;

/// Boot a kernel that runs the map without an operating system, on all CPUs of two NUMA nodes
#[derive(Clone, Debug, PartialEq, clap::Parser)]
#[command(args_override_self = true, after_help = below())]
pub(crate) struct Args {
    /// Boot that often, one boot after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| within(text, 1..=10_000))]
    boots: u64,
    /// CPUs of the machine
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = |text: &str| within(text, 1..=MOST_CPUS).map(|cpus| cpus as usize)
    )]
    cpus: usize,
    /// Calls that interrupt handlers make in each of four checks: 100K, 10M
    #[arg(
        long,
        value_name = "N",
        default_value = "50K",
        value_parser = |text: &str| within(text, 1_000..=1_000_000_000)
    )]
    interrupts: u64,
}

impl Default for Args {
    fn default() -> Self {
        Self { boots: 1, cpus: 8, interrupts: 50_000 }
    }
}

/// The help text below the flags.
fn below() -> String {
    format!(
        "\
The kernel starts all CPUs and runs these checks on them, each on one line of its serial port:
  {}
It has no std and no allocator; the maps are static. An interrupt handler uses the map that the interrupted CPU writes.
The command builds the kernel (tests/bare-metal), looks for symbols of std in it, and boots it. A boot fails if a check
fails, if one is missing, or if the kernel does not end by itself.

`sh .ci/setup --guests` installs QEMU. What the last boot said is in target/bare-metal/boot.log.

Exit code: 0; 1 if a boot failed; 2 for a bad flag; 130 after Ctrl-C.

Examples:
  cargo xtask bare-metal
  cargo xtask bare-metal --boots 20
  cargo xtask bare-metal --interrupts 10M",
        said::CHECKS.join(", ")
    )
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    let qemu = check_host()?;
    child::listen()?;
    let folder = Shell::new()?.create_dir(tree::target().join("bare-metal"))?;
    let kernel = build::kernel(&folder)?;
    println!("bare-metal: {qemu}, {} CPUs, a kernel of {} KiB", args.cpus, kernel.bytes / 1024);
    let log = folder.join("boot.log");
    let boot = Boot { kernel: &kernel.path, cpus: args.cpus, interrupts: args.interrupts, log: &log };
    let mut times = Vec::new();
    for number in 1..=args.boots {
        if args.boots > 1 {
            println!("boot {number} of {}", args.boots);
        }
        let took = boot.run().map_err(|stop| match stop.code {
            Stop::INTERRUPTED => stop,
            _ => Stop::failure(format!("bare-metal: boot {number}: {}; see {}", stop.line, log.display())),
        })?;
        times.push(took);
    }
    println!("bare-metal: {}", summary(&times));
    Ok(())
}

/// The times of all boots, in a line.
fn summary(times: &[Times]) -> String {
    let up = in_words(times.iter().map(|times| times.up).collect());
    let through = in_words(times.iter().map(|times| times.through).collect());
    match times.len() {
        1 => format!("the boot passed; the CPUs ran after {up}, the checks ended after {through}"),
        count => format!(
            "all {count} boots passed; the CPUs ran after {up}, the checks ended after {through} (medians)"
        ),
    }
}

/// The median and the range, or the only time.
fn in_words(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let seconds = |index: usize| times.get(index).map_or(0.0, Duration::as_secs_f64);
    match times.len() {
        1 => format!("{:.2} s", seconds(0)),
        count => format!("{:.2} s ({:.2} to {:.2})", seconds(count / 2), seconds(0), seconds(count - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("--boots 0", "0 is too small: at least 1"),
            ("--cpus 17", "17 is too large: at most 16"),
            ("--cpus 0", "at least 1"),
            ("--interrupts 10", "at least 1000"),
            ("--interrupts many", "--interrupts <N>"),
            ("--interrupts", "a value is required"),
            ("--fast", "--help"),
        ] {
            let error = cli::parse::<Args>(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(cli::parse::<Args>(""), Ok(Args::default()));
        let args = Args { boots: 20, cpus: 3, interrupts: 10_000_000 };
        assert_eq!(cli::parse::<Args>("--boots 20 --cpus 3 --interrupts 10M"), Ok(args));
    }

    #[test]
    fn the_summary_has_the_median() {
        let seconds = Duration::from_secs;
        let times = [3, 1, 2].map(|up| Times { up: seconds(up), through: seconds(10 * up) });
        let words =
            "the CPUs ran after 2.00 s (1.00 to 3.00), the checks ended after 20.00 s (10.00 to 30.00)";
        assert_eq!(summary(&times), format!("all 3 boots passed; {words} (medians)"));
        let words = "the CPUs ran after 3.00 s, the checks ended after 30.00 s";
        assert_eq!(summary(&times[..1]), format!("the boot passed; {words}"));
    }
}
