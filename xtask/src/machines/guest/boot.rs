//! Boots a guest under QEMU, waits until it ends, and reports what happened.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bench::marks::PluginSettings;
use xshell::Shell;

use super::super::qemu::{self, QEMU};
use super::console::Console;
use super::image::{Image, Script};
use super::kernel::Kernel;
use super::machine::Machine;
use super::words::{End, SeenNode};
use crate::child;
use crate::stop::Stop;

/// Kernel arguments for every guest. The kernel prints to the serial port, and only what is wrong. It does
/// not continue after an oops. It does not give up if a busy host delays the first ticks of the clock. It
/// clears pages by plain stores, because QEMU emulates string instructions step by step. Process 1 gets the
/// last one as an environment variable.
const KERNEL_WORDS: &str = "console=ttyS0 quiet panic=-1 oops=panic no_timer_check clearcpuid=rep_good \
                            RUST_BACKTRACE=1";

/// One start of one guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) kernel: &'a Kernel,
    pub(crate) image: &'a Image,
    pub(crate) script: &'a Script,
    /// A library that QEMU loads to watch the guest, and its settings.
    pub(crate) plugin: Option<(&'a Path, &'a PluginSettings)>,
    /// Whether the host's processor runs the guest's instructions, instead of QEMU. This is faster, but on
    /// some hosts a guest never finishes booting.
    pub(crate) kvm: bool,
    /// A guest that takes longer has failed.
    pub(crate) limit: Duration,
    /// The file that receives the console's output.
    pub(crate) log: &'a Path,
}

