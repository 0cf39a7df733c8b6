//! Counts the tests of a test program by its output: how many ran, which failed, and which left something out
//! and why.

use std::fmt;
use std::ops::AddAssign;

/// What a test prints if the machine lacks something that the test needs; the reason follows. Tests print it
/// first, so that the test's name stands before it.
const LEFT_OUT: &str = "left out: ";

/// The number of tests, by how they ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: Vec<String>,
    pub(super) ignored: usize,
    /// What tests left out although they passed: test and reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl Tally {
    /// Reads the output of one run of a test program. Returns `None` if the program did not finish.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut tally = Self::default();
        let mut test = "a test";
        let mut result = None;
        for line in text.lines() {
            let mut words = line;
            if let Some((name, rest)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
                (test, words) = (name, rest);
            }
            if let Some((_, why)) = words.split_once(LEFT_OUT) {
                tally.left_out.push((test.to_owned(), why.to_owned()));
            }
            if words.ends_with("FAILED") && !words.starts_with("test result:") {
                tally.failed.push(test.to_owned());
            }
            if let Some(counts) = line.strip_prefix("test result: ") {
                result = Some(counts);
            }
        }
        let count = |what: &str| {
            let counts = result?.split(['.', ';']).find_map(|part| part.trim().strip_suffix(what));
            counts.and_then(|number| number.trim().parse::<usize>().ok())
        };
        (tally.passed, tally.ignored) = (count(" passed")?, count(" ignored")?);
        // The test's own output may hide its name.
        tally.failed.resize(count(" failed")?, "another test".to_owned());
        Some(tally)
    }

    /// Whether there was a test and none failed.
    pub(super) fn is_well(&self) -> bool {
        self.failed.is_empty() && self.passed > 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.ignored += other.ignored;
        self.failed.extend(other.failed);
        self.left_out.extend(other.left_out);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed.len())?;
        let others = [(self.ignored, "ignored"), (self.left_out.len(), "with something left out")];
        others
            .iter()
            .filter(|(number, _)| *number > 0)
            .try_for_each(|(number, what)| write!(f, ", {number} {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "\nrunning 4 tests\n\
        test one ... ok\n\
        test two ... left out: needs several nodes\nnode 0: 3 pages\nok\n\
        test three ... some words\nFAILED\n\
        test four ... ignored\n\n\
        test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";

    #[test]
    fn ends_are_counted_and_named() {
        let tally = Tally::read(WORDS).unwrap();
        assert_eq!((tally.passed, tally.ignored), (2, 1));
        assert_eq!(tally.failed, ["three"]);
        assert_eq!(tally.left_out, [("two".to_owned(), "needs several nodes".to_owned())]);
        assert!(!tally.is_well());
        assert_eq!(tally.to_string(), "2 passed, 1 failed, 1 ignored, 1 with something left out");
    }

    #[test]
    fn a_run_without_an_end_or_a_test_is_no_success() {
        assert_eq!(Tally::read("running 2 tests\ntest one ... ok\n"), None);
        let none =
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert!(!Tally::read(none).unwrap().is_well());
        let well = none.replace("0 passed", "3 passed");
        assert!(Tally::read(&well).unwrap().is_well());
        let lost = none.replace("0 failed", "1 failed");
        assert_eq!(Tally::read(&lost).unwrap().failed, ["another test"]);
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = Tally::default();
        (0..2).for_each(|_| sum += Tally::read(WORDS).unwrap());
        assert_eq!((sum.passed, sum.failed.len(), sum.left_out.len()), (4, 2, 2));
    }
}
