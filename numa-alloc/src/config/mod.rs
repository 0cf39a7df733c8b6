//! The settings that a sweep found to be the best of a machine, as a file that a program loads.
//!
//! `cargo xtask bench-numa --out DIR` measures placements, pages, pin policies, threads and replicas, and
//! writes the best of them to `DIR/tuned.toml`. [`NumaConfig`] reads the file and refuses it on a machine
//! that it was not made for. What it recommends is a [`Setting`]: the arena, the map's configuration, and
//! the words from which `bskip-topology` plans pinned workers.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `text`, `error` | values as strings; what can be wrong |
//! | `machine` | the machine that a configuration is for |
//! | `setting`, `choice` | what is recommended, and why |

mod choice;
mod error;
mod machine;
mod setting;
mod text;

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use choice::{Choice, Margin, Measured};
pub use error::{ConfigError, ConfigErrorKind};
pub use machine::{TunedMachine, TunedNode};
pub use setting::{Replicas, Setting};

/// The version of the format that this library reads and writes.
pub const SCHEMA: u32 = 1;

/// The settings that a sweep found to be the best of a machine.
///
/// ```
/// use bskip_core::BSkipMap;
/// use numa_alloc::NumaConfig;
///
/// # let file = std::env::temp_dir().join(format!("tuned-{}.toml", std::process::id()));
/// # let mut made: NumaConfig = include_str!("../../tests/config/one-node.toml").parse()?;
/// # made.machine = numa_alloc::config::TunedMachine::this();
/// # std::fs::write(&file, made.to_string())?;
/// // Refuses a file that was made on another machine.
/// let config = NumaConfig::from_file(&file)?;
/// let best = config.best_for("c")?;
/// let arena = best.arena().build()?;
/// let map = BSkipMap::with_config(arena, best.map())?;
/// map.insert(1u64, 10u64);
/// println!("{} pinned threads, because: {}", best.threads, config.workloads["c"].why);
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// `bskip-topology` makes the pinned workers:
///
/// ```
/// use bskip_topology::{Machine, PinPolicy, WorkerPool};
/// # use numa_alloc::NumaConfig;
/// # let mut config: NumaConfig = include_str!("../../tests/config/one-node.toml").parse()?;
/// # config.machine = numa_alloc::config::TunedMachine::this();
/// # let best = config.best()?;
///
/// let plan = best.pin.parse::<PinPolicy>()?.plan(&Machine::discover(), best.threads)?;
/// let pool = WorkerPool::new(plan);
/// let numbers = pool.run(|worker| worker.index());
/// assert_eq!(numbers.len(), best.threads);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumaConfig {
    /// The version of the format: [`SCHEMA`].
    pub schema: u32,
    /// What was measured.
    pub measured: Measured,
    /// Where.
    pub machine: TunedMachine,
    /// The best setting over all workloads.
    pub overall: Choice,
    /// The best setting for each workload, by its name.
    #[serde(rename = "workload")]
    pub workloads: BTreeMap<String, Choice>,
    /// Where the configuration was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// The version alone, which decides how the rest is read.
#[derive(Deserialize)]
struct Head {
    schema: Option<toml::Value>,
}

