//! The loop that is measured: it does operations on a map and compares each answer with the expected one.
//!
//! The loop is generic over the map and inlined into it, so no map pays for a call that another does not. The
//! checks are the same few instructions for all maps.

use crate::keys::{fingerprint, value_of};
use crate::maps::ordered_map::OrderedMap;
use crate::open_loop::{self, Arrived, Schedule, WallClock};
use crate::ops::{Checks, Kind, Op, ScanExact, Stripe};
use crate::workload::BATCH;
use std::fmt;
use std::time::{Duration, Instant};

/// A wrong answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The operation.
    pub doing: String,
    /// Its key, or where its scan started.
    pub key: u64,
    /// The right answer.
    pub expected: String,
    /// The answer that came.
    pub got: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, key, expected, got } = self;
        write!(f, "{doing} {key} ({key:#x}): expected {expected}, got {got}")
    }
}

impl Violation {
    /// In words, with its key as the map has it if that is not the number.
    pub(crate) fn in_words(&self, spelt: Option<String>) -> String {
        spelt.map_or_else(|| self.to_string(), |key| format!("{self}; the key is {key}"))
    }
}

/// What one thread did.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Operations. A scan of the whole map counts as the pairs that it visited.
    pub ops: u64,
    /// Answers that were compared: one for each read, removal and scan, and one for each pair of a scan.
    pub checked: u64,
    /// Nanoseconds of the timed operations that read.
    pub read_nanos: Vec<u64>,
    /// Nanoseconds of the timed operations that write.
    pub write_nanos: Vec<u64>,
}

impl Tally {
    /// A tally with room for `timed` times of either kind, so it allocates nothing while the clock runs.
    fn with_capacity(timed: usize) -> Self {
        let nanos = || Vec::with_capacity(timed);
        Self { read_nanos: nanos(), write_nanos: nanos(), ..Self::default() }
    }

    fn time(&mut self, kind: Kind, before: Instant) {
        let nanos = if kind.writes() { &mut self.write_nanos } else { &mut self.read_nanos };
        nanos.push(before.elapsed().as_nanos() as u64);
    }
}

/// Runs a thread's operations in order and times the first of every `checks.timed_every`.
///
/// # Errors
/// The first wrong answer, after which no operation runs.
#[inline]
pub fn run<M: OrderedMap>(map: &M, stripe: &Stripe, checks: &Checks) -> Result<Tally, Box<Violation>> {
    let every = checks.timed_every.max(1);
    if checks.batch > 1 {
        return run_batches(map, stripe, checks);
    }
    let mut tally = Tally::with_capacity(stripe.ops.len().div_ceil(every));
    let mut since = Instant::now();
    for group in stripe.ops.chunks(every) {
        let [first, rest @ ..] = group else { break };
        let before = slow_down(&mut since, Instant::now());
        step_apart(map, first, &stripe.scans, checks, &mut tally)?;
        tally.time(first.kind, before);
        for op in rest {
            step(map, op, &stripe.scans, checks, &mut tally)?;
        }
    }
    Ok(tally)
}

/// The time: `now`. With `--cfg bench_slowed`, first lets a tenth of the time since `since` pass, as soon as that is so
/// much that reading the clock does not count. Such a program shows that a comparison with an ordinary one finds the
/// difference. Other programs have no code for it.
#[inline(always)]
fn slow_down(since: &mut Instant, now: Instant) -> Instant {
    if cfg!(bench_slowed) && now - *since > Duration::from_micros(50) {
        // If the thread had no CPU meanwhile, that time does not count. Otherwise it would spin for longer than it
        // worked.
        let pause = (now - *since).min(Duration::from_micros(100)) / 10;
        while now.elapsed() < pause {
            std::hint::spin_loop();
        }
        *since = Instant::now();
        return *since;
    }
    now
}

/// Runs a thread's operations by a schedule. Returns their latencies, and how many answers were checked.
///
/// # Errors
/// As [`run`].
#[inline]
pub fn run_by_schedule<M: OrderedMap>(
    map: &M,
    stripe: &Stripe,
    checks: &Checks,
    schedule: Schedule,
) -> Result<(Arrived, u64), Box<Violation>> {
    let mut tally = Tally::default();
    let serve = |index: usize| step_apart(map, &stripe.ops[index], &stripe.scans, checks, &mut tally);
    let arrived = open_loop::run(&WallClock::start(), schedule, stripe.ops.len(), serve)?;
    Ok((arrived, tally.checked))
}

