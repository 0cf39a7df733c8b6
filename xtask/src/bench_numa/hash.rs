//! Tells programs apart.

use std::fs;
use std::path::Path;

/// A hash of the bytes of a file, in 32 hexadecimal digits.
///
/// # Errors
///
/// The file cannot be read. The message names it.
pub(crate) fn hash(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes)))
}
