//! A wrong implementation of `Key` or `BytesKey` can give wrong answers, and nothing worse.
//!
//! Properties:
//! - sorted input, bounds and everything else go by words. So if the order of keys differs from that of their
//!   words, the map has the order of the words;
//! - whatever conversions return, and whatever `Ord` says, every operation ends, the map itself does not
//!   panic, and all invariants hold;
//! - if a conversion panics, in any operation and at any call, the map stays whole, its other users go on,
//!   and every value is dropped once;
//! - a conversion may use the map, a user's key type may be half of a pair, and a key that could not be
//!   inserted comes back as it was.

#[cfg_attr(not(thorough), allow(dead_code, reason = "only the thorough form has a test for each key"))]
mod keys;
mod lies;
mod order;
#[cfg(thorough)]
mod panics;
mod strings;
#[cfg(thorough)]
mod uses;
