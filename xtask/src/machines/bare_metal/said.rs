//! What the kernel prints on its serial port, and whether that is all it should print.

/// What begins the line of a check; its name and a colon follow.
const CHECK: &str = "check ";
/// What begins the last line; the number of checks follows.
const PASSED: &str = "passed ";
/// What begins the report of a panic or a fault; the CPU's number follows.
const REPORT: &str = "CPU ";

/// The checks, in the order in which the kernel runs them.
pub(super) const CHECKS: &[&str] = &[
    "machine",
    "words",
    "ranges",
    "pops",
    "batches",
    "bytes",
    "nodes",
    "full",
    "handlers",
    "reservations",
    "queue",
    "sections",
];

/// The checks with interrupt handlers. Each makes as many calls as the command line says.
pub(super) const SCENES: &[&str] = &["handlers", "reservations", "queue", "sections"];

/// Judges what the kernel printed before it said that all is well.
///
/// # Errors
///
/// A check is missing or stands elsewhere, or the last line is missing.
pub(super) fn judge(text: &str) -> Result<(), String> {
    let names = text.lines().filter_map(|line| Some(line.strip_prefix(CHECK)?.split_once(':')?.0));
    let names: Vec<&str> = names.collect();
    if names != CHECKS {
        return Err(format!("ran the checks {}, not {}", names.join(", "), CHECKS.join(", ")));
    }
    let last = format!("{PASSED}{}", CHECKS.len());
    match text.lines().last() {
        Some(line) if line == last => Ok(()),
        line => Err(format!("ended with {:?}, not {last:?}", line.unwrap_or_default())),
    }
}

/// The last words of a kernel that did not end well: the report of a panic or a fault, or else the last line. Another
/// CPU may print a line after the report.
pub(super) fn last_words(text: &str) -> &str {
    let report = text.lines().rfind(|line| line.starts_with(REPORT));
    let last = || text.lines().rfind(|line| !line.trim().is_empty());
    report.or_else(last).unwrap_or("it said nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> String {
        let lines = CHECKS.iter().map(|name| format!("{CHECK}{name}: 7 keys\n"));
        format!("firmware\n{}{PASSED}{}\n", lines.collect::<String>(), CHECKS.len())
    }

    #[test]
    fn every_check_must_be_there_once_and_in_order() {
        assert_eq!(judge(&good()), Ok(()));
        let line = format!("{CHECK}{}: 7 keys\n", CHECKS[2]);
        for text in [good().replace(&line, ""), good().replace(&line, &line.repeat(2)), String::new()] {
            let why = judge(&text).unwrap_err();
            assert!(why.starts_with("ran the checks ") && why.contains(", not machine, "), "{why}");
        }
    }

    #[test]
    fn the_last_line_must_be_there() {
        let cut = good().replace(PASSED, "passes ");
        assert!(judge(&cut).unwrap_err().contains("not \"passed "));
        assert!(judge(&format!("{}more\n", good())).unwrap_err().starts_with("ended with \"more\""));
        assert_eq!(last_words("a\nCPU 3: it broke\n\n"), "CPU 3: it broke");
        assert_eq!(last_words("a\nCPU 3: it broke\ncheck pops: 7 keys\n"), "CPU 3: it broke");
        assert_eq!(last_words("a\ncheck pops: \n\n"), "check pops: ");
    }

    #[test]
    fn scenes_are_checks() {
        assert!(SCENES.iter().all(|scene| CHECKS.contains(scene)));
    }
}
