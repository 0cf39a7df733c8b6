//! Threads that run where a plan says.

use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::gate::Gate;
use crate::worker::Crew;
use crate::{PinError, PinPlan, Worker};

/// Worker threads that run where a [`PinPlan`] says, each with a handle of its own to what it works on.
///
/// [`run`](Self::run) lends data to threads that live as long as the call: a benchmark, a parallel loop.
/// [`spawn`](Self::spawn) starts threads that live on: the workers of a database. All workers of a run begin
/// together, when the last one is in its place. A thread that cannot be bound runs unbound: the worker knows
/// ([`Worker::pin_error`]) and [`notes`](Self::notes) tells; [`require_pinned`](Self::require_pinned) is for
/// those who would rather not run then.
///
/// There is no queue: who wants one gives each worker the end of a channel as its handle.
///
/// ```
/// use bskip_topology::{Machine, PinPolicy, WorkerPool};
///
/// let machine = Machine::discover();
/// let plan = PinPolicy::SmtLast.plan(&machine, machine.parallelism())?;
/// let pool = WorkerPool::new(plan);
/// let items: Vec<u64> = (0..10_000).collect();
/// let sums = pool.run(|worker| worker.share(&items).iter().sum::<u64>());
/// assert_eq!(sums.iter().sum::<u64>(), 49_995_000);
/// # Ok::<(), bskip_topology::PinError>(())
/// ```
#[derive(Debug)]
pub struct WorkerPool<H = ()> {
    crew: Arc<Crew>,
    /// One for each worker.
    handles: Vec<H>,
    refusals: Vec<(usize, PinError)>,
}

impl WorkerPool {
    /// Workers without handles. Starts each of them once, to see whether it can be bound.
    ///
    /// # Panics
    /// If the system has no room for so many threads.
    #[must_use]
    pub fn new(plan: PinPlan) -> Self {
        Self::with(plan, |_| ())
    }
}

impl<H: Send> WorkerPool<H> {
    /// Workers with a handle each: `make` runs once on every worker's thread, in its place, so what it touches
    /// first lies on the worker's node. The handles stay with the pool: worker `i` has the same one, and the
    /// same place, in every run.
    ///
    /// A handle is anything that the workers are to have: a clone of an arena, a map on the worker's node, the
    /// receiving end of a channel.
    ///
    /// ```
    /// use bskip_topology::{Machine, PinPolicy, WorkerPool};
    ///
    /// let plan = PinPolicy::PerNode.plan(&Machine::discover(), 2)?;
    /// let pool = WorkerPool::with(plan, |worker| vec![worker.index() as u8; 4096]);
    /// assert_eq!(pool.run(|worker| worker.handle[0]), [0, 1]);
    /// # Ok::<(), bskip_topology::PinError>(())
    /// ```
    ///
    /// # Panics
    /// If `make` panics, or the system has no room for so many threads.
    #[must_use]
    pub fn with(plan: PinPlan, make: impl Fn(&Worker) -> H + Sync) -> Self {
        let crew = Arc::new(Crew::new(plan));
        let made = start(&crew, |worker| (make(&worker), worker.into_pin()));
        let (handles, pins): (Vec<H>, Vec<_>) = made.into_iter().unzip();
        let refused = |(worker, pin): (usize, Result<(), PinError>)| Some((worker, pin.err()?));
        Self { crew, handles, refusals: pins.into_iter().enumerate().filter_map(refused).collect() }
    }

    /// Workers with a handle for each NUMA node: `make` runs on the thread of each node's first worker, the
    /// others of the node get clones.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use bskip_topology::{Machine, PinPolicy, WorkerPool};
    ///
    /// let plan = PinPolicy::PerNode.plan(&Machine::discover(), 4)?;
    /// let pool = WorkerPool::with_per_node(plan, |worker| Arc::new(worker.node()));
    /// assert!(pool.run(|worker| **worker.handle == worker.node()).iter().all(|&same| same));
    /// # Ok::<(), bskip_topology::PinError>(())
    /// ```
    ///
    /// # Panics
    /// As [`with`](Self::with).
    #[must_use]
    pub fn with_per_node(plan: PinPlan, make: impl Fn(&Worker) -> H + Sync) -> Self
    where
        H: Clone,
    {
        let pool = WorkerPool::with(plan, |worker| (worker.index_in_node() == 0).then(|| make(worker)));
        let WorkerPool { crew, handles: firsts, refusals } = pool;
        let places = crew.plan.places();
        let of = |node: Option<u32>| {
            let first = places.iter().position(|place| place.node == node).and_then(|at| firsts[at].clone());
            first.expect("a node's first worker has made its handle")
        };
        Self { handles: places.iter().map(|place| of(place.node)).collect(), crew, refusals }
    }

