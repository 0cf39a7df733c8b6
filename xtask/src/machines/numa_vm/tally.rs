//! Counts the tests of a test program by its output: how many ran, which failed, and which left something out
//! and why.

use std::fmt;

use crate::verify::Counts;

/// What a test prints if the machine lacks something that the test needs; the reason follows. Tests print it
/// first, so that the test's name stands before it.
const LEFT_OUT: &str = "left out: ";

/// The number of tests, by how they ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// What tests left out although they passed: test and reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl Tally {
    /// Reads the output of one run of a test program.
    pub(super) fn read(text: &str) -> Self {
        let left_out = text.lines().filter_map(|line| {
            let (name, why) = line.strip_prefix("test ")?.split_once(" ... ")?;
            Some((name.to_owned(), why.split_once(LEFT_OUT)?.1.to_owned()))
        });
        Self { counts: Counts::read(text, &[]), left_out: left_out.collect() }
    }

    /// Whether there was a test and none failed.
    pub(super) fn is_well(&self) -> bool {
        self.counts.failed.is_empty() && self.counts.passed > 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.counts.absorb(other.counts);
        self.left_out.extend(other.left_out);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { passed, failed, ignored, .. } = &self.counts;
        write!(f, "{passed} passed, {} failed", failed.len())?;
        let others = [(*ignored, "ignored"), (self.left_out.len() as u64, "with something left out")];
        let mut others = others.iter().filter(|(number, _)| *number > 0);
        others.try_for_each(|(number, what)| write!(f, ", {number} {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted_and_named() {
        let words = "\nrunning 4 tests\ntest one ... ok\n\
            test two ... left out: needs several nodes\nnode 0: 3 pages\nok\n\
            test three ... some words\nFAILED\ntest four ... ignored\n\nfailures:\n\nfailures:\n    three\n\n\
            test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        let mut tally = Tally::read(words);
        assert_eq!(tally.left_out, [("two".to_owned(), "needs several nodes".to_owned())]);
        assert_eq!(tally.to_string(), "2 passed, 1 failed, 1 ignored, 1 with something left out");
        tally.add(tally.clone());
        assert!(!tally.is_well() && tally.to_string().starts_with("4 passed, 2 failed"));
        assert!(!Tally::read("running 2 tests\ntest one ... ok\n").is_well(), "no end");
        assert!(Tally::read("test result: ok. 3 passed; 0 failed; 0 ignored").is_well());
    }
}
