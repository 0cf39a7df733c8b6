//! A worker as its own thread sees it: its number, its place, its neighbours.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{PinError, PinPlan, PinPolicy, Place};

/// What all workers of a pool know.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) plan: PinPlan,
    /// For each worker: its rank among those of its node, and their number.
    ranks: Vec<(usize, usize)>,
}

impl Crew {
    pub(crate) fn new(plan: PinPlan) -> Self {
        let mut on_node = BTreeMap::<Option<u32>, usize>::new();
        let mut arrive = |place: &Place| {
            let count = on_node.entry(place.node).or_default();
            std::mem::replace(count, *count + 1)
        };
        let ranks: Vec<usize> = plan.places().iter().map(&mut arrive).collect();
        let ranks = ranks.into_iter().zip(plan.places()).map(|(rank, place)| (rank, on_node[&place.node]));
        Self { ranks: ranks.collect(), plan }
    }
}

/// A worker of a [`WorkerPool`](crate::WorkerPool), given to its code on its own thread.
///
/// Its place is the planned one. Where pinning was refused ([`Worker::pin_error`]) the thread may run
/// elsewhere: [`current_node`](crate::current_node) says where it is now.
#[derive(Debug)]
pub struct Worker<H = ()> {
    crew: Arc<Crew>,
    index: usize,
    pin: Result<(), PinError>,
    /// What was made for this worker by [`WorkerPool::with`](crate::WorkerPool::with): a reference to it in
    /// [`run`](crate::WorkerPool::run), itself in [`spawn`](crate::WorkerPool::spawn).
    pub handle: H,
}

impl Worker {
    /// Binds the calling thread to the place of worker `index`.
    pub(crate) fn pin(crew: &Arc<Crew>, index: usize) -> Self {
        Self { crew: Arc::clone(crew), index, pin: crew.plan.pin(index), handle: () }
    }

    pub(crate) fn with<H>(self, handle: H) -> Worker<H> {
        Worker { crew: self.crew, index: self.index, pin: self.pin, handle }
    }

    pub(crate) fn into_pin(self) -> Result<(), PinError> {
        self.pin
    }
}

impl<H> Worker<H> {
    /// The worker's number in the plan, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Number of workers in the pool.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.crew.plan.len()
    }

    /// The plan of all workers.
    #[must_use]
    pub fn plan(&self) -> &PinPlan {
        &self.crew.plan
    }

    /// Where the worker runs by plan.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.crew.plan.places()[self.index]
    }

    /// The CPU of its place; `None` if it has several.
    #[must_use]
    pub fn cpu(&self) -> Option<u32> {
        let cpus = &self.place().cpus;
        cpus.first().filter(|_| cpus.len() == 1)
    }

    /// The NUMA node of its place; `None` if the worker may wander between nodes.
    #[must_use]
    pub fn node(&self) -> Option<u32> {
        self.place().node
    }

    /// The L3 cache of its place, see [`Place::l3`].
    #[must_use]
    pub fn l3(&self) -> Option<u32> {
        self.place().l3
    }

    /// The worker's rank among those of its node, from 0 in the order of their numbers. Workers that may wander
    /// between nodes count as on one.
    #[must_use]
    pub fn index_in_node(&self) -> usize {
        self.crew.ranks[self.index].0
    }

    /// Number of workers on its node, itself included.
    #[must_use]
    pub fn workers_on_node(&self) -> usize {
        self.crew.ranks[self.index].1
    }

    /// Whether the thread is bound to CPUs of its place: all of them, unless [`pin_error`](Self::pin_error)
    /// says that it is only a part. Never under [`PinPolicy::None`].
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        match &self.pin {
            Ok(()) => *self.crew.plan.policy() != PinPolicy::None,
            Err(error) => matches!(error, PinError::Narrowed { .. }),
        }
    }

    /// Why the thread is not bound as planned. It works all the same.
    #[must_use]
    pub fn pin_error(&self) -> Option<&PinError> {
        self.pin.as_ref().err()
    }

    /// The worker's share of `items`, as [`PinPlan::share`] cuts them.
    #[must_use]
    pub fn share<'i, T>(&self, items: &'i [T]) -> &'i [T] {
        &items[self.crew.plan.share(self.index, items.len())]
    }
}
