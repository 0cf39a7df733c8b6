//! Standard output, as all programs of this repository use it.

use std::io::{self, Write};

/// Writes to standard output. A closed pipe is no error: its reader has seen enough.
///
/// # Errors
/// Any other error, in words.
pub fn print(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}
