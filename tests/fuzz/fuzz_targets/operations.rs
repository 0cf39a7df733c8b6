//! Sequences of all operations, compared with `BTreeMap`. The invariants are checked in between.
//!
//! With `cargo install cargo-fuzz --locked`, in the folder `tests`:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 cargo fuzz run operations -- -max_total_time=60 -max_len=2000 -only_ascii=1
//! ```
//!
//! The fuzzer keeps interesting inputs in `corpus/operations`. `tests/answers/fuzz_corpus.rs` replays the inputs that
//! are committed there. They are plain ASCII, because all files of this repository are text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tests::bytes::Program;

fuzz_target!(|program: Program| program.run());
