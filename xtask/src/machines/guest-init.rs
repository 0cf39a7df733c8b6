//! Process 1 of a test guest. It mounts what programs expect, switches huge pages on, and reports what the
//! kernel sees. Then it runs the commands in `/script` one after the other, reports how each one ended, and
//! ends QEMU with an exit code.
//!
//! `guest::image` links it statically and writes the script: commands as JSON, each a list of words.
//! `guest::console` reads its output.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "guest/words.rs"]
mod words;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    linux::main();
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("guest-init is for x86-64 Linux guests only");
    std::process::exit(1);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux {
    use std::ffi::CString;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::words::{End, MARK, Said, SeenNode};

    /// The port of QEMU's isa-debug-exit; the code `c` ends QEMU with `2 c + 1`.
    const EXIT_PORT: u16 = 0xf4;

    pub(super) fn main() {
        for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")] {
            mount(kind, at);
        }
        // The kernel does not switch them on by itself if there is less than 512 MiB of memory.
        let _ = fs::write("/sys/kernel/mm/transparent_hugepage/enabled", "always");
        say(&Said::Up(read("/proc/uptime").split(' ').next().and_then(|up| up.parse().ok()).unwrap_or(0.0)));
        (0..).map_while(node).for_each(|node| say(&Said::Node(node)));
        let script: Vec<Vec<String>> = serde_json::from_str(&read("/script")).unwrap_or_else(|why| {
            say(&Said::Wrong(format!("the script: {why}")));
            Vec::new()
        });
        let failed = script.iter().filter(|command| !run(command).is_success()).count();
        let killed = read("/proc/vmstat");
        let killed = killed.lines().find_map(|line| line.strip_prefix("oom_kill "));
        say(&Said::OomKills(killed.and_then(|number| number.parse().ok())));
        say(&Said::Done);
        leave(u8::from(failed > 0));
    }

    fn say(words: &Said) {
        println!("{MARK}{}", serde_json::to_string(words).expect("words have a JSON form"));
    }

    /// Mounts a file system of the kernel's. Prints a line if that fails.
    fn mount(kind: &str, at: &str) {
        let _ = fs::create_dir_all(at);
        let [kind_c, at_c] = [kind, at].map(|text| CString::new(text).expect("no zero in it"));
        // SAFETY: the strings are alive and end in zero; the call gets no data.
        let result =
            unsafe { libc::mount(kind_c.as_ptr(), at_c.as_ptr(), kind_c.as_ptr(), 0, core::ptr::null()) };
        if result != 0 {
            say(&Said::Wrong(format!("mounting {kind} on {at}: {}", std::io::Error::last_os_error())));
        }
    }

    /// The NUMA node of that number, if the kernel sees one.
    fn node(number: usize) -> Option<SeenNode> {
        let node = format!("/sys/devices/system/node/node{number}");
        let memory = read(&format!("{node}/meminfo"));
        let total = memory.lines().find_map(|line| line.split_once("MemTotal:"));
        let total = total.and_then(|(_, kib)| kib.trim().strip_suffix("kB")?.trim().parse().ok());
        let distances = read(&format!("{node}/distance"));
        Some(SeenNode {
            cpus: fs::read_to_string(format!("{node}/cpulist")).ok()?.trim().to_owned(),
            kib: total.unwrap_or(0),
            distances: distances.split_whitespace().map_while(|distance| distance.parse().ok()).collect(),
        })
    }

    /// Runs a command.
    fn run(words: &[String]) -> End {
        say(&Said::Run(words[0].clone()));
        let end = match Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).status() {
            Ok(status) => status.code().map_or_else(|| End::Signal(status.signal().unwrap_or(0)), End::Code),
            Err(error) => End::NotRun(error.to_string()),
        };
        // The program may have left its last line open.
        println!();
        say(&Said::End(end.clone()));
        end
    }

    /// A file's text; empty if there is none.
    fn read(path: &str) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Ends QEMU with a code. If the machine lacks the device for that, switches the machine off.
    fn leave(code: u8) -> ! {
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
