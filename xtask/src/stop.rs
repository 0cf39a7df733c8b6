//! How a command ends early: by an exit code, and one line that says what to do. Also how it prints.

use std::process::ExitCode;

/// The reason why a command did not end well.
#[derive(Debug, PartialEq)]
pub(crate) struct Stop {
    /// Exit code of the process.
    pub(crate) code: u8,
    /// One line for standard error; empty if everything has been printed already.
    pub(crate) line: String,
}

impl Stop {
    /// The exit code if something that the user wanted went wrong.
    pub(crate) const FAILURE: u8 = 1;
    /// The exit code if what the user wanted makes no sense.
    pub(crate) const USAGE: u8 = 2;
    /// The exit code if this machine cannot do what makes sense on another.
    pub(crate) const ENVIRONMENT: u8 = 3;
    /// Exit code after Ctrl-C, as shells give it: 128 + SIGINT.
    pub(crate) const INTERRUPTED: u8 = 130;

    /// The command line cannot be obeyed.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self { code: Self::USAGE, line: line.into() }
    }

    /// The command line makes sense, but not here: no memory, no such node, a folder that cannot be written.
    pub(crate) fn environment(line: impl Into<String>) -> Self {
        Self { code: Self::ENVIRONMENT, line: line.into() }
    }

    /// Something failed on the way.
    pub(crate) fn failure(line: impl Into<String>) -> Self {
        Self { code: Self::FAILURE, line: line.into() }
    }

    /// The user pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self { code: Self::INTERRUPTED, line: "interrupted".into() }
    }

    /// Prints the line and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        if !self.line.is_empty() {
            eprintln!("xtask: {}", self.line);
        }
        ExitCode::from(self.code)
    }
}

/// Something failed on the way.
impl From<String> for Stop {
    fn from(line: String) -> Self {
        Self::failure(line)
    }
}

/// A file or a command, which the error names.
impl From<xshell::Error> for Stop {
    fn from(error: xshell::Error) -> Self {
        Self::failure(error.to_string())
    }
}

/// Writes to standard output. A closed pipe is no error.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    Ok(bench::print(text)?)
}
