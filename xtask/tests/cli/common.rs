//! What the tests of the command line share: the program, the fake cells, and a folder to write to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A fake `bench`: a script in `cells`, by name.
pub(crate) fn cell(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cells").join(format!("{name}.sh"))
}

/// `xtask bench-numa` with the flags in `line` and the fake cell, without ceilings.
pub(crate) fn bench_numa(cell_name: &str, line: &str) -> Command {
    let mut command = bench_numa_with_ceilings(cell_name, line);
    command.arg("--no-ceilings");
    command
}

/// The same with ceilings.
pub(crate) fn bench_numa_with_ceilings(cell_name: &str, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("bench-numa").args(line.split_whitespace()).arg("--cell-bin").arg(cell(cell_name));
    command.env("FAKE_CELLS", cell("ok").parent().expect("a folder"));
    command
}

/// A command that goes on with the sweep in a folder.
pub(crate) fn resume(out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["bench-numa", "--no-ceilings", "--format", "csv", "--resume"]).arg(out);
    command.env("FAKE_CELLS", cell("ok").parent().expect("a folder"));
    command
}

/// Starts a command whose output does not matter.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
}

/// The lines of a file of JSON lines; none if there is no file.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect()
}

/// What a command printed, and its exit code.
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Printed {
    printed(command.output().expect("the command starts"))
}

/// Waits until something holds.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("still not: {what}");
}

/// The output as text.
pub(crate) fn printed(output: Output) -> Printed {
    Printed {
        out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        code: output.status.code(),
    }
}

/// A path that no other test uses, in the target folder; nothing exists there.
pub(crate) fn fresh_path(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id()));
    assert!(!path.exists());
    path
}
