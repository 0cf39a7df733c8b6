//! Counts what each operation locks and writes; see `--help`.

use bench::program::{self, keys, read_flags, threads_list};
use bench::stats::Stats;
use std::process::ExitCode;

const HELP: &str = "\
bench-stats [--keys N] [--threads N,N,...]
    Nodes locked, locks that failed, words of shared memory written and calls of the arena's pools, for each insertion,
    lookup, range of 100 pairs and removal, in a map of random keys. Exits with 1 if an answer is wrong.
--keys     10000000 by default
--threads  1,2,4; each with a map of its own";

/// What the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Stats>, String> {
    let usual = Stats { keys: 10_000_000, threads: vec![1, 2, 4] };
    read_flags(args, &["--keys", "--threads"], usual, |stats, flag, value| {
        match flag {
            "--keys" => stats.keys = keys(flag, value)?,
            _ => stats.threads = threads_list(flag, value)?,
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    program::run("bench-stats", HELP, parse(program::arguments()), |stats| {
        stats.run().map(|report| report.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let stats = parse("--threads 3,5 --keys 10").unwrap().unwrap();
        assert_eq!((stats.threads, stats.keys), (vec![3, 5], 10));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [
            ("--fast", "--help"),
            ("--keys", "needs a number"),
            ("--keys 1,2", "not a number"),
            ("--threads x", "not a number"),
        ] {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
