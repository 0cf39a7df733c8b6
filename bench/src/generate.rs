//! Makes operations with known answers, thread by thread, and remembers what the map must hold afterwards.
//!
//! Answers must be known although threads run at once, so writers never meet on a key except in updates:
//! new keys come from index ranges of their own (index `loaded + j * threads + t` is the `j`-th of thread
//! `t`), and only odd indices are ever removed, each by one thread, in the order of the indices. A read of
//! another thread's removable key may find it or not; every other answer is exact. The operations of a
//! thread depend on the seed, the thread's number and what was generated before, never on timing.

use crate::keys::{ANY_VERSION, Distribution, KeySet, Pick, Random, fingerprint, value_of};
use crate::ops::{Checks, Kind, Op, ScanExact, Stripe};
use crate::protocol::MOST_THREADS;
use crate::verify::{Answer, Expected, Probe};
use crate::workload::{LONGEST_SCAN, Workload};
use crate::zipf::Zipf;
use std::collections::{BinaryHeap, HashMap};

/// What one thread has done so far, in counts.
#[derive(Clone, Debug)]
struct Hand {
    random: Random,
    /// New keys inserted.
    inserted: u64,
    /// Of its loaded removable keys, removed.
    removed_loaded: u64,
    /// Of the keys it inserted, removed.
    removed_inserted: u64,
    /// Next index for [`Pick::InOrder`].
    cursor: u64,
    /// Updates done.
    updates: u64,
    /// The last version written to each sampled index.
    last: HashMap<u64, u32>,
}

/// The operations of a series of runs over one key set.
#[derive(Clone, Debug)]
pub struct Generator {
    keys: KeySet,
    pick: Pick,
    zipf: Option<Zipf>,
    planned: u64,
    loaded: u64,
    hands: Vec<Hand>,
    /// Of every how many indices the contents are checked at the end.
    stride: u64,
    /// Whether versions other than 0 were written.
    updated: bool,
    count: u64,
    checksum: u64,
    /// The largest keys of the map and the number of removals when they were looked up.
    tail: Option<(u64, Vec<u64>)>,
}

