//! What makes the maps collections as Rust knows them: the traits of std, and sets.

mod sets;
mod traits;
