//! The command line of `bench-numa`, read and checked as far as that needs no look at the machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bench::numbers::MOST_ROUNDS;
use bench::protocol::MOST_THREADS;
use bskip_topology::PinPolicy;
use lexopt::prelude::*;

use super::names;
use super::units::parse_count;

/// Seconds of a timeout: a week.
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// What the flags said. `None` where a flag was not given: the default may depend on others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Args {
    pub(crate) help: bool,
    pub(crate) quick: bool,
    pub(crate) dry_run: bool,
    pub(crate) no_native: bool,
    pub(crate) keys: Option<u64>,
    pub(crate) ops: Option<u64>,
    pub(crate) threads: Option<Vec<usize>>,
    pub(crate) maps: Option<Vec<String>>,
    pub(crate) workloads: Option<Vec<String>>,
    pub(crate) dists: Option<Vec<String>>,
    pub(crate) placements: Option<Vec<String>>,
    pub(crate) pins: Option<Vec<String>>,
    pub(crate) pages: Option<Vec<String>>,
    pub(crate) repeat: Option<usize>,
    pub(crate) seed: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) formats: Vec<Format>,
    pub(crate) out: Option<PathBuf>,
    /// Files of the load and of the run.
    pub(crate) trace: Option<(PathBuf, PathBuf)>,
    pub(crate) cell_bin: Option<PathBuf>,
}

/// A form of the results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One line for each round of each cell.
    Csv,
    /// Everything.
    Json,
}