impl NumaConfig {
    /// Reads a configuration, and checks that it is for this machine. `FromStr` reads one for any machine.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no such file, if it is no configuration, or if it does not
    /// [fit](Self::check_fits).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let config = Self::read(path)?;
        config.check_fits()?;
        Ok(config)
    }

    /// Reads a configuration without regard to the machine.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no such file, or if it is no configuration.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let named = |kind| ConfigError { file: Some(path.to_owned()), kind };
        let text = std::fs::read_to_string(path)
            .map_err(|error| named(ConfigErrorKind::Unreadable { reason: error.to_string() }))?;
        let config: Self = text.parse().map_err(|error: ConfigError| named(error.kind))?;
        Ok(Self { file: Some(path.to_owned()), ..config })
    }

    /// Checks that the configuration is for this machine: the same NUMA nodes with the same CPUs and about
    /// the same memory, the same model of CPU, and the same CPUs for this process. The calling thread must
    /// not be pinned yet. Another kernel is no obstacle.
    ///
    /// # Errors
    /// [`ConfigErrorKind::OtherMachine`] says what differs.
    pub fn check_fits(&self) -> Result<(), ConfigError> {
        let differences = self.machine.differences(&TunedMachine::this());
        match differences.is_empty() {
            true => Ok(()),
            false => Err(self.error(ConfigErrorKind::OtherMachine { differences })),
        }
    }

    /// The best setting over all workloads.
    ///
    /// # Errors
    /// The configuration does not [fit](Self::check_fits) this machine.
    pub fn best(&self) -> Result<&Setting, ConfigError> {
        self.check_fits().map(|()| &self.overall.best)
    }

    /// The best setting for a workload: `load`, `a`, `b`, `c`, `e`, …
    ///
    /// # Errors
    /// The workload was not measured, or the configuration does not [fit](Self::check_fits) this machine.
    pub fn best_for(&self, workload: &str) -> Result<&Setting, ConfigError> {
        self.check_fits()?;
        let found = self.workloads.get(workload).map(|choice| &choice.best);
        found.ok_or_else(|| {
            let known = self.workloads.keys().cloned().collect();
            self.error(ConfigErrorKind::NoSuchWorkload { name: workload.to_owned(), known })
        })
    }

    fn error(&self, kind: ConfigErrorKind) -> ConfigError {
        ConfigError { file: self.file.clone(), kind }
    }

    /// What is wrong with the values, with the key; `None` if they make sense.
    fn problem(&self) -> Option<(String, String)> {
        if let Some((key, reason)) = self.measured.problem().or_else(|| self.machine.problem()) {
            return Some((key.to_owned(), reason));
        }
        if self.workloads.is_empty() {
            return Some(("workload".into(), "there is no section [workload.NAME]".into()));
        }
        let nodes: Vec<u32> = self.machine.nodes.iter().map(|node| node.id).collect();
        let named = self.workloads.iter().map(|(name, choice)| (format!("workload.{name}"), choice));
        let mut sections = [("overall".to_owned(), &self.overall)].into_iter().chain(named);
        sections.find_map(|(section, choice)| {
            choice.problem(&nodes).map(|(key, reason)| (format!("{section}.{key}"), reason))
        })
    }
}

impl FromStr for NumaConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let error = |kind| ConfigError { file: None, kind };
        let read = |wrong| error(place(text, &wrong));
        let head: Head = toml::from_str(text).map_err(read)?;
        if head.schema != Some(toml::Value::Integer(SCHEMA.into())) {
            let found = head.schema.map(|found| found.to_string());
            return Err(error(ConfigErrorKind::Schema { found, expected: SCHEMA }));
        }
        let config: Self = toml::from_str(text).map_err(read)?;
        match config.problem() {
            None => Ok(config),
            Some((key, reason)) => Err(error(ConfigErrorKind::Wrong { line: None, key, reason })),
        }
    }
}

/// Where `text` is wrong, and what is wrong there.
fn place(text: &str, wrong: &toml::de::Error) -> ConfigErrorKind {
    let reason = wrong.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(span) = wrong.span().filter(|span| text.is_char_boundary(span.start)) else {
        return ConfigErrorKind::Wrong { line: None, key: String::new(), reason };
    };
    let before = &text[..span.start];
    let line = before.matches('\n').count();
    let written = text.lines().nth(line).unwrap_or_default();
    let key = written.split('=').next().unwrap_or_default().trim();
    ConfigErrorKind::Wrong { line: Some(line + 1), key: key.chars().take(60).collect(), reason }
}

impl fmt::Display for NumaConfig {
    /// The text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "# Written by `cargo xtask bench-numa`. A program loads it with `numa_alloc::NumaConfig::from_file`;\n\
             # `cargo xtask bench-numa verify FILE` measures again whether it holds.\n",
        )?;
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}
