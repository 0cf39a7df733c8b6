//! Where a plan comes from: flags, presets and files.

use std::fs;

use crate::common::{bench_numa, fresh_path, run};

#[test]
fn a_preset_has_its_own_axes_and_the_paper_its_figures() {
    let flags =
        "--preset paper --maps bskip,crossbeam-skiplist --workloads load,c --threads 1 --keys 5 --repeat 1";
    let printed = run(&mut bench_numa("ok", flags));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    for line in [
        "Beside the paper: the figures in brackets come from another machine",
        "load, uniform: bskip 4.00 Mops/s here, 1 thread [31.7]",
        "c, zipfian: bskip 4.00 Mops/s here, 1 thread [61.3]",
        "bskip has 2.00 to 2.00 times the throughput of crossbeam-skiplist here [abstract, 128 threads: 2 to 9 times",
    ] {
        assert!(printed.out.contains(line), "{line} in {}", printed.out);
    }
    let help = run(std::process::Command::new(env!("CARGO_BIN_EXE_xtask")).args(["bench-numa", "--help"]));
    for name in ["quick", "paper", "placement", "scaling", "hugepages", "contention", "tiered", "strings"] {
        assert!(help.out.contains(&format!("{name}: ")), "{name}");
    }
}

#[test]
fn a_plan_file_runs_and_flags_win() {
    let file = fresh_path("plan");
    fs::write(&file, "maps = [\"bskip\", \"congee\"]\nworkloads = [\"c\"]\nrepeat = 1\nkeys = \"5k\"\n")
        .unwrap();
    let flags = format!("--format csv --plan {} --maps bskip --ops 7", file.display());
    let printed = run(&mut bench_numa("ok", &flags));
    assert_eq!((printed.code, printed.out.lines().count()), (Some(0), 2), "{}{}", printed.out, printed.err);
    assert!(printed.out.contains(",bskip,c,"), "{}", printed.out);
    fs::write(&file, "maps = [\"bskip\"]\nkey = 5\n").unwrap();
    for (line, hint) in [
        (
            format!("--plan {}", file.display()),
            format!("--plan {}:2: no key \"key\"; there are", file.display()),
        ),
        ("--plan nowhere.toml".into(), "--plan nowhere.toml: No such file".into()),
    ] {
        let printed = run(&mut bench_numa("ok", &line));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(2), 1), "{}", printed.err);
        assert!(printed.err.contains(&hint), "{}", printed.err);
    }
}

#[test]
fn a_machine_that_is_not_here_gets_a_plan_with_its_cpus_and_nodes() {
    let flags = "--maps bskip-numa --workloads c --threads 2 --pin scatter --placement nearest,node:7";
    let printed = run(bench_numa("topology", flags).args(["--topology", "package:2 [numa] core:2 pu:1"]));
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    for line in [
        "described machine, 4 CPUs, 2 NUMA nodes (0, 1), 2.00 GiB memory",
        "c, uniform, 2 threads, pin scatter: bskip-numa nearest thp",
        "skipped: placement node:7 (1 cell of bskip-numa): node 7 is missing",
        "note: two islands",
        "pin scatter, 2 threads: CPUs 0,2; 1 on node 0, 1 on node 1; each worker's CPUs: 0 | 2",
        "placement nearest: on threads of node 0: 1; threads of node 1: 0",
    ] {
        assert!(printed.out.contains(line), "{line} in {}", printed.out);
    }
    for (description, code, hint) in [
        ("nonsense", 2, "--topology: synthetic description of a machine: no; write it like this"),
        ("pu:2 nonsense", 2, "write it like this"),
    ] {
        let printed =
            run(bench_numa("topology", "--maps bskip --workloads c").args(["--topology", description]));
        assert_eq!((printed.code, printed.err.lines().count()), (Some(code), 1), "{}", printed.err);
        assert!(printed.err.contains(hint), "{}", printed.err);
    }
}
