//! Boots a guest under QEMU, waits until it ends, and reports what happened.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::console::{Console, End, SeenNode};
use super::image::{Image, Script};
use super::kernel::Kernel;
use super::machine::Machine;
use crate::child;
use crate::stop::Stop;
use crate::tree;

/// The program that emulates the machine.
const QEMU: &str = "qemu-system-x86_64";

/// Kernel arguments for every guest. The kernel prints to the serial port, and only what is wrong. It does
/// not continue after an oops. It does not give up if a busy host delays the first ticks of the clock. It
/// clears pages by plain stores, because QEMU emulates string instructions step by step.
const KERNEL_WORDS: &[&str] =
    &["console=ttyS0", "quiet", "panic=-1", "oops=panic", "no_timer_check", "clearcpuid=rep_good"];

/// A library that QEMU loads to watch the guest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plugin {
    pub(crate) file: PathBuf,
    /// Names and values.
    pub(crate) args: Vec<(String, String)>,
    /// The file that the plugin writes. Its argument `out` names it.
    pub(crate) output: PathBuf,
}

/// One start of one guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) kernel: &'a Kernel,
    pub(crate) image: &'a Image,
    pub(crate) script: &'a Script,
    pub(crate) plugin: Option<&'a Plugin>,
    /// Whether the host's processor runs the guest's instructions, instead of QEMU. This is faster, but on
    /// some hosts a guest never finishes booting.
    pub(crate) kvm: bool,
    /// A guest that takes longer has failed.
    pub(crate) limit: Duration,
    /// The file that receives the console's output.
    pub(crate) log: &'a Path,
}

/// A guest that ran its script to the end, whether or not its commands succeeded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Booted {
    pub(crate) console: Console,
    /// What the plugin wrote.
    pub(crate) plugin: Option<String>,
    /// From QEMU's start to its end.
    pub(crate) took: Duration,
}

/// Why a guest did not run its script to the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// QEMU could not be started, or refused its arguments. Holds its message.
    Qemu(String),
    /// The kernel panicked. Holds its message and what the guest was doing.
    Panic(String, String),
    /// The time limit passed. Holds what the guest was doing.
    Hang(Duration, String),
    /// The guest ended without a message. Holds what it was doing.
    Gone(String),
    /// The kernel saw other nodes than the machine has.
    OtherNodes(String),
    /// Ctrl-C.
    Interrupted,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qemu(words) => write!(f, "{QEMU}: {words}"),
            Self::Panic(words, doing) => write!(f, "the kernel panicked ({words}) while {doing}"),
            Self::Hang(limit, doing) => write!(f, "hangs: after {} s {doing}", limit.as_secs()),
            Self::Gone(doing) => write!(f, "went away without a word while {doing}"),
            Self::OtherNodes(words) => write!(f, "is not the machine asked for: {words}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Says what to install if QEMU is missing, or that this machine cannot run guests.
pub(crate) fn check_host() -> Result<String, Stop> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(Stop::failure(
            "guests run this machine's programs on x86-64: that takes an x86-64 Linux host",
        ));
    }
    match Command::new(QEMU).arg("--version").output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or(QEMU).to_owned())
        }
        _ => Err(Stop::failure(format!(
            "no {QEMU} here; run sh .ci/setup --guests, or on Debian: apt-get install qemu-system-x86"
        ))),
    }
}

