//! Opens the events before a run, and reads them behind it.
//!
//! The events belong to the thread that opens them, and the threads that it starts inherit them. So the workers of a run
//! are counted from their beginning to their end, and do nothing for it themselves.

use super::events::{self, Event, Processor};
use super::refused::{Refusal, paranoid};
use super::scaled::{self, Reading};
use crate::perf::Counters;
use std::collections::BTreeMap;
use std::io;

/// Events that are counted now.
pub(crate) struct Counting<C = perf_event::Counter> {
    open: Vec<(&'static str, C)>,
    /// What is known already.
    counters: Counters,
    processor: Processor,
}

impl Counting {
    /// Begins to count what this thread does, and the threads that it starts from now on.
    pub(crate) fn begin() -> Self {
        let processor = Processor::here();
        let (events, unknown) = events::all(processor);
        let mut counting = Self::open(processor, &events, paranoid(), |event, user_only| {
            let mut builder = event.builder();
            builder.exclude_kernel(user_only).inherit(true);
            builder.build()
        });
        for name in unknown {
            counting.counters.missing.insert(name.into(), "no number is known for this processor".into());
        }
        // Only now, so that opening an event does not count.
        let missing = &mut counting.counters.missing;
        counting.open.retain_mut(|(name, counter)| match counter.enable() {
            Ok(()) => true,
            Err(error) => {
                missing.insert((*name).into(), error.to_string());
                false
            }
        });
        counting
    }

    /// Ends, after `ops` operations.
    pub(crate) fn end(mut self, ops: u64) -> Counters {
        self.open.iter_mut().for_each(|(_, counter)| _ = counter.disable());
        // A client has no far memory, and no such event.
        let add_far =
            self.processor.memory_is_near() && self.open.iter().any(|(name, _)| *name == scaled::FAR);
        for (name, mut counter) in self.open {
            match counter.read_count_and_time() {
                Ok(read) => {
                    let reading =
                        Reading { count: read.count, enabled: read.time_enabled, running: read.time_running };
                    scaled::add(&mut self.counters, name, reading, ops);
                }
                Err(error) => _ = self.counters.missing.insert(name.into(), error.to_string()),
            }
        }
        if add_far {
            scaled::add_far(&mut self.counters);
        }
        self.counters
    }
}

impl<C> Counting<C> {
    /// Opens what `open` can open. Its second argument is whether to count user mode alone, which it must do if the kernel
    /// allows no more.
    fn open(
        processor: Processor,
        events: &[Event],
        paranoid: Option<i32>,
        mut open: impl FnMut(&Event, bool) -> io::Result<C>,
    ) -> Self {
        let (mut opened, mut refused) = (Vec::new(), BTreeMap::new());
        let mut user_only = false;
        for event in events {
            let mut result = open(event, user_only);
            if !user_only && result.as_ref().is_err_and(|error| Refusal::of(error) == Refusal::Forbidden) {
                result = open(event, true);
                user_only = result.is_ok();
            }
            match result {
                Ok(counter) => opened.push((event, counter)),
                Err(error) => _ = refused.insert(event.name, Refusal::of(&error)),
            }
        }
        let mut counters = Counters { user_only, ..Counters::default() };
        if user_only {
            // They would count nothing, which looks like a good number.
            for (event, _) in opened.extract_if(.., |(event, _)| event.is_of_kernel()) {
                let why = "happens in kernel mode, which this user may not count: \
                           `sudo sysctl kernel.perf_event_paranoid=1`";
                counters.missing.insert(event.name.into(), why.into());
            }
        }
        if opened.iter().all(|(event, _)| event.is_software()) {
            let first = events.iter().find(|event| !event.is_software());
            let why = first.and_then(|event| refused.get(event.name));
            counters.unavailable = why.map(|refusal| refusal.advice(paranoid));
        }
        counters.missing.extend(refused.iter().map(|(name, refusal)| ((*name).into(), refusal.reason())));
        let open = opened.into_iter().map(|(event, counter)| (event.name, counter)).collect();
        Self { open, counters, processor }
    }
}

#[cfg(test)]
mod tests;
