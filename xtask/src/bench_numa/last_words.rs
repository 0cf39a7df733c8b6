//! Finds what a process that ended badly printed about it on standard error, without the noise around it.

/// Beginnings of lines that say nothing about the cause.
const NOISE: [&str; 4] = [
    "note: ",
    "stack backtrace:",
    "thread caused non-unwinding panic",
    "fatal runtime error: failed to initiate panic",
];

/// The last line that is not empty.
pub(super) fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

/// Returns the message of the first panic, because later panics often follow from it. Returns also what came
/// after all panics, for example from the allocator or the loader. Leaves out notes and backtraces.
pub(super) fn last_words(text: &str) -> Option<String> {
    let (mut panic, mut after): (Option<String>, Option<&str>) = (None, None);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if panics(line) {
            let mut words = Vec::new();
            while let Some(more) = lines.next_if(|line| !is_noise(line) && !panics(line)) {
                words.extend(more.split_whitespace());
            }
            let words = if words.is_empty() { line.trim().to_owned() } else { words.join(" ") };
            (panic, after) = (panic.or(Some(words)), None);
        } else if line.trim() == "stack backtrace:" {
            // The lines of a backtrace are indented: ` 0: function`, ` at file`.
            while lines.next_if(|line| line.starts_with(' ')).is_some() {}
        } else if !line.trim().is_empty() && !is_noise(line) {
            after = Some(line.trim());
        }
    }
    match (panic, after) {
        (Some(panic), Some(after)) => Some(format!("{panic}; then: {after}")),
        (panic, after) => panic.or(after.map(str::to_owned)),
    }
}

/// Whether the line begins the report of a panic. The message is on the next lines.
fn panics(line: &str) -> bool {
    line.trim_start().starts_with("thread '") && line.contains(" panicked at ")
}

fn is_noise(line: &str) -> bool {
    NOISE.iter().any(|noise| line.trim_start().starts_with(noise))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    const BACKTRACE: &str = "stack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/1/std/panicking.rs:689:5\n   \
                             1: main\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.";

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        for end in [NOTE, BACKTRACE, ""] {
            for head in [
                "thread 'main' panicked at src/x.rs:1:2:",
                "\nthread '<unnamed>' (71) panicked at a b.rs:1:2:",
            ] {
                let text = format!("chatter\n{head}\nkey 7 is lost\n{end}\n");
                assert_eq!(last_words(&text).as_deref(), Some("key 7 is lost"), "{text}");
            }
        }
        let two_lines =
            format!("thread 'main' panicked at x:1:2:\nassertion failed\n  left: 1\n right: 2\n{NOTE}\n");
        assert_eq!(last_words(&two_lines).as_deref(), Some("assertion failed left: 1 right: 2"));
        let silent = format!("thread 'main' panicked at x.rs:1:2:\n{NOTE}\n");
        assert_eq!(last_words(&silent).as_deref(), Some("thread 'main' panicked at x.rs:1:2:"));
    }

    #[test]
    fn the_first_panic_counts_and_what_comes_after_all() {
        let two = format!(
            "thread 'a' panicked at x:1:2:\nkey 7 is lost\n{NOTE}\nthread 'b' panicked at y:1:2:\nPoisonError\n{BACKTRACE}\n"
        );
        assert_eq!(last_words(&two).as_deref(), Some("key 7 is lost"));
        let aborted = format!("{two}thread caused non-unwinding panic. aborting.\n");
        assert_eq!(last_words(&aborted).as_deref(), Some("key 7 is lost"));
        let more = format!("{two}memory allocation of 16 bytes failed\n{NOTE}\n");
        assert_eq!(
            last_words(&more).as_deref(),
            Some("key 7 is lost; then: memory allocation of 16 bytes failed")
        );
    }

    #[test]
    fn deaths_without_a_panic_are_told_too() {
        for (text, words) in [
            (
                "memory allocation of 1600000000000 bytes failed\nnote: run with `RUST_BACKTRACE=1`",
                "memory allocation of 1600000000000 bytes failed",
            ),
            (
                "thread 'main' has overflowed its stack\nfatal runtime error: stack overflow, aborting\n",
                "fatal runtime error: stack overflow, aborting",
            ),
            ("double free or corruption (out)\n\n", "double free or corruption (out)"),
            (
                "cell: error while loading shared libraries: libhwloc.so.15: cannot open",
                "cell: error while loading shared libraries: libhwloc.so.15: cannot open",
            ),
        ] {
            assert_eq!(last_words(text).as_deref(), Some(words));
        }
        for empty in ["", "\n \n", NOTE, BACKTRACE] {
            assert_eq!(last_words(empty), None, "{empty}");
        }
    }
}
