//! Does each operation many times with marks around it, for `cargo xtask numa-count`; see `--help`.

use bench::numa_count::NumaCount;
use bench::program::{self, MOST_OPERATIONS, count, keys, number, read_flags, threads};
use std::process::ExitCode;

const HELP: &str = "\
bench-numa-count [--map NAME] [--setting SETTING] [--keys N] [--ops N] [--warm N] [--workers N] [--pages thp|4k] [--run N]
    Loads a map and does gets, scans, insertions and removals, the workers one after the other, with marks for the
    plugin of cargo xtask numa-count, which runs this in a guest. Anywhere else the marks do nothing, and the
    answers are checked all the same. Exits with 1 if one is wrong.
--map      bskip-numa by default: the map on NumaArena, the only one that a placement means something to
--setting  a placement, and perhaps +ranges or +locks behind it; local by default
--keys     1000000
--ops      operations of each kind that are counted, a tenth of it for scans; 100000
--warm     operations before them, which fill the caches; 100000
--workers  one for each CPU, from CPU 0 on; 1
--pages    thp
--run      the run's number in the report; 0";

const FLAGS: [&str; 8] = ["--map", "--setting", "--keys", "--ops", "--warm", "--workers", "--pages", "--run"];

/// What the arguments ask for; `None` for help.
fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<NumaCount>, String> {
    let usual = NumaCount {
        run: 0,
        map: "bskip-numa".to_owned(),
        setting: "local".parse()?,
        pages: "thp".to_owned(),
        keys: 1_000_000,
        ops: 100_000,
        warm: 100_000,
        workers: 1,
    };
    read_flags(args, &FLAGS, usual, |asked, flag, value| {
        match flag {
            "--map" => value.clone_into(&mut asked.map),
            "--setting" => asked.setting = value.parse()?,
            "--pages" => value.clone_into(&mut asked.pages),
            "--keys" => asked.keys = keys(flag, value)?,
            "--ops" => asked.ops = count(flag, value, MOST_OPERATIONS)?,
            "--warm" if value == "0" => asked.warm = 0,
            "--warm" => asked.warm = count(flag, value, MOST_OPERATIONS)?,
            "--workers" => asked.workers = threads(flag, value)?,
            _ => asked.run = number(flag, value)?,
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    program::run("bench-numa-count", HELP, parse(program::arguments()), |asked| asked.run())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_errors_say_what_to_do() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let asked = parse("--map masstree --setting node:0+ranges --workers 4 --run 7").unwrap().unwrap();
        assert_eq!((asked.map.as_str(), asked.workers, asked.run), ("masstree", 4, 7));
        assert_eq!(asked.setting.to_string(), "node:0+ranges");
        assert_eq!(parse("--help"), Ok(None));
        for (line, hint) in
            [("--fast", "--help"), ("--keys x", "not a number"), ("--setting near", "not a placement")]
        {
            assert!(parse(line).unwrap_err().contains(hint), "{line}");
        }
    }
}
