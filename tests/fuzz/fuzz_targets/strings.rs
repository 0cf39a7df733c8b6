//! Sequences of all operations on a map of byte strings, compared with `BTreeMap`. `operations.rs` says how to
//! run it, with `strings` for `operations`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tests::strings::StringProgram;

fuzz_target!(|program: StringProgram| program.run());
