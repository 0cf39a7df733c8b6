//! The version of the result files, and the one that has everything.

use std::fs;
use std::path::Path;

/// The file that has everything.
pub(crate) const JSON: &str = "results.json";
/// The table, and a line for each run.
pub(crate) const TABLE: &str = "results.txt";
pub(crate) const CSV: &str = "results.csv";
/// The best settings, if one of our placed maps was measured. A sweep writes it before the last of the others.
pub(crate) const TUNED: &str = "tuned.toml";

/// What the fields of `results.json` and `raw.jsonl` and the columns of `results.csv` mean. Each file says which
/// version it has. The number grows if a field changes its meaning or goes. A new field does not change it, so
/// a reader must ignore fields that it does not know.
///
/// * Files without a number are the first version.
/// * 2: intervals, the settings of the machine, and the commit.
pub(crate) const SCHEMA: u32 = 2;

/// Refuses files that are newer than this program.
///
/// # Errors
///
/// One line that says what to do.
pub(crate) fn check(found: Option<u32>) -> Result<(), String> {
    match found {
        Some(found) if found > SCHEMA => Err(format!(
            "it has schema {found}, and this program reads up to {SCHEMA}: use the version that wrote it"
        )),
        _ => Ok(()),
    }
}

/// Whether the results of the whole sweep have been written. They are written last.
pub(crate) fn is_finished(dir: &Path) -> bool {
    let text = fs::read_to_string(dir.join(JSON)).unwrap_or_default();
    let json = serde_json::from_str::<serde_json::Value>(&text);
    json.is_ok_and(|json| json.get("interrupted").is_some_and(serde_json::Value::is_null))
}
