//! Generates operations with known answers for each thread, and remembers what the map must hold afterwards.
//!
//! Answers must be known although threads run at once. So two writers never use the same key, except in
//! updates. Each thread takes its new keys from indices of its own: index `loaded + j * threads + t` is the
//! `j`-th of thread `t`. Only odd indices are ever removed, each by one thread, in the order of the indices.
//! A read of another thread's removable key may find it or not. Every other answer is exact. The operations
//! of a thread depend on the seed, the thread's number and what was generated before, never on timing.

use crate::keys::{ANY_VERSION, Distribution, KeySet, Pick, fingerprint, value_of};
use crate::ops::{Checks, Kind, Op, ScanExact, Stripe};
use crate::protocol::MOST_THREADS;
use crate::random::{Random, ScatteredZipf, random};
use crate::verify::{Answer, Expected, Probe};
use crate::workload::{LONGEST_SCAN, Workload};
use rand::RngExt;
use std::collections::{BinaryHeap, HashMap};

/// Counts of what one thread has done so far.
#[derive(Clone, Debug)]
struct Progress {
    random: Random,
    /// New keys that it inserted.
    inserted: u64,
    /// Loaded keys that it removed.
    removed_loaded: u64,
    /// Keys of its own that it removed.
    removed_inserted: u64,
    /// The next index for [`Pick::InOrder`].
    cursor: u64,
    /// Its updates.
    updates: u64,
    /// The last version that it wrote to each sampled index.
    last: HashMap<u64, u32>,
}

/// The operations of a series of runs over one key set.
#[derive(Clone, Debug)]
pub struct Generator {
    keys: KeySet,
    pick: Pick,
    zipf: Option<ScatteredZipf>,
    planned: u64,
    loaded: u64,
    threads: Vec<Progress>,
    /// One index in this many is read at the end.
    stride: u64,
    /// Whether an update has written a version other than 0.
    updated: bool,
    count: u64,
    checksum: u64,
    /// The largest keys of the map, and the number of removals when they were looked up.
    tail: Option<(u64, Vec<u64>)>,
}

impl Generator {
    /// A generator for `threads` threads and `keys` keys, which [`load`](Self::load) inserts.
    ///
    /// # Errors
    /// There are no keys, no threads, too many threads, or more keys than the distribution has.
    pub fn new(dist: Distribution, seed: u64, threads: usize, keys: u64) -> Result<Self, String> {
        if threads == 0 {
            return Err("at least one thread is needed".into());
        }
        if threads > MOST_THREADS {
            return Err(format!("{threads} threads are too many: at most {MOST_THREADS}"));
        }
        if keys == 0 {
            return Err("at least one key is needed".into());
        }
        let set = KeySet::new(dist.shape, seed);
        if keys > set.distinct() / 4 {
            return Err(format!("{keys} keys are too many for {dist:?}: it has {}", set.distinct()));
        }
        let progress = |t| Progress {
            random: random(seed, t as u64),
            inserted: 0,
            removed_loaded: 0,
            removed_inserted: 0,
            cursor: (u128::from(keys) * t as u128 / threads as u128) as u64,
            updates: 0,
            last: HashMap::new(),
        };
        Ok(Self {
            keys: set,
            pick: dist.pick,
            zipf: (dist.pick == Pick::Zipfian).then(|| ScatteredZipf::new(keys)),
            planned: keys,
            loaded: 0,
            threads: (0..threads).map(progress).collect(),
            stride: if keys > 1_000_000 { 16 } else { 1 },
            updated: false,
            count: 0,
            checksum: 0,
            tail: None,
        })
    }

    /// The next `count` inserts of the load. The threads take them in turns, so ascending keys reach the map
    /// in nearly ascending order.
    pub fn load(&mut self, count: u64) -> Vec<Stripe> {
        let threads = self.threads.len();
        let count = count.min(self.planned - self.loaded);
        let mut stripes = vec![Stripe::default(); threads];
        for stripe in &mut stripes {
            stripe.ops.reserve_exact(count as usize / threads + 1);
        }
        for i in self.loaded..self.loaded + count {
            let key = self.keys.key(i);
            self.admit(key);
            stripes[(i % threads as u64) as usize].ops.push(Op { key, arg: 0, kind: Kind::Insert });
        }
        self.loaded += count;
        stripes
    }

