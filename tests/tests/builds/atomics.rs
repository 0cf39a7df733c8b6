//! If the target has no atomic compare-and-swap, the only error is the sentence that says so.

use std::path::Path;
use std::process::Command;

#[test]
fn one_sentence_says_what_is_missing() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bskip-core/src/lib.rs");
    for feature in ["std", "none"] {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"]);
        rustc.arg(env!("CARGO_TARGET_TMPDIR")).arg("--cfg").arg(format!("feature=\"{feature}\""));
        let output = rustc.args(["--cfg", "bskip_without_atomics"]).arg(&source).output();
        let output = output.unwrap_or_else(|error| panic!("{rustc:?}: {error}"));
        assert!(!output.status.success(), "it built");
        let said = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
        let [sentence, aborting] = errors[..] else { panic!("{said}") };
        let missing = "atomic compare-and-swap of 32 bits and of pointers, which this target lacks";
        assert_eq!(sentence, format!("error: bskip-core needs {missing}"));
        assert_eq!(aborting, "error: aborting due to 1 previous error");
        assert!(!said.contains("warning"), "{said}");
    }
}
