//! The work that is measured. Each kind compares all answers with those that are known.

use super::table::Table;
use super::versions::{Versions, word};
use crate::interleaved::timed;
use crate::random::random;
use crate::team::Team;
use rand::RngExt;
use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

/// A file is written in pieces of this many bytes.
const PIECE: usize = 1 << 16;

/// A memtable that can be measured. Speeds are in millions a second. Every error is a wrong answer, or the
/// table's panic, in words.
pub(super) trait Contestant {
    /// Writes the versions `part`, which the threads take in turns.
    fn put(&self, team: &Team, versions: &Versions, part: Range<u64>) -> Result<f64, String>;

    /// Looks `count` random keys up, each at a random sequence number.
    fn get(&self, team: &Team, versions: &Versions, count: u64, stream: u64) -> Result<f64, String>;

    /// Reads all versions of `count` random keys.
    fn versions(&self, team: &Team, versions: &Versions, count: u64, stream: u64) -> Result<f64, String>;

    /// Copies all keys and values out in order, on one thread.
    fn flush(&self, versions: &Versions) -> Result<f64, String>;

    /// Checks the order of all versions.
    fn check(&self, versions: &Versions) -> Result<(), String>;
}

impl<T: Table> Contestant for T {
    fn put(&self, team: &Team, versions: &Versions, part: Range<u64>) -> Result<f64, String> {
        let (_, seconds) = timed(team, |t| {
            let mut value = Vec::new();
            for i in (part.start + t as u64..part.end).step_by(team.len()) {
                let (key, sequence) = versions.version(i);
                Table::put(self, key.as_bytes(), sequence, versions.value(sequence, &mut value));
            }
            0
        })?;
        Ok((part.end - part.start) as f64 / seconds / 1e6)
    }

    fn get(&self, team: &Team, versions: &Versions, count: u64, stream: u64) -> Result<f64, String> {
        let each = count.div_ceil(team.len() as u64);
        let (wrong, seconds) = timed(team, |t| {
            let mut random = random(stream, t as u64);
            let mut wrong = 0;
            for _ in 0..each {
                let user = random.random_range(0..versions.users());
                let sequence = random.random_range(0..=versions.count());
                let newest = versions.newest(user, sequence);
                let key = versions.key(user);
                let is_right = Table::get(self, key.as_bytes(), sequence, |value| {
                    newest.is_some_and(|newest| versions.is_value(value, newest))
                });
                wrong += u64::from(!is_right.unwrap_or(newest.is_none()));
            }
            wrong
        })?;
        none_of(wrong, "lookups")?;
        Ok((each * team.len() as u64) as f64 / seconds / 1e6)
    }

    fn versions(&self, team: &Team, versions: &Versions, count: u64, stream: u64) -> Result<f64, String> {
        let each = count.div_ceil(team.len() as u64);
        let (wrong, seconds) = timed(team, |t| {
            let mut random = random(!stream, t as u64);
            let mut wrong = 0;
            for _ in 0..each {
                let user = random.random_range(0..versions.users());
                let (mut seen, mut last, mut is_right) = ((0, 0), u64::MAX, true);
                Table::versions(self, versions.key(user).as_bytes(), |sequence, value| {
                    is_right &= sequence < last && versions.is_value(value, sequence);
                    (last, seen) = (sequence, (seen.0 + 1, seen.1 + sequence));
                });
                wrong += u64::from(!is_right || seen != versions.of_key(user));
            }
            wrong
        })?;
        none_of(wrong, "reads of a key's versions")?;
        Ok((each * team.len() as u64) as f64 / seconds / 1e6)
    }

    fn flush(&self, versions: &Versions) -> Result<f64, String> {
        let mut piece = Vec::with_capacity(2 * PIECE);
        let (mut count, mut sum) = (0, 0_u64);
        let begun = Instant::now();
        Table::flush(self, |[key, tail], value| {
            piece.extend_from_slice(key);
            piece.extend_from_slice(tail);
            piece.extend_from_slice(value);
            (count, sum) = (count + 1, sum.wrapping_add(word(value)));
            if piece.len() >= PIECE {
                black_box(&piece);
                piece.clear();
            }
        });
        let seconds = begun.elapsed().as_secs_f64();
        if (count, sum) != (versions.count(), versions.sum_of_words()) {
            return Err(format!("the flush gave {count} versions, or not the right ones"));
        }
        Ok(count as f64 / seconds / 1e6)
    }

