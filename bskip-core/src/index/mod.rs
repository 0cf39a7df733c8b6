//! The engine: levels of linked nodes, each level a sparser copy of the one below.
//!
//! ```text
//! level 2   [-∞ ──────────────────────────── 60]─┐
//! level 1   [-∞ ────── 20 ── 40]──►[60 ──── 80]──┴►
//! leaves    [3 7 9]──►[20 31]──►[40 55]──►[60]──►[80 99]──►
//! ```
//! Everything that leads to a node is a hint: entries, `next`, the root. The rule of authority says when a
//! reader may trust the node ([`docs/PROTOCOL.md`](protocol#4-the-rule-of-authority), section 4). A search
//! that finds itself too far left steps right. One that finds anything else starts again.
//!
//! A linked node's level never changes. Its range shrinks from the right (by a split) or grows to the right
//! (by absorbing its next node). The boundary between two leaves also moves, together with the right one's
//! entry (by redistribution, or by shrinking). Section 3 of the PROTOCOL lists which operation locks what.
//!
//! The engine works on any kind of keys ([`KeyKind`](crate::key::KeyKind)). An operation has its key as a
//! `Ref`. A key or fence that outlives the node's state it was read in is an `Owned`. What a node can hold, and
//! where it splits, the engine asks the node (`node::Room`). Only batches and chunks are for keys of fixed width
//! alone: they work on lines of slots. `read::lend` hands out leaves of byte strings.
//!
//! The layers, from the bottom up. A file uses files of its own layer and of those above it in this list,
//! never in a circle:
//!
//! | layer | what it does |
//! | --- | --- |
//! | `root`, `tree` | where searches start; levels, blocks and nodes, and the states of a block; `wait`: waiting, in one place |
//! | `first_leaf` | makes the first leaf: with the map, or later |
//! | `route` | suggests where a search starts: tables, replicas. It may be wrong |
//! | `engine` | `Index`: the tree, the router and the promotion policy of one map |
//! | `search` | verifies: places among the keys, the rule of authority, descending, locking what was found |
//! | `read`, `write` | operations on pairs. `write::commit` is the one place through which structural changes go |
//! | `beside`, `ends`, `neighbour`, `steps` | the pair beside a place; the first and last pair; that of a key; cursors |
//! | `visit` | all pairs of a range, each under its leaf's lock |
//! | `bulk`, `maintain` | building from sorted pairs, taking pairs out; upkeep on demand |
//! | `handler` | calls that neither wait nor allocate |
//! | `check` | walks it all, for tests |

mod beside;
mod bulk;
#[cfg(all(test, feature = "check", not(any(loom, shuttle))))]
mod byte_tests;
#[cfg(feature = "check")]
mod check;
mod ends;
mod engine;
mod first_leaf;
#[cfg(all(test, feature = "check"))]
mod fixtures;
mod handler;
mod maintain;
mod neighbour;
#[cfg(any(doc, test))]
mod protocol;
mod read;
mod root;
mod route;
mod search;
mod steps;
mod tree;
mod visit;
mod wait;
mod write;

pub(crate) use beside::{PASSED, Target};
pub(crate) use bulk::load::{LoadError, Parts};
pub(crate) use bulk::run::{SortedRun, Stop};
pub(crate) use bulk::take::Taking;
#[cfg(feature = "check")]
pub use check::Structure;
pub(crate) use ends::End;
pub(crate) use engine::Index;
pub(crate) use handler::{Reserve, STEPS as HANDLER_STEPS, TRIES as HANDLER_TRIES};
pub(crate) use maintain::migrate::Migrating;
pub(crate) use maintain::shrink::Shrinking;
pub(crate) use read::cursor::{Cloned, Copied, LeafCursor, Next, Read, Skipped};
pub(crate) use read::follow::Followed;
pub(crate) use read::readahead::Trail;
pub(crate) use steps::Steps;
pub(crate) use visit::Extract;
pub(crate) use write::compute::Step;
pub(crate) use write::existing::Existing;
pub(crate) use write::pair::{Pair, PairOf};