impl Args {
    /// Reads the flags after `bench-numa`.
    ///
    /// # Errors
    ///
    /// One line that says which flag is wrong and what it may be.
    pub(crate) fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        Self::read(flags).map_err(|error| error.to_string())
    }

    fn read(flags: Vec<OsString>) -> Result<Self, lexopt::Error> {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next()? {
            match flag {
                Short('h') | Long("help") => args.help = true,
                Long("quick") => args.quick = true,
                Long("dry-run") => args.dry_run = true,
                Long("no-native") => args.no_native = true,
                Long("keys") => args.keys = Some(positive("--keys", &parser.value()?.string()?)?),
                Long("ops") => args.ops = Some(positive("--ops", &parser.value()?.string()?)?),
                Long("threads") => args.threads = Some(threads(&parser.value()?.string()?)?),
                Long("maps") => {
                    args.maps = Some(known_list("map", &parser.value()?.string()?, names::MAPS)?);
                }
                Long("workloads") => {
                    let list = parser.value()?.string()?;
                    args.workloads = Some(known_list("workload", &list, names::WORKLOADS)?);
                }
                Long("dist") => {
                    let list = parser.value()?.string()?;
                    args.dists = Some(known_list("distribution", &list, names::DISTS)?);
                }
                Long("placement") => {
                    let list = distinct(names::split_list(&parser.value()?.string()?));
                    list.iter().try_for_each(|item| names::placed_on(item).map(drop))?;
                    args.placements = Some(list);
                }
                Long("pin") => {
                    let list = distinct(names::split_list(&parser.value()?.string()?));
                    for policy in &list {
                        policy.parse::<PinPolicy>().map_err(|error| format!("--pin: {error}"))?;
                    }
                    args.pins = Some(list);
                }
                Long("pages") => {
                    args.pages = Some(known_list("page size", &parser.value()?.string()?, names::PAGES)?);
                }
                Long("repeat") => {
                    let rounds = positive("--repeat", &parser.value()?.string()?)?;
                    args.repeat = Some(at_most("--repeat", rounds, MOST_ROUNDS)? as usize);
                }
                Long("seed") => {
                    let seed = parse_count(&parser.value()?.string()?);
                    args.seed = Some(seed.map_err(|error| format!("--seed: {error}"))?);
                }
                Long("timeout") => {
                    let seconds = positive("--timeout", &parser.value()?.string()?)?;
                    args.timeout = Some(Duration::from_secs(at_most("--timeout", seconds, LONGEST)?));
                }
                Long("format") => args.formats = formats(&parser.value()?.string()?)?,
                Long("out") => args.out = Some(parser.value()?.into()),
                Long("trace") => {
                    let load = parser.value()?.into();
                    let run = parser.value().map_err(|_| "--trace takes two files: --trace LOAD RUN")?;
                    args.trace = Some((load, run.into()));
                }
                Long("cell-bin") => args.cell_bin = Some(parser.value()?.into()),
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        args.check_together()?;
        Ok(args)
    }

    /// Refuses flags that contradict each other.
    fn check_together(&self) -> Result<(), String> {
        if self.trace.is_some() {
            for (given, flag) in [
                (self.workloads.is_some(), "--workloads"),
                (self.dists.is_some(), "--dist"),
                (self.keys.is_some(), "--keys"),
                (self.ops.is_some(), "--ops"),
            ] {
                if given {
                    return Err(format!("--trace brings its own operations: leave out {flag}"));
                }
            }
        }
        if let Some(maps) = self.maps.as_ref().filter(|maps| !maps.iter().any(|map| names::is_placed(map))) {
            for (given, flag) in
                [(self.placements.is_some(), "--placement"), (self.pages.is_some(), "--pages")]
            {
                if given {
                    let maps = maps.join(", ");
                    return Err(format!("{flag} has no effect on {maps}: add bskip-numa to --maps"));
                }
            }
        }
        if self.formats.len() > 1 && self.out.is_none() {
            return Err("with several formats only the table goes to standard output: \
                        give --out DIR for the others"
                .into());
        }
        Ok(())
    }
}

/// A count that is not zero.
fn positive(flag: &str, text: &str) -> Result<u64, String> {
    match parse_count(text) {
        Ok(0) => Err(format!("{flag} must be at least 1")),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{flag}: {error}")),
    }
}

/// The number, if it is no larger than that.
fn at_most(flag: &str, number: u64, most: u64) -> Result<u64, String> {
    match number > most {
        true => Err(format!("{flag} {number}: at most {most}")),
        false => Ok(number),
    }
}

fn threads(list: &str) -> Result<Vec<usize>, String> {
    distinct(list.split(','))
        .into_iter()
        .map(|item| {
            let number = positive("--threads", item)?;
            Ok(at_most("--threads", number, MOST_THREADS as u64)? as usize)
        })
        .collect()
}

/// A list of names out of `known`, or `all` of them.
fn known_list(what: &str, list: &str, known: &[&str]) -> Result<Vec<String>, String> {
    if list == "all" {
        return Ok(known.iter().map(ToString::to_string).collect());
    }
    let list = distinct(list.split(',').map(str::to_owned));
    names::known(what, &list, known).map(|()| list)
}

fn formats(list: &str) -> Result<Vec<Format>, String> {
    distinct(list.split(','))
        .into_iter()
        .map(|item| match item {
            "table" => Ok(Format::Table),
            "csv" => Ok(Format::Csv),
            "json" => Ok(Format::Json),
            _ => Err(format!("no format {item:?}; there are table, csv, json")),
        })
        .collect()
}

/// The items in their order, each only once.
fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read() {
        let args = parse(
            "--keys 10M --ops 1_000 --threads 1,2,2 --maps bskip-numa,congee --workloads load,e --dist odd \
             --placement local,preferred:0,1,tiered+weighted:0=3,1=1 --pin none,cpus:0,1 --pages 4k,hugetlb-2m --repeat 3 --seed 7 \
             --timeout 9 --format table,json --out here --no-native --cell-bin cell",
        )
        .unwrap();
        assert_eq!(args.keys, Some(10_000_000));
        assert_eq!(args.ops, Some(1_000));
        assert_eq!(args.threads, Some(vec![1, 2]));
        assert_eq!(args.maps.unwrap(), ["bskip-numa", "congee"]);
        assert_eq!(args.workloads.unwrap(), ["load", "e"]);
        assert_eq!(args.placements.unwrap(), ["local", "preferred:0,1", "tiered+weighted:0=3,1=1"]);
        assert_eq!(args.pins.unwrap(), ["none", "cpus:0,1"]);
        assert_eq!(args.pages.unwrap(), ["4k", "hugetlb-2m"]);
        assert_eq!(args.repeat, Some(3));
        assert_eq!(args.timeout, Some(Duration::from_secs(9)));
        assert_eq!(args.formats, [Format::Table, Format::Json]);
        assert!(args.no_native && !args.quick);
    }

    #[test]
    fn all_stands_for_every_name() {
        let args = parse("--maps all --workloads all").unwrap();
        assert_eq!(args.maps.unwrap(), names::MAPS);
        assert_eq!(args.workloads.unwrap(), names::WORKLOADS);
    }

    #[test]
    fn a_trace_takes_two_files() {
        let args = parse("--trace load.txt run.txt --quick").unwrap();
        assert_eq!(args.trace, Some(("load.txt".into(), "run.txt".into())));
        assert!(parse("--trace load.txt").unwrap_err().contains("two files"));
    }

    /// What no flag takes that takes a number: no numbers, numbers beyond their type, and too large suffixes.
    const NO_NUMBERS: [&str; 10] = [
        "",
        " ",
        "-1",
        "+1",
        "1e999",
        "inf",
        "NaN",
        "99999999T",
        "18446744073709551616",
        "18446744073709551615G",
    ];

    #[test]
    fn numbers_at_the_ends_of_their_types_are_read_or_refused() {
        let parse = |flag: &str, value: &str| Args::parse(vec![flag.into(), value.into()]);
        for (flag, takes_zero, takes_most) in [
            ("--keys", false, true),
            ("--ops", false, true),
            ("--seed", true, true),
            ("--repeat", false, false),
            ("--timeout", false, false),
            ("--threads", false, false),
        ] {
            for value in NO_NUMBERS {
                let error = parse(flag, value).expect_err(flag);
                assert!(error.contains(flag) && !error.contains('\n'), "{flag} {value}: {error}");
            }
            for (value, is_taken) in [("0", takes_zero), ("1", true), ("18446744073709551615", takes_most)] {
                assert_eq!(parse(flag, value).is_ok(), is_taken, "{flag} {value}");
            }
        }
        for (flag, kind) in [("--pin", "cpus:"), ("--placement", "node:"), ("--placement", "weighted:0=")] {
            for value in NO_NUMBERS {
                let error = parse(flag, &format!("{kind}{value}")).expect_err(flag);
                assert!(!error.contains('\n'), "{flag} {kind}{value}: {error}");
            }
        }
        assert!(
            parse("--pin", "cpus:0-4294967295").is_err(),
            "a range is not written out before it is judged"
        );
    }

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("--maps bskp", "there are bskip, bskip-numa"),
            ("--workloads d", "there are load, a, b"),
            ("--dist normal", "there are uniform"),
            ("--threads 0", "at least 1"),
            ("--threads 1,", "is not a count"),
            ("--threads 9999", "at most 4096"),
            ("--keys 0", "at least 1"),
            ("--keys lots", "write 1000000"),
            ("--repeat 0", "at least 1"),
            ("--placement far", "write local"),
            ("--placement weighted:0=0", "write local"),
            (
                "--maps bskip,congee --placement local",
                "--placement has no effect on bskip, congee: add bskip-numa",
            ),
            ("--pages 4k --maps bskip-coin", "--pages has no effect on bskip-coin: add bskip-numa"),
            ("--pin tight", "choose none, compact"),
            ("--pages 1g", "there are thp, 4k, hugetlb-2m, hugetlb-1g"),
            ("--format xml", "there are table, csv, json"),
            ("--format csv,json", "--out DIR"),
            ("--trace a b --keys 5", "leave out --keys"),
            ("--trace a b --workloads a", "leave out --workloads"),
            ("--fast", "--help"),
            ("fast", "--help"),
            ("--keys", "missing argument"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }
}
