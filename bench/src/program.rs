//! What the measuring programs have in common: flags with a value each, their numbers, and how a program ends.

use crate::memory::{self, Room};
use crate::protocol::MOST_THREADS;
use std::io::{self, Write};
use std::process::ExitCode;

/// Operations or lookups that a flag may ask for: a day of them, and no sum of a few overflows.
pub const MOST_OPERATIONS: u64 = 1_000_000_000_000;
/// Rounds or repetitions.
pub const MOST_ROUNDS: u64 = 1_000_000;

/// The arguments after the program's name. What is not UTF-8 is no flag of ours: it is shown as well as can be.
pub fn arguments() -> impl Iterator<Item = String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())
}

/// Reads flags, each with a value: gives `asked` after `set` has put each of them into it. `None` if help is asked for.
///
/// # Errors
/// A flag that is not among `known`, or has no value, or what `set` says, in words.
pub fn read_flags<T>(
    args: impl IntoIterator<Item = String>,
    known: &[&str],
    mut asked: T,
    set: impl Fn(&mut T, &str, &str) -> Result<(), String>,
) -> Result<Option<T>, String> {
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        if flag == "--help" || flag == "-h" {
            return Ok(None);
        }
        if !known.contains(&flag.as_str()) {
            return Err(format!("unknown flag {flag}; see --help"));
        }
        let value = args.next().ok_or_else(|| format!("{flag} needs a number"))?;
        set(&mut asked, &flag, &value)?;
    }
    Ok(Some(asked))
}

/// The number that `value` is.
///
/// # Errors
/// That it is none, in words.
pub fn number(flag: &str, value: &str) -> Result<u64, String> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if is_number => Ok(number),
        _ if is_number => Err(format!("{flag} {value} is too large: at most {}", u64::MAX)),
        _ => Err(format!("{flag} {value:?} is not a number: write digits only, such as 1000000")),
    }
}

/// A number from 1 to `most`.
///
/// # Errors
/// That it is none, or not one of these, in words.
pub fn count(flag: &str, value: &str, most: u64) -> Result<u64, String> {
    match number(flag, value)? {
        0 => Err(format!("{flag} 0: at least 1")),
        number if number > most => Err(format!("{flag} {number}: at most {most}")),
        number => Ok(number),
    }
}

/// A number of threads.
///
/// # Errors
/// As [`count`].
pub fn threads(flag: &str, value: &str) -> Result<usize, String> {
    Ok(count(flag, value, MOST_THREADS as u64)? as usize)
}

/// Numbers of threads between the commas of `value`.
///
/// # Errors
/// As [`count`].
pub fn threads_list(flag: &str, value: &str) -> Result<Vec<usize>, String> {
    value.split(',').map(|one| threads(flag, one)).collect()
}

/// A number of keys, whose pairs must fit into the memory that this process may have.
///
/// # Errors
/// As [`count`].
pub fn keys(flag: &str, value: &str) -> Result<u64, String> {
    let keys = count(flag, value, u64::MAX)?;
    let Room { bytes, source } = Room::of(&memory::read);
    match keys > bytes / 16 {
        true => Err(format!("{flag} {keys}: at most {} pairs fit into what {source} leaves", bytes / 16)),
        false => Ok(keys),
    }
}

/// Writes to standard output. A reader that has gone away has seen enough.
///
/// # Errors
/// Nothing can be written, say because the disk is full.
pub fn print(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Does what the arguments asked for and prints what `measure` gives. Exits with 2 if the arguments are wrong, with 1 if
/// the measurement is.
pub fn run<T>(
    name: &str,
    help: &str,
    asked: Result<Option<T>, String>,
    measure: impl FnOnce(T) -> Result<String, String>,
) -> ExitCode {
    let asked = match asked {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            return match print(&format!("{help}\n")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(why) => failure(name, &why),
            };
        }
        Err(why) => {
            eprintln!("{name}: {why}");
            return ExitCode::from(2);
        }
    };
    match measure(asked).and_then(|report| print(&report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => failure(name, &why),
    }
}

fn failure(name: &str, why: &str) -> ExitCode {
    eprintln!("{name}: {why}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_ends_of_their_types_are_read_or_refused() {
        assert_eq!(number("--n", "18446744073709551615"), Ok(u64::MAX));
        assert_eq!(number("--n", "0"), Ok(0));
        assert_eq!(keys("--n", "1"), Ok(1));
        for (value, hint) in [
            ("18446744073709551616", "too large"),
            ("-1", "digits only"),
            ("+1", "digits only"),
            ("", "digits only"),
            (" ", "digits only"),
            ("1e999", "digits only"),
            ("inf", "digits only"),
            ("NaN", "digits only"),
            ("10M", "digits only"),
        ] {
            let errors = [
                number("--n", value),
                count("--n", value, 9),
                keys("--n", value),
                threads("--n", value).map(|n| n as u64),
            ];
            for error in errors {
                let error = error.expect_err(value);
                assert!(error.contains(hint) && error.starts_with("--n "), "{error}");
            }
        }
        for (error, hint) in [
            (count("--n", "0", 9), "at least 1"),
            (count("--n", "10", 9), "at most 9"),
            (keys("--n", "0"), "at least 1"),
            (keys("--n", "18446744073709551615"), "pairs fit"),
            (threads("--n", "4097").map(|n| n as u64), "at most 4096"),
            (threads_list("--n", "1,,2").map(|_| 0), "digits only"),
            (threads_list("--n", "1,0").map(|_| 0), "at least 1"),
        ] {
            let error = error.unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }
}
