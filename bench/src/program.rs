//! What the measuring programs have in common: flags with a value each, and how a program ends.

use std::process::ExitCode;

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
    value.parse().map_err(|_| not_a_number(flag, value))
}

/// The numbers between the commas of `value`.
///
/// # Errors
/// That one is none, in words.
pub fn numbers(flag: &str, value: &str) -> Result<Vec<u64>, String> {
    value.split(',').map(|one| one.parse().map_err(|_| not_a_number(flag, value))).collect()
}

fn not_a_number(flag: &str, value: &str) -> String {
    format!("{flag} {value} is not a number")
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
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("{name}: {why}");
            return ExitCode::from(2);
        }
    };
    match measure(asked) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}