impl Boot<'_> {
    /// Runs the guest to its end. The caller checks whether the commands succeeded.
    pub(crate) fn run(&self) -> Result<Booted, Failure> {
        let io = |what: &Path, error: std::io::Error| Failure::Qemu(format!("{}: {error}", what.display()));
        self.machine.check().map_err(Failure::Qemu)?;
        let folder = tree::target().join("guest");
        fs::create_dir_all(&folder).map_err(|error| io(&folder, error))?;
        let initramfs = folder.join(format!("{}-{}.cpio", self.machine.name, std::process::id()));
        fs::write(&initramfs, self.image.with(self.script)).map_err(|error| io(&initramfs, error))?;
        let outcome = self.run_with(&initramfs, io);
        let _ = fs::remove_file(&initramfs);
        outcome
    }

    fn run_with(
        &self,
        initramfs: &Path,
        io: impl Fn(&Path, std::io::Error) -> Failure,
    ) -> Result<Booted, Failure> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
        }
        let log = fs::File::create(self.log).map_err(|error| io(self.log, error))?;
        if let Some(plugin) = self.plugin {
            // The output of an earlier run must not be taken for this run's.
            let _ = fs::remove_file(&plugin.output);
        }
        let started = Instant::now();
        let mut qemu = Command::new(QEMU);
        let end = child::run(qemu.args(self.arguments(initramfs)), &log, self.limit)
            .map_err(|error| io(Path::new(QEMU), error))?;
        let took = started.elapsed();
        let bytes = fs::read(self.log).map_err(|error| io(self.log, error))?;
        let console = Console::new(&String::from_utf8_lossy(&bytes));
        self.judge(end, &console)?;
        let plugin = match self.plugin {
            None => None,
            Some(plugin) => {
                Some(fs::read_to_string(&plugin.output).map_err(|error| io(&plugin.output, error))?)
            }
        };
        Ok(Booted { console, plugin, took })
    }

    /// QEMU's arguments.
    fn arguments(&self, initramfs: &Path) -> Vec<String> {
        let mut args: Vec<String> =
            ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]
                .map(str::to_owned)
                .into();
        let mut arg = |name: &str, value: String| args.extend([name.to_owned(), value]);
        arg("-nic", "none".into());
        arg("-device", "isa-debug-exit,iobase=0xf4,iosize=4".into());
        match (self.kvm, self.machine.one_thread) {
            (true, _) => {
                arg("-accel", "kvm".into());
                arg("-cpu", "host".into());
            }
            (false, one) => {
                arg("-accel", format!("tcg,thread={}", if one { "single" } else { "multi" }));
                // Without the processor flags that recommend string instructions for copying: see
                // `KERNEL_WORDS`.
                arg("-cpu", "max,-erms,-fsrm".into());
            }
        }
        arg("-kernel", self.kernel.path.display().to_string());
        arg("-initrd", initramfs.display().to_string());
        let words = KERNEL_WORDS.iter().map(|word| (*word).to_owned()).chain(self.machine.kernel_words());
        arg("-append", words.collect::<Vec<_>>().join(" "));
        if let Some(plugin) = self.plugin {
            let out = [("out".to_owned(), plugin.output.display().to_string())];
            let settings = plugin.args.iter().chain(&out).map(|(name, value)| format!(",{name}={value}"));
            arg("-plugin", format!("{}{}", plugin.file.display(), settings.collect::<String>()));
        }
        args.extend(self.machine.arguments());
        args
    }

    /// Judges by QEMU's end and the guest's output whether the guest did all that it should.
    fn judge(&self, end: child::End, console: &Console) -> Result<(), Failure> {
        let doing = || console.doing();
        match end {
            child::End::Interrupted => return Err(Failure::Interrupted),
            _ if console.panic.is_some() => {
                return Err(Failure::Panic(console.panic.clone().unwrap_or_default(), doing()));
            }
            child::End::TimedOut => return Err(Failure::Hang(self.limit, doing())),
            child::End::Exited(status) if console.up.is_none() => {
                // The console holds a message of QEMU itself, or the kernel's first lines.
                let last = console.text().lines().rfind(|line| !line.trim().is_empty());
                return Err(Failure::Qemu(format!("{status}; {}", last.unwrap_or("it said nothing"))));
            }
            child::End::Exited(status) => {
                self.same_nodes(&console.nodes).map_err(Failure::OtherNodes)?;
                let ran = console.commands.iter().filter(|command| command.end.is_some()).count();
                let all_well = console.commands.iter().all(|c| c.end.as_ref().is_some_and(End::is_success));
                // isa-debug-exit ends QEMU with twice the code of process 1, plus one.
                let expected = if all_well { 1 } else { 3 };
                if !console.is_done || ran != self.script.commands() || status.code() != Some(expected) {
                    return Err(Failure::Gone(doing()));
                }
            }
        }
        Ok(())
    }

    /// Whether the kernel saw the machine's nodes: their CPUs, their memory, their distances.
    fn same_nodes(&self, seen: &[SeenNode]) -> Result<(), String> {
        let machine = self.machine;
        if seen.len() != machine.nodes.len() {
            return Err(format!("{} nodes, not {}", seen.len(), machine.nodes.len()));
        }
        for (number, (node, asked)) in seen.iter().zip(&machine.nodes).enumerate() {
            let cpus = match machine.cpus_of(number) {
                cpus if cpus.is_empty() => String::new(),
                cpus if cpus.len() == 1 => cpus.start.to_string(),
                cpus => format!("{}-{}", cpus.start, cpus.end - 1),
            };
            if node.cpus != cpus {
                return Err(format!("node {number} has the CPUs {:?}, not {cpus:?}", node.cpus));
            }
            let distances: Vec<_> = (0..seen.len()).map(|to| machine.distance(number, to)).collect();
            if node.distances != distances {
                return Err(format!(
                    "node {number} has the distances {:?}, not {distances:?}",
                    node.distances
                ));
            }
            // The kernel and holes in the address space take some of the memory.
            if node.kib == 0 || node.kib > asked.mib * 1024 {
                return Err(format!("node {number} has {} KiB, not {} MiB", node.kib, asked.mib));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    /// Calls `test` with a machine of two nodes that is to run one program.
    fn with_boot<R>(plugin: Option<&Plugin>, test: impl FnOnce(Boot<'_>) -> R) -> R {
        let kernel = Kernel { path: "k/vmlinux".into(), name: "k".into() };
        let (machine, image) = (Machine::even("m", 2, 2, 64), Image::empty());
        let mut script = Script::default();
        script.run("/bin/a", &[]);
        test(Boot {
            machine: &machine,
            kernel: &kernel,
            image: &image,
            script: &script,
            plugin,
            kvm: false,
            limit: Duration::from_secs(9),
            log: Path::new("log"),
        })
    }

    #[test]
    fn qemu_is_told_all_of_it() {
        let plugin = Plugin {
            file: "lib.so".into(),
            args: vec![("lines".into(), "16".into())],
            output: "counts.txt".into(),
        };
        with_boot(Some(&plugin), |boot| {
            let line = boot.arguments(Path::new("i.cpio")).join(" ");
            for part in [
                "-nodefaults ",
                "-serial stdio ",
                "-device isa-debug-exit,iobase=0xf4,iosize=4 ",
                "-accel tcg,thread=multi -cpu max,",
                "-kernel k/vmlinux -initrd i.cpio ",
                "-append console=ttyS0 quiet panic=-1 ",
                "-plugin lib.so,lines=16,out=counts.txt ",
                "-machine q35 ",
            ] {
                assert!(line.contains(part), "{part}: {line}");
            }
            let mut machine = boot.machine.clone();
            machine.one_thread = true;
            machine.nodes[1].huge_pages = 3;
            let line = Boot { machine: &machine, ..boot }.arguments(Path::new("i")).join(" ");
            assert!(line.contains("thread=single") && line.contains("hugepages=1:3"), "{line}");
            let line = Boot { kvm: true, ..boot }.arguments(Path::new("i")).join(" ");
            assert!(line.contains("-accel kvm -cpu host"), "{line}");
        });
    }

    const UP: &str = "guest: up 1\nguest: node 0 0-1 60000 10,20\nguest: node 1 2-3 64000 20,10\n";
    const RAN: &str = "guest: run 0 /bin/a\nguest: end 0 code 0\n";

    /// The verdict that follows from QEMU's exit code and the console's output.
    fn judged(code: i32, words: &str) -> Result<(), Failure> {
        let end = child::End::Exited(ExitStatus::from_raw(code << 8));
        with_boot(None, |boot| boot.judge(end, &Console::new(words)))
    }

    #[test]
    fn a_script_carried_out_is_well_whatever_came_of_its_commands() {
        assert_eq!(judged(1, &format!("{UP}{RAN}guest: done 2\n")), Ok(()));
        let failed = RAN.replace("code 0", "signal 9");
        assert_eq!(judged(3, &format!("{UP}{failed}guest: done 2\n")), Ok(()));
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        let done = "guest: done 2\n";
        let gone = |result| matches!(result, Err(Failure::Gone(_)));
        assert!(gone(judged(0, &format!("{UP}{RAN}"))), "no end");
        assert!(gone(judged(1, &format!("{UP}{done}"))), "a command left out");
        assert!(gone(judged(3, &format!("{UP}{RAN}{done}"))), "exit code and words differ");
        let refused = judged(1, "qemu-system-x86_64: -numa node: no\n").unwrap_err();
        assert!(refused.to_string().contains("-numa node: no"), "{refused}");
        let panic =
            judged(0, &format!("{UP}guest: run 0 /bin/a\nKernel panic - not syncing: x\n")).unwrap_err();
        assert_eq!(panic, Failure::Panic("not syncing: x".into(), "it was running /bin/a".into()));
        let hang = with_boot(None, |boot| boot.judge(child::End::TimedOut, &Console::new(UP))).unwrap_err();
        assert_eq!(hang.to_string(), "hangs: after 9 s it had run nothing");
        let interrupted = with_boot(None, |boot| boot.judge(child::End::Interrupted, &Console::new(UP)));
        assert_eq!(interrupted, Err(Failure::Interrupted));
    }

    #[test]
    fn another_machine_than_asked_for_is_noticed() {
        for (from, to, hint) in [
            ("guest: node 1 2-3 64000 20,10\n", "", "1 nodes, not 2"),
            ("node 1 2-3", "node 1 2", "CPUs \"2\", not \"2-3\""),
            ("20,10", "21,10", "distances [21, 10], not [20, 10]"),
            ("64000", "99000", "99000 KiB, not 64 MiB"),
        ] {
            let words = format!("{}{RAN}guest: done 2\n", UP.replace(from, to));
            let failure = judged(1, &words).unwrap_err().to_string();
            assert!(failure.contains(hint), "{failure}");
        }
    }
}