/// As [`run`], with `checks.batch` operations a call. Every call is timed.
fn run_batches<M: OrderedMap>(map: &M, stripe: &Stripe, checks: &Checks) -> Result<Tally, Box<Violation>> {
    let calls = stripe.ops.chunks(checks.batch.min(BATCH));
    let mut tally = Tally::with_capacity(calls.len());
    let (mut keys, mut values, mut pairs) = ([0; BATCH], [None; BATCH], [(0, None); BATCH]);
    let mut since = Instant::now();
    for ops in calls {
        let n = ops.len();
        let before = slow_down(&mut since, Instant::now());
        if ops[0].kind == Kind::Insert {
            ops.iter()
                .zip(&mut pairs)
                .for_each(|(op, pair)| *pair = (op.key, Some(value_of(op.key, op.arg))));
            map.insert_many(&mut pairs[..n]);
        } else {
            ops.iter().zip(&mut keys).for_each(|(op, key)| *key = op.key);
            map.get_many(&keys[..n], &mut values[..n]);
            for (op, &answer) in ops.iter().zip(&values) {
                check_point(op, value_of(op.key, op.arg), checks.mask, answer)?;
            }
            tally.checked += n as u64;
        }
        tally.time(ops[0].kind, before);
        tally.ops += n as u64;
    }
    Ok(tally)
}

/// [`step`] for the operations that are timed one by one. It is compiled once, because the clock costs more than a
/// call. Inlined into each loop, all maps would take a third longer to compile.
#[inline(never)]
fn step_apart<M: OrderedMap>(
    map: &M,
    op: &Op,
    scans: &[ScanExact],
    checks: &Checks,
    tally: &mut Tally,
) -> Result<(), Box<Violation>> {
    step(map, op, scans, checks, tally)
}

#[inline(always)]
fn step<M: OrderedMap>(
    map: &M,
    op: &Op,
    scans: &[ScanExact],
    checks: &Checks,
    tally: &mut Tally,
) -> Result<(), Box<Violation>> {
    let value = value_of(op.key, op.arg);
    let answer = match op.kind {
        Kind::Insert => {
            map.insert(op.key, value);
            tally.ops += 1;
            return Ok(());
        }
        Kind::Update => {
            map.update(op.key, value);
            tally.ops += 1;
            return Ok(());
        }
        Kind::Scan | Kind::ScanMaybe => return scan(map, op, checks, tally),
        Kind::ScanExact => return scan_exact(map, op.key, scans[op.arg as usize], checks, tally),
        Kind::Read | Kind::ReadMaybe | Kind::ReadAbsent => map.get(op.key),
        Kind::Remove | Kind::RemoveMaybe | Kind::RemoveAbsent => map.remove(op.key),
    };
    tally.ops += 1;
    tally.checked += 1;
    check_point(op, value, checks.mask, answer)
}

/// Compares the answer of a read or a removal with what it must be.
#[inline(always)]
fn check_point(op: &Op, value: u64, mask: u64, answer: Option<u64>) -> Result<(), Box<Violation>> {
    let right = |got: u64| (got ^ value) & mask == 0;
    let good = match op.kind {
        Kind::Read | Kind::Remove => answer.is_some_and(right),
        Kind::ReadMaybe | Kind::RemoveMaybe => answer.is_none_or(right),
        _ => answer.is_none(),
    };
    if good { Ok(()) } else { Err(wrong_point(op, value, answer)) }
}

#[cold]
fn wrong_point(op: &Op, value: u64, answer: Option<u64>) -> Box<Violation> {
    let expected = match op.kind {
        Kind::Read | Kind::Remove => format!("value {value:#x}"),
        Kind::ReadMaybe | Kind::RemoveMaybe => format!("value {value:#x} or nothing"),
        _ => "nothing".into(),
    };
    let got = answer.map_or_else(|| "nothing".into(), |v| format!("value {v:#x}"));
    Box::new(Violation { doing: op.kind.to_string(), key: op.key, expected, got })
}

