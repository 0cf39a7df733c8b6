//! `numa-vm --tuned`: a sweep in a guest with 4 nodes, and what becomes of the `tuned.toml` that it writes.
//!
//! In the guest, `bench-numa` sweeps and writes the file. The example `tuned` of `numa-alloc` loads it there,
//! fills a map, and asks the kernel where the pages are. Then the host gets the file, and must refuse it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use numa_alloc::NumaConfig;
use numa_alloc::config::{ConfigError, ConfigErrorKind, Setting};

use super::super::guest::{Boot, Image, Kernel, Machine, Ran};
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// Many times as long as the guest takes on an idle machine.
const LIMIT: Duration = Duration::from_secs(600);

/// Where the file is in the guest.
const FILE: &str = "/sweep/tuned.toml";

/// The commands of the guest. Both placements name all nodes, so the file does, whichever is faster.
const SCRIPT: [&str; 3] = [
    "/bin/xtask bench-numa --no-ceilings --cell-bin /bin/bench --out /sweep --maps bskip-numa --pages 4k --pin per-node \
     --threads 4 --keys 10k --workloads load,c --repeat 2 \
     --placement weighted:0=1,1=1,2=1,3=1,weighted:0=4,1=3,2=2,3=1",
    "/bin/tuned /sweep/tuned.toml c",
    "/bin/cat /sweep/tuned.toml",
];

/// Builds the programs, boots the guest, and checks the file there and here.
pub(super) fn run(kernel: &Kernel, kvm: bool) -> Result<(), Stop> {
    let image = Image::new(programs()?.iter().map(|(path, file)| (*path, file.as_path())))?;
    let machine = Machine::even("tuned", 4, 2, 256);
    let script = SCRIPT.map(|line| line.split_whitespace().map(str::to_owned).collect()).to_vec();
    let log = tree::target().join("guest/logs/tuned.log");
    let boot = Boot {
        machine: &machine,
        kernel,
        image: &image,
        script: &script,
        plugin: None,
        kvm,
        limit: LIMIT,
        log: &log,
    };
    let (console, took) = boot.run()?;
    let said = |why: String| Stop::failure(format!("numa-vm: {why}; what the guest said: {}", log.display()));
    let config = check(&console.commands).map_err(said)?;
    println!("\nin a guest with 4 nodes: the sweep chose {}", config.workloads["c"].best);
    println!("the example loaded the file there, and the pages are where it says:");
    console.commands[1]
        .text
        .lines()
        .filter(|line| line.starts_with("node "))
        .for_each(|line| println!("  {line}"));
    match config.check_fits() {
        Err(ConfigError { kind: ConfigErrorKind::OtherMachine { .. }, .. }) => {
            println!("this machine refuses it: {}", config.check_fits().expect_err("it was refused"));
        }
        _ => return Err(said("this machine takes the guest's file for its own".into())),
    }
    println!("\nnuma-vm: tuned.toml of a guest: well, after {:.1} s", took.as_secs_f64());
    Ok(())
}

/// The programs by their paths in the guest.
fn programs() -> Result<Vec<(&'static str, PathBuf)>, Stop> {
    let cannot = |error: std::io::Error| Stop::failure(format!("this program's own file: {error}"));
    let xtask = std::env::current_exe().map_err(cannot)?;
    // As `cargo test --workspace --all-features` builds it: after that command it is there. A test of `bench` needs the
    // program, so cargo builds it for the test.
    let mut bench = cargo::cargo();
    bench.args(["test", "--no-run", "--workspace", "--all-features", "--test", "flags"]);
    let bench = cargo::build(&mut bench)?.into_iter().rfind(|built| built.name == "bench");
    let bench = bench.ok_or_else(|| Stop::failure("cargo did not say where bench is"))?.path;
    let mut example = cargo::cargo();
    example.args(["build", "--package", "numa-alloc", "--features", "config", "--example", "tuned"]);
    let built = cargo::build(&mut example)?.into_iter().rfind(|built| built.name == "tuned");
    let example = built.ok_or_else(|| Stop::failure("cargo did not say where the example tuned is"))?.path;
    let cat = ["/bin/cat", "/usr/bin/cat"].map(Path::new).into_iter().find(|cat| cat.is_file());
    let cat = cat.ok_or_else(|| {
        Stop::environment("there is no cat, which shows the guest's file; install coreutils")
    })?;
    Ok(vec![
        ("/bin/xtask", xtask),
        ("/bin/bench", bench),
        ("/bin/tuned", example),
        ("/bin/cat", cat.to_owned()),
    ])
}

/// The file that the guest has shown, if all of its commands ended well and the file names all 4 nodes.
fn check(commands: &[Ran]) -> Result<NumaConfig, String> {
    for (line, number) in SCRIPT.iter().zip(0..) {
        let program = line.split(' ').next().unwrap_or_default();
        match commands.get(number).and_then(|ran| ran.end.as_ref()) {
            Some(end) if end.is_success() => {}
            Some(end) => return Err(format!("{program}: {end}")),
            None => return Err(format!("{program} did not end")),
        }
    }
    let config: NumaConfig = commands[2].text.parse().map_err(|error| format!("{FILE}: {error}"))?;
    let nodes =
        |setting: &Setting| -> Vec<u32> { setting.placement.nodes().iter().map(|node| node.0).collect() };
    let machine: Vec<u32> = config.machine.nodes.iter().map(|node| node.id).collect();
    let named = config.workloads.values().map(|choice| nodes(&choice.best));
    match [machine].into_iter().chain(named).find(|nodes| *nodes != [0, 1, 2, 3]) {
        None => Ok(config),
        Some(nodes) => Err(format!("{FILE} names the nodes {nodes:?} instead of 0 to 3")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::guest::End;

    fn ran(end: Option<End>, text: &str) -> Ran {
        Ran { program: "x".into(), end, text: text.to_owned() }
    }

    #[test]
    fn a_guest_is_well_only_if_each_command_is_and_the_file_names_its_nodes() {
        let good = include_str!("../../../../numa-alloc/tests/config/one-node.toml");
        let well = || ran(Some(End::Code(0)), "");
        let with = |text: &str| check(&[well(), well(), ran(Some(End::Code(0)), text)]);
        assert!(with(good).unwrap_err().contains("names the nodes [0] instead of 0 to 3"));
        assert!(with("").unwrap_err().contains("no `schema = 1`"));
        assert!(
            check(&[well(), ran(Some(End::Code(3)), "")]).unwrap_err().contains("/bin/tuned: exit code 3")
        );
        assert!(check(&[well(), well()]).unwrap_err().contains("/bin/cat did not end"));
        let nodes = (0..4).map(|id| format!("[[machine.nodes]]\nid = {id}\ncpus = \"{id}\"\nmemory = 1\n"));
        let nodes = nodes.collect::<String>();
        let begin = good.find("[[machine.nodes]]").unwrap();
        let end = good.find("[overall]").unwrap();
        let four = format!("{}{nodes}{}", &good[..begin], &good[end..]);
        assert!(with(&four).unwrap_err().contains("names the nodes []"), "local names no node");
        let all = four.replace("\nplacement = \"local\"", "\nplacement = \"weighted:0=1,1=1,2=1,3=1\"");
        assert_eq!(with(&all).unwrap().machine.nodes.len(), 4);
    }
}
