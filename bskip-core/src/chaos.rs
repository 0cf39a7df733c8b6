//! Feature `chaos`, for tests: makes threads yield in the windows that the protocol leaves open.
//!
//! A window is a place where another thread may overtake this one: this thread has a version but has not
//! validated it yet, or it has made one half of a change in two steps. Windows are a few instructions wide,
//! so ordinary runs rarely meet in one. With the feature, one visit in 512 yields the time slice, and one in
//! 64 lingers. More would be too slow: an operation visits a dozen windows, and on a busy machine a yield
//! costs whole slices.

/// A place where another thread may overtake this one. Does nothing without the feature. Does nothing under
/// model checkers either, because they switch threads themselves.
#[cfg(any(not(feature = "chaos"), loom, shuttle))]
#[inline(always)]
pub(crate) fn window() {}

/// See above.
#[cfg(all(feature = "chaos", not(any(loom, shuttle))))]
#[inline]
pub(crate) fn window() {
    use std::hash::{BuildHasher, RandomState};

    std::thread_local! {
        static STATE: core::cell::Cell<u64> = core::cell::Cell::new(RandomState::new().hash_one(0));
    }
    // A thread that is ending has no state left. It goes on without yielding.
    let draw = STATE.try_with(|state| {
        state.set(state.get().wrapping_add(1));
        crate::mix::mix(state.get())
    });
    match draw.map(act) {
        Ok(Act::Yield) => std::thread::yield_now(),
        Ok(Act::Linger(rounds)) => (0..rounds).for_each(|_| core::hint::spin_loop()),
        Ok(Act::Pass) | Err(_) => {}
    }
}

/// What a thread does in a window.
#[cfg(all(feature = "chaos", not(any(loom, shuttle))))]
#[derive(PartialEq, Debug)]
enum Act {
    Pass,
    Yield,
    /// For this many pauses.
    Linger(u64),
}

#[cfg(all(feature = "chaos", not(any(loom, shuttle))))]
fn act(draw: u64) -> Act {
    match draw % 512 {
        0 => Act::Yield,
        1..=8 => Act::Linger(draw >> 32 & 255),
        _ => Act::Pass,
    }
}

#[cfg(all(test, feature = "chaos", not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_disorder_come_now_and_then() {
        let acts: std::vec::Vec<Act> = (0..512_000).map(|i| act(crate::mix::mix(i))).collect();
        let yields = acts.iter().filter(|&act| *act == Act::Yield).count();
        let lingers = acts.iter().filter(|&act| matches!(act, Act::Linger(_))).count();
        assert!((900..1100).contains(&yields), "{yields}");
        assert!((7500..8500).contains(&lingers), "{lingers}");
    }
}
