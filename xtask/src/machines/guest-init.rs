//! Process 1 of a test guest. It mounts what programs expect, switches huge pages on, and reports what the
//! kernel sees. Then it runs the commands in `/script` one after the other, reports how each one ended, and
//! ends QEMU with an exit code.
//!
//! `guest::image` links it statically and writes the script. `guest::console` reads the lines that begin with
//! the mark. Newlines separate the commands of the script, and tabs the words of a command. A line `env`,
//! tab, `NAME=value` sets a variable for the commands after it.

/// Begins each line that this program prints on the console.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const MARK: &str = "guest:";

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")] {
        mount(kind, at);
    }
    // The kernel leaves them off if there is less than 512 MiB of memory, which is plenty for a guest.
    let _ = std::fs::write("/sys/kernel/mm/transparent_hugepage/enabled", "always");
    println!("{MARK} up {}", first_word("/proc/uptime"));
    nodes();
    let script = std::fs::read_to_string("/script").unwrap_or_default();
    let all_well = run(&script);
    let killed = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let killed = killed.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap_or("unknown");
    println!("{MARK} oom-kills {killed}");
    println!("{MARK} done {}", first_word("/proc/uptime"));
    leave(if all_well { 0 } else { 1 });
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("guest-init is for x86-64 Linux guests only");
    std::process::exit(1);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use linux::{first_word, leave, mount, nodes, run};

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux {
    use std::ffi::CString;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::MARK;

    /// The port of QEMU's isa-debug-exit; the code `c` ends QEMU with `2 c + 1`.
    const EXIT_PORT: u16 = 0xf4;

    /// Mounts a file system of the kernel's. Prints a line if that fails.
    pub(super) fn mount(kind: &str, at: &str) {
        let _ = fs::create_dir_all(at);
        let [kind_c, at_c] = [kind, at].map(|text| CString::new(text).expect("no zero in it"));
        // SAFETY: the strings are alive and end in zero; the call gets no data.
        let result =
            unsafe { libc::mount(kind_c.as_ptr(), at_c.as_ptr(), kind_c.as_ptr(), 0, core::ptr::null()) };
        if result != 0 {
            println!("{MARK} cannot mount {kind} on {at}: {}", std::io::Error::last_os_error());
        }
    }

    /// A line for each NUMA node that the kernel sees: its CPUs, its memory, its distances.
    pub(super) fn nodes() {
        const NODES: &str = "/sys/devices/system/node";
        let read = |path: String| fs::read_to_string(path).unwrap_or_default();
        for number in 0.. {
            let node = format!("{NODES}/node{number}");
            let Ok(cpus) = fs::read_to_string(format!("{node}/cpulist")) else { return };
            let memory = read(format!("{node}/meminfo"));
            let total = memory
                .lines()
                .find_map(|line| line.split_once("MemTotal:"))
                .map_or("0", |(_, kib)| kib.trim().trim_end_matches("kB").trim());
            let distances = read(format!("{node}/distance"));
            let distances: Vec<&str> = distances.split_whitespace().collect();
            println!("{MARK} node {number} {} {total} {}", list(&cpus), distances.join(","));
        }
    }

    /// The kernel's list, or `-` for none.
    fn list(text: &str) -> &str {
        match text.trim() {
            "" => "-",
            list => list,
        }
    }

    /// Runs the script. Returns whether every command ended with code 0.
    pub(super) fn run(script: &str) -> bool {
        let mut all_well = true;
        let mut number = 0;
        let mut variables: Vec<(&str, &str)> = Vec::new();
        for line in script.lines() {
            let mut words = line.split('\t');
            match (words.next(), words.next()) {
                (Some("env"), Some(setting)) => variables.extend(setting.split_once('=')),
                (Some("run"), Some(program)) => {
                    println!("{MARK} run {number} {program}");
                    let mut command = Command::new(program);
                    command.args(words).envs(variables.iter().copied()).stdin(Stdio::null());
                    let end = match command.status() {
                        Ok(status) => match (status.code(), status.signal()) {
                            (Some(code), _) => format!("code {code}"),
                            (None, signal) => format!("signal {}", signal.unwrap_or(0)),
                        },
                        Err(error) => format!("not-run {error}"),
                    };
                    all_well &= end == "code 0";
                    // The program may not have ended its last line.
                    println!("\n{MARK} end {number} {end}");
                    number += 1;
                }
                _ => println!("{MARK} cannot read {line:?}"),
            }
        }
        all_well
    }

    /// The first word of a file.
    pub(super) fn first_word(path: &str) -> String {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().next().unwrap_or("unknown").to_owned()
    }

    /// Ends QEMU with a code. If the machine lacks the device for that, switches the machine off.
    pub(super) fn leave(code: u8) -> ! {
        // All output must have left before the machine stops.
        // SAFETY: no preconditions.
        unsafe { libc::tcdrain(libc::STDOUT_FILENO) };
        // SAFETY: no preconditions; process 1 may ask for a port.
        if unsafe { libc::ioperm(EXIT_PORT.into(), 1, 1) } == 0 {
            // SAFETY: this process may write to the port, and the instruction touches no memory.
            unsafe {
                core::arch::asm!("out dx, al", in("dx") EXIT_PORT, in("al") code, options(nomem, nostack));
            }
        }
        // SAFETY: process 1 may switch the machine off.
        unsafe { libc::reboot(libc::RB_POWER_OFF) };
        loop {
            std::thread::park();
        }
    }
}
