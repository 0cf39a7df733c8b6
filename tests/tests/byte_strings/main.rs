//! Maps of byte strings, from the public calls down.

mod arenas;
mod blob_bulk;
mod blob_chunks;
mod blob_faults;
mod blob_model;
mod blob_threads;
mod blob_upkeep;
mod bulk;
mod concurrent;
mod ends;
mod many;
mod model;
mod ranges;
mod upkeep;
