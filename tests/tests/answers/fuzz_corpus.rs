//! Runs what the fuzzer runs, without the fuzzer: its committed inputs, and random bytes.
//!
//! Properties:
//! - the map runs the program of every committed input, and of random bytes, as `BTreeMap` does;
//! - the inputs together use every operation, every arena, every policy and all types;
//! - the same for the programs on byte strings.
//!
//! `FUZZ_CASES` sets how many random inputs (100, in the thorough form 400), `FUZZ_SEED` which.

use std::collections::BTreeSet;
use std::path::Path;
use tests::arena::ArenaKind;
use tests::bytes::Program;
use tests::rng::Rng;
use tests::strings::StringProgram;

/// What a decoder makes of bytes.
trait Decoded: Sized {
    /// The folder of its committed inputs.
    const FOLDER: &str;
    /// Types of keys and values, and operations that the decoder knows.
    const KINDS: (usize, usize);
    fn of(bytes: &[u8]) -> Option<Self>;
    fn run(&self);
    /// The types, the arena, the policy, and the operations.
    fn parts(&self) -> ([String; 3], Vec<String>);
}

impl Decoded for Program {
    const FOLDER: &str = "operations";
    const KINDS: (usize, usize) = (4, 17);
    fn of(bytes: &[u8]) -> Option<Self> {
        Self::of(bytes)
    }
    fn run(&self) {
        self.run();
    }
    fn parts(&self) -> ([String; 3], Vec<String>) {
        let map = [format!("{:?}", self.types), format!("{:?}", self.arena), format!("{:?}", self.promotion)];
        (map, self.ops.iter().map(|op| format!("{op:?}")).collect())
    }
}

impl Decoded for StringProgram {
    const FOLDER: &str = "strings";
    const KINDS: (usize, usize) = (2, 16);
    fn of(bytes: &[u8]) -> Option<Self> {
        Self::of(bytes)
    }
    fn run(&self) {
        self.run();
    }
    fn parts(&self) -> ([String; 3], Vec<String>) {
        let map =
            [format!("{:?}", self.owning), format!("{:?}", self.arena), format!("{:?}", self.promotion)];
        (map, self.ops.iter().map(|op| format!("{op:?}")).collect())
    }
}

/// What programs are made of.
#[derive(Default)]
struct Seen {
    maps: [BTreeSet<String>; 3],
    operations: BTreeSet<String>,
    steps: usize,
}

impl Seen {
    fn note(&mut self, program: &impl Decoded) {
        let (map, operations) = program.parts();
        self.maps.iter_mut().zip(map).for_each(|(seen, part)| _ = seen.insert(part));
        self.steps += operations.len();
        let names = operations.into_iter().map(|name| name.split('(').next().unwrap_or_default().to_owned());
        self.operations.extend(names);
    }

    fn expect_everything<P: Decoded>(&self, what: &str) {
        println!("{what}: {} steps of {:?}", self.steps, self.operations);
        assert_eq!(self.operations.len(), P::KINDS.1, "{what}: {:?}", self.operations);
        assert_eq!(
            [P::KINDS.0, ArenaKind::ALL.len(), 5],
            self.maps.each_ref().map(BTreeSet::len),
            "{what}: {:?}",
            self.maps
        );
    }
}

fn run_committed<P: Decoded>() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(P::FOLDER);
    let mut seen = Seen::default();
    let mut files = 0;
    for file in std::fs::read_dir(&folder).expect("the folder of inputs") {
        let file = file.expect("a file of it").path();
        let bytes = std::fs::read(&file).expect("readable");
        println!("{}", file.display());
        if let Some(program) = P::of(&bytes) {
            seen.note(&program);
            program.run();
            files += 1;
        }
    }
    assert!(files >= 10, "only {files} inputs in {}", folder.display());
    seen.expect_everything::<P>("committed inputs");
}

fn run_random<P: Decoded>() {
    let number = |name, otherwise| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (cases, first): (u64, u64) =
        (number("FUZZ_CASES", if cfg!(thorough) { 400 } else { 100 }), number("FUZZ_SEED", 0));
    let mut seen = Seen::default();
    for seed in first..first + cases {
        let mut rng = Rng::new(seed);
        let length = rng.below(900);
        let bytes: Vec<u8> = (0..length).map(|_| rng.draw() as u8).collect();
        if let Some(program) = P::of(&bytes) {
            println!("FUZZ_SEED={seed} FUZZ_CASES=1");
            seen.note(&program);
            program.run();
        }
    }
    if cases >= 100 {
        seen.expect_everything::<P>("random bytes");
    }
}

#[test]
fn committed_inputs() {
    run_committed::<Program>();
}

#[test]
fn random_bytes() {
    run_random::<Program>();
}

#[test]
fn committed_inputs_of_strings() {
    run_committed::<StringProgram>();
}

#[test]
fn random_bytes_of_strings() {
    run_random::<StringProgram>();
}
