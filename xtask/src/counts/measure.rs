//! Builds `bench` for fixed processors and runs it under valgrind's callgrind.

use std::path::Path;
use std::process::Command;

use super::table::Figure;
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// The processors that `bench` is compiled for. `x86-64-v3` is the newest level that valgrind supports; it
/// has no AVX-512. `x86-64` is cargo's default and runs on every x86-64 machine. This machine's own processor
/// is not in the list, because valgrind may not support it.
pub(super) const CPUS: &[&str] = &["x86-64-v3", "x86-64"];

/// The function whose instructions are counted, with all that it calls: see `bench/src/counts.rs`.
const COUNTED: &str = "--toggle-collect=*counts::counted*";

/// Counts every operation for every processor.
pub(super) fn all() -> Result<Vec<Figure>, Stop> {
    if !cfg!(target_arch = "x86_64") {
        return Err(Stop::failure("the figures are of x86-64: there is nothing to compare with here"));
    }
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Err(Stop::failure(
            "no valgrind here; run sh .ci/setup --verify, or on Debian: apt-get install valgrind",
        ));
    }
    let mut figures = Vec::new();
    for cpu in CPUS {
        // No flags but the processor.
        let target = tree::target().join("counts").join(cpu);
        let program = cargo::bench("counts", &target, &format!("-C target-cpu={cpu}"))?;
        for operation in run(Command::new(&program).arg("counts"))?.0.lines() {
            eprintln!("counts: {operation} for {cpu}");
            let instructions = count(&program, operation)?;
            figures.push(Figure { cpu: cpu.to_string(), operation: operation.to_owned(), instructions });
        }
    }
    Ok(figures)
}

/// Instructions that `operation` takes in the mean.
fn count(program: &Path, operation: &str) -> Result<f64, Stop> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", COUNTED])
        .arg(program)
        .args(["counts", operation])
        .env_remove("VALGRIND_OPTS");
    let (times, words) = run(&mut valgrind)?;
    let times = times.trim().parse().map_err(|_| format!("{times:?} is no number of operations"));
    let mean = times.and_then(|times| mean(&words, times));
    mean.map_err(|why| Stop::failure(format!("{operation}: {why}")))
}

/// What a program that succeeded printed on standard output and on standard error.
fn run(command: &mut Command) -> Result<(String, String), Stop> {
    let program = command.get_program().to_os_string();
    let failed = |why: String| Stop::failure(format!("{}: {why}", program.display()));
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    if output.status.success() {
        return Ok((out, err));
    }
    // Valgrind prints the last line, but the program prints the cause.
    let cause = err.lines().rfind(|line| line.starts_with("bench:")).or(err.lines().last());
    Err(failed(format!("{}; last words: {}", output.status, cause.unwrap_or("none"))))
}

/// The count that callgrind prints, divided by `times` operations.
fn mean(words: &str, times: u64) -> Result<f64, String> {
    let number = words.split("Collected :").nth(1).and_then(|rest| rest.split_whitespace().next());
    match number.and_then(|number| number.parse::<u64>().ok()) {
        Some(collected) if collected > times && times > 0 => Ok(collected as f64 / times as f64),
        Some(_) => Err("nothing was counted: is there still a function counts::counted?".into()),
        None => Err("callgrind said no number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str =
        "==7== \n==7== Events    : Ir\n==7== Collected : 12650\n==7== \n==7== I   refs:      12,650\n";

    #[test]
    fn the_mean_is_found_in_the_words() {
        assert_eq!(mean(WORDS, 50), Ok(253.0));
    }

    #[test]
    fn a_count_of_nothing_is_none() {
        assert!(mean(&WORDS.replace("12650", "0"), 50).unwrap_err().contains("counts::counted"));
        assert!(mean(WORDS, 0).unwrap_err().contains("nothing was counted"));
        assert!(mean("==7== killed", 50).unwrap_err().contains("no number"));
    }
}
