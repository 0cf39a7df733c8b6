//! Measures memtables of a storage engine in turns: the example of this repository against two others.
//!
//! A memtable holds versions of keys. A version has a sequence number, and readers ask for the newest version
//! at a number or before. All tables are alive in one process and hold the same versions. Each round gives
//! every table the same work, one table after the other, and starts with another table. Every answer is
//! checked.

mod others;
mod ours;
mod table;
mod versions;
mod work;

use crate::interleaved::Speeds;
use crate::numbers;
use crate::rusage::resident_bytes;
use crate::strings::KeysLike;
use crate::team::Team;
use std::fmt::Write as _;
use versions::Versions;
use work::Contestant;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Memtables {
    /// Workers; one of them alone writes the file
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Versions in each table
    #[arg(long, value_name = "N", default_value = "2M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Versions of each key
    #[arg(long, value_name = "N", default_value = "4", value_parser = |text: &str| numbers::within(text, 1..=1000))]
    pub versions: u64,
    /// What keys look like: any shape of byte strings but `versions`
    #[arg(long, value_name = "SHAPE", default_value = "ycsb", value_parser = shape)]
    pub keys_like: KeysLike,
    /// Bytes of a value
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        value_parser = |text: &str| numbers::within(text, 8..=1 << 16).map(|bytes| bytes as usize)
    )]
    pub value_bytes: usize,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
    /// Lookups in a round, over all threads
    #[arg(long, value_name = "N", default_value = "500k", value_parser = numbers::operations)]
    pub gets: u64,
}

fn shape(name: &str) -> Result<KeysLike, String> {
    match name.parse()? {
        KeysLike::Versions => Err("a memtable makes versions of its own: choose another shape".into()),
        like => Ok(like),
    }
}

/// The tables. The others are compared with the first.
const TABLES: [&str; 3] = ["bskip memtable", "crossbeam-skiplist", "artmap versioned arena"];

impl Memtables {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// A table gave a wrong answer, or there is too little memory.
    pub fn run(&self) -> Result<String, String> {
        // A slice without an operation has no rate.
        let least = self.rounds as u64 * self.threads as u64;
        if self.keys < least.max(self.versions) {
            return Err(format!(
                "{} versions are too few for {} rounds of {} threads",
                self.keys, self.rounds, self.threads
            ));
        }
        let team = Team::new(self.threads, "compact").map_err(|e| e.to_string())?;
        let versions = Versions::new(self.keys, self.versions, self.keys_like, self.value_bytes);
        let ours = ours::new();
        let (skip_list, radix_tree) = (others::skip_list(), others::radix_tree());
        let tables: [&dyn Contestant; TABLES.len()] = [&ours, &skip_list, &radix_tree];

        let named = |way: usize| move |why: String| format!("{}: {why}", TABLES[way]);
        let (mut loaded, mut bytes) = ([0_usize; TABLES.len()], [0_u64; TABLES.len()]);
        let put = Speeds::<{ TABLES.len() }>::measure(self.rounds, |way| {
            let part = |number: usize| self.keys / self.rounds as u64 * number as u64;
            let number = loaded[way] + 1;
            let until = if number == self.rounds { self.keys } else { part(number) };
            let before = resident_bytes().unwrap_or(0);
            let speed = tables[way].put(&team, &versions, part(loaded[way])..until).map_err(named(way))?;
            // No table frees anything while it loads, so what the process grows by belongs to this one.
            bytes[way] += resident_bytes().unwrap_or(0).saturating_sub(before);
            loaded[way] = number;
            Ok(speed)
        })?;
        for (way, table) in tables.iter().enumerate() {
            table.check(&versions).map_err(named(way))?;
        }
        let mut stream = 0;
        let mut series = |work: &dyn Fn(&dyn Contestant, u64) -> Result<f64, String>| {
            Speeds::<{ TABLES.len() }>::measure(self.rounds, |way| {
                // All tables of a round look for the same keys.
                stream += 1;
                work(tables[way], (stream - 1) / TABLES.len() as u64).map_err(named(way))
            })
        };
        let get = series(&|table, round| table.get(&team, &versions, self.gets, round))?;
        let of_key = series(&|table, round| table.versions(&team, &versions, self.gets / 4, round))?;
        let flush = series(&|table, _| table.flush(&versions))?;

        let mut text = format!(
            "{} versions of {} keys like {}, values of {} bytes, {} threads, {} rounds\n",
            self.keys,
            versions.users(),
            self.keys_like.name(),
            self.value_bytes,
            self.threads,
            self.rounds
        );
        let works = [
            // A slice of the load into a small table says little about a large one.
            ("put", "M versions/s, second half", put.since_round(self.rounds / 2)),
            ("get", "M lookups/s", get),
            ("versions", "M keys/s", of_key),
            ("flush", "M versions/s, one thread", flush),
        ];
        for (work, unit, speeds) in works {
            for (way, (table, speed)) in TABLES.iter().zip(speeds.medians()).enumerate() {
                let ratio = speeds.ratio(0, way);
                let _ = writeln!(
                    text,
                    "{work:<9} {table:<23} {speed:>8.3} {unit}; bskip {ratio:.2} times as fast"
                );
            }
        }
        let own = versions.mean_bytes();
        for (table, bytes) in TABLES.iter().zip(bytes) {
            let each = bytes as f64 / self.keys as f64;
            let _ = writeln!(
                text,
                "bytes     {table:<23} ~{each:>7.1} a version, {:.1} beyond key, number and value",
                each - own
            );
        }
        Ok(text)
    }
}
