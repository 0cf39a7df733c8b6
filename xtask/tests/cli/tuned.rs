//! The answer of a sweep, and whether it holds.

use std::fs;
use std::path::Path;

use crate::common::{Printed, bench_numa, bench_numa_with_ceilings, fresh_path, run};

/// A sweep into a new folder with the fake cell `pages`.
fn sweep(flags: &str) -> (std::path::PathBuf, Printed) {
    let out = fresh_path("tuned");
    let printed = run(&mut bench_numa("pages", &format!("{flags} --keys 1k --out {}", out.display())));
    (out, printed)
}

/// `bench-numa verify` of a file; the fake cell is turned round if that is wanted.
fn verify(file: &Path, flags: &str, turned: bool) -> Printed {
    // `verify` measures no ceilings, so it has no flag against them.
    let mut command = bench_numa_with_ceilings("pages", &format!("verify {} {flags}", file.display()));
    run(command.env("FAKE_CELL_TURNED", if turned { "1" } else { "" }))
}

const PAGES: &str = "--maps bskip-numa --placement local --pages 4k,thp --workloads load,c --repeat 3";

#[test]
fn a_sweep_writes_its_answer_and_verify_says_whether_it_holds() {
    let (out, printed) = sweep(PAGES);
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    assert!(printed.out.contains("times the next: c 2.00 (2.00..2.00)"), "{}", printed.out);
    let file = out.join("tuned.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("pages = \"transparent\"") && text.contains("That is 2.00 times the throughput"),
        "{text}"
    );

    let holds = verify(&file, "", false);
    assert_eq!(holds.code, Some(0), "{}", holds.err);
    assert!(
        holds.out.contains("c         2.00 (2.00..2.00)  2.00 (2.00..2.00)  holds: faster than small pages"),
        "{}",
        holds.out
    );

    let turned = verify(&file, "--workloads c --repeat 2", true);
    assert_eq!(turned.code, Some(1), "{}", turned.err);
    assert!(turned.out.contains("does not hold: faster now with small pages"), "{}", turned.out);
    assert!(
        turned.err.contains("does not hold for c")
            && turned.err.lines().last().unwrap().contains("--out DIR")
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "the file stays as it is");
}

#[test]
fn what_is_no_file_of_this_machine_is_refused_in_one_line() {
    let (out, _) = sweep(PAGES);
    let text = fs::read_to_string(out.join("tuned.toml")).unwrap();
    let file = fresh_path("tuned.toml");
    for (text, flags, code, hint) in [
        (
            text.replace(
                "[[machine.nodes]]\n",
                "[[machine.nodes]]\nid = 0\ncpus = \"\"\nmemory = 1\n[[machine.nodes]]\n",
            )
            .replacen("\nid = 0\ncpus = \"0", "\nid = 7\ncpus = \"0", 1),
            "",
            3,
            "this machine has",
        ),
        (text.replace("cpu = \"", "cpu = \"Another "), "", 3, "made on `Another "),
        (text.replace("pages", "sides"), "", 2, "unknown field `sides`"),
        (String::new(), "", 2, "no `schema = 1`"),
        (text.clone(), "--workloads e", 2, "has no workload e; it has c, load"),
        (text.clone(), "--workloads z", 2, "no workload \"z\""),
        (text.clone(), "--repeat 1", 2, "--repeat"),
        (text.clone(), "--quick", 2, "--help"),
    ] {
        fs::write(&file, &text).unwrap();
        let printed = verify(&file, flags, false);
        assert_eq!((printed.code, printed.err.lines().count()), (Some(code), 1), "{flags}: {}", printed.err);
        assert!(printed.err.contains(hint), "{hint}: {}", printed.err);
        assert_eq!(printed.out, "");
    }
}

#[test]
fn without_a_choice_the_answer_says_so_and_without_our_map_there_is_none() {
    let (out, printed) =
        sweep("--maps bskip,bskip-numa --placement local --pages thp --workloads c --repeat 2");
    assert!(printed.out.contains("nothing to choose between"), "{}", printed.out);
    let verified = verify(&out.join("tuned.toml"), "", false);
    assert!(verified.code == Some(0) && verified.out.contains("nothing can change"), "{}", verified.out);
    let (out, printed) = sweep("--maps bskip,masstree --workloads c --repeat 2");
    assert_eq!(printed.code, Some(0));
    assert!(!out.join("tuned.toml").exists() && !printed.out.contains("best settings"), "{}", printed.out);
}
