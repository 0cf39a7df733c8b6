//! Measures building a map from sorted pairs, against filling fresh memory; see `--help`.

use bench::bulk::Bulk;
use bench::program::{self, MOST_ROUNDS, count, keys, read_flags, threads};
use std::process::ExitCode;

const HELP: &str = "\
bench-bulk [--threads N] [--keys N] [--rounds N]
    BulkLoad of ascending keys by one thread and by N together, and filling as much fresh memory, in turns.
    Exits with 1 if a map is wrong.
--threads  2 by default
--keys     10000000
--rounds   11";

/// What the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Bulk>, String> {
    let usual = Bulk { threads: 2, keys: 10_000_000, rounds: 11 };
    read_flags(args, &["--threads", "--keys", "--rounds"], usual, |bulk, flag, value| {
        match flag {
            "--threads" => bulk.threads = threads(flag, value)?,
            "--keys" => bulk.keys = keys(flag, value)?,
            _ => bulk.rounds = count(flag, value, MOST_ROUNDS)? as usize,
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    program::run("bench-bulk", HELP, parse(program::arguments()), |bulk| {
        bulk.run().map(|report| report.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let bulk = parse("--threads 3 --keys 10 --rounds 5").unwrap().unwrap();
        assert_eq!((bulk.threads, bulk.keys, bulk.rounds), (3, 10, 5));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [("--fast", "--help"), ("--keys", "needs a number"), ("--keys x", "not a number")]
        {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
