//! A user's own workload: text with one operation a line, in the format of the paper's drivers.
//!
//! ```text
//! # comments and blank lines are skipped
//! INSERT 18446744073709551615
//! READ 0x2a
//! UPDATE 42
//! REMOVE 42
//! SCAN 7 100
//! ```
//!
//! Keys are unsigned 64-bit numbers, decimal or hexadecimal with `0x`; what follows the operands is an
//! error. `INSERT` and `UPDATE` both put a new value in, whether the key is there or not. `SCAN k n` visits
//! at most `n` pairs from `k` on.
//!
//! Lines go to the threads in turns, so that all threads stay close to each other in the file, as clients
//! of one system would. With one thread every answer is known from a model of the map and compared
//! exactly. With more, the lines race: a read may find its key or not, but a value must belong to its key,
//! scans must be ordered and inside their bounds, and after the run every key that was inserted and never
//! removed must be there, and none that was never inserted.

use crate::keys::{ANY_VERSION, fingerprint, value_of};
use crate::ops::{Checks, Kind, Op, ScanExact, Stripe};
use crate::verify::{Answer, Expected, Probe};
use std::collections::{BTreeMap, HashSet};
use std::io::BufRead;
use std::path::Path;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT k` or `UPDATE k`.
    Put,
    /// `READ k`.
    Read,
    /// `REMOVE k`.
    Remove,
    /// `SCAN k n`, with the `n`.
    Scan(u32),
}

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What to do.
    pub verb: Verb,
    /// The key, or where a scan starts.
    pub key: u64,
}

/// Reads a trace file.
///
/// # Errors
/// A file that cannot be read, or the first line that is not an operation, as `file:line: what`.
pub fn read(path: &Path) -> Result<Vec<Line>, String> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|e| format!("{name}: {e}"))?;
    parse(std::io::BufReader::with_capacity(1 << 20, file), &name)
}

/// Parses a trace; `name` is the file's name for errors.
///
/// # Errors
/// As [`read`].
pub fn parse(mut text: impl BufRead, name: &str) -> Result<Vec<Line>, String> {
    let (mut lines, mut buffer) = (Vec::new(), String::new());
    for number in 1_u64.. {
        buffer.clear();
        let at = |what: String| format!("{name}:{number}: {what}");
        if text.read_line(&mut buffer).map_err(|e| at(e.to_string()))? == 0 {
            break;
        }
        let content = buffer.split('#').next().unwrap_or("").trim();
        if !content.is_empty() {
            lines.push(line(content).map_err(at)?);
        }
    }
    Ok(lines)
}

fn line(content: &str) -> Result<Line, String> {
    let mut words = content.split_ascii_whitespace();
    let verb = words.next().unwrap_or_default();
    let mut operand = |what: &str| {
        let word = words.next().ok_or_else(|| format!("{verb} needs {what}"))?;
        number(word).ok_or_else(|| format!("'{word}' is not {what} (an unsigned 64-bit number)"))
    };
    let verb = match verb {
        "INSERT" | "UPDATE" => Line { verb: Verb::Put, key: operand("a key")? },
        "READ" => Line { verb: Verb::Read, key: operand("a key")? },
        "REMOVE" => Line { verb: Verb::Remove, key: operand("a key")? },
        "SCAN" => {
            let (key, count) = (operand("a key")?, operand("a number of pairs")?);
            let count = u32::try_from(count).map_err(|_| format!("a scan of {count} pairs is too long"))?;
            Line { verb: Verb::Scan(count), key }
        }
        other => {
            return Err(format!("unknown operation '{other}'; known are INSERT, READ, UPDATE, REMOVE, SCAN"));
        }
    };
    match words.next() {
        None => Ok(verb),
        Some(extra) => Err(format!("'{extra}' is too much in '{content}'")),
    }
}

fn number(word: &str) -> Option<u64> {
    // `from_str_radix` would take a sign.
    let (digits, radix) = word.strip_prefix("0x").map_or((word, 10), |hex| (hex, 16));
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| u64::from_str_radix(digits, radix).ok())?
}

/// A trace dealt to threads, with what is known of its answers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Run before the measurement.
    pub load: Vec<Stripe>,
    /// Measured.
    pub run: Vec<Stripe>,
    /// For the answers of both.
    pub checks: Checks,
    /// Keys after the load: exact with one thread, as if the lines ran in order with more.
    pub loaded: u64,
    /// The map in the end, if the lines ran in order.
    model: BTreeMap<u64, u32>,
    put: HashSet<u64>,
    removed: HashSet<u64>,
}

/// Deals the lines to `threads` threads and works out their answers.
///
/// # Panics
/// If there are no threads.
#[must_use]
pub fn plan(load: &[Line], run: &[Line], threads: usize) -> Plan {
    assert!(threads > 0, "nobody to deal to");
    let mask = if threads == 1 { !0 } else { ANY_VERSION };
    let checks = Checks { mask, scan_mask: ANY_VERSION, tail: Vec::new(), timed_every: 64, batch: 1 };
    let (empty, sets) = (BTreeMap::new(), HashSet::new);
    let mut plan =
        Plan { load: vec![], run: vec![], checks, loaded: 0, model: empty, put: sets(), removed: sets() };
    let mut version = 0;
    plan.load = plan.deal(load, threads, &mut version);
    plan.loaded = plan.model.len() as u64;
    plan.run = plan.deal(run, threads, &mut version);
    plan
}

impl Plan {
    fn deal(&mut self, lines: &[Line], threads: usize, version: &mut u32) -> Vec<Stripe> {
        let mut stripes = vec![Stripe::default(); threads];
        for (i, line) in lines.iter().enumerate() {
            *version = version.wrapping_add(1);
            let stripe = &mut stripes[i % threads];
            let exact = self.follow(*line, *version, stripe);
            let racing = match line.verb {
                Verb::Put => exact,
                Verb::Read => Op { kind: Kind::ReadMaybe, ..exact },
                Verb::Remove => Op { kind: Kind::RemoveMaybe, ..exact },
                Verb::Scan(count) => Op { kind: Kind::ScanMaybe, arg: count, ..exact },
            };
            stripe.ops.push(if threads == 1 { exact } else { racing });
        }
        stripes
    }

    /// Does the line on the model; the operation with the answer that the model gives.
    fn follow(&mut self, Line { verb, key }: Line, version: u32, stripe: &mut Stripe) -> Op {
        let known = |found: Option<u32>, present, absent| match found {
            Some(arg) => Op { key, arg, kind: present },
            None => Op { key, arg: 0, kind: absent },
        };
        match verb {
            Verb::Put => {
                self.model.insert(key, version);
                self.put.insert(key);
                Op { key, arg: version, kind: Kind::Insert }
            }
            Verb::Read => known(self.model.get(&key).copied(), Kind::Read, Kind::ReadAbsent),
            Verb::Remove => {
                self.removed.insert(key);
                known(self.model.remove(&key), Kind::Remove, Kind::RemoveAbsent)
            }
            Verb::Scan(limit) => {
                let exact = self.checks.mask == !0;
                if exact {
                    let limit = limit as usize;
                    let (mut count, mut checksum) = (0, 0_u64);
                    for k in self.model.range(key..).map(|(k, _)| *k).take(limit) {
                        count += 1;
                        checksum = checksum.wrapping_add(fingerprint(k));
                    }
                    stripe.scans.push(ScanExact { limit, count, checksum });
                }
                let arg = stripe.scans.len().saturating_sub(1) as u32;
                Op { key, arg, kind: Kind::ScanExact }
            }
        }
    }

    /// What the map must hold after the run.
    #[must_use]
    pub fn expected(&self) -> Expected<'_> {
        if self.checks.mask == !0 {
            let checksum = self.model.keys().fold(0_u64, |sum, &k| sum.wrapping_add(fingerprint(k)));
            let present = self
                .model
                .iter()
                .map(|(&key, &version)| Probe { key, answer: Answer::Value(value_of(key, version)) });
            let gone = self.removed.iter().filter(|k| !self.model.contains_key(k));
            let gone = gone.map(|&key| Probe { key, answer: Answer::Absent });
            return Expected {
                count: Some(self.model.len() as u64),
                checksum: Some(checksum),
                // The full scan knows keys, not versions; the probes know both.
                mask: ANY_VERSION,
                known: None,
                probes: Box::new(present.chain(gone)),
            };
        }
        let kept = self.put.iter().filter(|k| !self.removed.contains(k));
        Expected {
            count: None,
            checksum: None,
            mask: ANY_VERSION,
            known: Some(&self.put),
            probes: Box::new(kept.map(|&key| Probe { key, answer: Answer::Like(value_of(key, 0)) })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<Vec<Line>, String> {
        parse(text.as_bytes(), "t.txt")
    }

    #[test]
    fn every_operation_is_understood() {
        let text =
            "# head\n\nINSERT 18446744073709551615\r\nREAD 0x2A # tail\n  UPDATE\t7\nREMOVE 0\nSCAN 7 100";
        let max = Line { verb: Verb::Put, key: u64::MAX };
        let read = Line { verb: Verb::Read, key: 42 };
        let update = Line { verb: Verb::Put, key: 7 };
        let remove = Line { verb: Verb::Remove, key: 0 };
        let scan = Line { verb: Verb::Scan(100), key: 7 };
        assert_eq!(lines(text).unwrap(), [max, read, update, remove, scan]);
    }

    #[test]
    fn errors_name_the_line_and_what_is_wrong() {
        for (text, error) in [
            ("READ 1\nWRITE 2", "t.txt:2: unknown operation 'WRITE'"),
            ("READ", "t.txt:1: READ needs a key"),
            ("\n\nREAD x", "t.txt:3: 'x' is not a key"),
            ("READ -1", "t.txt:1: '-1' is not a key"),
            ("READ +1", "t.txt:1: '+1' is not a key"),
            ("READ 0x", "t.txt:1: '0x' is not a key"),
            ("READ 18446744073709551616", "t.txt:1: '18446744073709551616' is not a key"),
            ("SCAN 1", "t.txt:1: SCAN needs a number of pairs"),
            ("SCAN 1 5000000000", "t.txt:1: a scan of 5000000000 pairs is too long"),
            ("INSERT 1 2", "t.txt:1: '2' is too much in 'INSERT 1 2'"),
        ] {
            let got = lines(text).unwrap_err();
            assert!(got.starts_with(error), "{got}");
        }
        assert!(read(Path::new("no/such/file")).unwrap_err().starts_with("no/such/file: "));
    }

    #[test]
    fn one_thread_knows_every_answer() {
        let load = lines("INSERT 1\nINSERT 2\nINSERT 3").unwrap();
        let run = lines("READ 1\nREMOVE 1\nREAD 1\nREMOVE 1\nUPDATE 2\nREAD 2\nSCAN 0 9").unwrap();
        let plan = plan(&load, &run, 1);
        let kinds: Vec<Kind> = plan.run[0].ops.iter().map(|op| op.kind).collect();
        use Kind::{Insert, Read, ReadAbsent, Remove, RemoveAbsent};
        assert_eq!(kinds, [Read, Remove, ReadAbsent, RemoveAbsent, Insert, Read, Kind::ScanExact]);
        assert_eq!(plan.run[0].ops[5].arg, plan.run[0].ops[4].arg, "the read expects the update's version");
        assert_eq!(plan.run[0].scans[0].count, 2);
        assert_eq!((plan.loaded, plan.expected().count), (3, Some(2)));
    }

    #[test]
    fn more_threads_take_turns_and_expect_what_is_certain() {
        let load = lines("INSERT 1\nINSERT 2\nINSERT 3").unwrap();
        let run = lines("REMOVE 1\nREAD 1\nSCAN 0 9").unwrap();
        let plan = plan(&load, &run, 2);
        assert_eq!(plan.load[0].ops.len(), 2);
        assert_eq!(plan.run[1].ops[0].kind, Kind::ReadMaybe);
        assert_eq!(plan.run[0].ops[1], Op { key: 0, arg: 9, kind: Kind::ScanMaybe });
        let mut kept: Vec<u64> = plan.expected().probes.map(|p| p.key).collect();
        kept.sort_unstable();
        assert_eq!(kept, [2, 3]);
    }
}
