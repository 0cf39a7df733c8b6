//! `cargo xtask bench-numa verify FILE`: whether a configuration is right for this machine.

use std::path::PathBuf;

use numa_alloc::NumaConfig;
use numa_alloc::config::{ConfigError, ConfigErrorKind};

use crate::stop::{Stop, print};

/// What stands below the flags.
const BELOW: &str = "\
Exit code: 0 if the file can be used here; 2 if it is no tuned.toml; 3 if it was made on another machine.";

/// Check that a tuned.toml is for this machine
#[derive(Clone, Debug, PartialEq, clap::Parser)]
#[command(after_help = BELOW)]
pub(crate) struct Verify {
    /// The file
    pub(crate) file: PathBuf,
}

/// Runs the command.
pub(crate) fn verify(args: &Verify) -> Result<(), Stop> {
    let config = NumaConfig::from_file(&args.file).map_err(refused)?;
    let mut text = format!("{} is for this machine\n", args.file.display());
    for (workload, choice) in [("overall", &config.overall)].into_iter().chain(named(&config)) {
        text += &format!("  {workload}: {}\n", choice.best);
    }
    print(&text)
}

/// The choices by the names of their workloads.
fn named(config: &NumaConfig) -> impl Iterator<Item = (&str, &numa_alloc::config::Choice)> {
    config.workloads.iter().map(|(name, choice)| (&**name, choice))
}

/// The exit code of a file that cannot be used.
fn refused(error: ConfigError) -> Stop {
    match error.kind {
        ConfigErrorKind::OtherMachine { .. } => Stop::environment(error.to_string()),
        _ => Stop::usage(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_machine_is_no_usage_error() {
        let kind = ConfigErrorKind::OtherMachine { differences: vec!["x".into()] };
        let stop = refused(ConfigError { file: None, kind });
        assert_eq!(stop.code, Stop::ENVIRONMENT);
        let gone = verify(&Verify { file: "/nonexistent/tuned.toml".into() }).unwrap_err();
        assert_eq!(gone.code, Stop::USAGE);
        assert!(gone.line.contains("/nonexistent/tuned.toml cannot be read"), "{}", gone.line);
    }
}
