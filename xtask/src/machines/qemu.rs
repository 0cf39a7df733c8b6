//! QEMU: whether it is there, and the arguments that all machines share.

use xshell::{Shell, cmd};

use crate::stop::Stop;

/// The program that emulates a machine.
pub(super) const QEMU: &str = "qemu-system-x86_64";

/// Let QEMU emulate the processor, each CPU in a thread of the host. The features that recommend string
/// instructions for copying are off, because QEMU emulates those step by step.
pub(super) const EMULATED: &str = "tcg,thread=multi -cpu max,-erms,-fsrm";
/// As [`EMULATED`], with all CPUs in one thread, so that runs repeat.
pub(super) const EMULATED_IN_TURN: &str = "tcg,thread=single -cpu max,-erms,-fsrm";
/// Let the host's processor run the machine.
pub(super) const KVM: &str = "kvm -cpu host";

/// QEMU's version. Otherwise says what to install if QEMU is missing, or that this machine cannot run guests.
pub(super) fn check_host() -> Result<String, Stop> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(Stop::failure(
            "guests run this machine's programs on x86-64: that takes an x86-64 Linux host",
        ));
    }
    let sh = Shell::new()?;
    match cmd!(sh, "{QEMU} --version").quiet().read() {
        Ok(words) => Ok(words.lines().next().unwrap_or(QEMU).to_owned()),
        Err(_) => Err(Stop::failure(format!(
            "no {QEMU} here; run sh .ci/setup --guests, or on Debian: apt-get install qemu-system-x86"
        ))),
    }
}

/// Arguments for a machine that talks on its serial port alone, which is QEMU's standard output. The port 0xf4
/// ends QEMU with twice the number that is written there, plus one.
pub(super) fn arguments(accelerator: &str) -> Vec<String> {
    let line = format!(
        "-nodefaults -no-user-config -no-reboot -display none -serial stdio -nic none \
         -device isa-debug-exit,iobase=0xf4,iosize=4 -accel {accelerator}"
    );
    line.split(' ').map(str::to_owned).collect()
}
