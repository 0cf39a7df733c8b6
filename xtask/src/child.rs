//! Runs a program to its end, with its output in files. If the program must not go on, ends it and everything
//! that it started.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// How often a running program is looked at.
const PATIENCE: Duration = Duration::from_millis(10);

/// Ctrl-C and a request to terminate set this. No other data depends on it, so Relaxed suffices.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// After this call, Ctrl-C ends what is running, and nothing else begins. A second call does no harm.
pub(crate) fn listen() -> Result<(), Stop> {
    match ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)) {
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(Stop::failure(format!("cannot listen for Ctrl-C: {error}"))),
    }
}

/// Whether there was one.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

impl End {
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }

    /// The end in words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Exited(status) => ending(status),
            Self::TimedOut => "hangs".into(),
            Self::Interrupted => "interrupted".into(),
        }
    }
}

/// An exit status in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return format!("exit code {}", status.code().unwrap_or(-1));
    };
    let name = match signal {
        4 => " (illegal instruction)",
        6 => " (abort)",
        7 => " (bus error)",
        8 => " (arithmetic)",
        9 => "; was memory short?",
        11 => " (segmentation fault)",
        _ => "",
    };
    format!("killed by signal {signal}{name}")
}

/// Runs `command` for at most `limit`. Adds what it prints to `log`.
pub(crate) fn run(command: &mut Command, log: &File, limit: Duration) -> io::Result<End> {
    run_into(command, [log, log], limit)
}

/// As [`run`], with standard output and standard error in files of their own.
pub(crate) fn run_into(command: &mut Command, files: [&File; 2], limit: Duration) -> io::Result<End> {
    run_watched(command, files, limit, &mut || ())
}

/// As [`run_into`]; calls `watch` again and again while the program runs.
pub(crate) fn run_watched(
    command: &mut Command,
    [out, err]: [&File; 2],
    limit: Duration,
    watch: &mut dyn FnMut(),
) -> io::Result<End> {
    if interrupted() {
        return Ok(End::Interrupted);
    }
    end_with_this_process(command);
    // The child gets a process group of its own, so that it can be ended as a whole and Ctrl-C reaches only
    // this process.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        .process_group(0)
        .spawn()?;
    let started = Instant::now();
    let end = loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if interrupted() {
            break End::Interrupted;
        }
        if started.elapsed() >= limit {
            break End::TimedOut;
        }
        thread::sleep(PATIENCE);
        watch();
    };
    kill_group(&mut child)?;
    child.wait()?;
    Ok(end)
}

/// Lets the child be killed when this process dies, even by SIGKILL. Otherwise a cell of a sweep that was
/// killed would still run beside the sweep that is resumed.
fn end_with_this_process(command: &mut Command) {
    end_with(command, std::process::id());
}

/// Lets the child be killed when its parent dies. If the parent is not the process `parent`, this one has died
/// already, and the child does not start.
#[cfg(target_os = "linux")]
fn end_with(command: &mut Command, parent: u32) {
    let request = move || {
        // SAFETY: between fork and exec, only async-signal-safe calls are allowed. prctl is one, and this
        // request has no pointers.
        let refused = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        if refused != 0 {
            return Err(io::Error::last_os_error());
        }
        // If the parent died before the request, the signal never comes.
        // SAFETY: getppid is async-signal-safe, has no arguments and always succeeds.
        let now = unsafe { libc::getppid() };
        // An error of a number allocates nothing.
        if u32::try_from(now) == Ok(parent) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: `request` makes only async-signal-safe calls and allocates nothing.
    unsafe { command.pre_exec(request) };
}

#[cfg(not(target_os = "linux"))]
fn end_with(_: &mut Command, _: u32) {}

/// Kills the child and all processes in its group, such as cargo's children.
fn kill_group(child: &mut Child) -> io::Result<()> {
    // This uses the shell's own `kill`, because the program of that name may not be installed.
    let kill = format!("kill -KILL -{}", child.id());
    if Command::new("sh").args(["-c", &kill]).status()?.success() { Ok(()) } else { child.kill() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn log(name: &str) -> (PathBuf, File) {
        let dir = crate::tree::target().join("child/tests");
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(format!("{name}-{}.log", std::process::id()));
        (path.clone(), File::create(path).unwrap())
    }

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let (path, log) = log("exit");
        let end = run(&mut sh("echo out; echo err >&2; exit 3"), &log, Duration::from_secs(60)).unwrap();
        assert!(!end.is_success());
        assert_eq!(end.words(), "exit code 3");
        assert_eq!(fs::read_to_string(path).unwrap(), "out\nerr\n");
        assert!(run(&mut sh("true"), &log, Duration::from_secs(60)).unwrap().is_success());
        assert_eq!(
            run(&mut sh("kill -ABRT $$"), &log, Duration::from_secs(60)).unwrap().words(),
            "killed by signal 6 (abort)"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_whose_parent_died_before_it_asked_for_the_signal_does_not_start() {
        let mut orphan = sh("exit 0");
        end_with(&mut orphan, std::process::id() + 1);
        assert_eq!(orphan.spawn().unwrap_err().raw_os_error(), Some(libc::ESRCH));
        let mut child = sh("exit 0");
        end_with(&mut child, std::process::id());
        assert!(child.spawn().unwrap().wait().unwrap().success());
    }

    #[test]
    fn a_hanging_program_ends_with_its_children() {
        let (path, log) = log("hang");
        let end = run(&mut sh("sleep 1000 & echo $!; wait"), &log, Duration::from_millis(300)).unwrap();
        assert_eq!(end, End::TimedOut);
        let sleeper = fs::read_to_string(path).unwrap();
        let status = PathBuf::from("/proc").join(sleeper.trim()).join("status");
        // Whether the process is gone, or dead and not yet waited for. The signal may take a while to arrive.
        let is_dead = || fs::read_to_string(&status).map_or(true, |status| status.contains("State:\tZ"));
        let waits =
            (0..3000).take_while(|_| !is_dead()).inspect(|_| std::thread::sleep(Duration::from_millis(10)));
        assert!(waits.count() < 3000, "the child of the child lives");
    }
}
