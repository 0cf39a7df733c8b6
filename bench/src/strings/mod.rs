//! Maps whose keys are byte strings, measured as maps of numbers.
//!
//! A [`shape`] makes a string of each number and keeps their order. An adapter encodes the keys that go into
//! a map of byte strings, and decodes those that a scan gives out. So workloads, distributions, traces and
//! checks work on numbers alone. Every map pays the same for this: some ten nanoseconds a key. If a trace has
//! byte strings itself, a list of them takes the place of the shape.

pub mod names;

#[cfg(feature = "cell")]
pub mod byte_map;
#[cfg(feature = "cell")]
pub mod encoded;
#[cfg(feature = "peers")]
pub(crate) mod escape;
#[cfg(feature = "cell")]
pub(crate) mod ours;
#[cfg(all(feature = "peers", not(test)))]
pub(crate) mod peers;
#[cfg(feature = "cell")]
pub mod shape;

#[cfg(feature = "cell")]
pub use {byte_map::ByteMap, encoded::Spelling, encoded::Strings, shape::KeysLike};

#[cfg(feature = "cell")]
use crate::{
    keys::{Distribution, Shape},
    ops::{Kind, Stripe},
    protocol::CellSpec,
};

/// The shape of a name in [`names::KEYS_LIKE`], or `None` for numbers.
///
/// # Errors
/// There is no such name.
#[cfg(feature = "cell")]
pub fn shape_of(name: &str) -> Result<Option<KeysLike>, String> {
    if name == "u64" { Ok(None) } else { name.parse().map(Some) }
}

/// The distribution of a cell. If its keys are in random order, they are those that the shape has strings
/// for.
///
/// # Errors
/// The cell names something unknown, or things that do not go together.
#[cfg(feature = "cell")]
pub fn distribution(spec: &CellSpec) -> Result<Distribution, String> {
    names::check(spec)?;
    let dist: Distribution = spec.dist.parse()?;
    Ok(match shape_of(&spec.keys_like)? {
        Some(like) if dist.shape == Shape::Mixed => Distribution { shape: like.numbers(), ..dist },
        _ => dist,
    })
}

/// Bytes of a key that the stripes insert, the mean. `None` if they insert none.
#[cfg(feature = "cell")]
#[must_use]
pub fn mean_length(spelling: Option<&Spelling>, load: &[Stripe]) -> Option<f64> {
    let length = |number| spelling.map_or(size_of::<u64>(), |by| by.with(number, <[u8]>::len));
    let inserts = || load.iter().flat_map(|stripe| &stripe.ops).filter(|op| op.kind == Kind::Insert);
    let bytes: u64 = inserts().map(|op| length(op.key) as u64).sum();
    Some(bytes as f64 / inserts().count() as f64).filter(|mean| mean.is_finite())
}