    fn check(&self, versions: &Versions) -> Result<(), String> {
        let (mut last, mut count, mut disorder) = (None, 0_u64, 0);
        Table::flush(self, |[key, tail], _| {
            let this = Some((key.to_vec(), tail.to_vec()));
            disorder += u64::from(last >= this);
            last = this;
            count += 1;
        });
        none_of(disorder, "versions in the wrong order")?;
        match count == versions.count() {
            true => Ok(()),
            false => Err(format!("it holds {count} versions, not {}", versions.count())),
        }
    }
}

fn none_of(wrong: u64, what: &str) -> Result<(), String> {
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} wrong: {what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memtable::table::tail;
    use crate::strings::KeysLike;
    use std::cmp::Reverse;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// What a memtable does wrong.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Lie {
        None,
        /// A version is lost.
        Loses,
        /// A lookup gives the version before the right one.
        Old,
        /// A lookup gives a version that is too new.
        New,
        /// A key's versions come in the wrong order.
        Backward,
        /// The flush gives a version twice and leaves another one out.
        Twice,
    }

    type Map = BTreeMap<(Vec<u8>, Reverse<u64>), Vec<u8>>;

    struct Liar {
        lie: Lie,
        map: Mutex<Map>,
    }

    impl Table for Liar {
        fn put(&self, key: &[u8], sequence: u64, value: &[u8]) {
            if self.lie != Lie::Loses || sequence != 30 {
                self.map.lock().unwrap().insert((key.to_vec(), Reverse(sequence)), value.to_vec());
            }
        }

        fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
            let map = self.map.lock().unwrap();
            let from = if self.lie == Lie::New { sequence + 50 } else { sequence };
            let mut versions = map.range((key.to_vec(), Reverse(from))..).filter(|((k, _), _)| k == key);
            versions.nth(usize::from(self.lie == Lie::Old)).map(|(_, value)| f(value))
        }

        fn versions(&self, key: &[u8], mut f: impl FnMut(u64, &[u8])) {
            let map = self.map.lock().unwrap();
            let mut of_key: Vec<_> = map.iter().filter(|((k, _), _)| k == key).collect();
            if self.lie == Lie::Backward {
                of_key.reverse();
            }
            of_key.into_iter().for_each(|((_, sequence), value)| f(sequence.0, value));
        }

        fn flush(&self, mut f: impl FnMut([&[u8]; 2], &[u8])) {
            let map = self.map.lock().unwrap();
            let mut last = None;
            for (i, (key, value)) in map.iter().enumerate() {
                let (key, value) =
                    if self.lie == Lie::Twice && i == 9 { last.unwrap() } else { (key, value) };
                f([&key.0, &tail(key.1.0, 0)], value);
                last = Some((key, value));
            }
        }
    }

    /// Every kind of work, up to the first wrong answer.
    fn all(lie: Lie) -> Result<f64, String> {
        let (liar, team) = (Liar { lie, map: Mutex::default() }, Team::new(2, "none").unwrap());
        let versions = Versions::new(200, 4, KeysLike::Word, 20);
        Contestant::put(&liar, &team, &versions, 0..99)?;
        Contestant::put(&liar, &team, &versions, 99..200)?;
        Contestant::get(&liar, &team, &versions, 400, 1)?;
        Contestant::versions(&liar, &team, &versions, 50, 1)?;
        let speed = Contestant::flush(&liar, &versions)?;
        liar.check(&versions).map(|()| speed)
    }

    #[test]
    fn an_honest_memtable_passes_and_every_lie_is_caught() {
        assert!(all(Lie::None).unwrap() > 0.0);
        for (lie, what) in [
            // Whichever work meets the lost version first.
            (Lie::Loses, ""),
            (Lie::Old, "lookups"),
            (Lie::New, "lookups"),
            (Lie::Backward, "a key's versions"),
            (Lie::Twice, "flush"),
        ] {
            let error = all(lie).unwrap_err();
            assert!(error.contains(what), "{lie:?}: {error}");
        }
    }
}
