//! One boot of the kernel.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::guest::{Machine, Node};
use super::super::qemu::{self, QEMU};
use super::said;
use crate::child::{self, End};
use crate::stop::Stop;

/// Many times as long as a boot takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
/// Calls of interrupt handlers. A busy machine makes many times as many.
const CALLS_PER_SECOND: u64 = 5_000;
/// The status with which QEMU ends if the kernel found no wrong answer.
const PASSED: i32 = 33;
/// Memory of each NUMA node.
const MIB: usize = 64;

/// A machine of two NUMA nodes, and what the kernel is to do there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boot<'a> {
    pub(super) kernel: &'a Path,
    pub(super) cpus: usize,
    /// Calls in each check of interrupt handlers.
    pub(super) interrupts: u64,
    /// The file that receives what the kernel prints.
    pub(super) log: &'a Path,
}

/// How long a boot took, from QEMU's start on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    /// Until all CPUs ran and the kernel began to print.
    pub(super) up: Duration,
    /// Until QEMU's end.
    pub(super) through: Duration,
}

impl Boot<'_> {
    /// Boots the kernel, shows what it prints, and waits for its end.
    ///
    /// # Errors
    ///
    /// A check failed or did not run.
    pub(super) fn run(&self) -> Result<Times, Stop> {
        let cannot = |error: std::io::Error| Stop::failure(format!("{}: {error}", self.log.display()));
        let log = File::create(self.log).map_err(cannot)?;
        let mut qemu = Command::new(QEMU);
        qemu.args(self.arguments());
        let limit =
            LIMIT + Duration::from_secs(said::SCENES.len() as u64 * self.interrupts / CALLS_PER_SECOND);
        let file = File::open(self.log).map_err(cannot)?;
        let mut tail = Tail { file, text: Vec::new(), started: Instant::now(), first: None };
        let end = child::run_watched(&mut qemu, [&log, &log], limit, &mut || tail.show());
        let through = tail.started.elapsed();
        tail.show();
        let end = end.map_err(|error| Stop::failure(format!("{QEMU}: {error}")))?;
        judge(end, &String::from_utf8_lossy(&tail.text), limit)?;
        Ok(Times { up: tail.first.unwrap_or(through), through })
    }

    /// QEMU's arguments.
    fn arguments(&self) -> Vec<String> {
        let machine = self.machine();
        let mut args = qemu::arguments(qemu::EMULATED);
        args.extend(["-kernel".into(), self.kernel.display().to_string()]);
        let (cpus, nodes, calls) = (self.cpus, machine.nodes.len(), self.interrupts);
        args.extend(["-append".into(), format!("cpus={cpus} nodes={nodes} calls={calls}")]);
        args.extend(machine.arguments());
        args
    }

    /// Half of the CPUs are on each node. A single CPU has one node, and one of memory alone.
    fn machine(&self) -> Machine {
        let second = self.cpus / 2;
        let node = |cpus| Node { cpus, mib: MIB, huge_pages: 0 };
        Machine { nodes: vec![node(self.cpus - second), node(second)], ..Machine::default() }
    }
}

/// Judges by QEMU's end and the kernel's output whether all checks passed.
fn judge(end: End, text: &str, limit: Duration) -> Result<(), Stop> {
    let last = said::last_words(text);
    match end {
        End::Interrupted => Err(Stop::interrupted()),
        End::TimedOut => Err(Stop::failure(format!("hangs: after {} s: {last}", limit.as_secs()))),
        End::Exited(status) if status.code() == Some(PASSED) => said::judge(text).map_err(Stop::failure),
        End::Exited(status) if status.code() == Some(0) => {
            Err(Stop::failure(format!("the machine reset itself (a triple fault?): {last}")))
        }
        End::Exited(_) => Err(Stop::failure(format!("{}: {last}", end.words()))),
    }
}

/// A file that grows, shown line by line.
struct Tail {
    file: File,
    /// All that was read.
    text: Vec<u8>,
    started: Instant,
    /// When the first text came, after `started`.
    first: Option<Duration>,
}

impl Tail {
    /// Prints what was added.
    fn show(&mut self) {
        let old = self.text.len();
        // What cannot be read or shown is missing in the end, and the boot fails.
        let _ = self.file.read_to_end(&mut self.text);
        if self.first.is_none() && !self.text.is_empty() {
            self.first = Some(self.started.elapsed());
        }
        let _ = std::io::stdout().write_all(&self.text[old..]);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn qemu_is_told_all_of_it() {
        let boot = Boot { kernel: Path::new("k"), cpus: 5, interrupts: 7, log: Path::new("log") };
        let line = boot.arguments().join(" ");
        for part in [
            "-accel tcg,thread=multi ",
            "-kernel k -append cpus=5 nodes=2 calls=7 ",
            "-smp 5,",
            "cpus=0-2 ",
            "nodeid=1,memdev=m1,cpus=3-4",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        let line = Boot { cpus: 1, ..boot }.arguments().join(" ");
        assert!(line.ends_with("nodeid=1,memdev=m1"), "{line}");
    }

    #[test]
    fn an_end_is_good_only_with_the_status_and_the_lines() {
        let end = |code: i32| End::Exited(ExitStatus::from_raw(code << 8));
        let judge = |end, text: &str| judge(end, text, Duration::from_secs(9)).map_err(|stop| stop.line);
        let why = judge(end(PASSED), "check machine: well\n").unwrap_err();
        assert!(why.starts_with("ran the checks machine, not "), "{why}");
        assert_eq!(judge(end(35), "x\nCPU 1: 3 keys\n"), Err("exit code 35: CPU 1: 3 keys".into()));
        let reset = "the machine reset itself (a triple fault?): check pops: ";
        assert_eq!(judge(end(0), "x\ncheck pops: "), Err(reset.into()));
        assert_eq!(judge(end(1), ""), Err("exit code 1: it said nothing".into()));
        assert_eq!(judge(End::TimedOut, "x"), Err("hangs: after 9 s: x".into()));
    }
}
