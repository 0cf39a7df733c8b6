//! The byte limits of an arena, in total and by node, which all its pools share.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that the pools of an arena may take, and those that they have taken.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    /// The unit in which bytes are taken: a base page.
    page: usize,
    /// A plain counter. It guards no other memory, so it is Relaxed throughout.
    taken: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: Option<usize>, page: usize) -> Self {
        Self { limit: limit.unwrap_or(usize::MAX), page, taken: AtomicUsize::new(0) }
    }

    /// The limit; `None` if there is none.
    pub(crate) fn limit(&self) -> Option<usize> {
        (self.limit != usize::MAX).then_some(self.limit)
    }

    /// Takes `want` bytes, or fewer but at least `need`. Both are whole pages. Takes at most a quarter of
    /// what is left, unless `need` is more, so that near the limit one pool does not take everything.
    pub(crate) fn take(&self, want: usize, need: usize) -> Option<usize> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        loop {
            let left = self.limit.saturating_sub(taken);
            if left < need {
                return None;
            }
            let quarter = left / 4 / self.page * self.page;
            let got = want.min(quarter).max(need);
            let swap =
                self.taken.compare_exchange_weak(taken, taken + got, Ordering::Relaxed, Ordering::Relaxed);
            match swap {
                Ok(_) => return Some(got),
                Err(now) => taken = now,
            }
        }
    }

    /// Gives back what was taken.
    pub(crate) fn give(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The total budget of an arena and the budgets of its nodes, by index.
#[derive(Debug)]
pub(crate) struct Budgets {
    all: Budget,
    by_node: Vec<Budget>,
}

impl Budgets {
    pub(crate) fn new(limit: Option<usize>, by_node: &[Option<usize>], page: usize) -> Self {
        let budget = |&limit: &Option<usize>| Budget::new(limit, page);
        Self { all: budget(&limit), by_node: by_node.iter().map(budget).collect() }
    }

    /// The limit over all nodes; `None` if there is none.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.all.limit()
    }

    /// The limit of a node; `None` if there is none.
    pub(crate) fn node_limit(&self, node: usize) -> Option<usize> {
        self.by_node[node].limit()
    }

    /// Like [`Budget::take`], within the limit of the node and the limit over all nodes.
    pub(crate) fn take(&self, node: usize, want: usize, need: usize) -> Option<usize> {
        let granted = self.all.take(want, need)?;
        let taken = self.by_node[node].take(granted, need);
        self.all.give(granted - taken.unwrap_or(0));
        taken
    }

    /// Gives back what was taken for the node.
    pub(crate) fn give(&self, node: usize, bytes: usize) {
        self.by_node[node].give(bytes);
        self.all.give(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_gets_what_both_limits_permit() {
        const PAGE: usize = 4096;
        let budgets = Budgets::new(Some(100 * PAGE), &[Some(40 * PAGE), None], PAGE);
        assert_eq!((budgets.limit(), budgets.node_limit(0)), (Some(100 * PAGE), Some(40 * PAGE)));
        assert_eq!(budgets.node_limit(1), None);
        // A quarter of what the node has left, not of the total.
        assert_eq!(budgets.take(0, 50 * PAGE, PAGE), Some(10 * PAGE));
        assert_eq!(budgets.take(0, 30 * PAGE, 30 * PAGE), Some(30 * PAGE));
        // A refusal takes nothing from the other node.
        assert_eq!(budgets.take(0, PAGE, PAGE), None);
        assert_eq!(budgets.take(1, 60 * PAGE, 60 * PAGE), Some(60 * PAGE));
        assert_eq!(budgets.take(1, PAGE, PAGE), None);
        budgets.give(0, 5 * PAGE);
        assert_eq!(budgets.take(1, 5 * PAGE, 5 * PAGE), Some(5 * PAGE));
    }

    #[test]
    fn grants_shrink_near_the_limit_and_never_exceed_it() {
        let budget = Budget::new(Some(100 * 4096), 4096);
        assert_eq!(budget.take(10 * 4096, 4096), Some(10 * 4096));
        assert_eq!(budget.take(80 * 4096, 4096), Some(22 * 4096));
        assert_eq!(budget.take(80 * 4096, 60 * 4096), Some(60 * 4096));
        assert_eq!(budget.take(4096, 9 * 4096), None);
        let mut rest = 0;
        while let Some(bytes) = budget.take(1 << 30, 4096) {
            rest += bytes;
        }
        assert_eq!(rest, 8 * 4096);
        budget.give(60 * 4096);
        assert_eq!(budget.take(50 * 4096, 50 * 4096), Some(50 * 4096));
    }

    #[test]
    fn without_a_limit_everything_wanted_is_granted() {
        let budget = Budget::new(None, 4096);
        assert_eq!(budget.limit(), None);
        assert_eq!(budget.take(1 << 40, 4096), Some(1 << 40));
    }
}
