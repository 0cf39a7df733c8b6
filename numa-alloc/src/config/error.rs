//! What can be wrong with a configuration.

use core::fmt;
use std::path::PathBuf;

/// How a configuration is made. Most messages end with it.
const MAKE: &str = "cargo xtask bench-numa --out DIR";

/// Why a configuration cannot be used. `Display` is one line that names the file and says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file; `None` if the configuration was read from a string.
    pub file: Option<PathBuf>,
    /// What is wrong.
    pub kind: ConfigErrorKind,
}

/// What is wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The system does not give the file's text.
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// The file is of another version of the format.
    Schema {
        /// The version of the file, as it is written there; `None` if the file has none.
        found: Option<String>,
        /// The version that this library reads.
        expected: u32,
    },
    /// The text is not TOML, or a key is missing, unknown, or has a wrong value.
    Wrong {
        /// The line, from 1; `None` if no single line is to blame.
        line: Option<usize>,
        /// The key, or the section that lacks one; empty if unknown.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was made on another machine.
    OtherMachine {
        /// What differs, each in words.
        differences: Vec<String>,
    },
    /// The file has no settings for this workload.
    NoSuchWorkload {
        /// The workload that was asked for.
        name: String,
        /// The workloads that the file has.
        known: Vec<String>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display())?,
            None => f.write_str("the configuration")?,
        }
        match &self.kind {
            ConfigErrorKind::Unreadable { reason } => {
                write!(f, " cannot be read: {reason}; name the tuned.toml that `{MAKE}` wrote")
            }
            ConfigErrorKind::Schema { found: None, expected } => {
                write!(f, " has no `schema = {expected}`, so it is no tuned.toml; `{MAKE}` writes one")
            }
            ConfigErrorKind::Schema { found: Some(found), expected } => write!(
                f,
                " has schema {found}, but this version of numa-alloc reads schema {expected}; write the file \
                 again with `{MAKE}`"
            ),
            ConfigErrorKind::Wrong { line, key, reason } => {
                if let Some(line) = line {
                    write!(f, ", line {line}")?;
                }
                if !key.is_empty() {
                    write!(f, ", `{key}`")?;
                }
                write!(f, ": {reason}; correct it, or write the file again with `{MAKE}`")
            }
            ConfigErrorKind::OtherMachine { differences } => {
                write!(f, " is for another machine: {}; run `{MAKE}` here", differences.join("; "))
            }
            ConfigErrorKind::NoSuchWorkload { name, known } => {
                write!(f, " has no workload `{name}`; it has {}", known.join(", "))
            }
        }
    }
}

impl core::error::Error for ConfigError {}
