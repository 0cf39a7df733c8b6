//! Builds the programs, boots the guests, and reads their counts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bench::maps::{is_ours, is_placed};
use bench::marks::PluginSettings;
use xshell::Shell;

use super::super::guest::{Boot, Image, Kernel, Machine, Ran};
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
        let is_here = |map: &String| is_ours(map) || map == "rwlock-btreemap";
        let program = match args.maps.iter().all(is_here) {
            true => cargo::bench("cell", &tree::target().join("guest/program"), "")?,
            false => cargo::bench("peers", &tree::target().join("numa-count/program"), "")?,
        };
        for setting in &args.settings {
            check_setting(&program, setting)?;
        }
        let kernel = Kernel::find(args.kernel.as_deref())?;
        let image = Image::new([(IN_GUEST, program.as_path())])?;
        Ok(Self { args, folder, kernel, image, plugin })
    }

    /// Counts everything on a machine of `nodes` nodes, with the keys of `seed`.
    pub(super) fn count(&self, nodes: usize, seed: u64) -> Result<Outcome, Stop> {
        let args = self.args;
        let name = format!("{nodes}x{}", args.cpus);
        let mut machine = Machine::even(&name, nodes, args.cpus, args.mib);
        machine.one_thread = true;
        // The same addresses each time, and no migration of pages.
        machine.kernel_words = "norandmaps numa_balancing=disable";
        let runs = self.runs(nodes, seed);
        let script = (0..).zip(&runs).map(|(number, run)| words(args, run, number)).collect();
        let settings = PluginSettings {
            cpus: (0..nodes).flat_map(|node| machine.cpus_of(node).map(move |_| node as u8)).collect(),
            backends: machine.nodes.iter().map(|node| (node.mib as u64) << 20).collect(),
            cache: args.cache,
            ways: args.ways,
            out: self.folder.join(format!("{name}.jsonl")),
        };
        let log = self.folder.join(format!("{name}.log"));
        let boot = Boot {
            machine: &machine,
            kernel: &self.kernel,
            image: &self.image,
            script: &script,
            plugin: Some((&self.plugin, &settings)),
            kvm: false,
            limit: self.limit(runs.len()),
            log: &log,
        };
        let (console, _) = boot.run().map_err(|stop| Stop {
            line: format!("guest {name}: {}; its words are in {}", stop.line, log.display()),
            ..stop
        })?;
        let report = Shell::new()?.read_file(settings.out)?;
        let counted = read_report(&report).map_err(|why| format!("guest {name}: {why}"))?;
        let (mut all, mut failed) = Outcome::default();
        for ((number, run), Ran { end, text, .. }) in (0..).zip(&runs).zip(&console.commands) {
            let outcome = match end {
                Some(end) if end.is_success() => rows(run, number, text, &counted),
                Some(end) => Err(format!("{end}; {}", text.trim().lines().last().unwrap_or("no words"))),
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
    fn runs(&self, nodes: usize, seed: u64) -> Vec<Run> {
        let run = |map: &str, setting: &str| Run {
            nodes,
            cpus: self.args.cpus,
            map: map.to_owned(),
            setting: setting.to_owned(),
            seed,
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

/// The command of a run.
fn words(args: &Args, Run { nodes, cpus, map, setting, seed }: &Run, number: u64) -> Vec<String> {
    let Args { keys, ops, .. } = args;
    let line = format!(
        "{IN_GUEST} {SUBCOMMAND} --map {map} --setting {setting} --keys {keys} --ops {ops} --warm {ops} \
         --workers {} --run {number} --seed {seed}",
        nodes * cpus
    );
    line.split(' ').map(str::to_owned).collect()
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
