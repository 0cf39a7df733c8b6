//! Measures many threads on one hot key, ours against a `Mutex<BTreeMap>`; see `--help`.

use bench::crowd::Crowd;
use bench::program::{self, MOST_OPERATIONS, MOST_ROUNDS, count, read_flags, threads};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
bench-crowd [--threads N] [--ops N] [--rounds N] [--hold MS]
    Many threads on one key: throughput, the worst operation, and what waiting for a sleeping holder costs, ours
    against the same program over a Mutex<BTreeMap>, in turns. Exits with 1 if a count is wrong.
--threads  64 by default
--ops      operations of all threads in a round (2000000)
--rounds   rounds (7)
--hold     milliseconds for which a thread sleeps with the key (300)";

/// Milliseconds: ten minutes.
const LONGEST_HOLD: u64 = 600_000;

/// The crowd that the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Crowd>, String> {
    let usual = Crowd { threads: 64, ops: 2_000_000, rounds: 7, hold: Duration::from_millis(300) };
    read_flags(args, &["--threads", "--ops", "--rounds", "--hold"], usual, |crowd, flag, value| {
        match flag {
            "--threads" => crowd.threads = threads(flag, value)?,
            "--ops" => crowd.ops = count(flag, value, MOST_OPERATIONS)?,
            "--rounds" => crowd.rounds = count(flag, value, MOST_ROUNDS)? as usize,
            _ => crowd.hold = Duration::from_millis(count(flag, value, LONGEST_HOLD)?),
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    program::run("bench-crowd", HELP, parse(program::arguments()), |crowd| {
        crowd.run().map(|report| format!("{report}\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let crowd = parse("--threads 1000 --ops 10 --hold 5").unwrap().unwrap();
        assert_eq!((crowd.threads, crowd.ops, crowd.hold), (1000, 10, Duration::from_millis(5)));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [("--fast", "--help"), ("--ops", "needs a number"), ("--ops x", "not a number")] {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
