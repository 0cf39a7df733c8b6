//! Many pairs in one call: batches, building from sorted pairs, chunks of a range.

mod batches;
mod bulk;
mod chunks;
