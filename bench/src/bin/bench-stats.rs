//! Counts what each operation locks and writes; see `--help`.

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
    let mut stats = Stats { keys: 10_000_000, threads: vec![1, 2, 4] };
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        if flag == "--help" || flag == "-h" {
            return Ok(None);
        }
        if !["--keys", "--threads"].contains(&flag.as_str()) {
            return Err(format!("unknown flag {flag}; see --help"));
        }
        let value = args.next().ok_or_else(|| format!("{flag} needs a number"))?;
        let numbers: Result<Vec<u64>, _> = value.split(',').map(str::parse).collect();
        match (flag.as_str(), numbers.as_deref()) {
            ("--keys", Ok(&[keys])) => stats.keys = keys,
            ("--threads", Ok(threads)) => {
                stats.threads = threads.iter().map(|&n| n.max(1) as usize).collect()
            }
            _ => return Err(format!("{flag} {value} is not a number")),
        }
    }
    Ok(Some(stats))
}

fn main() -> ExitCode {
    let outcome = match parse(std::env::args().skip(1)) {
        Ok(Some(stats)) => stats.run(),
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("bench-stats: {why}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("bench-stats: {why}");
            ExitCode::FAILURE
        }
    }
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
