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
use crate::team::Team;
use baton::Baton;
use bskip_core::BSkipMap;
use numa_alloc::NumaArena;
use phase::Keys;

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
        let most = keys.min(u64::from(u32::MAX));
        if ops + warm > most {
            return Err(format!(
                "{} operations remove more than the {} keys",
                self.ops + self.warm,
                self.keys
            ));
        }
        let cpus = format!("cpus:0-{}", self.workers - 1);
        let team = Team::new(self.workers, &cpus).map_err(|error| error.to_string())?;
        send(RUN, &[self.run]);
        calibrate::calibrate()?;
        let map = self.map()?;
        let job = Job { asked: self, map: &*map, keys, ops, warm, baton: Baton::new(self.workers) };
        for result in team.run(|worker| job.load(worker)).results {
            result?;
        }
        let locks = self.setting.locks.then(|| self.locks(&*map)).transpose()?;
        self.tell_ranges(&*map, locks.as_ref().map(|(arena, _)| arena));
        let path = locks.as_ref().map(|(_, path)| path);
        let mut done: Vec<Done> = Vec::new();
        for result in team.run(|worker| job.phases(worker, path)).results {
            let part = result??;
            if done.is_empty() {
                done = part;
            } else {
                for (sum, part) in done.iter_mut().zip(part) {
                    sum.ops += part.ops;
                    sum.checked += part.checked;
                }
            }
        }
        job.check_all()?;
        let line = |done: &Done| serde_json::to_string(done).map(|json| format!("{DONE}{json}\n"));
        done.iter().map(line).collect::<Result<_, _>>().map_err(|error| error.to_string())
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

    /// Locks beside the loaded map, in an arena of their own that places as the map's does.
    fn locks(&self, map: &dyn Subject) -> Result<(NumaArena, LockPath), String> {
        let footprint =
            map.footprint().ok_or_else(|| format!("{} has no nodes to emulate locks for", self.map))?;
        let policy =
            self.setting.placement.parse::<numa_alloc::Policy>().map_err(|error| error.to_string())?;
        let arena = NumaArena::builder().policy(policy).build().map_err(|error| error.to_string())?;
        // Of all blocks one in some fifty is no leaf.
        let leaves = footprint.issued as usize / BSkipMap::<u64, u64, NumaArena>::NODE_BYTES.0;
        let path = LockPath::new(&arena, leaves).map_err(|error| error.to_string())?;
        Ok((arena, path))
    }

    fn tell_ranges(&self, map: &dyn Subject, locks: Option<&NumaArena>) {
        let locks = locks.map(maps::ranges_of).unwrap_or_default();
        for (class, range) in map.ranges().into_iter().chain(locks) {
            send(RANGE, &[class as u64, range.start, range.end]);
        }
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
}

impl Job<'_> {
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
    fn phases(&self, worker: usize, locks: Option<&LockPath>) -> Result<Vec<Done>, String> {
        let frame = (&raw const worker).addr() as u64;
        let stack = [Class::Stack as u64, frame.saturating_sub(STACK.0), frame + STACK.1];
        self.baton.turn(worker, || send(RANGE, &stack));
        let mut keys = self.keys_of(worker);
        let mut done = Ok(Vec::new());
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
    ) -> Result<Done, String> {
        let (warm, ops) = (operation.times(self.warm), operation.times(self.ops));
        let (is_first, is_last) = (worker == 0, worker + 1 == self.asked.workers);
        let mut wrong = 0;
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
            wrong += u64::from(!answer.is_right(key));
        }
        if wrong > 0 {
            return Err(format!("{}: {wrong} of {} answers are wrong", operation.name(), warm + ops));
        }
        Ok(Done {
            run: self.asked.run,
            phase: number as u64,
            operation: operation.name().to_owned(),
            ops,
            checked: warm + ops,
        })
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
