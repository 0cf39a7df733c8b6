//! Tests of the checker: histories written by hand, and random ones that an oracle judges too.

use super::brute;
use super::*;
use crate::rng::Rng;
use core::ops::Bound;

fn span(start: u64, end: u64) -> Span {
    Span { start, end }
}

/// A history of calls on keys, and calls on the map.
fn history(initial: &[(u64, u64)], events: &[(u64, u64, u64, Act)], calls: &[(u64, u64, Said)]) -> History {
    let mut history = History::new(initial.iter().copied().collect());
    history.add(Log {
        events: events
            .iter()
            .map(|(key, a, b, act)| Event { key: *key, span: span(*a, *b), act: *act })
            .collect(),
        calls: calls.iter().map(|(a, b, said)| Call { span: span(*a, *b), said: said.clone() }).collect(),
    });
    history
}

/// Calls on key 7, which is not there at first.
fn on_one_key(events: &[(u64, u64, Act)]) -> Result<Checked, Violation> {
    let events: Vec<_> = events.iter().map(|(a, b, act)| (7, *a, *b, *act)).collect();
    history(&[], &events, &[]).check()
}

fn insert(new: u64, old: Option<u64>) -> Act {
    Act::Insert { new, old }
}

fn update(new: u64, old: Option<u64>) -> Act {
    Act::Update { new, old }
}

fn expect_refused(history: Result<Checked, Violation>, why: &str) {
    let violation = history.expect_err("a bad history was accepted");
    assert!(violation.0.contains(why), "refused for another reason: {violation}");
}

#[test]
fn accepts_what_one_thread_does() {
    let acts = [
        Act::Read(None),
        Act::Has(false),
        update(1, None),
        Act::Remove(None),
        insert(2, None),
        insert(3, Some(2)),
        update(4, Some(3)),
        Act::GetOrInsert { new: 5, got: 4 },
        Act::Has(true),
        Act::Remove(Some(4)),
        Act::GetOrInsert { new: 6, got: 6 },
        Act::Read(Some(6)),
    ];
    let events: Vec<_> = (1..).zip(acts).map(|(i, act)| (2 * i, 2 * i + 1, act)).collect();
    assert_eq!(on_one_key(&events).unwrap().events, 12);
}

#[test]
fn accepts_a_call_that_overlaps_many_others() {
    // One insert runs all the time and is seen late. A thousand reads run before and after it takes effect.
    let mut events = vec![(1, 10_000, insert(1, None))];
    for i in 0..2000 {
        events.push((2 + 2 * i, 3 + 2 * i, Act::Read((i >= 1000).then_some(1))));
    }
    assert!(on_one_key(&events).is_ok());
}

#[test]
fn accepts_as_many_readers_at_once_as_there_is_room_for() {
    // All run together; half see the value and half do not. The search must not try every subset of the
    // readers.
    let mut events = vec![(1, 1000, insert(1, None))];
    events.extend((0..127).map(|i| (2 + i, 900 - i, Act::Read((i % 2 == 0).then_some(1)))));
    assert!(on_one_key(&events).unwrap().configurations < 10_000);
}

#[test]
fn refuses_a_stale_read() {
    expect_refused(on_one_key(&[(1, 2, insert(1, None)), (3, 4, Act::Read(None))]), "not linearizable");
    expect_refused(
        on_one_key(&[(1, 2, insert(1, None)), (3, 4, insert(2, Some(1))), (5, 6, Act::Read(Some(1)))]),
        "not linearizable",
    );
    expect_refused(on_one_key(&[(1, 2, insert(1, None)), (3, 4, Act::Has(false))]), "not linearizable");
}

#[test]
fn refuses_reads_that_go_back_in_time() {
    // New, then old: each alone is allowed while the insert runs.
    let running = (1, 10, insert(1, None));
    assert!(on_one_key(&[running, (2, 3, Act::Read(None)), (4, 5, Act::Read(Some(1)))]).is_ok());
    expect_refused(
        on_one_key(&[running, (2, 3, Act::Read(Some(1))), (4, 5, Act::Read(None))]),
        "not linearizable",
    );
}

#[test]
fn refuses_a_lost_update() {
    expect_refused(
        on_one_key(&[(1, 2, insert(1, None)), (3, 9, update(2, Some(1))), (4, 8, update(3, Some(1)))]),
        "not linearizable",
    );
    expect_refused(
        on_one_key(&[(1, 2, insert(1, None)), (3, 4, update(2, Some(1))), (5, 6, Act::Remove(Some(1)))]),
        "not linearizable",
    );
}

