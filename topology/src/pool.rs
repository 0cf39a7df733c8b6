//! Threads that run where a plan says.

use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::error::PinError;
use crate::gate::Gate;
use crate::plan::PinPlan;
use crate::worker::{Crew, Worker};

/// Worker threads that run where a [`PinPlan`] says. Each worker has a handle to what it works on.
///
/// [`run`](Self::run) lends data to threads that live as long as the call, as for a benchmark or a parallel
/// loop. [`spawn`](Self::spawn) starts threads that outlive the call, as for the workers of a database. All
/// workers of a run begin together, when the last one is pinned.
///
/// If a thread cannot be bound, it runs unbound: [`Worker::pin_error`] tells the worker, and
/// [`notes`](Self::notes) the reader of results. Use [`require_pinned`](Self::require_pinned) if workers must
/// not run unbound.
///
/// There is no queue. To have one, give each worker the end of a channel as its handle.
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
    /// One handle for each worker.
    handles: Vec<H>,
    refusals: Vec<(usize, PinError)>,
}

impl WorkerPool {
    /// A pool of workers without handles. Starts each of them once, to find out whether it can be bound.
    ///
    /// # Panics
    /// If the system cannot start this many threads.
    #[must_use]
    pub fn new(plan: PinPlan) -> Self {
        Self::with(plan, |_| ())
    }
}

impl<H: Send> WorkerPool<H> {
    /// A pool of workers with a handle each. `make` runs once on each worker's thread, after it was pinned,
    /// so memory that `make` touches first is on the worker's node. The handles stay with the pool: worker
    /// `i` has the same handle and the same binding in every run.
    ///
    /// A handle can be anything: a clone of an arena, a map on the worker's node, the receiving end of a
    /// channel.
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
    /// If `make` panics, or the system cannot start this many threads.
    #[must_use]
    pub fn with(plan: PinPlan, make: impl Fn(&Worker) -> H + Sync) -> Self {
        let crew = Arc::new(Crew::new(plan));
        let made = start(&crew, |worker| (make(&worker), worker.into_pin()));
        let (handles, pins): (Vec<H>, Vec<_>) = made.into_iter().unzip();
        let refused = |(worker, pin): (usize, Result<(), PinError>)| Some((worker, pin.err()?));
        Self { crew, handles, refusals: pins.into_iter().enumerate().filter_map(refused).collect() }
    }

    /// A pool of workers with a handle for each NUMA node. `make` runs on the thread of each node's first
    /// worker. The other workers of the node get clones.
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
    /// As for [`with`](Self::with).
    #[must_use]
    pub fn with_per_node(plan: PinPlan, make: impl Fn(&Worker) -> H + Sync) -> Self
    where
        H: Clone,
    {
        let pool = WorkerPool::with(plan, |worker| (worker.index_in_node() == 0).then(|| make(worker)));
        let WorkerPool { crew, handles: firsts, refusals } = pool;
        let bindings = crew.plan.bindings();
        let of = |node: Option<u32>| {
            let first =
                bindings.iter().position(|binding| binding.node == node).and_then(|at| firsts[at].clone());
            first.expect("a node's first worker has made its handle")
        };
        Self { handles: bindings.iter().map(|binding| of(binding.node)).collect(), crew, refusals }
    }

    /// Runs `work` on each worker's thread. Returns the results in the order of the workers.
    ///
    /// This starts a thread for each worker, which takes some tens of microseconds each. `work` begins when
    /// all threads are pinned, and the threads end with it. An empty plan gives no results.
    ///
    /// # Panics
    /// If a worker panics: the panic resumes when all workers have ended. If several workers panic, the first
    /// worker's panic resumes. Also if the system cannot start this many threads; then no worker has begun.
    pub fn run<'h, T: Send>(&'h self, work: impl Fn(Worker<&'h H>) -> T + Sync) -> Vec<T>
    where
        H: Sync,
    {
        start(&self.crew, |worker| {
            let handle = &self.handles[worker.index()];
            work(worker.with(handle))
        })
    }

    /// Starts `work` on each worker's thread and returns. Each worker owns its handle.
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
    ///     receivers.lock().expect("no worker panics")[worker.index()].take().expect("a receiver each")
    /// });
    /// let workers = pool.spawn(|worker| worker.handle.into_iter().count());
    ///
    /// for key in 0..600 {
    ///     senders[partition.worker_of(key)].send(key)?; // to the worker whose node has the key
    /// }
    /// drop(senders); // ends the loops
    /// assert_eq!(workers.join().iter().sum::<usize>(), 600);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the system cannot start this many threads; then no worker has begun.
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

    /// The plan of the workers.
    #[must_use]
    pub fn plan(&self) -> &PinPlan {
        &self.crew.plan
    }

    /// The number of workers.
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

    /// The workers that could not be bound as planned when the pool was made, each with the reason.
    #[must_use]
    pub fn refusals(&self) -> &[(usize, PinError)] {
        &self.refusals
    }

    /// This pool, if every worker could be bound as planned.
    ///
    /// # Errors
    /// The reason of the first worker that could not be bound.
    pub fn require_pinned(mut self) -> Result<Self, PinError> {
        match self.refusals.is_empty() {
            true => Ok(self),
            false => Err(self.refusals.swap_remove(0).1),
        }
    }

    /// What a reader of results should know, as sentences: the [notes of the plan](PinPlan::notes), and the
    /// workers that could not be bound.
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

/// Workers that run on after [`WorkerPool::spawn`]. Dropping this value does not end them: their code must
/// end by itself, for example when a channel closes.
#[derive(Debug)]
#[must_use = "if no thread joins the workers, they may be cut off when the program ends"]
pub struct Workers<T> {
    threads: Vec<JoinHandle<Option<T>>>,
}

// `JoinHandle` has neither of these traits, although it only waits. But a thread's result is complete or
// missing, and `join` resumes a worker's panic.
impl<T> UnwindSafe for Workers<T> {}
impl<T> RefUnwindSafe for Workers<T> {}

impl<T> Workers<T> {
    /// Whether all workers have ended, so that [`join`](Self::join) would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until all workers have ended. Returns their results in the order of the workers.
    ///
    /// # Panics
    /// If a worker panicked: its panic resumes. If several workers panicked, the first worker's panic
    /// resumes.
    pub fn join(self) -> Vec<T> {
        results(self.threads.into_iter().map(JoinHandle::join).collect())
    }
}

/// Runs `work` once for each worker, on a pinned thread. All workers begin together.
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

/// The started thread. If it could not be started, closes the gate, so that no other worker waits for it, and
/// panics.
fn started<J>(spawned: std::io::Result<J>, gate: &Gate, index: usize) -> J {
    spawned.unwrap_or_else(|why| {
        gate.close();
        panic!("cannot start a thread for worker {index}: {why}; plan fewer workers")
    })
}

/// The results of workers that have all ended. Resumes the first panic, if there is one.
fn results<T>(ended: Vec<thread::Result<Option<T>>>) -> Vec<T> {
    let result = |end: thread::Result<Option<T>>| {
        end.unwrap_or_else(|panic| resume_unwind(panic))
            .expect("the gate opened, because all workers were started")
    };
    ended.into_iter().map(result).collect()
}
