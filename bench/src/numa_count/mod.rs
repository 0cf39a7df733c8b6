//! What `bench-numa-count` does, in a guest whose emulator watches it: loads a map, then does each operation many
//! times, with a mark before and after each, so that what they fetch from where is counted by the plugin.
//!
//! Worker `i` runs on CPU `i`. The workers take turns, one operation each, so that every run is the same run: what is
//! counted is what an operation finds in the caches after the others have been at work, not what happens when
//! two of them meet.

mod baton;
mod calibrate;
mod lock_path;
mod phase;
mod setting;

pub use lock_path::LockPath;
pub use phase::{Operation, SCAN};
pub use setting::{PARTITION, Setting};

use crate::keys::value_of;
use crate::maps::{self, AnySession, BuildError, MapSpec};
use crate::marks::{COUNT, Class, DONE, Done, END, RANGE, RUN, WARM, enter, leave, send};
use crate::subject::Subject;
use crate::team::describe;
use baton::Baton;
use bskip_core::BSkipMap;
use bskip_topology::{CpuSet, pin_current_thread};
use numa_alloc::NumaArena;
use phase::Keys;
use std::ops::Range;
use std::sync::{OnceLock, mpsc};
use std::thread;

/// Keys that a worker loads in one turn.
const LOAD_TURN: u64 = 64;
/// Below a worker's frame and above it, what counts as its stack and its thread-locals.
const STACK: (u64, u64) = (1 << 20, 32 << 10);

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumaCount {
    /// The run's number, for the report.
    pub run: u64,
    /// One of [`maps::NAMES`].
    pub map: String,
    /// How it is set up.
    pub setting: Setting,
    /// Pages of the arena, `thp` or `4k`.
    pub pages: String,
    /// Keys to load; rounded down to a multiple of the workers.
    pub keys: u64,
    /// Operations of each kind that are counted, by all workers; rounded likewise. A tenth of them for scans.
    pub ops: u64,
    /// Operations that fill the caches before.
    pub warm: u64,
    /// Workers, one for each CPU from 0 on.
    pub workers: usize,
}

