//! What the integration tests and the soak share: keys, arenas, counted values, threads, models.
//!
//! The tests themselves are in `tests/`, one subject a file, each with its properties at the top.

pub mod allocations;
pub mod arena;
pub mod blobs;
pub mod bytes;
pub mod config;
pub mod counted;
pub mod ends;
pub mod history;
pub mod keys;
pub mod model;
pub mod numbered;
pub mod numbered_blobs;
mod on_pair;
pub mod owner;
pub mod rationed;
pub mod read;
pub mod rng;
#[cfg(feature = "sequences")]
pub mod sequences;
pub mod shapes;
pub mod shared;
pub mod spelled;
pub mod strings;
pub mod tally;
pub mod threads;
pub mod values;

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The guide's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../bskip-core/docs/GUIDE.md")]
pub struct Guide;

/// The embedder's guide's examples, as tests. `tests/builds` builds the crate in it.
#[cfg(doctest)]
#[doc = include_str!("../../bskip-core/docs/EMBEDDING.md")]
pub struct Embedding;
