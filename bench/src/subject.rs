//! A map under test, with its type hidden: what cells and comparisons hold. The loops inside are not
//! hidden from the compiler, only their start is.

use crate::exec::{self, Tally};
use crate::maps::{AnySession, Footprint, Lack, OrderedMap};
use crate::marks::Class;
use crate::ops::{Checks, Stripe};
use crate::team::{Team, describe};
use crate::verify::{self, Expected};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A run in which every answer was right.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// From the first worker's start to the last one's end.
    pub elapsed: Duration,
    /// What all workers did together.
    pub tally: Tally,
}

/// A map that can be measured. Every [`OrderedMap`] is one.
pub trait Subject: Sync {
    /// Runs one stripe on each worker of the team.
    ///
    /// # Errors
    /// The first wrong answer or panic of a worker, in words.
    fn run(&self, team: &Team, stripes: &[Stripe], checks: &Checks) -> Result<Run, String>;

    /// Compares the quiet map with what it must hold; returns the number of comparisons.
    ///
    /// # Errors
    /// The first wrong answer, or the panic, in words.
    fn check(&self, expected: Expected<'_>) -> Result<u64, String>;

    /// What the map's memory comes to, if it counts that itself.
    fn footprint(&self) -> Option<Footprint>;

    /// What the map cannot do.
    fn lacks(&self) -> &'static [Lack];

    /// What the map fell back to, in words.
    fn notes(&self) -> Vec<String>;

    /// Which addresses are leaves and which inner nodes, where the map's arena tells.
    fn ranges(&self) -> Vec<(Class, Range<u64>)>;

    /// Calls `work` with a session for the calling thread. Each call of the session's is one through a table: for
    /// counting, not for measuring time.
    fn with_session(&self, work: &mut dyn FnMut(&mut dyn AnySession));
}

impl<M: OrderedMap> Subject for M {
    fn run(&self, team: &Team, stripes: &[Stripe], checks: &Checks) -> Result<Run, String> {
        assert_eq!(team.len(), stripes.len(), "one stripe for each worker");
        let outcome = team.run(|worker| exec::run(&mut self.session(), &stripes[worker], checks));
        let mut tally = Tally::default();
        for result in outcome.results {
            let part = result?.map_err(|violation| violation.to_string())?;
            tally.ops += part.ops;
            tally.checked += part.checked;
            tally.read_nanos.extend(part.read_nanos);
            tally.write_nanos.extend(part.write_nanos);
        }
        Ok(Run { elapsed: outcome.elapsed, tally })
    }

    fn check(&self, expected: Expected<'_>) -> Result<u64, String> {
        catch_unwind(AssertUnwindSafe(|| verify::check(&mut self.session(), expected)))
            .map_err(|p| describe(&*p))?
            .map_err(|violation| violation.to_string())
    }

    fn footprint(&self) -> Option<Footprint> {
        OrderedMap::footprint(self)
    }

    fn lacks(&self) -> &'static [Lack] {
        OrderedMap::lacks(self)
    }

    fn notes(&self) -> Vec<String> {
        OrderedMap::notes(self)
    }

    fn ranges(&self) -> Vec<(Class, Range<u64>)> {
        OrderedMap::ranges(self)
    }

    fn with_session(&self, work: &mut dyn FnMut(&mut dyn AnySession)) {
        work(&mut self.session());
    }
}