impl Generator {
    /// A generator for `threads` threads over `keys` keys to load, which `load` is then to do.
    ///
    /// # Errors
    /// If there are no keys, no threads or too many of them, or more keys than the distribution has.
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
        let hand = |t| Hand {
            random: Random::new(seed, t as u64),
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
            zipf: (dist.pick == Pick::Zipfian).then(|| Zipf::new(keys)),
            planned: keys,
            loaded: 0,
            hands: (0..threads).map(hand).collect(),
            stride: if keys > 1_000_000 { 16 } else { 1 },
            updated: false,
            count: 0,
            checksum: 0,
            tail: None,
        })
    }

    /// The next `count` inserts of the load, dealt to the threads in turns so that ascending keys reach the
    /// map in (nearly) ascending order.
    pub fn load(&mut self, count: u64) -> Vec<Stripe> {
        let threads = self.hands.len();
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

    /// About `ops` operations of a workload: the same number for each thread, at least one.
    ///
    /// # Panics
    /// For [`Workload::Load`], or before the load is complete.
    pub fn run(&mut self, workload: Workload, ops: u64) -> Vec<Stripe> {
        assert!(workload != Workload::Load && self.loaded == self.planned, "load first");
        let each = (ops / self.hands.len() as u64).max(1);
        if workload == Workload::S {
            return self.full_scans(each);
        }
        // What others removed before this run is certain, what they remove in it is not.
        let settled: Vec<u64> = self.hands.iter().map(|h| h.removed_loaded).collect();
        (0..self.hands.len()).map(|t| self.stripe(workload, each, t, &settled)).collect()
    }

    /// What the answers of the operations generated last are compared with.
    pub fn checks(&mut self, workload: Workload) -> Checks {
        let tail = if workload == Workload::E { self.tail() } else { Vec::new() };
        let mask = if self.updated { ANY_VERSION } else { !0 };
        Checks { mask, scan_mask: mask, tail, timed_every: workload.timed_every(), batch: workload.batch() }
    }

    /// What the map must hold once everything generated so far has run.
    #[must_use]
    pub fn expected(&self) -> Expected<'_> {
        let loaded = (0..self.loaded).step_by(self.stride as usize).map(|i| self.probe_loaded(i));
        let inserted = (0..self.hands.len()).flat_map(move |t| {
            let hand = &self.hands[t];
            (0..hand.inserted).step_by(self.stride as usize).map(move |j| {
                let key = self.new_key(t, j);
                let gone = j < hand.removed_inserted;
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

    /// Keys that the map holds once everything generated so far has run.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    fn probe_loaded(&self, i: u64) -> Probe {
        let key = self.keys.key(i);
        let answer = if self.is_removed(i) {
            Answer::Absent
        } else {
            // Of each thread's last version one is the very last.
            let versions: Vec<u64> = self
                .hands
                .iter()
                .filter_map(|h| h.last.get(&i))
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
            let dice = self.hands[t].random.below(100);
            let op = if dice < mix.insert {
                self.insert(t)
            } else if dice < mix.insert + mix.update {
                self.update(t)
            } else if dice < mix.insert + mix.update + mix.remove {
                self.remove(t)
            } else if mix.scans {
                let length = 1 + self.hands[t].random.below(u64::from(LONGEST_SCAN)) as u32;
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
        vec![Stripe { ops, scans: vec![whole] }; self.hands.len()]
    }

    fn insert(&mut self, t: usize) -> Op {
        let key = self.new_key(t, self.hands[t].inserted);
        self.hands[t].inserted += 1;
        self.admit(key);
        Op { key, arg: 0, kind: Kind::Insert }
    }

    fn update(&mut self, t: usize) -> Op {
        let i = self.draw_present(t);
        let threads = self.hands.len() as u64;
        let hand = &mut self.hands[t];
        let version = (hand.updates * threads + t as u64 + 1) as u32;
        hand.updates += 1;
        if i.is_multiple_of(self.stride) {
            hand.last.insert(i, version);
        }
        self.updated = true;
        Op { key: self.keys.key(i), arg: version, kind: Kind::Update }
    }

    /// Removes the thread's next loaded removable key, or its oldest new one, or inserts if it has neither.
    fn remove(&mut self, t: usize) -> Op {
        let (threads, hand) = (self.hands.len() as u64, &mut self.hands[t]);
        let i = (hand.removed_loaded * threads + t as u64) * 2 + 1;
        let key = if i < self.loaded {
            hand.removed_loaded += 1;
            self.keys.key(i)
        } else if hand.removed_inserted < hand.inserted {
            let j = hand.removed_inserted;
            hand.removed_inserted += 1;
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
            Some((owner, turn)) if owner == t && turn < self.hands[t].removed_loaded => Kind::ReadAbsent,
            Some((owner, turn)) if owner != t && turn < settled[owner] => Kind::ReadAbsent,
            Some((owner, _)) if owner != t => Kind::ReadMaybe,
            _ => Kind::Read,
        };
        Op { key: self.keys.key(i), arg: 0, kind }
    }

    /// An index by the distribution, removed or not.
    fn draw(&mut self, t: usize) -> u64 {
        let hand = &mut self.hands[t];
        match (&self.zipf, self.pick) {
            (Some(zipf), _) => zipf.draw(hand.random.unit()),
            (None, Pick::InOrder) => {
                let i = hand.cursor;
                hand.cursor = (i + 1) % self.loaded;
                i
            }
            (None, _) => hand.random.below(self.loaded),
        }
    }

    /// An index by the distribution that is in the map; the neighbour of one that was removed.
    fn draw_present(&mut self, t: usize) -> u64 {
        let i = self.draw(t);
        if self.is_removed(i) { i - 1 } else { i }
    }

    /// Which thread may remove a loaded index, and as its how-manieth.
    fn owner(&self, i: u64) -> Option<(usize, u64)> {
        let threads = self.hands.len() as u64;
        (i % 2 == 1).then(|| ((i / 2 % threads) as usize, i / 2 / threads))
    }

    fn is_removed(&self, i: u64) -> bool {
        self.owner(i).is_some_and(|(t, turn)| turn < self.hands[t].removed_loaded)
    }

    fn new_key(&self, t: usize, j: u64) -> u64 {
        self.keys.key(self.planned + j * self.hands.len() as u64 + t as u64)
    }

    fn admit(&mut self, key: u64) {
        self.count += 1;
        self.checksum = self.checksum.wrapping_add(fingerprint(key));
    }

    /// The largest loaded keys that are in the map, as many as the longest scan may want.
    fn tail(&mut self) -> Vec<u64> {
        let removals: u64 = self.hands.iter().map(|h| h.removed_loaded).sum();
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
mod tests;
