//! Reads from a check's output how much it tried, and how it ended.
//!
//! A test prints lines of the form `verify: 1200 schedules`: a number and a unit. If a check lists a unit,
//! the number is also read from any other line that contains the unit: `loom: two writers: 1200 executions in
//! 0.3 s`. Numbers of the same unit are added up. The numbers of passed, ignored and failed tests come from
//! the test harness's own lines.

use std::fmt;

/// The numbers in one output.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Tests that passed, of those that the harness counts.
    pub(crate) passed: u64,
    /// Tests marked `#[ignore]`.
    pub(crate) ignored: u64,
    /// What was counted, and how many, in the order of first mention.
    pub(crate) tried: Vec<(String, u64)>,
    /// Tests that failed.
    pub(crate) failed: Vec<String>,
    /// Where and why the first thread panicked.
    pub(crate) panic: Option<String>,
}

impl Counts {
    /// Reads `output`, in which `units` are counted.
    pub(crate) fn read(output: &str, units: &[&str]) -> Self {
        let mut counts = Self::default();
        let mut lines = output.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some((number, unit)) = tried(line) {
                counts.add(unit, number);
                continue;
            }
            for unit in units {
                if let Some(number) = number_of(line, unit) {
                    counts.add(unit, number);
                }
            }
            if let Some(result) = line.split("test result:").nth(1) {
                counts.passed += number_before(result, " passed").unwrap_or(0);
                counts.ignored += number_before(result, " ignored").unwrap_or(0);
            } else if line == "failures:" {
                // If the harness captured the tests' outputs, these come before the names, not indented.
                while let Some(name) = lines.next_if(|line| line.starts_with("    ")) {
                    counts.failed.push(name.trim().to_owned());
                }
            } else if let Some(place) = line.split(" panicked at ").nth(1)
                && counts.panic.is_none()
            {
                let why = lines.peek().map_or("", |why| why.trim());
                counts.panic = Some(format!("{place} {why}"));
            }
        }
        counts
    }

    fn add(&mut self, unit: &str, number: u64) {
        match self.tried.iter_mut().find(|(known, _)| known == unit) {
            Some((_, sum)) => *sum += number,
            None => self.tried.push((unit.to_owned(), number)),
        }
    }

    /// Adds the numbers of another output.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.passed += other.passed;
        self.ignored += other.ignored;
        other.tried.iter().for_each(|(unit, number)| self.add(unit, *number));
        self.failed.extend(other.failed);
        self.panic = self.panic.take().or(other.panic);
    }

    /// How many of `unit` there were.
    pub(super) fn of(&self, unit: &str) -> u64 {
        self.tried.iter().find(|(known, _)| known == unit).map_or(0, |(_, number)| *number)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> =
            self.tried.iter().map(|(unit, number)| format!("{} {unit}", grouped(*number))).collect();
        if self.passed > 0 {
            parts.push(format!("{} tests", grouped(self.passed)));
        }
        if self.ignored > 0 {
            parts.push(format!("{} IGNORED", grouped(self.ignored)));
        }
        f.write_str(&parts.join(", "))
    }
}

/// How a check ended.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// It passed; what it tried.
    Green(Counts),
    /// It failed; why.
    Failed(String),
    /// The check could not run, and what to do. This counts as a failure too.
    CannotRun(String),
    /// Ctrl-C.
    Interrupted,
}

impl Outcome {
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::Failed(why.into())
    }

    pub(super) fn cannot_run(why: impl Into<String>) -> Self {
        Self::CannotRun(why.into())
    }

    /// The table's cells for what was tried and for the result.
    pub(super) fn cells(&self) -> (String, String) {
        match self {
            Self::Green(counts) => (counts.to_string(), "ok".into()),
            Self::Failed(_) => (String::new(), "FAILED".into()),
            Self::CannotRun(_) => (String::new(), "COULD NOT RUN".into()),
            Self::Interrupted => (String::new(), "interrupted".into()),
        }
    }
}

/// The number and the unit in a line `verify: …`. With one thread, the harness begins the line with the
/// test's name.
fn tried(line: &str) -> Option<(u64, &str)> {
    let (before, rest) = line.split_once("verify: ")?;
    if !before.is_empty() && !before.ends_with(' ') {
        return None;
    }
    let (number, unit) = rest.trim().split_once(' ')?;
    let is_unit = unit.starts_with(|c: char| c.is_ascii_lowercase())
        && unit.chars().all(|c| c.is_ascii_lowercase() || c == ' ' || c == '-');
    Some((number.parse().ok()?, unit)).filter(|_| is_unit)
}

/// The number of `unit` in `line`: a number, perhaps a word, the unit.
fn number_of(line: &str, unit: &str) -> Option<u64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_unit = |at: &usize| words[*at].trim_end_matches([',', ':', ';', '.']) == unit;
    (0..words.len()).filter(is_unit).find_map(|at| {
        let number = |back: usize| words.get(at.checked_sub(back)?)?.parse().ok();
        number(1).or_else(|| number(2))
    })
}

/// The number in `text` just before `word`.
fn number_before(text: &str, word: &str) -> Option<u64> {
    text.split(word).next()?.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
running 2 tests
verify: 1200 schedules
test shuttle::a ... ok
test shuttle::b ... verify: 34 schedules
verify: 7 histories
ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s
test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s
";

    const BAD: &str = "\
test a::b ... thread 'a::b' (123) panicked at src/a.rs:1:2:
lost 7
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
FAILED

failures:

failures:
    a::b
    c

test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn numbers_of_tests_and_of_tries_add_up() {
        let counts = Counts::read(GOOD, &[]);
        assert_eq!((counts.passed, counts.ignored), (12, 1));
        assert_eq!((counts.of("schedules"), counts.of("histories"), counts.of("faults")), (1234, 7, 0));
        assert_eq!(counts.to_string(), "1,234 schedules, 7 histories, 12 tests, 1 IGNORED");
        let mut twice = counts.clone();
        twice.absorb(counts);
        assert_eq!(twice.to_string(), "2,468 schedules, 14 histories, 24 tests, 2 IGNORED");
    }

    #[test]
    fn failures_are_named() {
        let counts = Counts::read(BAD, &[]);
        assert_eq!(counts.failed, ["a::b", "c"]);
        assert_eq!(counts.panic.as_deref(), Some("src/a.rs:1:2: lost 7"));
        assert_eq!(counts.passed, 0);
    }

    #[test]
    fn only_a_number_and_words_count() {
        for line in [
            "verify: many schedules",
            "verify: 5",
            "verify: 5 ",
            "verify: -5 schedules",
            "verify: 5 of 7",
            "xverify: 5 schedules",
        ] {
            assert_eq!(tried(line), None, "{line}");
        }
        assert_eq!(tried("verify: 5 free-list states\r"), Some((5, "free-list states")));
    }

    #[test]
    fn what_a_check_counts_is_found_in_any_line() {
        let output = "loom: a: 12 executions in 0.1 s\nshuttle: b: 7 random schedules in 2 s\n\
                      histories, c: 3 histories of 5 keys: 40 operations on keys\nloom: d: 8 executions.\n\
                      no executions, many 5 x y schedules\nverify: 1 schedules\n";
        let counts = Counts::read(output, &["executions", "schedules", "histories", "operations"]);
        assert_eq!(counts.to_string(), "20 executions, 8 schedules, 3 histories, 40 operations");
        assert_eq!(Counts::read(output, &[]).to_string(), "1 schedules");
    }

    #[test]
    fn digits_come_in_groups() {
        let texts = [0, 7, 123, 1234, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "7", "123", "1,234", "1,234,567"]);
    }
}