#[test]
fn refuses_a_lost_insert() {
    expect_refused(on_one_key(&[(1, 4, insert(1, None)), (2, 3, insert(2, None))]), "not linearizable");
    expect_refused(
        on_one_key(&[
            (1, 4, Act::GetOrInsert { new: 1, got: 1 }),
            (2, 3, Act::GetOrInsert { new: 2, got: 2 }),
        ]),
        "not linearizable",
    );
}

#[test]
fn refuses_a_double_remove() {
    expect_refused(
        on_one_key(&[(1, 2, insert(1, None)), (3, 6, Act::Remove(Some(1))), (4, 5, Act::Remove(Some(1)))]),
        "not linearizable",
    );
}

#[test]
fn refuses_a_value_that_was_never_written() {
    expect_refused(on_one_key(&[(1, 2, Act::Read(Some(9)))]), "not linearizable");
    // A value that is written only later, and a value of another key.
    expect_refused(on_one_key(&[(1, 2, Act::Read(Some(9))), (3, 4, insert(9, None))]), "not linearizable");
    let other = [(8, 1, 2, insert(1, None)), (7, 3, 4, Act::Read(Some(1)))];
    expect_refused(history(&[], &other, &[]).check(), "key 7");
}

#[test]
fn refuses_a_history_that_writes_a_value_twice() {
    let twice = [(1, 2, insert(1, None)), (3, 4, insert(1, Some(1)))];
    expect_refused(on_one_key(&twice), "written before");
}

#[test]
fn refuses_a_pop_that_skips_a_smaller_key() {
    let pop = |key: u64, value| {
        history(
            &[(3, 30), (5, 50)],
            &[(key, 1, 2, Act::Remove(Some(value)))],
            &[(1, 2, Said::Edge(Edge::First, Some((key, value))))],
        )
    };
    assert!(pop(3, 30).check().is_ok());
    expect_refused(pop(5, 50).check(), "at every moment");
    let last = history(
        &[(3, 30), (5, 50)],
        &[(3, 1, 2, Act::Remove(Some(30)))],
        &[(1, 2, Said::Edge(Edge::Last, Some((3, 30))))],
    );
    expect_refused(last.check(), "at every moment");
}

#[test]
fn a_pop_may_skip_a_key_that_comes_or_goes_meanwhile() {
    let pop = (5, 10, 20, Act::Remove(Some(50)));
    let said = [(10, 20, Said::Edge(Edge::First, Some((5, 50))))];
    // The key is not there yet at the start, or not there any more at the end.
    assert!(history(&[(5, 50)], &[pop, (3, 1, 11, insert(30, None))], &said).check().is_ok());
    assert!(history(&[(3, 30), (5, 50)], &[pop, (3, 19, 30, Act::Remove(Some(30)))], &said).check().is_ok());
    // Replaced: one and the same life.
    let replaced = [pop, (3, 12, 15, insert(31, Some(30)))];
    expect_refused(history(&[(3, 30), (5, 50)], &replaced, &said).check(), "at every moment");
    // Two smaller keys, each there for part of the time, together for all of it.
    let relay = [pop, (3, 16, 30, Act::Remove(Some(30))), (4, 8, 15, insert(40, None))];
    expect_refused(history(&[(3, 30), (5, 50)], &relay, &said).check(), "at every moment");
    // An insert that runs all the time may take effect late, unless a reader saw it earlier.
    let running = [pop, (3, 1, 30, insert(30, None)), (3, 21, 22, Act::Read(Some(30)))];
    assert!(history(&[(5, 50)], &running, &said).check().is_ok());
    let seen = [running[0], running[1], (3, 5, 9, Act::Read(Some(30)))];
    expect_refused(history(&[(5, 50)], &seen, &said).check(), "at every moment");
}

#[test]
fn refuses_a_pair_at_the_edge_that_had_gone_before() {
    // The key was there, but only after the smaller one was inserted.
    let events = [
        (5, 1, 2, Act::Remove(Some(50))),
        (5, 10, 11, insert(51, None)),
        (5, 10, 20, Act::Read(Some(51))),
        (3, 8, 9, insert(30, None)),
    ];
    let said = [(5, 20, Said::Edge(Edge::First, Some((5, 51))))];
    expect_refused(history(&[(5, 50)], &events, &said).check(), "at every moment");
}

