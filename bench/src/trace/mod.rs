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
//! Keys are unsigned 64-bit numbers, decimal or hexadecimal with `0x`. Anything after the operands is an
//! error. `INSERT` and `UPDATE` both insert a new value, whether the key is there or not. `SCAN k n` visits
//! at most `n` pairs from `k` on.
//!
//! A line ends with LF, CR LF or CR. The last one may end with the file. A `#` begins a comment, which goes
//! to the end of its line. The byte order mark of UTF-8 is skipped at the beginning of a file. An error names
//! the line, and quotes it with invisible characters escaped. A file without an operation is an error.
//!
//! The threads take the lines in turns, so all threads stay close to each other in the file, as clients of
//! one system would. With one thread, every answer is known from a model of the map and compared exactly.
//! With more threads the lines race. A read may then find its key or not, but a value must belong to its key,
//! and scans must be ordered and inside their bounds. After the run, the map must hold every key that was
//! inserted and never removed, and no key that was never inserted.

#[cfg(feature = "cell")]
mod plan;
#[cfg(feature = "cell")]
pub use plan::{Plan, plan};

mod lines;
pub use lines::{Line, Verb, check_distinct, for_each, open, parse, read};
