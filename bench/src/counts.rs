//! One operation of our map again and again, for whoever counts the instructions of it: `cargo xtask counts`.
//!
//! Everything is fixed: the keys, the coin's seed, the order, one thread. So the same program takes the same
//! instructions each time, on a busy machine too. What is counted is what `counted` does; filling the map comes
//! before.

use crate::keys::{KeySet, Shape};
use bskip_core::{BSkipMap, Config, GlobalArena};

/// Keys in the map when the counting begins: three levels, and a hint table.
const KEYS: u64 = 100_000;

/// Pairs that a scan visits.
const SCAN: usize = 100;

/// The map that is measured.
type Map = BSkipMap<u64, u64>;

/// An operation that is counted.
pub struct Operation {
    /// Its name in the table of counts.
    pub name: &'static str,
    /// How often it is done.
    times: u64,
    /// Whether its keys are those in the map, or others.
    keys: Keys,
    /// Does it with every key, and gives the number of right answers.
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
    Operation {
        name: "get-hit",
        times: 50_000,
        keys: Keys::Present,
        run: |map, keys| each(keys, |key| map.get(&key) == Some(value_of(key))),
    },
    Operation {
        name: "get-miss",
        times: 50_000,
        keys: Keys::Absent,
        run: |map, keys| each(keys, |key| map.get(&key).is_none()),
    },
    Operation {
        name: "insert-new",
        times: 50_000,
        keys: Keys::Absent,
        run: |map, keys| each(keys, |key| map.insert(key, value_of(key)).is_none()),
    },
    Operation {
        name: "insert-again",
        times: 50_000,
        keys: Keys::Present,
        run: |map, keys| each(keys, |key| map.insert(key, key) == Some(value_of(key))),
    },
    Operation {
        name: "update",
        times: 50_000,
        keys: Keys::Present,
        run: |map, keys| each(keys, |key| map.update(&key, |value| *value += 1).is_some()),
    },
    // So many that nodes become empty enough to be merged.
    Operation {
        name: "remove",
        times: KEYS - 10_000,
        keys: Keys::Present,
        run: |map, keys| each(keys, |key| map.remove(&key) == Some(value_of(key))),
    },
    Operation {
        name: "pop-first",
        times: 50_000,
        keys: Keys::Present,
        run: |map, keys| each(keys, |_| map.pop_first().is_some_and(|(key, value)| value == value_of(key))),
    },
    // From the lower half of the range, where no scan comes to the map's end.
    Operation {
        name: "scan-100",
        times: 2_000,
        keys: Keys::Present,
        run: |map, keys| {
            each(keys, |key| {
                let pairs = map.range(key / 2..).take(SCAN);
                pairs.filter(|&(key, value)| value == value_of(key)).count() == SCAN
            })
        },
    },
];

/// The value of a key: cheap to check, as the checking is counted too.
#[inline(always)]
fn value_of(key: u64) -> u64 {
    !key
}

/// How many of `keys` get a right answer. A loop for each operation, into which it is inlined.
#[inline(always)]
fn each(keys: &[u64], right: impl Fn(u64) -> bool) -> u64 {
    keys.iter().map(|&key| u64::from(right(key))).sum()
}

impl Operation {
    /// Fills a map and does the operation; gives how often.
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

/// The function whose instructions are counted, with all that it calls. Whoever counts finds it by its name.
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
    fn a_wrong_answer_is_said() {
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
