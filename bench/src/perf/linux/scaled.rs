//! Counts an operation, from what the kernel read.

use crate::perf::Counters;

/// Names of the events for memory of any node, and of another node.
const MEMORY: &str = "memory_loads";
pub(super) const FAR: &str = "far_memory_loads";

/// What the kernel has counted of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) count: u64,
    /// Nanoseconds in which the event was to be counted, over all threads.
    pub(super) enabled: u64,
    /// Nanoseconds of these in which a counter was free for it.
    pub(super) running: u64,
}

/// Adds an event to the counts. If it shared a counter, its count is extrapolated.
pub(super) fn add(counters: &mut Counters, name: &str, reading: Reading, ops: u64) {
    let Reading { count, enabled, running } = reading;
    if running == 0 {
        let why = "no counter was ever free for it: other events or the NMI watchdog use them all";
        counters.missing.insert(name.into(), why.into());
        return;
    }
    let part = running as f64 / enabled.max(running) as f64;
    counters.per_op.insert(name.into(), count as f64 / part / ops.max(1) as f64);
    // The kernel's clocks differ by some microseconds even if the event was counted all the time.
    if part < 0.999 {
        counters.counted_for.insert(name.into(), part);
    }
}

/// Makes loads from any memory of those from near memory, on a processor that counts the two apart.
pub(super) fn add_far(counters: &mut Counters) {
    let Some(near) = counters.per_op.remove(MEMORY) else { return };
    let near_part = counters.counted_for.remove(MEMORY);
    let Some(far) = counters.per_op.get(FAR) else {
        let why = "far memory, which it includes, was not counted";
        counters.missing.insert(MEMORY.into(), why.into());
        return;
    };
    counters.per_op.insert(MEMORY.into(), near + far);
    let parts = near_part.into_iter().chain(counters.counted_for.get(FAR).copied());
    if let Some(part) = parts.reduce(f64::min) {
        counters.counted_for.insert(MEMORY.into(), part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_shared_its_counter_is_extrapolated_and_marked() {
        let mut counters = Counters::default();
        add(&mut counters, "cycles", Reading { count: 5_000, enabled: 100, running: 100 }, 10);
        add(&mut counters, "llc_loads", Reading { count: 5_000, enabled: 100, running: 25 }, 10);
        add(&mut counters, "llc_load_misses", Reading { count: 0, enabled: 100, running: 0 }, 10);
        add(&mut counters, "page_faults", Reading { count: 0, enabled: 100, running: 100 }, 10);
        assert_eq!(counters.per_op["cycles"], 500.0);
        assert_eq!(counters.per_op["llc_loads"], 2_000.0);
        assert_eq!(counters.per_op["page_faults"], 0.0);
        assert_eq!(counters.counted_for.into_iter().collect::<Vec<_>>(), [("llc_loads".into(), 0.25)]);
        assert!(counters.missing["llc_load_misses"].starts_with("no counter was ever free"));
        assert_eq!((counters.per_op.len(), counters.missing.len()), (3, 1));
    }

    #[test]
    fn memory_of_any_node_is_the_sum_of_near_and_far_memory() {
        let of = |near, far| {
            let mut counters = Counters::default();
            add(&mut counters, MEMORY, Reading { count: 300, enabled: 100, running: near }, 10);
            add(&mut counters, FAR, Reading { count: 100, enabled: 100, running: far }, 10);
            add_far(&mut counters);
            counters
        };
        let all = of(100, 50);
        assert_eq!((all.per_op[MEMORY], all.per_op[FAR]), (50.0, 20.0));
        assert_eq!((all.counted_for[MEMORY], all.counted_for[FAR]), (0.5, 0.5));
        assert!(of(100, 100).counted_for.is_empty());
        let near = of(50, 0);
        assert!(near.per_op.is_empty() && near.counted_for.is_empty());
        assert!(near.missing[MEMORY].starts_with("far memory") && near.missing.len() == 2);
        assert!(of(0, 100).missing[MEMORY].starts_with("no counter"));
    }
}
