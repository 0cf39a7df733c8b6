//! Measures keys that have many bytes in common, against the same keys without these bytes, in turns.
//!
//! The time to spell a key, some ten nanoseconds, is part of each lookup.

use crate::interleaved::{Speeds, timed};
use crate::keys::{KeySet, value_of};
use crate::numbers;
use crate::random::random;
use crate::strings::KeysLike;
use crate::team::Team;
use bskip_core::BSkipBytesMap;
use rand::RngExt;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Stems {
    /// Workers
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Random keys in each map
    #[arg(long, value_name = "N", default_value = "2M", value_parser = numbers::keys)]
    pub keys: u64,
    /// What keys look like behind the common bytes
    #[arg(long, value_name = "SHAPE", default_value = "ycsb")]
    pub keys_like: KeysLike,
    /// Common bytes
    #[arg(
        long,
        value_name = "N",
        default_value = "1000",
        value_parser = |text: &str| numbers::within(text, 1..=1 << 16).map(|bytes| bytes as usize)
    )]
    pub bytes: usize,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
    /// Lookups in a round, over all threads
    #[arg(long, value_name = "N", default_value = "1M", value_parser = numbers::operations)]
    pub gets: u64,
}

/// A map whose keys begin with the same bytes.
struct Stemmed {
    map: BSkipBytesMap<[u8], u64>,
    stem: Vec<u8>,
}

impl Stemmed {
    fn new(bytes: usize) -> Self {
        Self { map: BSkipBytesMap::new(), stem: vec![b's'; bytes] }
    }

    /// Calls `f` with the keys of `numbers` and with what belongs to each.
    fn each(&self, like: KeysLike, numbers: impl Iterator<Item = u64>, mut f: impl FnMut(&[u8], u64)) {
        let mut key = self.stem.clone();
        for number in numbers {
            key.truncate(self.stem.len());
            key.extend_from_slice(like.key(number).as_bytes());
            f(&key, value_of(number, 0));
        }
    }
}

impl Stems {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// There is no memory, or an answer is wrong.
    pub fn run(&self) -> Result<String, String> {
        let team = Team::new(self.threads, "compact").map_err(|e| e.to_string())?;
        let keys = KeySet::new(self.keys_like.numbers(), 1);
        let ways = [Stemmed::new(0), Stemmed::new(self.bytes)];
        let threads = self.threads as u64;
        let mut loads = [0.0; 2];
        for (way, load) in ways.iter().zip(&mut loads) {
            let (failed, seconds) = timed(&team, |t| {
                let numbers = (t as u64..self.keys).step_by(self.threads).map(|i| keys.key(i));
                let mut failed = 0;
                way.each(self.keys_like, numbers, |key, value| {
                    failed += u64::from(!matches!(way.map.try_insert(key, value), Ok(None)));
                });
                failed
            })?;
            if failed > 0 {
                return Err(format!(
                    "{failed} keys were not inserted: there is too little memory, or a key came twice"
                ));
            }
            *load = self.keys as f64 / seconds / 1e6;
        }
        let each = self.gets.div_ceil(threads);
        let mut stream = 0;
        let gets = Speeds::<2>::measure(self.rounds, |way| {
            stream += 1;
            let way = &ways[way];
            let (wrong, seconds) = timed(&team, |t| {
                let mut random = random((stream - 1) / 2, t as u64);
                let numbers = (0..each).map(|_| keys.key(random.random_range(0..self.keys)));
                let mut wrong = 0;
                way.each(self.keys_like, numbers, |key, value| {
                    wrong += u64::from(way.map.get(key) != Some(value));
                });
                wrong
            })?;
            if wrong > 0 {
                return Err(format!("{wrong} wrong answers with {} common bytes", way.stem.len()));
            }
            Ok((each * threads) as f64 / seconds / 1e6)
        })?;
        let [without, with] = gets.medians();
        Ok(format!(
            "{} keys like {}, {} threads, {} rounds\n\
             load  without common bytes {:>8.3} M/s, with {} {:>8.3} M/s (once, not in turns)\n\
             get   without common bytes {without:>8.3} M/s, with {} {with:>8.3} M/s: {:.2} times as fast\n",
            self.keys,
            self.keys_like.name(),
            self.threads,
            self.rounds,
            loads[0],
            self.bytes,
            loads[1],
            self.bytes,
            gets.ratio(1, 0)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_checked() {
        let keys_like = KeysLike::Word;
        let stems = Stems { threads: 2, keys: 3000, keys_like, bytes: 200, rounds: 1, gets: 1000 };
        let report = stems.run().expect("all answers are right");
        assert!(report.starts_with("3000 keys like word") && report.contains("with 200"), "{report}");
    }
}