impl Boot<'_> {
    /// Runs the guest to its end. Returns its output, and the time from QEMU's start to its end. The caller
    /// checks how the commands ended.
    ///
    /// # Errors
    ///
    /// The guest did not run its script to the end, or is not the machine that was asked for.
    pub(crate) fn run(&self) -> Result<(Console, Duration), Stop> {
        let sh = Shell::new()?;
        let initramfs = self.log.with_extension("cpio");
        let packed =
            self.image.with(self.script).map_err(|error| format!("cannot pack a script: {error}"))?;
        sh.write_file(&initramfs, packed)?;
        let log = std::fs::File::create(self.log);
        let log = log.map_err(|error| format!("{}: {error}", self.log.display()))?;
        let mut qemu = Command::new(QEMU);
        qemu.args(self.arguments(&initramfs));
        if let Some((_, settings)) = self.plugin {
            // The output of an earlier run must not be taken for this run's.
            sh.remove_path(&settings.out)?;
            let settings = serde_json::to_string(settings).expect("settings have a JSON form");
            qemu.env(PluginSettings::VARIABLE, settings);
        }
        let started = Instant::now();
        let end = child::run(&mut qemu, &log, self.limit).map_err(|error| format!("{QEMU}: {error}"))?;
        let took = started.elapsed();
        sh.remove_path(&initramfs)?;
        let console = Console::new(&String::from_utf8_lossy(&sh.read_binary_file(self.log)?));
        self.judge(end, &console)?;
        Ok((console, took))
    }

    /// QEMU's arguments.
    fn arguments(&self, initramfs: &Path) -> Vec<String> {
        let accelerator = match (self.kvm, self.machine.one_thread) {
            (true, _) => qemu::KVM,
            (false, true) => qemu::EMULATED_IN_TURN,
            (false, false) => qemu::EMULATED,
        };
        let mut args = qemu::arguments(accelerator);
        args.extend(["-kernel".into(), self.kernel.path.display().to_string()]);
        args.extend(["-initrd".into(), initramfs.display().to_string()]);
        args.extend(["-append".into(), format!("{KERNEL_WORDS} {}", self.machine.kernel_words())]);
        if let Some((file, _)) = self.plugin {
            args.extend(["-plugin".into(), file.display().to_string()]);
        }
        args.extend(self.machine.arguments());
        args
    }

    /// Judges by QEMU's end and the guest's output whether the guest did all that it should.
    fn judge(&self, end: child::End, console: &Console) -> Result<(), Stop> {
        let doing = console.doing();
        let failed = |why: String| Err(Stop::failure(why));
        match (end, &console.panic) {
            (child::End::Interrupted, _) => Err(Stop::interrupted()),
            (_, Some(words)) => failed(format!("the kernel panicked ({words}) while {doing}")),
            (child::End::TimedOut, _) => failed(format!("hangs: after {} s {doing}", self.limit.as_secs())),
            (child::End::Exited(status), _) if console.up.is_none() => {
                // The console holds a message of QEMU itself, or the kernel's first lines.
                let last = console.last.as_deref().unwrap_or("it said nothing");
                failed(format!("{QEMU}: {status}; {last}"))
            }
            (child::End::Exited(status), _) => {
                self.same_nodes(&console.nodes)?;
                let ends: Vec<&End> = console.commands.iter().filter_map(|ran| ran.end.as_ref()).collect();
                // isa-debug-exit ends QEMU with twice the code of process 1, plus one.
                let expected = if ends.iter().all(|end| end.is_success()) { 1 } else { 3 };
                match console.is_done && ends.len() == self.script.len() && status.code() == Some(expected) {
                    true => Ok(()),
                    false => failed(format!("went away without a word while {doing}")),
                }
            }
        }
    }

    /// Whether the kernel saw the machine's nodes: their CPUs, their memory, their distances.
    fn same_nodes(&self, seen: &[SeenNode]) -> Result<(), String> {
        let machine = self.machine;
        let asked = |(number, node): (usize, &SeenNode)| SeenNode {
            cpus: machine.cpu_list(number),
            // The kernel and holes in the address space take some of the memory.
            kib: node.kib.clamp(1, machine.nodes[number].mib * 1024),
            distances: (0..machine.nodes.len()).map(|to| machine.distance(number, to)).collect(),
        };
        let same_count = seen.len() == machine.nodes.len();
        match seen.iter().enumerate().find(|&(number, node)| same_count && *node != asked((number, node))) {
            None if same_count => Ok(()),
            None => Err(format!(
                "is not the machine asked for: {} nodes, not {}",
                seen.len(),
                machine.nodes.len()
            )),
            Some((number, node)) => Err(format!(
                "is not the machine asked for: node {number} is {node:?}, not {:?}",
                asked((number, node))
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::super::console::tests::said;
    use super::super::words::Said;
    use super::*;

    /// Calls `test` with a machine of two nodes that is to run one program.
    fn with_boot<R>(test: impl FnOnce(Boot<'_>) -> R) -> R {
        let kernel = Kernel { path: "k/vmlinuz".into(), name: "k".into() };
        let (machine, image) = (Machine::even("m", 2, 2, 64), Image::empty());
        test(Boot {
            machine: &machine,
            kernel: &kernel,
            image: &image,
            script: &vec![vec!["/bin/a".into()]],
            plugin: None,
            kvm: false,
            limit: Duration::from_secs(9),
            log: Path::new("log"),
        })
    }

    #[test]
    fn qemu_is_told_all_of_it() {
        with_boot(|boot| {
            let line = boot.arguments(Path::new("i.cpio")).join(" ");
            for part in
                ["thread=multi", "-kernel k/vmlinuz -initrd i.cpio -append console=ttyS0 ", " -machine q35 "]
            {
                assert!(line.contains(part), "{part}: {line}");
            }
            let mut machine = boot.machine.clone();
            machine.one_thread = true;
            machine.nodes[1].huge_pages = 3;
            let plugin = PluginSettings::default();
            let watched = Boot { machine: &machine, plugin: Some((Path::new("lib.so"), &plugin)), ..boot };
            let line = watched.arguments(Path::new("i")).join(" ");
            for part in ["thread=single", "hugepages=1:3", "-plugin lib.so "] {
                assert!(line.contains(part), "{part}: {line}");
            }
            let line = Boot { kvm: true, ..boot }.arguments(Path::new("i")).join(" ");
            assert!(line.contains("-accel kvm -cpu host"), "{line}");
        });
    }

    type Change = fn(&mut Vec<Said>);

    /// The verdict on QEMU's exit code and the lines of process 1, after `change`.
    fn judged(code: i32, change: Change) -> Result<(), String> {
        let node = |cpus: &str, distances| {
            Said::Node(SeenNode { cpus: cpus.into(), kib: 64_000, distances: Vec::from(distances) })
        };
        let (run, end) = (Said::Run("/bin/a".into()), Said::End(End::Code(0)));
        let mut words =
            vec![Said::Up(1.0), node("0-1", [10, 20]), node("2-3", [20, 10]), run, end, Said::Done];
        change(&mut words);
        let end = child::End::Exited(ExitStatus::from_raw(code << 8));
        with_boot(|boot| boot.judge(end, &Console::new(&said(&words)))).map_err(|stop| stop.line)
    }

    #[test]
    fn a_script_carried_out_is_well_whatever_came_of_its_commands() {
        assert_eq!(judged(1, |_| ()), Ok(()));
        assert_eq!(judged(3, |words| words[4] = Said::End(End::Signal(9))), Ok(()));
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        let cases: [(i32, Change, &str); 7] = [
            (0, |words| words.truncate(5), "went away"),
            (1, |words| drop(words.drain(3..5)), "went away"),
            (3, |_| (), "went away"),
            (1, |words| words.clear(), "it said nothing"),
            (1, |words| drop(words.remove(2)), "1 nodes, not 2"),
            (
                0,
                |words| drop(words.splice(4.., [Said::Wrong("Kernel panic - not syncing: x".into())])),
                "while it was running /bin/a",
            ),
            (1, |words| words.swap(1, 2), "node 0 is SeenNode { cpus: \"2-3\""),
        ];
        for (code, change, hint) in cases {
            let why = judged(code, change).unwrap_err();
            assert!(why.contains(hint), "{hint}: {why}");
        }
        let judge = |end| with_boot(|boot| boot.judge(end, &Console::new(&said(&[Said::Up(1.0)]))));
        assert_eq!(judge(child::End::TimedOut).unwrap_err().line, "hangs: after 9 s it had run nothing");
        assert_eq!(judge(child::End::Interrupted), Err(Stop::interrupted()));
    }
}
