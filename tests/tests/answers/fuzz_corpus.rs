//! Runs what the fuzzer runs, without the fuzzer: its committed inputs, and random bytes.
//!
//! Properties:
//! - the map runs the program of every committed input, and of random bytes, as `BTreeMap` does;
//! - the inputs together use every operation, every arena, every policy and all types.
//!
//! `FUZZ_CASES` sets how many random inputs (100, in the thorough form 400), `FUZZ_SEED` which.

use std::collections::BTreeSet;
use std::path::Path;
use tests::arena::ArenaKind;
use tests::bytes::Program;
use tests::rng::Rng;

/// Operations that the decoder knows.
const OPERATIONS: usize = 15;

/// What programs are made of.
#[derive(Default)]
struct Seen {
    maps: [BTreeSet<String>; 3],
    operations: BTreeSet<String>,
    steps: usize,
}

impl Seen {
    fn note(&mut self, program: &Program) {
        self.maps[0].insert(format!("{:?}", program.types));
        self.maps[1].insert(format!("{:?}", program.arena));
        self.maps[2].insert(format!("{:?}", program.promotion));
        let names = program.ops.iter().map(|op| format!("{op:?}"));
        self.operations.extend(names.map(|name| name.split('(').next().unwrap_or_default().to_owned()));
        self.steps += program.ops.len();
    }

    fn expect_everything(&self, what: &str) {
        println!("{what}: {} steps of {:?}", self.steps, self.operations);
        assert_eq!(self.operations.len(), OPERATIONS, "{what}: {:?}", self.operations);
        assert_eq!(
            [4, ArenaKind::ALL.len(), 5],
            self.maps.each_ref().map(BTreeSet::len),
            "{what}: {:?}",
            self.maps
        );
    }
}

#[test]
fn committed_inputs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/operations");
    let mut seen = Seen::default();
    let mut files = 0;
    for file in std::fs::read_dir(&folder).expect("the folder of inputs") {
        let file = file.expect("a file of it").path();
        let bytes = std::fs::read(&file).expect("readable");
        println!("{}", file.display());
        if let Some(program) = Program::of(&bytes) {
            seen.note(&program);
            program.run();
            files += 1;
        }
    }
    assert!(files >= 10, "only {files} inputs in {}", folder.display());
    seen.expect_everything("committed inputs");
}

#[test]
fn random_bytes() {
    let number = |name, otherwise| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (cases, first): (u64, u64) =
        (number("FUZZ_CASES", if cfg!(thorough) { 400 } else { 100 }), number("FUZZ_SEED", 0));
    let mut seen = Seen::default();
    for seed in first..first + cases {
        let mut rng = Rng::new(seed);
        let length = rng.below(900);
        let bytes: Vec<u8> = (0..length).map(|_| rng.draw() as u8).collect();
        if let Some(program) = Program::of(&bytes) {
            println!("FUZZ_SEED={seed} FUZZ_CASES=1");
            seen.note(&program);
            program.run();
        }
    }
    if cases >= 100 {
        seen.expect_everything("random bytes");
    }
}
