//! Handlers among calls that wait, by many threads: the recorded history is linearizable.
//!
//! Property: the calls of handlers that answer are linearizable together with all other calls. A call that is busy has
//! done nothing, so it is no part of the history.

use bskip_core::{BSkipMap, Promotion};
use tests::arena::{AnyArena, ArenaKind};
use tests::history::Checked;
use tests::history::case::{Case, Keys, run_playing};

#[test]
fn handlers_and_threads() {
    let cases = [
        Case { threads: 2, steps: 6_000, keys: Keys::Few(12) },
        Case { threads: 4, steps: 6_000, keys: Keys::Few(150) },
        Case { threads: 8, steps: 6_000, keys: Keys::Few(500) },
        Case { threads: 4, steps: 6_000, keys: Keys::Ascending(60) },
    ];
    let mut sum = Checked::default();
    for arena in [ArenaKind::Global, ArenaKind::Bump] {
        for promotion in
            [Promotion::Overflow, Promotion::CoinAndOverflow { one_in: 4 }, Promotion::Coin { one_in: 64 }]
        {
            for (seed, case) in (1..).zip(cases) {
                sum += run_playing::<BSkipMap<u64, u64, AnyArena>>(
                    arena,
                    promotion,
                    case,
                    seed,
                    |player, rng, phase, key| {
                        player.play_on_handler(rng, phase, key);
                    },
                );
            }
        }
    }
    println!("histories, handlers: {sum}");
    assert!(sum.events > 100 * sum.histories, "hardly anything was checked");
}
