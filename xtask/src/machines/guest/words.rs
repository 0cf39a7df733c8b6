//! What process 1 of a guest says on the console: after [`MARK`], a line of JSON for each.
//!
//! `guest-init` has this file as a module too.

use serde::{Deserialize, Serialize};

/// What begins a line of process 1.
pub(crate) const MARK: &str = "guest: ";

/// A line of process 1.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It runs, since so many seconds after the kernel's start.
    Up(f64),
    /// The kernel sees this node; they come in their order.
    Node(SeenNode),
    /// A command of the script begins.
    Run(String),
    /// It has ended.
    End(End),
    /// So many processes were killed because memory ran out, if the kernel tells.
    OomKills(Option<u64>),
    /// The script was carried out to its end.
    Done,
    /// Something else went wrong.
    Wrong(String),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    /// With this exit code.
    Code(i32),
    /// Killed by this signal: 7 is SIGBUS, 9 as a rule the kernel that is out of memory.
    Signal(i32),
    /// It could not be started.
    NotRun(String),
}

impl End {
    pub(crate) fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }
}

/// A NUMA node as the guest's kernel sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeenNode {
    /// In the kernel's list format; empty for none.
    pub(crate) cpus: String,
    /// Memory that the kernel has to give away.
    pub(crate) kib: usize,
    /// From this node to each.
    pub(crate) distances: Vec<usize>,
}