#[test]
fn refuses_a_snapshot_of_two_moments() {
    let said = |pairs: &[(u64, u64)]| {
        let pairs = pairs.to_vec();
        [(10, 20, Said::Snapshot(Snapshot { lower: Bound::Unbounded, upper: Bound::Excluded(9), pairs }))]
    };
    // 3 goes before 5 comes. Both calls run during the snapshot.
    let events =
        [(3, 11, 12, Act::Remove(Some(30))), (5, 15, 16, insert(50, None)), (9, 1, 2, insert(90, None))];
    for right in [&[(3, 30)][..], &[], &[(5, 50)]] {
        assert!(history(&[(3, 30)], &events, &said(right)).check().is_ok());
    }
    expect_refused(history(&[(3, 30)], &events, &said(&[(3, 30), (5, 50)])).check(), "at no moment");
    // 3 is there until 5 comes, so one of them always is.
    let relay = [(3, 17, 18, Act::Remove(Some(30))), (5, 15, 16, insert(50, None))];
    assert!(history(&[(3, 30)], &relay, &said(&[(3, 30), (5, 50)])).check().is_ok());
    expect_refused(history(&[(3, 30)], &relay, &said(&[])).check(), "at no moment");
    // An old value of one key beside a new value of another.
    let replaced = [(3, 11, 12, insert(31, Some(30))), (5, 15, 16, insert(51, Some(50)))];
    assert!(history(&[(3, 30), (5, 50)], &replaced, &said(&[(3, 31), (5, 50)])).check().is_ok());
    expect_refused(
        history(&[(3, 30), (5, 50)], &replaced, &said(&[(3, 30), (5, 51)])).check(),
        "at no moment",
    );
    expect_refused(history(&[(3, 30)], &[], &said(&[(5, 50)])).check(), "never was");
    expect_refused(history(&[(9, 90)], &[], &said(&[(9, 90)])).check(), "out of bounds");
}

#[test]
fn refuses_none_and_empty_while_a_key_is_there() {
    for said in [Said::Edge(Edge::First, None), Said::Edge(Edge::Last, None), Said::IsEmpty(true)] {
        expect_refused(history(&[(3, 30)], &[], &[(1, 2, said.clone())]).check(), "at every moment");
        let gone = [(3, 1, 4, Act::Remove(Some(30)))];
        assert!(history(&[(3, 30)], &gone, &[(3, 6, said)]).check().is_ok());
    }
    expect_refused(history(&[], &[], &[(1, 2, Said::IsEmpty(false))]).check(), "no key");
    let later = [(3, 5, 6, insert(30, None))];
    expect_refused(history(&[], &later, &[(1, 2, Said::IsEmpty(false))]).check(), "no key");
    assert!(history(&[], &later, &[(1, 7, Said::IsEmpty(false))]).check().is_ok());
}

#[test]
fn bounds_the_length() {
    let said = |len| [(10, 20, Said::Len(len))];
    let keys = [(1, 10), (2, 20), (3, 30)];
    for (len, fine) in [(2, false), (3, true), (4, false)] {
        assert_eq!(history(&keys, &[], &said(len)).check().is_ok(), fine, "{len}");
    }
    // Key 3 is removed and inserted again. It may be counted never, once or twice.
    let events = [(3, 11, 12, Act::Remove(Some(30))), (3, 13, 14, insert(31, None))];
    for (len, fine) in [(1, false), (2, true), (3, true), (4, true), (5, false)] {
        assert_eq!(history(&keys, &events, &said(len)).check().is_ok(), fine, "{len}");
    }
}

/// A range from `lower` that yielded these keys, one tick each from 11 on.
fn scan(lower: Bound<u64>, upper: Bound<u64>, front: &[u64], back: &[u64], complete: bool) -> Said {
    let items = |keys: &[u64], at| (at..).zip(keys).map(|(at, key)| Item { key: *key, at }).collect();
    let (front, back) = (items(front, 11), items(back, 11 + front.len() as u64));
    Said::Scan(Scan { lower, upper, front, back, complete })
}

fn check_scan(events: &[(u64, u64, u64, Act)], said: Said) -> Result<Checked, Violation> {
    history(&[(2, 20), (4, 40), (6, 60), (8, 80)], events, &[(10, 30, said)]).check()
}

#[test]
fn accepts_ranges_in_every_direction() {
    use Bound::{Excluded, Included, Unbounded};
    for said in [
        scan(Unbounded, Unbounded, &[2, 4, 6, 8], &[], true),
        scan(Unbounded, Unbounded, &[], &[8, 6, 4, 2], true),
        scan(Unbounded, Unbounded, &[2, 4], &[8, 6], true),
        scan(Unbounded, Unbounded, &[2], &[8], false),
        scan(Included(4), Included(6), &[4, 6], &[], true),
        scan(Excluded(4), Excluded(8), &[6], &[], true),
        scan(Included(5), Excluded(6), &[], &[], true),
        scan(Unbounded, Unbounded, &[], &[], false),
    ] {
        assert!(check_scan(&[], said.clone()).is_ok(), "{said:?}");
    }
}

