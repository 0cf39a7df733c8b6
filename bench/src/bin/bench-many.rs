//! Measures lookups many at a time, against single ones and the reading of random lines; see `--help`.

use bench::many::Lookups;
use bench::program::{self, MOST_OPERATIONS, MOST_ROUNDS, count, keys, read_flags, threads};
use std::process::ExitCode;

const HELP: &str = "\
bench-many [--threads N] [--keys N] [--rounds N] [--lookups N]
    get, get_many of 64 keys and plain reading of random lines of as much memory as the leaves have, in turns.
    Exits with 1 if a sum is wrong.
--threads  1 by default
--keys     10000000
--rounds   7
--lookups  of each thread in a round (4000000)";

/// What the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Lookups>, String> {
    let usual = Lookups { threads: 1, keys: 10_000_000, rounds: 7, lookups: 4_000_000 };
    read_flags(args, &["--threads", "--keys", "--rounds", "--lookups"], usual, |lookups, flag, value| {
        match flag {
            "--threads" => lookups.threads = threads(flag, value)?,
            "--keys" => lookups.keys = keys(flag, value)?,
            "--rounds" => lookups.rounds = count(flag, value, MOST_ROUNDS)? as usize,
            // `get_many` takes 64 at a time.
            _ => match count(flag, value, MOST_OPERATIONS)? {
                few @ ..64 => return Err(format!("{flag} {few}: at least 64")),
                many => lookups.lookups = many,
            },
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    program::run("bench-many", HELP, parse(program::arguments()), |lookups| {
        lookups.run().map(|report| report.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let lookups = parse("--threads 3 --keys 10 --lookups 64").unwrap().unwrap();
        assert_eq!((lookups.threads, lookups.keys, lookups.lookups), (3, 10, 64));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [("--fast", "--help"), ("--keys", "needs a number"), ("--keys x", "not a number")]
        {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