    /// About `ops` operations of a workload, the same number for each thread and at least one.
    ///
    /// # Panics
    /// For [`Workload::Load`], or before the load is complete.
    pub fn run(&mut self, workload: Workload, ops: u64) -> Vec<Stripe> {
        assert!(workload != Workload::Load && self.loaded == self.planned, "load first");
        let each = (ops / self.threads.len() as u64).max(1);
        if workload == Workload::S {
            return self.full_scans(each);
        }
        // What other threads removed before this run is certain. What they remove in it is not.
        let settled: Vec<u64> = self.threads.iter().map(|thread| thread.removed_loaded).collect();
        (0..self.threads.len()).map(|t| self.stripe(workload, each, t, &settled)).collect()
    }

    /// What the answers of the operations generated last are compared with.
    pub fn checks(&mut self, workload: Workload) -> Checks {
        let tail = if workload == Workload::E { self.tail() } else { Vec::new() };
        let mask = if self.updated { ANY_VERSION } else { !0 };
        Checks { mask, scan_mask: mask, tail, timed_every: workload.timed_every(), batch: workload.batch() }
    }

    /// What the map must hold when everything generated so far has run.
    #[must_use]
    pub fn expected(&self) -> Expected<'_> {
        let loaded = (0..self.loaded).step_by(self.stride as usize).map(|i| self.probe_loaded(i));
        let inserted = (0..self.threads.len()).flat_map(move |t| {
            let thread = &self.threads[t];
            (0..thread.inserted).step_by(self.stride as usize).map(move |j| {
                let key = self.new_key(t, j);
                let gone = j < thread.removed_inserted;
                Probe { key, answer: if gone { Answer::Absent } else { Answer::Value(value_of(key, 0)) } }
            })
        });
        Expected {
            count: Some(self.count),
            checksum: Some(self.checksum),
            mask: if self.updated { ANY_VERSION } else { !0 },
            known: None,
            probes: Box::new(loaded.chain(inserted)),
        }
    }

    /// How many keys the map holds when everything generated so far has run.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    fn probe_loaded(&self, i: u64) -> Probe {
        let key = self.keys.key(i);
        let answer = if self.is_removed(i) {
            Answer::Absent
        } else {
            // The last version of one of the threads is the last one of all.
            let versions: Vec<u64> = self
                .threads
                .iter()
                .filter_map(|thread| thread.last.get(&i))
                .map(|&version| value_of(key, version))
                .collect();
            if versions.is_empty() { Answer::Value(value_of(key, 0)) } else { Answer::OneOf(versions) }
        };
        Probe { key, answer }
    }

    fn stripe(&mut self, workload: Workload, ops: u64, t: usize, settled: &[u64]) -> Stripe {
        let mix = workload.mix();
        let mut stripe = Stripe { ops: Vec::with_capacity(ops as usize), scans: Vec::new() };
        for _ in 0..ops {
            let dice = self.threads[t].random.random_range(0..100);
            let op = if dice < mix.insert {
                self.insert(t)
            } else if dice < mix.insert + mix.update {
                self.update(t)
            } else if dice < mix.insert + mix.update + mix.remove {
                self.remove(t)
            } else if mix.scans {
                let length = self.threads[t].random.random_range(1..=LONGEST_SCAN);
                let i = self.draw_present(t);
                Op { key: self.keys.key(i), arg: length, kind: Kind::Scan }
            } else {
                self.read(workload, t, settled)
            };
            stripe.ops.push(op);
        }
        stripe
    }

    fn full_scans(&self, pairs_each: u64) -> Vec<Stripe> {
        let scans = (pairs_each / self.count.max(1)).max(1);
        let whole = ScanExact { limit: usize::MAX, count: self.count, checksum: self.checksum };
        let ops = vec![Op { key: 0, arg: 0, kind: Kind::ScanExact }; scans as usize];
        vec![Stripe { ops, scans: vec![whole] }; self.threads.len()]
    }

    fn insert(&mut self, t: usize) -> Op {
        let key = self.new_key(t, self.threads[t].inserted);
        self.threads[t].inserted += 1;
        self.admit(key);
        Op { key, arg: 0, kind: Kind::Insert }
    }

    fn update(&mut self, t: usize) -> Op {
        let i = self.draw_present(t);
        let threads = self.threads.len() as u64;
        let thread = &mut self.threads[t];
        let version = (thread.updates * threads + t as u64 + 1) as u32;
        thread.updates += 1;
        if i.is_multiple_of(self.stride) {
            thread.last.insert(i, version);
        }
        self.updated = true;
        Op { key: self.keys.key(i), arg: version, kind: Kind::Update }
    }

    /// Removes the thread's next loaded key, or else its oldest new one, or else inserts.
    fn remove(&mut self, t: usize) -> Op {
        let (threads, thread) = (self.threads.len() as u64, &mut self.threads[t]);
        let i = (thread.removed_loaded * threads + t as u64) * 2 + 1;
        let key = if i < self.loaded {
            thread.removed_loaded += 1;
            self.keys.key(i)
        } else if thread.removed_inserted < thread.inserted {
            let j = thread.removed_inserted;
            thread.removed_inserted += 1;
            self.new_key(t, j)
        } else {
            return self.insert(t);
        };
        self.count -= 1;
        self.checksum = self.checksum.wrapping_sub(fingerprint(key));
        Op { key, arg: 0, kind: Kind::Remove }
    }

    fn read(&mut self, workload: Workload, t: usize, settled: &[u64]) -> Op {
        if workload != Workload::X {
            let i = self.draw_present(t);
            return Op { key: self.keys.key(i), arg: 0, kind: Kind::Read };
        }
        let i = self.draw(t);
        let kind = match self.owner(i) {
            Some((owner, turn)) if owner == t && turn < self.threads[t].removed_loaded => Kind::ReadAbsent,
            Some((owner, turn)) if owner != t && turn < settled[owner] => Kind::ReadAbsent,
            Some((owner, _)) if owner != t => Kind::ReadMaybe,
            _ => Kind::Read,
        };
        Op { key: self.keys.key(i), arg: 0, kind }
    }

    /// Draws an index, which may be removed.
    fn draw(&mut self, t: usize) -> u64 {
        let thread = &mut self.threads[t];
        match (&self.zipf, self.pick) {
            (Some(zipf), _) => zipf.draw(&mut thread.random),
            (None, Pick::InOrder) => {
                let i = thread.cursor;
                thread.cursor = (i + 1) % self.loaded;
                i
            }
            (None, _) => thread.random.random_range(0..self.loaded),
        }
    }

    /// Draws an index that is in the map: if it was removed, the one before it.
    fn draw_present(&mut self, t: usize) -> u64 {
        let i = self.draw(t);
        if self.is_removed(i) { i - 1 } else { i }
    }

    /// The thread that may remove a loaded index, and how many it removes before.
    fn owner(&self, i: u64) -> Option<(usize, u64)> {
        let threads = self.threads.len() as u64;
        (i % 2 == 1).then(|| ((i / 2 % threads) as usize, i / 2 / threads))
    }

    fn is_removed(&self, i: u64) -> bool {
        self.owner(i).is_some_and(|(t, turn)| turn < self.threads[t].removed_loaded)
    }

    fn new_key(&self, t: usize, j: u64) -> u64 {
        self.keys.key(self.planned + j * self.threads.len() as u64 + t as u64)
    }

    fn admit(&mut self, key: u64) {
        self.count += 1;
        self.checksum = self.checksum.wrapping_add(fingerprint(key));
    }

    /// The largest loaded keys that are in the map, as many as the longest scan visits.
    fn tail(&mut self) -> Vec<u64> {
        let removals: u64 = self.threads.iter().map(|thread| thread.removed_loaded).sum();
        if let Some((_, tail)) = self.tail.as_ref().filter(|(at, _)| *at == removals) {
            return tail.clone();
        }
        let mut smallest_first = BinaryHeap::new();
        for i in (0..self.loaded).filter(|&i| !self.is_removed(i)) {
            smallest_first.push(std::cmp::Reverse(self.keys.key(i)));
            if smallest_first.len() > LONGEST_SCAN as usize {
                smallest_first.pop();
            }
        }
        let mut tail: Vec<u64> = smallest_first.into_iter().map(|r| r.0).collect();
        tail.sort_unstable();
        self.tail = Some((removals, tail.clone()));
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn generator(dist: &str, threads: usize, keys: u64) -> Generator {
        let mut g = Generator::new(dist.parse().unwrap(), 11, threads, keys).unwrap();
        let load = g.load(keys);
        assert_eq!(load.iter().map(|s| s.ops.len() as u64).sum::<u64>(), keys);
        g
    }

    fn shares(stripes: &[Stripe]) -> HashMap<String, f64> {
        let mut seen = HashMap::new();
        let total: usize = stripes.iter().map(|s| s.ops.len()).sum();
        for op in stripes.iter().flat_map(|s| &s.ops) {
            *seen.entry(op.kind.to_string()).or_insert(0.0) += 100.0 / total as f64;
        }
        seen
    }

    #[test]
    fn mixes_have_the_shares_they_promise() {
        let wanted: [(Workload, &[(&str, f64)]); 6] = [
            (Workload::A, &[("read", 50.0), ("insert", 50.0)]),
            (Workload::B, &[("read", 95.0), ("insert", 5.0)]),
            (Workload::C, &[("read", 100.0)]),
            (Workload::E, &[("scan", 95.0), ("insert", 5.0)]),
            (Workload::U, &[("read", 50.0), ("update", 50.0)]),
            (Workload::X, &[("read", 50.0), ("insert", 25.0), ("remove", 25.0)]),
        ];
        for (workload, shares_wanted) in wanted {
            let got = shares(&generator("uniform", 2, 50_000).run(workload, 40_000));
            assert_eq!(got.len(), shares_wanted.len(), "{workload:?}: {got:?}");
            for (kind, share) in shares_wanted {
                assert!((got[*kind] - share).abs() < 1.0, "{workload:?} {kind}: {got:?}");
            }
        }
    }

    #[test]
    fn scans_are_one_to_a_hundred_long() {
        let stripes = generator("uniform", 1, 1000).run(Workload::E, 50_000);
        let lengths: Vec<u32> =
            stripes[0].ops.iter().filter(|op| op.kind == Kind::Scan).map(|op| op.arg).collect();
        assert_eq!((lengths.iter().min(), lengths.iter().max()), (Some(&1), Some(&100)));
        let mean = lengths.iter().map(|&l| f64::from(l)).sum::<f64>() / lengths.len() as f64;
        assert!((mean - 50.5).abs() < 1.0, "{mean}");
    }

    #[test]
    fn the_same_seed_gives_the_same_operations() {
        for dist in crate::protocol::DISTRIBUTIONS {
            let (mut a, mut b) = (generator(dist, 3, 5000), generator(dist, 3, 5000));
            assert_eq!(a.run(Workload::X, 9000), b.run(Workload::X, 9000));
            assert_eq!(a.run(Workload::U, 9000), b.run(Workload::U, 9000));
            let mut other = Generator::new(dist.parse().unwrap(), 12, 3, 5000).unwrap();
            other.load(5000);
            assert_ne!(a.run(Workload::A, 9000), other.run(Workload::A, 9000), "{dist}");
        }
    }

    /// Runs stripes on a model. The threads take turns of `turn` operations.
    fn replay(model: &mut BTreeMap<u64, u64>, stripes: &[Stripe], checks: &Checks, turn: usize) {
        let rounds = stripes.iter().map(|s| s.ops.len().div_ceil(turn)).max().unwrap_or(0);
        for round in 0..rounds {
            for stripe in stripes {
                for op in stripe.ops.iter().skip(round * turn).take(turn) {
                    check(model, stripe, op, checks);
                }
            }
        }
    }

    fn check(model: &mut BTreeMap<u64, u64>, stripe: &Stripe, op: &Op, checks: &Checks) {
        let value = value_of(op.key, op.arg);
        let right = |found: Option<u64>| found.is_some_and(|v| (v ^ value) & checks.mask == 0);
        match op.kind {
            Kind::Insert => assert_eq!(model.insert(op.key, value), None, "inserted keys are new"),
            Kind::Update => assert!(model.insert(op.key, value).is_some(), "updated keys are there"),
            Kind::Read => assert!(right(model.get(&op.key).copied())),
            Kind::ReadAbsent => assert_eq!(model.get(&op.key), None),
            Kind::ReadMaybe => assert!(model.get(&op.key).is_none_or(|&v| right(Some(v)))),
            Kind::Remove => assert!(right(model.remove(&op.key))),
            Kind::Scan => {
                let got: Vec<u64> = model.range(op.key..).map(|(k, _)| *k).take(op.arg as usize).collect();
                assert_eq!(got[0], op.key);
                assert!(got.len() >= checks.at_least(op.key, op.arg as usize));
                assert!(checks.tail.len() >= 100, "{}", checks.tail.len());
            }
            Kind::ScanExact => {
                let scan = stripe.scans[op.arg as usize];
                assert_eq!(model.len() as u64, scan.count);
                let sum = model.keys().fold(0, |a: u64, &k| a.wrapping_add(fingerprint(k)));
                assert_eq!(sum, scan.checksum);
            }
            other => panic!("{other:?} is for traces"),
        }
    }

    #[test]
    fn every_expectation_comes_true_however_threads_take_turns() {
        for dist in crate::protocol::DISTRIBUTIONS {
            for (threads, turn) in [(1, 1), (3, 1), (3, 1000), (2, 1_000_000)] {
                let mut g = Generator::new(dist.parse().unwrap(), 5, threads, 3000).unwrap();
                let mut model = BTreeMap::new();
                for _ in 0..2 {
                    let part = g.load(1500);
                    replay(&mut model, &part, &g.checks(Workload::Load), turn);
                }
                use Workload::{A, B, C, E, S, U, X};
                for workload in [A, B, C, E, U, X, S, C, E, U, X, A] {
                    let stripes = g.run(workload, 2000);
                    let checks = g.checks(workload);
                    replay(&mut model, &stripes, &checks, turn);
                    assert_eq!(g.count(), model.len() as u64);
                }
                let expected = g.expected();
                let sum = model.keys().fold(0, |a: u64, &k| a.wrapping_add(fingerprint(k)));
                assert_eq!(expected.checksum, Some(sum));
                for probe in expected.probes {
                    match probe.answer {
                        Answer::Absent => assert_eq!(model.get(&probe.key), None),
                        Answer::Value(v) => assert_eq!(model.get(&probe.key), Some(&v)),
                        Answer::OneOf(vs) => assert!(vs.contains(&model[&probe.key])),
                        Answer::Like(_) => panic!("for traces"),
                    }
                }
            }
        }
    }

    #[test]
    fn removals_go_on_when_the_loaded_keys_run_out() {
        let mut g = generator("uniform", 2, 100);
        let stripes = g.run(Workload::X, 10_000);
        let got = shares(&stripes);
        assert!((got["remove"] - 25.0).abs() < 1.5, "{got:?}");
    }

    #[test]
    fn sequential_keys_are_loaded_and_read_in_order() {
        let mut g = Generator::new("sequential".parse().unwrap(), 1, 2, 1000).unwrap();
        let load = g.load(1000);
        assert!(load.iter().all(|s| s.ops.is_sorted_by_key(|op| op.key)));
        let reads = g.run(Workload::C, 400);
        assert_eq!(reads[0].ops[0].key, 0);
        assert_eq!(reads[1].ops[0].key, 500);
        assert!(reads[1].ops.is_sorted_by_key(|op| op.key));
    }

    #[test]
    fn nonsense_is_refused() {
        let dist: Distribution = "uniform".parse().unwrap();
        assert!(Generator::new(dist, 1, 0, 10).is_err());
        assert!(Generator::new(dist, 1, 1, 0).is_err());
        assert!(Generator::new("shift24".parse().unwrap(), 1, 1, 1 << 41).is_err());
    }
}
