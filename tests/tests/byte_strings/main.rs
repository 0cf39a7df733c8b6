//! Maps of byte strings, from the public calls down.

mod concurrent;
mod model;
