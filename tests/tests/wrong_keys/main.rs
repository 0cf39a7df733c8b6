//! What a `Key` that is wrong can do: give wrong answers, and no more.
//!
//! Properties:
//! - sorted input, bounds and everything else go by words, so keys whose words are in another order than they are make a map in that
//!   order;
//! - whatever conversions give, and whatever `Ord` says, every operation ends, without a panic of the map's own, and all invariants
//!   hold;
//! - a conversion that panics, in whatever operation and at whatever call, leaves a whole map, whose other users go on, and every value is
//!   dropped once;
//! - a conversion may use the map, a key of one's own may be half of a pair, and a key that could not be inserted comes back as it was.

mod keys;
mod lies;
mod order;
mod panics;
mod uses;
