//! What makes the maps collections as Rust knows them: the traits of std and of other crates, and sets.

mod bytes;
#[cfg(feature = "ecosystem")]
mod ecosystem;
#[cfg(feature = "ecosystem")]
mod parallel;
#[cfg(feature = "ecosystem")]
mod serialized;
mod sets;
mod traits;
