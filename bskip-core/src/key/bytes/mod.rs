//! Keys that a map holds as byte strings, in the order of the bytes. [`BytesKey`] says which bytes.

mod buffer;
mod compound;
mod encoding;
mod plain;
mod scalar;
mod zero;

pub use buffer::KeyBuffer;
pub use encoding::{BytesKey, KeyReader, KeyWriter};

#[cfg(test)]
mod tests;
