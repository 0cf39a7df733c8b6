//! What becomes of values: each is dropped once, also if user code panics.

mod computed;
mod drops;
mod lifetimes;
mod panics;
mod taken;
