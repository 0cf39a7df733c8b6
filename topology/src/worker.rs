//! A worker as its own thread sees it: its number, its binding, the other workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::PinError;
use crate::plan::{Binding, PinPlan};
use crate::policy::PinPolicy;

/// What all workers of a pool share.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) plan: PinPlan,
    /// For each worker, its rank among the workers of its node, and their number.
    ranks: Vec<(usize, usize)>,
}

impl Crew {
    pub(crate) fn new(plan: PinPlan) -> Self {
        let mut on_node = BTreeMap::<Option<u32>, usize>::new();
        let mut arrive = |binding: &Binding| {
            let count = on_node.entry(binding.node).or_default();
            std::mem::replace(count, *count + 1)
        };
        let ranks: Vec<usize> = plan.bindings().iter().map(&mut arrive).collect();
        let ranks =
            ranks.into_iter().zip(plan.bindings()).map(|(rank, binding)| (rank, on_node[&binding.node]));
        Self { ranks: ranks.collect(), plan }
    }
}

/// A worker of a [`WorkerPool`](crate::WorkerPool), as the code on its thread gets it.
///
/// Its binding is the planned one. If pinning was refused ([`Worker::pin_error`]), the thread may run
/// elsewhere. [`current_node`](crate::current_node) says where it is now.
#[derive(Debug)]
pub struct Worker<H = ()> {
    crew: Arc<Crew>,
    index: usize,
    pin: Result<(), PinError>,
    /// The worker's handle, which [`WorkerPool::with`](crate::WorkerPool::with) made: a reference to it in
    /// [`run`](crate::WorkerPool::run), the handle itself in [`spawn`](crate::WorkerPool::spawn).
    pub handle: H,
}

impl Worker {
    /// Binds the calling thread to the CPUs of worker `index`.
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

    /// The number of workers in the pool.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.crew.plan.len()
    }

    /// The plan of all workers.
    #[must_use]
    pub fn plan(&self) -> &PinPlan {
        &self.crew.plan
    }

    /// The planned binding of the worker.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.crew.plan.bindings()[self.index]
    }

    /// The CPU of the worker's binding; `None` if it has several.
    #[must_use]
    pub fn cpu(&self) -> Option<u32> {
        let cpus = &self.binding().cpus;
        cpus.first().filter(|_| cpus.len() == 1)
    }

    /// The NUMA node of the worker's binding; `None` if the worker may move between nodes.
    #[must_use]
    pub fn node(&self) -> Option<u32> {
        self.binding().node
    }

    /// The L3 cache of the worker's binding, see [`Binding::l3`].
    #[must_use]
    pub fn l3(&self) -> Option<u32> {
        self.binding().l3
    }

    /// The worker's rank among the workers of its node, from 0 in the order of their numbers. Workers that
    /// may move between nodes count as workers of one node.
    #[must_use]
    pub fn index_in_node(&self) -> usize {
        self.crew.ranks[self.index].0
    }

    /// The number of workers on its node, itself included.
    #[must_use]
    pub fn workers_on_node(&self) -> usize {
        self.crew.ranks[self.index].1
    }

    /// Whether the thread is bound to CPUs of its binding. If [`pin_error`](Self::pin_error) is
    /// [`PinError::Narrowed`], it is bound to only a part of them. Always `false` under [`PinPolicy::None`].
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        match &self.pin {
            Ok(()) => *self.crew.plan.policy() != PinPolicy::None,
            Err(error) => matches!(error, PinError::Narrowed { .. }),
        }
    }

    /// Why the thread is not bound as planned. The worker runs nevertheless.
    #[must_use]
    pub fn pin_error(&self) -> Option<&PinError> {
        self.pin.as_ref().err()
    }

    /// The worker's share of `items`, as [`PinPlan::share`] divides them.
    #[must_use]
    pub fn share<'i, T>(&self, items: &'i [T]) -> &'i [T] {
        &items[self.crew.plan.share(self.index, items.len())]
    }
}
