//! The command line of `numa-count`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use super::model::Costs;
use crate::bench_numa::units::parse_count;
use bench::numbers::MOST_OPERATIONS;

/// Maps that are counted unless others are named.
const MAPS: &str = "bskip-numa,crossbeam-skiplist,arctic-map,rwlock-btreemap";
/// Settings of the map on `NumaArena` that are counted unless others are named.
const SETTINGS: &str = "local,interleave,interleave+replicas,node:0,node:0+replicas,hash+replicas,local+ranges,\
                        partition+ranges,partition+lazy+ranges,interleave+locks";
/// The setting of maps that place nothing: their memory comes from the global allocator, and so is on the node of
/// the thread that touches it first.
pub(super) const PEER_SETTING: &str = "local";

/// What the flags said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Args {
    pub(super) help: bool,
    /// Machines: how many nodes each has.
    pub(super) nodes: Vec<usize>,
    /// Processors of a node.
    pub(super) cpus: usize,
    /// MiB of a node's memory.
    pub(super) mib: usize,
    pub(super) keys: u64,
    pub(super) ops: u64,
    pub(super) maps: Vec<String>,
    pub(super) settings: Vec<String>,
    /// Each processor's cache: bytes, and lines of a set.
    pub(super) cache: usize,
    pub(super) ways: usize,
    pub(super) costs: Costs,
    pub(super) formats: Vec<Format>,
    pub(super) out: Option<PathBuf>,
    /// A kernel to boot, instead of one that is fetched.
    pub(super) kernel: Option<PathBuf>,
    /// Everything is counted twice, and compared.
    pub(super) twice: bool,
}

/// A form of the results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Format {
    Table,
    Json,
}

impl Default for Args {
    fn default() -> Self {
        let words = |list: &str| list.split(',').map(str::to_owned).collect();
        Self {
            help: false,
            nodes: vec![2, 4],
            cpus: 2,
            mib: 512,
            keys: 1_000_000,
            ops: 100_000,
            maps: words(MAPS),
            settings: words(SETTINGS),
            cache: 256 << 10,
            ways: 16,
            costs: Costs::default(),
            formats: vec![Format::Table, Format::Json],
            out: None,
            kernel: None,
            twice: false,
        }
    }
}

