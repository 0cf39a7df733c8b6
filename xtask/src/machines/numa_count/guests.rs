//! Builds the programs, boots the guests, and reads their counts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bench::maps::is_placed;

use super::super::guest::{Boot, Failure, Image, Kernel, Machine, Plugin, Script};
use super::args::{Args, PEER_SETTING};
use super::results::{Row, Run, read_report, rows};
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// The subcommand of `bench`, and the program's path in a guest.
const SUBCOMMAND: &str = "numa-count";
const IN_GUEST: &str = "/bin/bench";
/// The plugin's package.
const PLUGIN: &str = "numa-count-plugin";

/// What every guest needs.
pub(super) struct Guests<'a> {
    args: &'a Args,
    /// The folder for reports and the guests' output.
    folder: &'a Path,
    kernel: Kernel,
    image: Image,
    plugin: PathBuf,
}

/// The results of one machine: rows, and a message for each run that failed.
pub(super) type Outcome = (Vec<Row>, Vec<String>);

impl<'a> Guests<'a> {
    /// Builds the plugin and the program, and packs the image.
    pub(super) fn new(args: &'a Args, folder: &'a Path) -> Result<Self, Stop> {
        let plugin = build_plugin()?;
        // For any x86-64 processor, because QEMU has no AVX-512.
        let program = cargo::bench("peers", &tree::target().join("numa-count/program"), "")?;
        for setting in &args.settings {
            check_setting(&program, setting)?;
        }
        let kernel = Kernel::find(args.kernel.as_deref())?;
        let image = Image::new([(IN_GUEST, program.as_path())])?;
        Ok(Self { args, folder, kernel, image, plugin })
    }

    /// Counts everything on a machine of `nodes` nodes.
    pub(super) fn count(&self, nodes: usize) -> Result<Outcome, Stop> {
        let args = self.args;
        let name = format!("{nodes}x{}", args.cpus);
        let mut machine = Machine::even(&name, nodes, args.cpus, args.mib);
        machine.one_thread = true;
        // Addresses are the same each time, and pages do not migrate. The kernel does not check the timer,
        // because that check fails on a busy host.
        machine.kernel_words =
            ["norandmaps", "numa_balancing=disable", "no_timer_check"].map(str::to_owned).to_vec();
        let runs = self.runs(nodes);
        let mut script = Script::default();
        for (number, run) in (0..).zip(&runs) {
            let words = words(args, run, number);
            script.run(IN_GUEST, &words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let joined = |values: Vec<String>| values.join(":");
        let cpus = (0..nodes).flat_map(|node| machine.cpus_of(node).map(move |_| node.to_string())).collect();
        let backends = machine.nodes.iter().map(|node| node.mib.to_string()).collect();
        let plugin_args = [
            ("cpus", joined(cpus)),
            ("mem", joined(backends)),
            ("cache", args.cache.to_string()),
            ("ways", args.ways.to_string()),
        ];
        let plugin = Plugin {
            file: self.plugin.clone(),
            args: plugin_args.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            output: self.folder.join(format!("{name}.jsonl")),
        };
        let log = self.folder.join(format!("{name}.log"));
        let boot = Boot {
            machine: &machine,
            kernel: &self.kernel,
            image: &self.image,
            script: &script,
            plugin: Some(&plugin),
            kvm: false,
            limit: self.limit(runs.len()),
            log: &log,
        };
        let booted = boot.run().map_err(|failure| match failure {
            Failure::Interrupted => Stop::interrupted(),
            other => Stop::failure(format!("guest {name}: {other}; its words are in {}", log.display())),
        })?;
        let report = booted.plugin.as_deref().unwrap_or_default();
        let counted = read_report(report).map_err(|why| Stop::failure(format!("guest {name}: {why}")))?;
        let (mut all, mut failed) = Outcome::default();
        for ((number, run), command) in (0..).zip(&runs).zip(&booted.console.commands) {
            let words = booted.console.text_of(command);
            let outcome = match &command.end {
                Some(end) if end.is_success() => rows(run, number, words, &counted),
                Some(end) => Err(format!("{end}; {}", words.trim().lines().last().unwrap_or("no words"))),
                None => Err("it did not end".into()),
            };
            match outcome {
                Ok(rows) => all.extend(rows),
                Err(why) => failed.push(format!("{name}, {} {}: {why}", run.map, run.setting)),
            }
        }
        Ok((all, failed))
    }

    /// Every map, in every setting that applies to it.
    fn runs(&self, nodes: usize) -> Vec<Run> {
        let run = |map: &str, setting: &str| Run {
            nodes,
            cpus: self.args.cpus,
            map: map.to_owned(),
            setting: setting.to_owned(),
        };
        let of = |map: &String| -> Vec<Run> {
            match is_placed(map) {
                true => self.args.settings.iter().map(|setting| run(map, setting)).collect(),
                false => vec![run(map, PEER_SETTING)],
            }
        };
        self.args.maps.iter().flat_map(of).collect()
    }

    /// Much longer than it should take.
    fn limit(&self, runs: usize) -> Duration {
        let each = 60 + (self.args.keys + 10 * self.args.ops) / 5_000;
        Duration::from_secs(120 + runs as u64 * each)
    }
}

/// The program's arguments for a run.
fn words(args: &Args, run: &Run, number: u64) -> Vec<String> {
    let workers = run.nodes * run.cpus;
    let flags: [(&str, String); 7] = [
        ("--map", run.map.clone()),
        ("--setting", run.setting.clone()),
        ("--keys", args.keys.to_string()),
        ("--ops", args.ops.to_string()),
        ("--warm", args.ops.to_string()),
        ("--workers", workers.to_string()),
        ("--run", number.to_string()),
    ];
    let flags = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
    [SUBCOMMAND.to_owned()].into_iter().chain(flags).collect()
}

/// Builds the library that QEMU loads.
fn build_plugin() -> Result<PathBuf, Stop> {
    let mut cargo = cargo::cargo();
    cargo.args(["build", "--quiet", "--release", "--package", PLUGIN, "--target-dir"]);
    let built = cargo::build(cargo.arg(tree::target().join("numa-count/plugin")))?;
    let plugin = built.into_iter().rfind(|built| built.name.replace('_', "-") == PLUGIN);
    plugin
        .map(|built| built.path)
        .ok_or_else(|| Stop::failure(format!("cargo did not say where {PLUGIN} is")))
}

/// Asks the program whether it supports the setting, before any guest boots for it.
fn check_setting(program: &Path, setting: &str) -> Result<(), Stop> {
    let output = Command::new(program).args([SUBCOMMAND, "--setting", setting, "--help"]).output();
    let output = output.map_err(|error| Stop::failure(format!("{}: {error}", program.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Stop::usage(words.lines().next().unwrap_or_default().trim_start_matches("error: ")))
}