    /// Runs `work` on each worker's thread; the results in the order of the workers.
    ///
    /// Starts a thread for each worker, some tens of microseconds each; `work` begins when all are in their
    /// places, and the threads end with it. An empty plan gives no results.
    ///
    /// # Panics
    /// When a worker panics: its panic goes on when all workers have ended, the first worker's if there are
    /// several. If the system has no room for so many threads; no worker has begun then.
    pub fn run<'h, T: Send>(&'h self, work: impl Fn(Worker<&'h H>) -> T + Sync) -> Vec<T>
    where
        H: Sync,
    {
        start(&self.crew, |worker| {
            let handle = &self.handles[worker.index()];
            work(worker.with(handle))
        })
    }

    /// Starts `work` on each worker's thread and returns; each worker owns its handle.
    ///
    /// ```
    /// use std::sync::{Mutex, mpsc};
    /// use bskip_topology::{Machine, Partition, PinPolicy, WorkerPool};
    ///
    /// let plan = PinPolicy::Compact.plan(&Machine::discover(), 2)?;
    /// let partition = Partition::new(&plan, 0..=999);
    /// let (senders, receivers): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel::<u64>()).unzip();
    /// let receivers = Mutex::new(receivers.into_iter().map(Some).collect::<Vec<_>>());
    /// let pool = WorkerPool::with(plan, |worker| {
    ///     receivers.lock().expect("nobody panics")[worker.index()].take().expect("each takes its own")
    /// });
    /// let workers = pool.spawn(|worker| worker.handle.into_iter().count());
    ///
    /// for key in 0..600 {
    ///     senders[partition.worker_of(key)].send(key)?; // each key to the worker whose node has it
    /// }
    /// drop(senders); // ends the loops
    /// assert_eq!(workers.join().iter().sum::<usize>(), 600);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the system has no room for so many threads; no worker has begun then.
    pub fn spawn<T: Send + 'static>(self, work: impl Fn(Worker<H>) -> T + Send + Sync + 'static) -> Workers<T>
    where
        H: 'static,
    {
        let gate = Arc::new(Gate::new(self.handles.len()));
        let work = Arc::new(work);
        let spawn = |(index, handle)| {
            let (crew, gate, work) = (Arc::clone(&self.crew), Arc::clone(&gate), Arc::clone(&work));
            let closing = Arc::clone(&gate);
            let body = move || {
                let worker = Worker::pin(&crew, index);
                gate.pass().then(|| work(worker.with(handle)))
            };
            started(named(index).spawn(body), &closing, index)
        };
        Workers { threads: self.handles.into_iter().enumerate().map(spawn).collect() }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &PinPlan {
        &self.crew.plan
    }

    /// Number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether there are no workers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// The workers' handles, in the order of the workers.
    #[must_use]
    pub fn handles(&self) -> &[H] {
        &self.handles
    }

    /// The workers that could not be bound as planned when the pool was made, and why.
    #[must_use]
    pub fn refusals(&self) -> &[(usize, PinError)] {
        &self.refusals
    }

    /// This pool, if every worker could be bound as planned.
    ///
    /// # Errors
    /// The first worker's refusal.
    pub fn require_pinned(mut self) -> Result<Self, PinError> {
        match self.refusals.is_empty() {
            true => Ok(self),
            false => Err(self.refusals.swap_remove(0).1),
        }
    }

    /// What a reader of results should know, as sentences: the [notes of the plan](PinPlan::notes), and workers
    /// that could not be bound.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.crew.plan.notes().to_vec();
        if let Some((worker, error)) = self.refusals.first() {
            let (refused, all) = (self.refusals.len(), self.len());
            notes.push(format!(
                "{refused} of {all} workers are not pinned as planned; worker {worker}: {error}"
            ));
        }
        notes
    }
}

/// Workers that live on, from [`WorkerPool::spawn`]. Dropping this does not end them: their code must come to
/// its own end, as by a channel that hangs up.
#[derive(Debug)]
#[must_use = "workers that nobody joins may be cut off when the program ends"]
pub struct Workers<T> {
    threads: Vec<JoinHandle<Option<T>>>,
}

// `JoinHandle` is neither, though it does nothing but wait: a thread's result is there as a whole or not at all, and `join`
// passes a worker's panic on.
impl<T> UnwindSafe for Workers<T> {}
impl<T> RefUnwindSafe for Workers<T> {}

impl<T> Workers<T> {
    /// Whether all workers have ended, so that [`join`](Self::join) would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until all workers have ended; their results in the order of the workers.
    ///
    /// # Panics
    /// When a worker has panicked: its panic goes on, the first worker's if there are several.
    pub fn join(self) -> Vec<T> {
        results(self.threads.into_iter().map(JoinHandle::join).collect())
    }
}

/// Runs `work` once for each worker on a thread in its place; all begin together.
fn start<T: Send>(crew: &Arc<Crew>, work: impl Fn(Worker) -> T + Sync) -> Vec<T> {
    let (gate, work) = (&Gate::new(crew.plan.len()), &work);
    let ended = thread::scope(|scope| {
        let spawn = |index| {
            let body = move || {
                let worker = Worker::pin(crew, index);
                gate.pass().then(|| work(worker))
            };
            started(named(index).spawn_scoped(scope, body), gate, index)
        };
        let threads: Vec<_> = (0..crew.plan.len()).map(spawn).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    results(ended)
}

fn named(index: usize) -> thread::Builder {
    thread::Builder::new().name(format!("worker-{index}"))
}

/// The thread, or a panic that leaves no other worker waiting for it.
fn started<J>(spawned: std::io::Result<J>, gate: &Gate, index: usize) -> J {
    spawned.unwrap_or_else(|why| {
        gate.close();
        panic!("the system does not start a thread for worker {index}: {why}; plan fewer workers")
    })
}

/// The results of workers that have all ended; goes on with the first panic.
fn results<T>(ended: Vec<thread::Result<Option<T>>>) -> Vec<T> {
    let result = |end: thread::Result<Option<T>>| {
        end.unwrap_or_else(|panic| resume_unwind(panic))
            .expect("all workers were started, so the gate opened")
    };
    ended.into_iter().map(result).collect()
}
