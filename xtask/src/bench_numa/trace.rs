//! The user's own workload: two text files that must be there before anything is built.
//!
//! What their lines mean is known to `bench-cell`, which refuses a cell whose trace has a bad one.

use std::fs;
use std::path::Path;

use bench::protocol::TraceFiles;

use super::plan::Trace;

/// Checks both files of `--trace`.
///
/// # Errors
///
/// One line that names the file and what is wrong with it.
pub(crate) fn check(load: &Path, run: &Path) -> Result<Trace, String> {
    let lines = (count(load)?, count(run)?);
    Ok(Trace { files: TraceFiles { load: absolute(load)?, run: absolute(run)? }, lines })
}

/// The number of operations in a file: `#` begins a comment.
fn count(path: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("--trace {}: {error}", path.display()))?;
    let is_operation = |line: &&str| !line.split('#').next().unwrap_or_default().trim().is_empty();
    Ok(text.lines().filter(is_operation).count() as u64)
}

/// The path as text that holds in any folder.
fn absolute(path: &Path) -> Result<String, String> {
    let absolute = path.canonicalize().map_err(|error| format!("--trace {}: {error}", path.display()))?;
    let text = absolute.to_str().ok_or_else(|| format!("--trace {}: not UTF-8", path.display()))?;
    Ok(text.to_owned())
}