#[test]
fn refuses_a_range_that_misses_a_stable_key() {
    use Bound::Unbounded;
    for said in [
        scan(Unbounded, Unbounded, &[2, 4, 8], &[], true),
        scan(Unbounded, Unbounded, &[2, 4, 6], &[], true),
        scan(Unbounded, Unbounded, &[4, 6, 8], &[], true),
        scan(Unbounded, Unbounded, &[], &[8, 4, 2], true),
        scan(Unbounded, Unbounded, &[2], &[8, 4], true),
        // The iterator was dropped, but after it had passed the key.
        scan(Unbounded, Unbounded, &[4], &[], false),
        scan(Unbounded, Unbounded, &[], &[6], false),
    ] {
        expect_refused(check_scan(&[], said), "missed");
    }
    // The range may miss a key that is inserted or removed meanwhile. It may not miss a key that is removed
    // after the range has passed it.
    let said = scan(Unbounded, Unbounded, &[2, 4, 8], &[], true);
    let going = |start, end| [(6, start, end, Act::Remove(Some(60)))];
    assert!(check_scan(&going(12, 40), said.clone()).is_ok());
    expect_refused(check_scan(&going(14, 40), said.clone()), "missed");
    let replaced = [(6, 12, 13, insert(61, Some(60)))];
    expect_refused(check_scan(&replaced, said.clone()), "missed");
    let back = [(6, 1, 2, Act::Remove(Some(60))), (6, 3, 11, insert(61, None))];
    assert!(check_scan(&back, said).is_ok());
}

#[test]
fn refuses_a_range_out_of_bounds() {
    use Bound::{Excluded, Included, Unbounded};
    for said in [
        scan(Included(3), Unbounded, &[2, 4, 6, 8], &[], true),
        scan(Excluded(2), Unbounded, &[2, 4, 6, 8], &[], true),
        scan(Unbounded, Excluded(8), &[2, 4, 6, 8], &[], true),
        scan(Unbounded, Included(7), &[], &[8, 6, 4, 2], true),
    ] {
        expect_refused(check_scan(&[], said), "out of bounds");
    }
}

#[test]
fn refuses_a_range_out_of_order() {
    use Bound::Unbounded;
    for (front, back) in [
        (&[2, 4, 4, 6, 8][..], &[][..]),
        (&[2, 6, 4, 8], &[]),
        (&[], &[8, 6, 6, 4, 2]),
        (&[2, 4, 6], &[8, 6]),
        (&[2, 4, 6, 8], &[4]),
    ] {
        expect_refused(check_scan(&[], scan(Unbounded, Unbounded, front, back, true)), "ordered");
    }
}

/// Random histories on one key: the checker and the oracle agree on every one.
#[test]
fn agrees_with_the_oracle_on_one_key() {
    let (mut allowed, mut refused) = (0, 0);
    for seed in 0..30_000 {
        let mut rng = Rng::new(seed);
        let calls = 1 + rng.below(7);
        let (initial, mut calls) = brute::random(&mut rng, 1, calls, false);
        for _ in 0..rng.below(3) {
            brute::spoil(&mut rng, &mut calls);
        }
        let expected = brute::explains(&initial, &calls);
        let found = brute::history(&initial, &calls).check();
        assert_eq!(found.is_ok(), expected, "seed {seed}: {found:?} for {calls:?} on {initial:?}");
        *if expected { &mut allowed } else { &mut refused } += 1;
    }
    assert!(allowed > 5_000 && refused > 5_000, "{allowed} allowed, {refused} refused");
}

/// Random histories with pops and reads of the ends. The checker accepts every history that the oracle
/// explains. It need not refuse all others, because it judges each key and each pop by itself, but it refuses
/// most.
#[test]
fn accepts_whatever_the_oracle_explains_on_whole_maps() {
    let (mut allowed, mut refused, mut let_pass) = (0, 0, 0);
    for seed in 0..30_000 {
        let mut rng = Rng::new(seed);
        let calls = 1 + rng.below(6);
        let (initial, mut calls) = brute::random(&mut rng, 3, calls, true);
        for _ in 0..rng.below(3) {
            brute::spoil(&mut rng, &mut calls);
        }
        let expected = brute::explains(&initial, &calls);
        match (expected, brute::history(&initial, &calls).check()) {
            (true, found) => {
                assert!(found.is_ok(), "seed {seed}: {found:?} for {calls:?} on {initial:?}");
                allowed += 1;
            }
            (false, Err(_)) => refused += 1,
            (false, Ok(_)) => let_pass += 1,
        }
    }
    assert!(allowed > 5_000 && refused > 5_000, "{allowed} allowed, {refused} refused");
    assert!(let_pass * 20 < refused, "{let_pass} bad histories let pass, {refused} refused");
}
