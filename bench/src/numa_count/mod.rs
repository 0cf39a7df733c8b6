//! `bench numa-count` loads a map, then does each operation many times, with a mark before and after each. It
//! runs in a guest whose emulator has a plugin. The plugin counts what the operations fetch from where.
//!
//! Worker `i` runs on CPU `i`. The workers take turns, one operation each, so every run is the same. The
//! counts therefore show what an operation finds in the caches after the others have worked. They do not show
//! what happens when two operations meet.

mod baton;
mod calibrate;
mod lock_path;
mod phase;
mod setting;

pub use lock_path::LockPath;
pub use phase::{Operation, SCAN};
pub use setting::{PARTITION, Setting};

use crate::dyn_map::{DynMap, build};
use crate::keys::value_of;
use crate::maps::names::{MapSpec, is_placed};
use crate::maps::ordered_map::DynOperations;
use crate::maps::ours::address_ranges;
use crate::marks::{COUNT, Class, DONE, Done, END, RANGE, RUN, WARM, enter, leave, send};
use crate::numbers;
use crate::team::describe;
use crate::units::parse_count;
use baton::Baton;
use bskip_core::BSkipMap;
use bskip_core::arena::BlockKind;
use bskip_topology::{CpuSet, pin_current_thread};
use numa_alloc::NumaArena;
use phase::Keys;
use std::ops::Range;
use std::sync::{OnceLock, mpsc};
use std::thread;

/// Keys that a worker loads in one turn.
const LOAD_TURN: u64 = 64;
/// Bytes below and above a worker's frame that count as its stack and its thread-locals.
const STACK: (u64, u64) = (1 << 20, 32 << 10);

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct NumaCount {
    /// The run's number in the report
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_count)]
    pub run: u64,
    /// The map, one of those that `bench cell` measures
    #[arg(long, value_name = "NAME", default_value = "bskip-numa")]
    pub map: String,
    /// A placement, perhaps with +replicas, +lazy, +ranges or +locks; only bskip-numa has placements
    #[arg(long, default_value = "local")]
    pub setting: Setting,
    /// Pages of the arena, thp or 4k
    #[arg(long, value_name = "PAGES", default_value = "thp")]
    pub pages: String,
    /// Keys to load, rounded down to a multiple of the workers
    #[arg(long, value_name = "N", default_value = "1M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Operations of each kind that all workers together count, rounded likewise; a tenth of them for scans
    #[arg(long, value_name = "N", default_value = "100k", value_parser = numbers::operations)]
    pub ops: u64,
    /// Operations before them, which fill the caches
    #[arg(long, value_name = "N", default_value = "100k", value_parser = none_or_more)]
    pub warm: u64,
    /// Another seed gives other keys, in another order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    pub seed: u64,
    /// Workers, one for each CPU from CPU 0 on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = numbers::threads)]
    pub workers: usize,
}

fn none_or_more(text: &str) -> Result<u64, String> {
    numbers::within(text, 0..=numbers::MOST_OPERATIONS)
}

impl NumaCount {
    /// Runs all phases. Returns a line for each phase, as the host reads it.
    ///
    /// # Errors
    /// There is no such map, no memory or no such CPU, or an answer is wrong.
    pub fn run(&self) -> Result<String, String> {
        let workers = self.workers as u64;
        let each = |what: &str, number: u64| match number / workers {
            0 => Err(format!("{number} {what} are fewer than the {workers} workers")),
            each => Ok(each),
        };
        let (keys, ops, warm) =
            (each("keys", self.keys)?, each("operations", self.ops / 10)? * 10, self.warm / workers);
        // A scan begins in the lower half of the keys, and must find all of its pairs.
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
        if !is_placed(&self.map) {
            self.check_unplaced()?;
        }
        // Tries to pin every worker. CPU 0 comes last, so this thread's memory is on the same node each time.
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

    /// Refuses settings that only the map on `NumaArena` can have.
    fn check_unplaced(&self) -> Result<(), String> {
        let Setting { placement, replicas, lazy, locks, .. } = &self.setting;
        if *locks {
            return Err(format!("{} has no nodes to emulate locks for; bskip-numa has", self.map));
        }
        if placement != "local" || *replicas || *lazy {
            let Self { map, setting, .. } = self;
            return Err(format!(
                "{setting} has no effect on {map}: use local or local+ranges, or count bskip-numa"
            ));
        }
        Ok(())
    }

    fn map(&self) -> Result<Box<dyn DynMap>, String> {
        let replicas = match (self.setting.replicas, self.setting.lazy) {
            (_, true) => "-replicas-lazy",
            (true, false) => "-replicas",
            _ => "",
        };
        let spec = MapSpec {
            name: format!("{}{replicas}", self.map),
            placement: self.placement()?,
            pages: self.pages.clone(),
            seed: self.seed,
            keys_like: "u64".into(),
        };
        build(&spec).map_err(|error| error.to_string())
    }

    /// The arena's policy. A partition has the bounds of the workers' ranges, the same number for each node.
    fn placement(&self) -> Result<String, String> {
        if self.setting.placement != PARTITION {
            return Ok(self.setting.placement.clone());
        }
        let nodes = NumaArena::new().map_err(|error| error.to_string())?.nodes();
        let each = self.workers / nodes.len();
        if each * nodes.len() != self.workers {
            return Err(format!("{} workers cannot be divided among {} nodes", self.workers, nodes.len()));
        }
        let keys = Keys::new(self.seed, 0, self.workers, self.keys, true);
        let bound = |(i, node)| (keys.start((i * each) as u64), node);
        Ok(numa_alloc::Policy::Range(nodes.into_iter().enumerate().map(bound).collect()).to_string())
    }

    /// Locks for the loaded map if the setting has them, in an arena of their own with the map's policy.
    fn locks(&self, map: &dyn DynMap) -> Result<Option<LockPath>, String> {
        if !self.setting.locks {
            return Ok(None);
        }
        let footprint = map.footprint().ok_or("no nodes")?;
        let policy =
            self.setting.placement.parse::<numa_alloc::Policy>().map_err(|error| error.to_string())?;
        let arena = NumaArena::builder().policy(policy).build().map_err(|error| error.to_string())?;
        // All blocks count as leaves. One in some fifty is an inner node.
        let leaves = footprint.issued as usize / BSkipMap::<u64, u64, NumaArena>::NODE_BYTES.0;
        let path = LockPath::new(&arena, leaves).map_err(|error| error.to_string())?;
        tell_ranges(address_ranges(&arena));
        Ok(Some(path))
    }
}

/// Binds the calling thread to a CPU.
fn pin(cpu: usize) -> Result<(), String> {
    pin_current_thread(&CpuSet::from([cpu as u32])).map_err(|error| error.to_string())
}

/// Tells the plugin which addresses are leaves and which inner nodes.
fn tell_ranges(ranges: Vec<(BlockKind, Range<u64>)>) {
    for (kind, range) in ranges {
        let class = if kind == BlockKind::Leaf { Class::Leaf } else { Class::Inner };
        send(RANGE, &[class as u64, range.start, range.end]);
    }
}

/// What the workers share.
struct Job<'a> {
    asked: &'a NumaCount,
    map: &'a dyn DynMap,
    /// For each worker: keys to load, operations to count, and operations to fill the caches.
    keys: u64,
    ops: u64,
    warm: u64,
    baton: Baton,
    /// Worker 0 sets it when the map is loaded.
    locks: OnceLock<Option<LockPath>>,
}

