//! What the program prints, and why it fails.

use std::io::{self, Write};

/// Why there is no report, with the exit code.
pub(crate) type Failure = (u8, String);

/// Writes to standard output. A closed pipe is no error: its reader has seen enough.
pub(crate) fn print(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}
