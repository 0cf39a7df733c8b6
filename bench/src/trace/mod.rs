//! A user's own workload: text with one operation a line, in the format of the paper's drivers.
//!
//! ```text
//! # comments and blank lines are skipped
//! INSERT 18446744073709551615
//! READ 0x2a
//! UPDATE 42
//! REMOVE 42
//! SCAN 7 100
//! ```
//!
//! `INSERT` and `UPDATE` both insert a new value, whether the key is there or not. `SCAN k n` visits at most
//! `n` pairs from `k` on. Anything after the operands is an error. How keys are spelled is a setting,
//! [`TraceKeys`](crate::protocol::TraceKeys):
//!
//! * `numbers`: unsigned 64-bit numbers, decimal or hexadecimal with `0x`. A `#` begins a comment, which goes
//!   to the end of its line.
//! * `strings`: byte strings. A key is a word, as in `INSERT user6284`. Or it is in quotes, as in
//!   `INSERT "a key # with blanks"`, with the escapes `\\`, `\"`, `\n`, `\r`, `\t` and `\xff`. A `#` begins a
//!   comment at the beginning of a word. Text is UTF-8; other bytes need `\x`.
//! * `ycsb`: what YCSB's binding `basic` prints, as in `INSERT usertable user6284 [ field0=… ]`. The word
//!   after the operation is the table, and the next one is the key, a byte string. What follows a `[` is
//!   skipped, and so are lines that begin with no operation. A removal is called `DELETE`.
//!
//! A line ends with LF, CR LF or CR. The last one may end with the file. The byte order mark of UTF-8 is
//! skipped at the beginning of a file. An error names the line, and quotes it with invisible characters
//! escaped. A file without an operation is an error.
//!
//! A file may be compressed by gzip or zstd, in one piece or in several. Its first bytes say so, not its name.
//!
//! Maps get the keys of a trace of byte strings from a list of all of them. This costs every map the same
//! one or two lines of memory an operation.
//!
//! The threads take the lines in turns, so all threads stay close to each other in the file, as clients of
//! one system would. With one thread, every answer is known from a model of the map and compared exactly.
//! With more threads the lines race. A read may then find its key or not, but a value must belong to its key,
//! and scans must be ordered and inside their bounds. After the run, the map must hold every key that was
//! inserted and never removed, and no key that was never inserted.

#[cfg(feature = "cell")]
mod list;
#[cfg(feature = "cell")]
mod plan;
#[cfg(feature = "cell")]
pub use {
    list::{KeyList, Listed, read_strings},
    plan::{Plan, plan},
};

mod compressed;
mod lines;
mod words;
pub use lines::{check_distinct, for_each, open, read};
pub use words::{Key, Line, Verb};
