//! Maps of byte strings, from the public calls down.

mod arenas;
mod blob_faults;
mod blob_model;
mod blob_threads;
mod bulk;
mod concurrent;
mod ends;
mod many;
mod model;
mod upkeep;
