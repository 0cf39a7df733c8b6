//! Measures many threads on one hot key, ours against a `Mutex<BTreeMap>`; see `--help`.

use bench::crowd::Crowd;
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

/// The crowd that the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Crowd>, String> {
    let mut crowd = Crowd { threads: 64, ops: 2_000_000, rounds: 7, hold: Duration::from_millis(300) };
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        if flag == "--help" || flag == "-h" {
            return Ok(None);
        }
        if !["--threads", "--ops", "--rounds", "--hold"].contains(&flag.as_str()) {
            return Err(format!("unknown flag {flag}; see --help"));
        }
        let value = args.next().ok_or_else(|| format!("{flag} needs a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{flag} {value} is not a number"))?;
        match flag.as_str() {
            "--threads" => crowd.threads = number as usize,
            "--ops" => crowd.ops = number,
            "--rounds" => crowd.rounds = number as usize,
            _ => crowd.hold = Duration::from_millis(number),
        }
    }
    Ok(Some(crowd))
}

fn main() -> ExitCode {
    let crowd = match parse(std::env::args().skip(1)) {
        Ok(Some(crowd)) => crowd,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("bench-crowd: {why}");
            return ExitCode::from(2);
        }
    };
    match crowd.run() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("bench-crowd: {why}");
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
        let crowd = parse("--threads 1000 --ops 10 --hold 5").unwrap().unwrap();
        assert_eq!((crowd.threads, crowd.ops, crowd.hold), (1000, 10, Duration::from_millis(5)));
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in [("--fast", "--help"), ("--ops", "needs a number"), ("--ops x", "not a number")] {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