impl NumaCount {
    /// Does all of it; gives a line for each phase, as the host reads it.
    ///
    /// # Errors
    /// No such map, no memory, CPUs that are not there, or a wrong answer, in words.
    pub fn run(&self) -> Result<String, String> {
        let workers = self.workers as u64;
        let each = |what: &str, number: u64| match number / workers {
            0 => Err(format!("{number} {what} are fewer than the {workers} workers")),
            each => Ok(each),
        };
        let (keys, ops, warm) =
            (each("keys", self.keys)?, each("operations", self.ops / 10)? * 10, self.warm / workers);
        // A scan begins in the lower half of the keys, and must find all its pairs.
        if keys < 2 * SCAN as u64 {
            return Err(format!(
                "{keys} keys a worker are too few for scans of {SCAN} pairs: at least {}",
                2 * SCAN
            ));
        }
        let most = keys.min(u64::from(u32::MAX));
        if ops + warm > most {
            return Err(format!(
                "{} operations remove more than the {} keys",
                self.ops + self.warm,
                self.keys
            ));
        }
        if !maps::is_placed(&self.map) {
            self.check_unplaced()?;
        }
        // Whether all can be had; and this thread's memory shall be on the same node each time.
        (0..self.workers).rev().try_for_each(pin)?;
        send(RUN, &[self.run]);
        calibrate::calibrate()?;
        let map = self.map()?;
        if let Some(lack) = map.lacks().first() {
            return Err(format!("{} has no {lack}, so its operations cannot be counted", self.map));
        }
        let (baton, locks) = (Baton::new(self.workers), OnceLock::new());
        let job = Job { asked: self, map: &*map, keys, ops, warm, baton, locks };
        let done = job.run()?;
        for (done, operation) in done.iter().zip(Operation::ALL) {
            let all = (operation.times(ops) + operation.times(warm)) * workers;
            if done.checked != all {
                return Err(format!(
                    "{}: {} of {all} answers are wrong",
                    operation.name(),
                    all - done.checked
                ));
            }
        }
        job.check_all()?;
        let line = |done: &Done| serde_json::to_string(done).map(|json| format!("{DONE}{json}\n"));
        done.iter().map(line).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    /// Refuses what only the map on `NumaArena` can be set up for.
    fn check_unplaced(&self) -> Result<(), String> {
        let Setting { placement, replicas, lazy, locks, .. } = &self.setting;
        if *locks {
            return Err(format!("{} has no nodes to emulate locks for; bskip-numa has", self.map));
        }
        if placement != "local" || *replicas || *lazy {
            let Self { map, setting, .. } = self;
            return Err(format!(
                "{setting} means nothing to {map}: give local or local+ranges, or count bskip-numa"
            ));
        }
        Ok(())
    }

    fn map(&self) -> Result<Box<dyn Subject>, String> {
        let replicas = match (self.setting.replicas, self.setting.lazy) {
            (_, true) => "-replicas-lazy",
            (true, false) => "-replicas",
            _ => "",
        };
        let spec = MapSpec {
            name: format!("{}{replicas}", self.map),
            placement: self.placement()?,
            pages: self.pages.clone(),
            seed: 1,
        };
        maps::build(&spec).map_err(|error| match error {
            BuildError::Bad(why) | BuildError::Unavailable(why) => why,
        })
    }

    /// The arena's policy. A partition has the bounds of the workers' ranges, of which each node has as many.
    fn placement(&self) -> Result<String, String> {
        if self.setting.placement != PARTITION {
            return Ok(self.setting.placement.clone());
        }
        let nodes = NumaArena::new().map_err(|error| error.to_string())?.nodes();
        let each = self.workers / nodes.len();
        if each * nodes.len() != self.workers {
            return Err(format!("{} workers cannot be divided among {} nodes", self.workers, nodes.len()));
        }
        let keys = Keys::new(0, self.workers, self.keys, true);
        let bound = |(i, node)| (keys.start((i * each) as u64), node);
        Ok(numa_alloc::Policy::Range(nodes.into_iter().enumerate().map(bound).collect()).to_string())
    }

    /// Locks beside the loaded map, in an arena of their own that places as the map's does; none unless the setting says so.
    fn locks(&self, map: &dyn Subject) -> Result<Option<LockPath>, String> {
        if !self.setting.locks {
            return Ok(None);
        }
        let footprint = map.footprint().ok_or("no nodes")?;
        let policy =
            self.setting.placement.parse::<numa_alloc::Policy>().map_err(|error| error.to_string())?;
        let arena = NumaArena::builder().policy(policy).build().map_err(|error| error.to_string())?;
        // Of all blocks one in some fifty is no leaf.
        let leaves = footprint.issued as usize / BSkipMap::<u64, u64, NumaArena>::NODE_BYTES.0;
        let path = LockPath::new(&arena, leaves).map_err(|error| error.to_string())?;
        tell_ranges(maps::ranges_of(&arena));
        Ok(Some(path))
    }
}

/// The calling thread runs on this CPU from now on.
fn pin(cpu: usize) -> Result<(), String> {
    pin_current_thread(&CpuSet::from([cpu as u32])).map_err(|error| error.to_string())
}

fn tell_ranges(ranges: Vec<(Class, Range<u64>)>) {
    for (class, range) in ranges {
        send(RANGE, &[class as u64, range.start, range.end]);
    }
}

/// What the workers share.
struct Job<'a> {
    asked: &'a NumaCount,
    map: &'a dyn Subject,
    /// For each worker: keys to load, operations to count and to warm up with.
    keys: u64,
    ops: u64,
    warm: u64,
    baton: Baton,
    /// Made by worker 0 when the map is loaded.
    locks: OnceLock<Option<LockPath>>,
}

