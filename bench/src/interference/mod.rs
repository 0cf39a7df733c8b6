//! What else used the machine while a cell ran: other tasks, the hypervisor, changes of the clock.
//!
//! `probe` looks at the machine before and after a run (feature `cell`).

#[cfg(feature = "cell")]
mod probe;

#[cfg(feature = "cell")]
pub(crate) use probe::Probe;

use serde::{Deserialize, Serialize};

/// If others got more than this part of the CPU time, a cell is disturbed.
pub const MOST: f64 = 0.05;
/// Seconds that others must have got: the system counts in steps of a hundredth.
const LEAST: f64 = 0.03;

/// What else used the CPUs of a cell's workers during its run.
///
/// The parts are of the CPU time that the workers could have: the length of the run times the number of workers, or of
/// CPUs if these are fewer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interference {
    /// The part that the hypervisor gave to other guests (`steal`).
    pub stolen: f64,
    /// The part that other tasks of this system had.
    pub others: f64,
    /// Seconds of CPU time that both are parts of.
    pub cpu_seconds: f64,
    /// How often the system took the CPU from a worker.
    pub preemptions: Option<u64>,
    /// The part of the run in which some task on the machine waited for a CPU (`/proc/pressure/cpu`).
    pub pressure: Option<f64>,
    /// Other tasks that were runnable when the run began.
    pub runnable: Option<u64>,
    /// MHz of the first worker's CPU before and after the run.
    pub mhz: Option<[u64; 2]>,
    /// Whether the cell was run twice, because the first run was disturbed. This is the better run.
    pub repeated: bool,
}

impl Interference {
    /// The part of the CPU time that the workers did not get.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.stolen + self.others
    }

    /// If others got more than [`MOST`] of the CPU time: how much, and what took it.
    #[must_use]
    pub fn disturbed(&self) -> Option<String> {
        let lost = self.lost();
        if lost <= MOST || lost * self.cpu_seconds < LEAST {
            return None;
        }
        let taker = match (self.stolen > MOST / 2.0, self.others > MOST / 2.0) {
            (true, false) => "the hypervisor's other guests",
            (true, true) => "other tasks and other guests",
            _ => "others",
        };
        Some(format!("{:.0} % of the CPU time went to {taker}", 100.0 * lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_disturbed_if_others_had_more_than_their_share() {
        let with = |stolen, others, cpu_seconds| Interference {
            stolen,
            others,
            cpu_seconds,
            ..Interference::default()
        };
        assert_eq!(with(0.0, 0.07, 2.0).disturbed().unwrap(), "7 % of the CPU time went to others");
        assert_eq!(
            with(0.2, 0.0, 2.0).disturbed().unwrap(),
            "20 % of the CPU time went to the hypervisor's other guests"
        );
        assert!(with(0.03, 0.03, 2.0).disturbed().unwrap().starts_with("6 %"));
        assert_eq!(with(0.02, 0.02, 2.0).disturbed(), None);
        // Two steps of the system's clock are no evidence.
        assert_eq!(with(0.0, 0.2, 0.1).disturbed(), None);
    }
}
