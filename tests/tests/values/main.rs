//! What becomes of values: each is dropped once, also if user code panics.

mod computed;
mod drops;
mod lifetimes;
mod panics;
mod taken;

use bskip_core::Promotion;
use tests::arena::ArenaKind;
use tests::config::CRUEL_PROMOTIONS;

/// Every arena with every promotion policy.
fn kinds() -> impl Iterator<Item = (ArenaKind, Promotion)> {
    ArenaKind::chosen().iter().flat_map(|&arena| CRUEL_PROMOTIONS.map(|promotion| (arena, promotion)))
}