/// What a scan has visited so far. Keys are taken relative to the start, wrapping. If the offsets ascend
/// strictly, and the last one does not pass the greatest key, then the keys ascend and none is below the
/// start.
struct Seen {
    start: u64,
    count: u64,
    last: u64,
    /// Whether it has visited the start itself.
    met_start: bool,
    /// The first pair out of order or with another key's value.
    bad: Option<(u64, u64)>,
}

impl Seen {
    const fn from(start: u64) -> Self {
        Self { start, count: 0, last: 0, met_start: false, bad: None }
    }

    /// Takes some ten instructions, and no jump as long as answers are right.
    #[inline(always)]
    fn pair(&mut self, key: u64, value: u64, mask: u64) {
        let offset = key.wrapping_sub(self.start);
        let disorder = (offset <= self.last) & (self.count > 0);
        if disorder | ((value ^ value_of(key, 0)) & mask != 0) {
            self.complain(key, value);
        }
        self.met_start |= offset == 0;
        self.last = offset;
        self.count += 1;
    }

    #[cold]
    fn complain(&mut self, key: u64, value: u64) {
        self.bad.get_or_insert((key, value));
    }

    #[cold]
    fn violation(&self, limit: usize, expected: &str, got: &str) -> Box<Violation> {
        let doing = format!("scan of {limit} pairs from");
        Box::new(Violation { doing, key: self.start, expected: expected.into(), got: got.into() })
    }

    /// Checks that the pairs were in order, in bounds, with their values, and no more than asked for.
    #[inline]
    fn sound(&self, limit: usize) -> Result<(), Box<Violation>> {
        let below = self.last > u64::MAX - self.start;
        if self.bad.is_none() && !below && self.count <= limit as u64 { Ok(()) } else { self.unsound(limit) }
    }

    #[cold]
    fn unsound(&self, limit: usize) -> Result<(), Box<Violation>> {
        if let Some((key, value)) = self.bad {
            let got = format!("key {key} ({key:#x}) with value {value:#x}");
            return Err(self.violation(limit, "ascending keys from there on with their values", &got));
        }
        let (right, got) = if self.count > limit as u64 {
            ("no more pairs than that", format!("{} pairs", self.count))
        } else {
            ("ascending keys from there on with their values", "keys below".into())
        };
        Err(self.violation(limit, right, &got))
    }
}

#[inline(always)]
fn scan<M: OrderedMap>(map: &M, op: &Op, checks: &Checks, tally: &mut Tally) -> Result<(), Box<Violation>> {
    let (limit, mask) = (op.arg as usize, checks.scan_mask);
    let mut seen = Seen::from(op.key);
    map.scan(op.key, limit, |key, value| seen.pair(key, value, mask));
    tally.ops += 1;
    tally.checked += 1 + seen.count;
    seen.sound(limit)?;
    if op.kind == Kind::Scan {
        if !seen.met_start {
            let got = format!("{} pairs above it", seen.count);
            return Err(seen.violation(limit, "that key first", &got));
        }
        let least = checks.at_least(op.key, limit);
        if seen.count < least as u64 {
            let got = format!("{} pairs", seen.count);
            return Err(seen.violation(limit, &format!("at least {least} pairs"), &got));
        }
    }
    Ok(())
}

fn scan_exact<M: OrderedMap>(
    map: &M,
    start: u64,
    exact: ScanExact,
    checks: &Checks,
    tally: &mut Tally,
) -> Result<(), Box<Violation>> {
    let (mask, mut sum) = (checks.scan_mask, 0_u64);
    let mut seen = Seen::from(start);
    map.scan(start, exact.limit, |key, value| {
        sum = sum.wrapping_add(fingerprint(key));
        seen.pair(key, value, mask);
    });
    tally.ops += if exact.limit == usize::MAX { seen.count } else { 1 };
    tally.checked += 1 + seen.count;
    seen.sound(exact.limit)?;
    if (seen.count, sum) != (exact.count, exact.checksum) {
        let expected = format!("{} pairs with checksum {:#x}", exact.count, exact.checksum);
        let got = format!("{} pairs with checksum {sum:#x}", seen.count);
        return Err(seen.violation(exact.limit, &expected, &got));
    }
    Ok(())
}
