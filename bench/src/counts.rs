//! One operation of our map many times, so that `cargo xtask counts` can count its instructions.
//!
//! Everything is fixed: the keys, the coin's seed, the order, one thread. So the same program takes the same
//! instructions each time, even on a busy machine. Only the instructions of `counted` count; filling the map
//! comes before.

use crate::keys::{KeySet, Shape};
use bskip_core::{BSkipMap, Config, GlobalArena};

/// Keys in the map when the counting begins. They make three levels and a hint table.
const KEYS: u64 = 100_000;

/// Pairs that a scan visits.
const SCAN: usize = 100;

/// What to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Counts {
    /// The operation; without one, the names of all are printed
    ///
    /// Fills a map, does the operation many times, and prints how many times. Count the function whose name
    /// ends in counts::counted.
    operation: Option<String>,
}

impl Counts {
    /// Does the operation, or lists all. Returns the text for standard output.
    ///
    /// # Errors
    ///
    /// There is no such operation, or an answer was wrong.
    pub fn run(&self) -> Result<String, String> {
        let Some(name) = &self.operation else {
            return Ok(OPERATIONS.iter().map(|operation| format!("{}\n", operation.name)).collect());
        };
        let operation = OPERATIONS.iter().find(|operation| operation.name == name);
        let operation = operation.ok_or(format!("no operation {name:?}; without arguments all are named"))?;
        operation.run().map(|times| format!("{times}\n"))
    }
}

/// The map that is measured.
type Map = BSkipMap<u64, u64>;

/// An operation that is counted.
pub struct Operation {
    /// Its name in the table of counts.
    pub name: &'static str,
    /// How often it is done.
    times: u64,
    /// Which keys it gets.
    keys: Keys,
    /// Does it with every key, and returns the number of right answers.
    run: fn(&Map, &[u64]) -> u64,
}

/// Which keys an operation gets.
#[derive(Clone, Copy)]
enum Keys {
    /// Keys in the map.
    Present,
    /// Keys that are not.
    Absent,
}

/// Every operation. To count another one, add it here, and accept its figure: `cargo xtask counts --accept`.
pub const OPERATIONS: &[Operation] = &[
    Operation::new("get-hit", 50_000, Keys::Present, |map, keys| {
        each(keys, |key| map.get(&key) == Some(value_of(key)))
    }),
    Operation::new("get-miss", 50_000, Keys::Absent, |map, keys| each(keys, |key| map.get(&key).is_none())),
    Operation::new("insert-new", 50_000, Keys::Absent, |map, keys| {
        each(keys, |key| map.insert(key, value_of(key)).is_none())
    }),
    Operation::new("insert-again", 50_000, Keys::Present, |map, keys| {
        each(keys, |key| map.insert(key, key) == Some(value_of(key)))
    }),
    Operation::new("update", 50_000, Keys::Present, |map, keys| {
        each(keys, |key| map.update(&key, |value| *value += 1).is_some())
    }),
    // Enough that nodes become empty enough to be merged.
    Operation::new("remove", KEYS - 10_000, Keys::Present, |map, keys| {
        each(keys, |key| map.remove(&key) == Some(value_of(key)))
    }),
    Operation::new("pop-first", 50_000, Keys::Present, |map, keys| {
        each(keys, |_| map.pop_first().is_some_and(|(key, value)| value == value_of(key)))
    }),
    // From the lower half of the range, where no scan comes to the map's end.
    Operation::new("scan-100", 2_000, Keys::Present, |map, keys| {
        each(keys, |key| {
            let pairs = map.range(key / 2..).take(SCAN);
            pairs.filter(|&(key, value)| value == value_of(key)).count() == SCAN
        })
    }),
];

/// The value of a key. It is cheap to check, because the checking is counted too.
#[inline(always)]
fn value_of(key: u64) -> u64 {
    !key
}

/// How many of `keys` get a right answer. Each operation is inlined into a loop of its own.
#[inline(always)]
fn each(keys: &[u64], right: impl Fn(u64) -> bool) -> u64 {
    keys.iter().map(|&key| u64::from(right(key))).sum()
}

impl Operation {
    const fn new(name: &'static str, times: u64, keys: Keys, run: fn(&Map, &[u64]) -> u64) -> Self {
        Self { name, times, keys, run }
    }

    /// Fills a map and does the operation. Returns how often.
    ///
    /// # Errors
    ///
    /// The number of wrong answers, if there were any.
    pub fn run(&self) -> Result<u64, String> {
        let keys = KeySet::new(Shape::Mixed, 1);
        let map =
            Map::with_config(GlobalArena::new(), Config::new().seed(1)).map_err(|error| error.to_string())?;
        for key in (0..KEYS).map(|i| keys.key(i)) {
            map.insert(key, value_of(key));
        }
        let from = match self.keys {
            Keys::Present => 0,
            Keys::Absent => KEYS,
        };
        let keys: Vec<u64> = (from..from + self.times).map(|i| keys.key(i)).collect();
        match self.times - counted(self.run, &map, &keys) {
            0 => Ok(self.times),
            wrong => Err(format!("{}: {wrong} of {} answers are wrong", self.name, self.times)),
        }
    }
}

/// The function whose instructions are counted, with all that it calls. `cargo xtask counts` finds it by its
/// name.
#[inline(never)]
fn counted(run: fn(&Map, &[u64]) -> u64, map: &Map, keys: &[u64]) -> u64 {
    std::hint::black_box(run(map, std::hint::black_box(keys)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_gives_right_answers() {
        for operation in OPERATIONS {
            assert_eq!(operation.run(), Ok(operation.times), "{}", operation.name);
        }
    }

    #[test]
    fn operations_are_named_and_found() {
        let run = |name: Option<&str>| Counts { operation: name.map(str::to_owned) }.run();
        assert_eq!(run(None).unwrap().lines().count(), OPERATIONS.len());
        assert!(run(Some("scan-100")).unwrap().trim().parse::<u64>().unwrap() > 0);
        assert!(run(Some("get")).unwrap_err().contains("without arguments"));
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let run = |map: &Map, keys: &[u64]| each(keys, |key| map.get(&key).is_none());
        let wrong = Operation { name: "wrong", times: 10, keys: Keys::Present, run };
        assert_eq!(wrong.run(), Err("wrong: 10 of 10 answers are wrong".into()));
    }

    #[test]
    fn names_are_distinct_words() {
        for (at, operation) in OPERATIONS.iter().enumerate() {
            let name = operation.name;
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert!(OPERATIONS[..at].iter().all(|other| other.name != name), "{name}");
        }
    }
}
