//! Maps of byte strings, from the public calls down.

mod bulk;
mod concurrent;
mod model;
