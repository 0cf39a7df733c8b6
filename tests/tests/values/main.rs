//! What becomes of values: each is dropped once, also if user code panics.

mod drops;
mod lifetimes;
mod panics;
