//! Measures every way to scan a map, against plain reading of as much memory; see `--help`.

use bench::program::{self, MOST_OPERATIONS, MOST_ROUNDS, count, keys, read_flags, threads};
use bench::scan::Scans;
use std::process::ExitCode;

const HELP: &str = "\
bench-scan [--threads N] [--keys N] [--rounds N] [--repeat N] [--shorts N]
    Iterators and chunks, forward and backward, over a map of random keys, in turns with plain reading of as many
    bytes as its leaves have, and scans of up to a hundred pairs. Exits with 1 if a sum is wrong.
--threads  2 by default; each reads a part of the keys
--keys     10000000
--rounds   7
--repeat   long scans of each way in a round (1)
--shorts   short scans of each thread in a round (100000)";

/// What the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Scans>, String> {
    let usual = Scans { threads: 2, keys: 10_000_000, rounds: 7, repeat: 1, shorts: 100_000 };
    read_flags(
        args,
        &["--threads", "--keys", "--rounds", "--repeat", "--shorts"],
        usual,
        |scans, flag, value| {
            match flag {
                "--threads" => scans.threads = threads(flag, value)?,
                "--keys" => scans.keys = keys(flag, value)?,
                "--rounds" => scans.rounds = count(flag, value, MOST_ROUNDS)? as usize,
                "--repeat" => scans.repeat = count(flag, value, MOST_ROUNDS)? as usize,
                _ => scans.shorts = count(flag, value, MOST_OPERATIONS)?,
            }
            Ok(())
        },
    )
}

fn main() -> ExitCode {
    program::run("bench-scan", HELP, parse(program::arguments()), |scans| {
        scans.run().map(|report| report.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let scans = parse("--threads 3 --keys 10 --repeat 5").unwrap().unwrap();
        assert_eq!((scans.threads, scans.keys, scans.repeat), (3, 10, 5));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [("--fast", "--help"), ("--keys", "needs a number"), ("--keys x", "not a number")]
        {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