impl Job<'_> {
    /// Runs all workers. Returns what they did together in each phase.
    fn run(&self) -> Result<Vec<Done>, String> {
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.asked.workers)
                .map(|worker| {
                    let (ready, is_ready) = mpsc::channel();
                    let thread = scope.spawn(move || {
                        let pinned = pin(worker);
                        drop(ready);
                        self.baton.turn(worker, || pinned.expect("every CPU was tried before"));
                        Ok(self.work(worker))
                    });
                    // The threads start one after the other, so their stacks have the same addresses each
                    // time.
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
                tell_ranges(self.map.address_ranges());
                let locks = self.asked.locks(self.map).expect("memory for locks");
                self.locks.set(locks).ok().expect("only worker 0 sets them");
            }
        });
        self.phases(worker)
    }

    fn keys_of(&self, worker: usize) -> Keys {
        let workers = self.asked.workers;
        let loaded = self.keys * workers as u64;
        Keys::new(self.asked.seed, worker, workers, loaded, self.asked.setting.ranges)
    }

    fn load(&self, worker: usize) {
        let keys = self.keys_of(worker);
        self.map.with_operations(&mut |map| {
            for first in (0..self.keys).step_by(LOAD_TURN as usize) {
                self.baton.turn(worker, || {
                    for key in (first..self.keys.min(first + LOAD_TURN)).map(|i| keys.own(i)) {
                        map.insert(key, value_of(key, 0));
                    }
                });
            }
        });
    }

    /// Runs all phases, one after the other. Returns what the worker did in each.
    fn phases(&self, worker: usize) -> Vec<Done> {
        let frame = (&raw const worker).addr() as u64;
        let stack = [Class::Stack as u64, frame.saturating_sub(STACK.0), frame + STACK.1];
        self.baton.turn(worker, || send(RANGE, &stack));
        let locks = self.locks.get().and_then(Option::as_ref);
        let mut keys = self.keys_of(worker);
        let mut done = Vec::new();
        self.map.with_operations(&mut |map| {
            let one = |(number, &operation)| self.phase(worker, number, operation, map, &mut keys, locks);
            done = Operation::ALL.iter().enumerate().map(one).collect();
        });
        done
    }

    fn phase(
        &self,
        worker: usize,
        number: usize,
        operation: Operation,
        map: &dyn DynOperations,
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
                let answer = operation.run(map, key);
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

    /// Checks what the map holds after all phases.
    fn check_all(&self) -> Result<(), String> {
        // As many keys were removed as inserted.
        let expected = self.keys * self.asked.workers as u64;
        let (mut pairs, mut wrong) = (0, 0_u64);
        self.map.with_operations(&mut |map| {
            map.scan(0, usize::MAX, &mut |key, value| {
                pairs += 1;
                wrong += u64::from(value != value_of(key, 0));
            });
        });
        if (pairs, wrong) == (expected, 0) {
            return Ok(());
        }
        Err(format!(
            "in the end the map has {pairs} pairs, not {expected}, {wrong} of them with a wrong value"
        ))
    }
}
