//! The worker threads of a run: pinned, started together and timed together. A panic of theirs is a result.

use bskip_topology::{Machine, ParsePolicyError, PinError, PinPolicy, WorkerPool};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A number of workers and where each runs.
#[derive(Debug)]
pub struct Team {
    pool: WorkerPool,
    /// How many CPUs' time this process gets.
    granted: usize,
}

/// Why there is no team.
#[derive(Debug)]
pub enum TeamError {
    /// The pinning is misspelt.
    Spelling(ParsePolicyError),
    /// This machine cannot pin so.
    Pin(PinError),
}

impl fmt::Display for TeamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spelling(e) => e.fmt(f),
            Self::Pin(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for TeamError {}

/// What the workers of one run gave back.
#[derive(Debug)]
pub struct Outcome<T> {
    /// From the first worker's start to the last one's end.
    pub elapsed: Duration,
    /// Each worker's result, or what it panicked with.
    pub results: Vec<Result<T, String>>,
}

impl Team {
    /// Plans `workers` workers by a policy as the protocol spells it.
    ///
    /// # Errors
    /// [`TeamError`]: a misspelt policy, or CPUs that this process may not use.
    pub fn new(workers: usize, pin: &str) -> Result<Self, TeamError> {
        let policy: PinPolicy = pin.parse().map_err(TeamError::Spelling)?;
        let machine = Machine::discover();
        let plan = policy.plan(&machine, workers).map_err(TeamError::Pin)?;
        let pool = WorkerPool::new(plan).require_pinned().map_err(TeamError::Pin)?;
        Ok(Self { pool, granted: machine.parallelism() })
    }

    /// How many workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether there are no workers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// The NUMA node that all workers stay on, if there is one.
    #[must_use]
    pub fn node(&self) -> Option<u32> {
        let places = self.pool.plan().bindings();
        let first = places.first()?.node;
        first.filter(|_| places.iter().all(|place| place.node == first))
    }

    /// All CPUs that the workers may use.
    #[must_use]
    pub fn cpus(&self) -> Vec<u32> {
        let mut cpus: Vec<u32> =
            self.pool.plan().bindings().iter().flat_map(|binding| binding.cpus.iter()).collect();
        cpus.sort_unstable();
        cpus.dedup();
        cpus
    }

    /// How many workers can run at the same time: they share the CPUs of the pinning, and a control group may grant
    /// less.
    #[must_use]
    pub fn parallelism(&self) -> usize {
        self.cpus().len().min(self.granted)
    }

    /// What a reader of the results should know about the pinning.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.pool.plan().notes()
    }

    /// Runs `work` with each worker's number, on a thread in that worker's place. All start together, and the
    /// clock starts when the last thread is ready. Worker `i` has the same place in every run. So memory that
    /// it touched first in one run is near it in the next.
    pub fn run<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Outcome<T> {
        // `new` has tried the pinning. If it fails now, the worker runs unpinned.
        let done = self.pool.run(|worker| {
            let begun = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| work(worker.index()))).map_err(|p| describe(&*p));
            (begun, Instant::now(), result)
        });
        let begun = done.iter().map(|d| d.0).min();
        let ended = done.iter().map(|d| d.1).max();
        let elapsed = begun.zip(ended).map_or(Duration::ZERO, |(b, e)| e - b);
        Outcome { elapsed, results: done.into_iter().map(|d| d.2).collect() }
    }
}

/// The message of a panic.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!("the map panicked: {}", text.as_deref().unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_worker_runs_once_and_gives_its_result() {
        let runs = AtomicUsize::new(0);
        let outcome = Team::new(3, "none").unwrap().run(|worker| {
            runs.fetch_add(1, Ordering::Relaxed);
            worker * 10
        });
        assert_eq!(runs.into_inner(), 3);
        assert_eq!(outcome.results, [Ok(0), Ok(10), Ok(20)]);
    }

    #[test]
    fn a_panic_is_a_result_and_stops_no_other_worker() {
        let outcome = Team::new(2, "compact").unwrap().run(|worker| assert!(worker == 1, "worker {worker}"));
        assert_eq!(outcome.results, [Err("the map panicked: worker 0".into()), Ok(())]);
    }

    #[test]
    fn impossible_teams_say_why() {
        assert!(matches!(Team::new(1, "left"), Err(TeamError::Spelling(_))));
        let error = Team::new(1, "cpus:60000").unwrap_err();
        assert!(matches!(error, TeamError::Pin(_)) && error.to_string().contains("60000"), "{error}");
    }
}
