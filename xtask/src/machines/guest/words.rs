//! The lines that process 1 of a guest prints on the console: [`MARK`], then JSON.
//!
//! `guest-init` has this file as a module too.

use serde::{Deserialize, Serialize};

/// What begins a line of process 1.
pub(crate) const MARK: &str = "guest: ";

/// A line of process 1.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It runs. The number is the seconds since the kernel's start.
    Up(f64),
    /// A node that the kernel sees, in the order of their numbers.
    Node(SeenNode),
    /// A command of the script begins.
    Run(String),
    /// It has ended.
    End(End),
    /// How many processes the kernel killed because memory ran out, if it tells.
    OomKills(Option<u64>),
    /// Every command of the script has run.
    Done,
    /// Something else went wrong.
    Wrong(String),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    /// With this exit code.
    Code(i32),
    /// Killed by this signal: 7 is SIGBUS; 9 usually means that the kernel ran out of memory.
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
    /// Memory that the kernel can give away.
    pub(crate) kib: usize,
    /// The distance from this node to each node.
    pub(crate) distances: Vec<usize>,
}