impl Args {
    /// Reads the flags after `numa-count`.
    ///
    /// # Errors
    ///
    /// One line that says which flag is wrong and what it may be.
    pub(super) fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        let args = Self::read(flags).map_err(|error| error.to_string())?;
        args.check().map(|()| args)
    }

    fn read(flags: Vec<OsString>) -> Result<Self, lexopt::Error> {
        let mut args = Self::default();
        // First, so that other flags add to it wherever they stand.
        if flags.iter().any(|flag| flag == "--quick") {
            (args.nodes, args.keys, args.ops) = (vec![2], 100_000, 20_000);
        }
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next()? {
            match flag {
                Short('h') | Long("help") => args.help = true,
                Long("quick") => {}
                Long("twice") => args.twice = true,
                Long("nodes") => args.nodes = list(&text(&mut parser)?, |number| number.parse().ok())?,
                Long("cpus") => args.cpus = count(&mut parser)? as usize,
                Long("memory") => args.mib = count(&mut parser)? as usize,
                Long("keys") => args.keys = count(&mut parser)?,
                Long("ops") => args.ops = count(&mut parser)?,
                Long("maps") => args.maps = list(&text(&mut parser)?, |name| Some(name.to_owned()))?,
                Long("settings") => args.settings = list(&text(&mut parser)?, |name| Some(name.to_owned()))?,
                Long("cache") => args.cache = (count(&mut parser)? as usize).saturating_mul(1024),
                Long("ways") => args.ways = count(&mut parser)? as usize,
                Long("latencies") => args.costs.latencies = nanoseconds(&text(&mut parser)?)?,
                Long("cores") => args.costs.cores = count(&mut parser)? as usize,
                Long("ghz") => args.costs.ghz = positive(&text(&mut parser)?)?,
                Long("ipc") => args.costs.ipc = positive(&text(&mut parser)?)?,
                Long("format") => {
                    args.formats = list(&text(&mut parser)?, |name| match name {
                        "table" => Some(Format::Table),
                        "json" => Some(Format::Json),
                        _ => None,
                    })?;
                }
                Long("out") => args.out = Some(parser.value()?.into()),
                Long("kernel") => args.kernel = Some(parser.value()?.into()),
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        Ok(args)
    }

    fn check(&self) -> Result<(), String> {
        if let Some(nodes) = self.nodes.iter().find(|nodes| !(1..=16).contains(*nodes)) {
            return Err(format!("--nodes {nodes}: 1 to 16"));
        }
        if self.cpus == 0 || self.nodes.iter().any(|nodes| nodes.saturating_mul(self.cpus) > 64) {
            return Err(format!("--cpus {}: at least 1, and 64 in all", self.cpus));
        }
        let most = |flag: &str, number: u64, least: u64, most: u64| match number {
            _ if number < least => Err(format!("{flag} {number}: at least {least}")),
            _ if number > most => Err(format!("{flag} {number}: at most {most}")),
            _ => Ok(()),
        };
        let widest = self.nodes.iter().max().map_or(1, |nodes| nodes * self.cpus) as u64;
        // Each worker scans within its keys.
        most("--keys", self.keys, 200 * widest, MOST_OPERATIONS)?;
        most("--ops", self.ops, 10 * widest, MOST_OPERATIONS)?;
        most("--memory", self.mib as u64, 1, 1 << 20)?;
        most("--cache", (self.cache >> 10) as u64, 1, 1 << 20)?;
        most("--ways", self.ways as u64, 1, 1 << 10)?;
        most("--cores", self.costs.cores as u64, 1, 1 << 16)?;
        if let Some(unknown) = self.maps.iter().find(|map| !bench::maps::NAMES.contains(&map.as_str())) {
            return Err(format!("unknown map {unknown:?}; known are {}", bench::maps::NAMES.join(", ")));
        }
        Ok(())
    }
}

fn text(parser: &mut lexopt::Parser) -> Result<String, lexopt::Error> {
    parser.value()?.string()
}

fn count(parser: &mut lexopt::Parser) -> Result<u64, lexopt::Error> {
    Ok(parse_count(&text(parser)?)?)
}

/// The parts between the commas, each as `read` has it.
fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, lexopt::Error> {
    let part = |part: &str| {
        read(part).ok_or_else(|| lexopt::Error::from(format!("{part:?} in {text:?}; see --help")))
    };
    text.split(',').map(part).collect()
}

fn positive(text: &str) -> Result<f64, lexopt::Error> {
    let number = text.parse::<f64>().ok().filter(|number| (1e-6..=1e9).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number above 0 (0.000001 to 1000000000)").into())
}

/// Four numbers, as in [`Costs`].
fn nanoseconds(text: &str) -> Result<[f64; 4], lexopt::Error> {
    let numbers = text.split(',').map(positive).collect::<Result<Vec<_>, _>>()?;
    let wrong = |_| format!("--latencies {text}: four numbers of nanoseconds, local,remote,near,far").into();
    numbers.try_into().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read() {
        assert_eq!(parse(""), Ok(Args::default()));
        let args =
            parse("--quick --maps bskip-numa --settings local,node:1+ranges --cache 1024 --format json")
                .unwrap();
        assert_eq!((args.nodes, args.keys, args.cache), (vec![2], 100_000, 1 << 20));
        assert_eq!(
            (args.maps, args.settings.len(), args.formats),
            (vec!["bskip-numa".to_owned()], 2, vec![Format::Json])
        );
        let args =
            parse("--nodes 8 --cpus 4 --keys 2M --latencies 80,140,50,120.5 --cores 32 --twice").unwrap();
        assert_eq!((args.nodes, args.cpus, args.keys, args.twice), (vec![8], 4, 2_000_000, true));
        assert_eq!((args.costs.latencies, args.costs.cores), ([80.0, 140.0, 50.0, 120.5], 32));
    }

    #[test]
    fn bad_flags_are_told_with_what_may_be() {
        for (line, hint) in [
            ("--fast", "--help"),
            ("--nodes two", "\"two\""),
            ("--nodes 17", "1 to 16"),
            ("--nodes 16 --cpus 8", "64 in all"),
            ("--keys many", "is not a count"),
            ("--maps hashmap", "known are bskip"),
            ("--format csv", "\"csv\""),
            ("--latencies 1,2,3", "local,remote,near,far"),
            ("--latencies 1,2,3,0", "above 0"),
            ("--cores 0", "at least 1"),
            ("--cores 18446744073709551615", "at most 65536"),
            ("--keys 0", "at least 1600"),
            ("--keys 18446744073709551615", "at most"),
            ("--keys 18446744073709551616", "is not a count"),
            ("--ops 0", "at least 80"),
            ("--ops 99999999999G", "too large"),
            ("--memory 0", "at least 1"),
            ("--memory 18446744073709551615", "at most"),
            ("--cache 0", "at least 1"),
            ("--cache 18446744073709551615", "at most"),
            ("--ways 0", "at least 1"),
            ("--ways 18446744073709551615", "at most"),
            ("--nodes 0", "1 to 16"),
            ("--nodes 18446744073709551615", "1 to 16"),
            ("--nodes -1", "\"-1\""),
            ("--cpus 0", "at least 1"),
            ("--cpus 18446744073709551615", "64 in all"),
            ("--ghz inf", "above 0"),
            ("--ghz NaN", "above 0"),
            ("--ghz 1e999", "above 0"),
            ("--ipc 1e-300", "above 0"),
            ("--latencies 1,2,3,inf", "above 0"),
            ("--latencies 1,2,3,-4", "above 0"),
            ("--ghz fast", "above 0"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(hint), "{line}: {error}");
        }
    }
}
