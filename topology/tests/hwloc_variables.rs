//! hwloc's own environment variables, in processes that have them set: the note names the variable that is to
//! blame.
#![cfg(all(feature = "hwloc", target_os = "linux"))]

use bskip_topology::Machine;
use std::process::Command;

/// Set in the process that discovers the machine.
const CHILD: &str = "BSKIP_TOPOLOGY_TEST_CHILD";

#[test]
fn the_child_prints_its_notes() {
    if std::env::var_os(CHILD).is_some() {
        Machine::discover().notes().iter().for_each(|note| println!("note: {note}"));
    }
}

/// The notes of a process in which these variables are set.
fn notes(set: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_child_prints_its_notes", "--nocapture"]);
    for name in ["COMPONENTS", "THISSYSTEM", "FSROOT", "CPUID_PATH", "SYNTHETIC", "XMLFILE"] {
        command.env_remove(format!("HWLOC_{name}"));
    }
    let output = command.env(CHILD, "1").envs(set.iter().copied()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_note_names_only_the_variable_to_blame() {
    let (synthetic, xml) = (("HWLOC_SYNTHETIC", "pu:4"), ("HWLOC_XMLFILE", "/nonexistent"));
    for (set, hint) in [
        (&[synthetic][..], r#"HWLOC_SYNTHETIC="pu:4" makes"#),
        (&[synthetic, xml], r#"HWLOC_SYNTHETIC="pu:4" makes"#),
        (&[("HWLOC_THISSYSTEM", "0"), xml], r#"HWLOC_THISSYSTEM="0" makes"#),
        (&[("HWLOC_FSROOT", env!("CARGO_MANIFEST_DIR")), synthetic], "HWLOC_FSROOT="),
        (
            &[("HWLOC_COMPONENTS", "synthetic"), synthetic],
            r#"HWLOC_COMPONENTS="synthetic" and HWLOC_SYNTHETIC"#,
        ),
        (&[("HWLOC_COMPONENTS", "stop")], r#"HWLOC_COMPONENTS="stop" is set: unset it"#),
        // This describes another machine, but hwloc was told to say that it is this one.
        (&[synthetic, ("HWLOC_THISSYSTEM", "1")], "because of"),
        (&[("HWLOC_COMPONENTS", "-linux")], r#"because of HWLOC_COMPONENTS="-linux""#),
    ] {
        let notes = notes(set);
        assert!(notes.contains(hint), "{set:?}: {notes}");
    }
    assert!(!notes(&[]).contains("HWLOC_"));
}