impl Job<'_> {
    /// Runs all workers; what they did together in each phase.
    fn run(&self) -> Result<Vec<Done>, String> {
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.asked.workers)
                .map(|worker| {
                    let (ready, is_ready) = mpsc::channel();
                    let thread = scope.spawn(move || {
                        let pinned = pin(worker);
                        drop(ready);
                        self.baton.turn(worker, || pinned.expect("this was tried before"));
                        Ok(self.work(worker))
                    });
                    // One after the other, so that their stacks have the same addresses each time.
                    let _: Result<(), _> = is_ready.recv();
                    thread
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| Err(describe(&*panic))))
                .collect()
        });
        let mut done: Vec<Done> = Vec::new();
        for part in results {
            let part = part?;
            if done.is_empty() {
                done = part;
                continue;
            }
            for (sum, part) in done.iter_mut().zip(part) {
                sum.ops += part.ops;
                sum.checked += part.checked;
            }
        }
        Ok(done)
    }

    fn work(&self, worker: usize) -> Vec<Done> {
        self.load(worker);
        self.baton.turn(worker, || {
            if worker == 0 {
                tell_ranges(self.map.ranges());
                let locks = self.asked.locks(self.map).expect("memory for locks");
                self.locks.set(locks).ok().expect("nobody else sets them");
            }
        });
        self.phases(worker)
    }

    fn keys_of(&self, worker: usize) -> Keys {
        let workers = self.asked.workers;
        Keys::new(worker, workers, self.keys * workers as u64, self.asked.setting.ranges)
    }

    fn load(&self, worker: usize) {
        let keys = self.keys_of(worker);
        self.map.with_session(&mut |session| {
            for first in (0..self.keys).step_by(LOAD_TURN as usize) {
                self.baton.turn(worker, || {
                    for key in (first..self.keys.min(first + LOAD_TURN)).map(|i| keys.own(i)) {
                        session.insert(key, value_of(key, 0));
                    }
                });
            }
        });
    }

    /// All phases, one after the other; what the worker did in each.
    fn phases(&self, worker: usize) -> Vec<Done> {
        let frame = (&raw const worker).addr() as u64;
        let stack = [Class::Stack as u64, frame.saturating_sub(STACK.0), frame + STACK.1];
        self.baton.turn(worker, || send(RANGE, &stack));
        let locks = self.locks.get().and_then(Option::as_ref);
        let mut keys = self.keys_of(worker);
        let mut done = Vec::new();
        self.map.with_session(&mut |session| {
            let one = |(number, &operation)| self.phase(worker, number, operation, session, &mut keys, locks);
            done = Operation::ALL.iter().enumerate().map(one).collect();
        });
        done
    }

    fn phase(
        &self,
        worker: usize,
        number: usize,
        operation: Operation,
        session: &mut dyn AnySession,
        keys: &mut Keys,
        locks: Option<&LockPath>,
    ) -> Done {
        let (warm, ops) = (operation.times(self.warm), operation.times(self.ops));
        let (is_first, is_last) = (worker == 0, worker + 1 == self.asked.workers);
        let mut right = 0;
        for i in 0..warm + ops {
            let key = keys.pick(operation, i);
            let answer = self.baton.turn(worker, || {
                if is_first && i == 0 {
                    send(WARM, &[number as u64]);
                }
                if is_first && i == warm {
                    send(COUNT, &[]);
                }
                enter();
                if let Some(locks) = locks {
                    locks.walk(key);
                }
                let answer = operation.run(session, key);
                leave();
                if is_last && i + 1 == warm + ops {
                    send(END, &[ops * self.asked.workers as u64]);
                }
                answer
            });
            right += u64::from(answer.is_right(key));
        }
        Done {
            run: self.asked.run,
            phase: number as u64,
            operation: operation.name().to_owned(),
            ops,
            checked: right,
        }
    }

    /// Whether the map holds what it must after all phases.
    fn check_all(&self) -> Result<(), String> {
        // As many went as came.
        let expected = self.keys * self.asked.workers as u64;
        let (mut pairs, mut wrong) = (0, 0_u64);
        self.map.with_session(&mut |session| {
            session.scan(0, usize::MAX, &mut |key, value| {
                pairs += 1;
                wrong += u64::from(value != value_of(key, 0));
            });
        });
        if (pairs, wrong) == (expected, 0) {
            return Ok(());
        }
        Err(format!("in the end {pairs} pairs are there, not {expected}, {wrong} with a wrong value"))
    }
}
