//! Runs a cell again if others used the machine while it ran.

use bench::interference::Interference;
use bench::protocol::{CellOutcome, CellSpec};

use super::run::{CellRunner, Ended};

/// A runner that repeats disturbed cells once, and keeps the run that was disturbed less.
pub(crate) struct Repeating<R> {
    runner: R,
    /// Repetitions that are left.
    left: usize,
}

impl<R> Repeating<R> {
    /// At most `most` repetitions in all.
    pub(crate) const fn new(runner: R, most: usize) -> Self {
        Self { runner, left: most }
    }
}

impl<R: CellRunner> CellRunner for Repeating<R> {
    fn run(&mut self, spec: &CellSpec) -> Ended {
        let first = self.runner.run(spec);
        let disturbed = interference(&first).is_some_and(|seen| seen.disturbed().is_some());
        if !disturbed || self.left == 0 {
            return first;
        }
        self.left -= 1;
        let second = self.runner.run(spec);
        let lost = |ended: &Ended| interference(ended).map(Interference::lost);
        let mut better = match (&second, lost(&second), lost(&first)) {
            // The first run has ended, so it counts. It was not repeated.
            (Ended::Interrupted, ..) => return first,
            // A wrong answer counts, whatever else ran.
            (Ended::With(CellOutcome::Measured(_)), Some(again), Some(before)) if again > before => first,
            _ => second,
        };
        if let Ended::With(CellOutcome::Measured(measurement)) = &mut better
            && let Some(seen) = &mut measurement.interference
        {
            seen.repeated = true;
        }
        better
    }
}

fn interference(ended: &Ended) -> Option<&Interference> {
    match ended {
        Ended::With(CellOutcome::Measured(measurement)) => measurement.interference.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::measured;
    use super::*;

    /// Answers from a list.
    struct Listed(Vec<Ended>);

    impl CellRunner for Listed {
        fn run(&mut self, _: &CellSpec) -> Ended {
            self.0.remove(0)
        }
    }

    /// A run of `mops` of which others got a part of the time.
    fn with(mops: f64, others: f64) -> Ended {
        let CellOutcome::Measured(mut measurement) = measured(mops) else { panic!() };
        measurement.interference = Some(Interference { others, cpu_seconds: 1.0, ..Interference::default() });
        Ended::With(CellOutcome::Measured(measurement))
    }

    /// The part that others got in the run that counts, whether it was repeated, and how many answers are left.
    fn outcome(answers: Vec<Ended>, most: usize) -> (f64, bool, usize) {
        let mut runner = Repeating::new(Listed(answers), most);
        let ended = runner.run(&CellSpec::default());
        let seen = interference(&ended).expect("it was measured");
        (seen.others, seen.repeated, runner.runner.0.len())
    }

    #[test]
    fn a_disturbed_cell_is_repeated_once_and_the_better_run_counts() {
        assert_eq!(outcome(vec![with(1.0, 0.0), with(1.0, 0.0)], 9), (0.0, false, 1));
        assert_eq!(outcome(vec![with(1.0, 0.3), with(1.0, 0.1), with(1.0, 0.0)], 9), (0.1, true, 1));
        assert_eq!(outcome(vec![with(1.0, 0.3), with(1.0, 0.4)], 9), (0.3, true, 0));
        assert_eq!(outcome(vec![with(1.0, 0.3), with(1.0, 0.1)], 0), (0.3, false, 1));
    }

    #[test]
    fn a_failure_of_the_second_run_counts() {
        let failed = || Ended::With(CellOutcome::Failed { reason: "key 7 lost".into() });
        let mut runner = Repeating::new(Listed(vec![with(1.0, 0.3), failed()]), 1);
        assert_eq!(runner.run(&CellSpec::default()), failed());
    }

    #[test]
    fn an_interrupted_repetition_leaves_the_first_run() {
        assert_eq!(outcome(vec![with(1.0, 0.3), Ended::Interrupted], 1), (0.3, false, 0));
    }
}
