//! Does one operation again and again, for `cargo xtask counts`, which runs it under callgrind; see `--help`.

use bench::counts::OPERATIONS;
use bench::program;
use std::process::ExitCode;

const HELP: &str = "\
bench-counts
    Prints the names of the operations.
bench-counts OPERATION
    Fills a map, does the operation many times, and prints how many. Exits with 1 if an answer is wrong. What is to
    be counted is the function whose name ends in counts::counted.";

/// What the arguments ask for, in words for standard output.
fn answer(args: &[String]) -> Result<String, String> {
    match args {
        [] => Ok(OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join("\n")),
        [flag] if flag == "--help" || flag == "-h" => Ok(HELP.to_owned()),
        [name] => match OPERATIONS.iter().find(|operation| operation.name == name) {
            Some(operation) => operation.run().map(|times| times.to_string()),
            None => Err(format!("no operation {name:?}; without arguments all are named")),
        },
        _ => Err("one operation at a time; see --help".to_owned()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = program::arguments().collect();
    match answer(&args).and_then(|words| program::print(&format!("{words}\n"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-counts: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_and_found() {
        let answer = |line: &str| answer(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let names = answer("").unwrap();
        assert_eq!(names.lines().count(), OPERATIONS.len());
        assert!(answer("scan-100").unwrap().parse::<u64>().unwrap() > 0);
        assert_eq!(answer("--help").unwrap(), HELP);
        assert!(answer("get").unwrap_err().contains("without arguments"));
        assert!(answer("get-hit get-miss").unwrap_err().contains("--help"));
    }
}
