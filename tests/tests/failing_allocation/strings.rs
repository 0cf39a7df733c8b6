//! The same for maps of byte strings, whose keys may need memory for their encodings, too.

use super::{Fault, InTheAllocator, InTheArena, orders, promotions};
use bskip_core::{BSkipBytesMap, BytesInsertErrorKind, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::config;
use tests::counted::{Counted, Ledger};
use tests::keys::NumberedKey;
use tests::rationed::Refuse;

/// A name and a number. An encoding with a long name does not fit on the stack.
type Key = (String, u64);
type Map<'a, A> = BSkipBytesMap<Key, Counted<'a>, A>;

/// Keys in random and in ascending order. Some share their first 80 bytes, and some end with zeros.
fn keys() -> [Vec<Key>; 2] {
    orders(90).map(|order| {
        let key = |i: u64| match i % 3 {
            0 => (format!("{:080}{i:09}", 0), 0),
            1 => (format!("{i:030}"), i),
            _ => (format!("{i:09}\0\0"), i << 32),
        };
        order.into_iter().map(|wide| key(wide.number() % 1_000_000_000)).collect()
    })
}

/// Inserts the keys one by one, each on fresh maps again and again: the first request fails, then the second, and
/// so on. Returns how many inserts were refused for a node, were refused for an encoding, and did without.
fn every_request<F: Fault>(promotion: Promotion, keys: &[Key], tried: &mut [usize; 3]) {
    for present in 0..keys.len() {
        for (n, forever) in (0..).flat_map(|n| [(n, false), (n, true)]) {
            let ledger = Ledger::new(2 * keys.len() + 8);
            let fault = F::new();
            let map: Result<Map<'_, _>, _> = BSkipBytesMap::with_config(fault.arena(), config(promotion, 11));
            let mut map = map.expect("an empty map");
            (0..present).for_each(|i| assert!(map.insert(&keys[i], ledger.value(i as u64)).is_none()));
            let (key, value) = (&keys[present], ledger.value(present as u64));
            let before = map.check_invariants();

            fault.set(if forever { Refuse::After(n) } else { Refuse::Once(n) });
            let outcome = map.try_insert(key, value);
            let refused = fault.refused();
            fault.set(Refuse::Nothing);

            let what = format!("{promotion:?}, key {present}, request {n}, forever {forever}");
            match outcome {
                Ok(old) => {
                    assert!(old.is_none(), "{what}");
                    tried[2] += usize::from(refused > 0);
                }
                Err(error) => {
                    assert!(refused > 0, "{what}: refused though there was memory");
                    assert_eq!(error.value.checked(), present as u64, "{what}");
                    assert!(!map.contains_key(key), "{what}: refused and there");
                    let after = map.check_invariants();
                    assert_eq!((after.keys, after.leaves), (before.keys, before.leaves), "{what}");
                    let new_levels = after.levels - before.levels;
                    assert_eq!(after.inners, before.inners + new_levels, "{what}: nodes lost");
                    match error.kind {
                        BytesInsertErrorKind::Alloc(_) => tried[0] += 1,
                        BytesInsertErrorKind::NoMemoryForEncoding => tried[1] += 1,
                        other => panic!("{what}: {other}"),
                    }
                    assert!(map.try_insert(key, error.value).expect("memory").is_none(), "{what}");
                }
            }
            assert_eq!(map.check_invariants().keys, present + 1, "{what}");
            ledger.expect_live(present + 1);
            if refused > 0 {
                for (i, key) in keys[..=present].iter().enumerate() {
                    assert_eq!(map.get_with(key, Counted::checked), Some(i as u64), "{what}");
                }
                keys[present + 1..]
                    .iter()
                    .for_each(|key| assert!(map.insert(key, ledger.value(0)).is_none()));
                assert_eq!(map.check_invariants().keys, keys.len(), "{what}");
                keys.iter().for_each(|key| assert!(map.remove(key).is_some(), "{what}"));
                ledger.expect_live(0);
            } else {
                break;
            }
        }
    }
}

#[test]
fn nth_request_of_every_insert_of_a_string() {
    let (mut in_arena, mut in_allocator) = ([0; 3], [0; 3]);
    for promotion in promotions().step_by(2) {
        keys().iter().for_each(|keys| every_request::<InTheArena>(promotion, keys, &mut in_arena));
        every_request::<InTheAllocator>(promotion, &keys()[0], &mut in_allocator);
    }
    println!("{in_arena:?}, {in_allocator:?}");
    println!("verify: {} faults", in_arena.iter().chain(&in_allocator).sum::<usize>());
    assert!(in_arena[0] > 0 && in_arena[2] > 0 && in_arena[1] == 0, "{in_arena:?}");
    assert!(in_allocator.iter().all(|&times| times > 0), "{in_allocator:?}");
}

/// Where there is no memory for an encoding, a call panics and changes nothing. No other call but an insertion
/// needs memory.
#[test]
fn other_calls_without_memory() {
    for promotion in promotions() {
        let keys = &keys()[0];
        let ledger = Ledger::new(2 * keys.len());
        let fault = InTheAllocator::new();
        let map: Result<Map<'_, _>, _> = BSkipBytesMap::with_config(fault.arena(), config(promotion, 3));
        let mut map = map.expect("an empty map");
        (0..).zip(keys).for_each(|(i, key)| assert!(map.insert(key, ledger.value(i)).is_none()));
        // What the machinery of panics allocates once.
        drop(catch_unwind(|| panic!("{}", "one")));
        let (mut faults, mut left) = (0, keys.len());
        for (i, key) in (0..).zip(keys) {
            let is_long = key.0.len() > 64;
            for call in 0..4 {
                let found = catch_unwind(AssertUnwindSafe(|| {
                    fault.set(Refuse::Once(0));
                    let found = match call {
                        0 => map.get_with(key, Counted::checked),
                        1 => map.contains_key(key).then_some(i),
                        2 => map.update(key, |value| value.checked()),
                        _ => map.remove(key).map(|value| value.checked()),
                    };
                    fault.set(Refuse::Nothing);
                    found
                }));
                faults += fault.refused();
                fault.set(Refuse::Nothing);
                match found {
                    Ok(found) => assert_eq!(found, Some(i), "{key:?}, call {call}"),
                    Err(_) => assert!(is_long, "{key:?}, call {call}: memory for a short key"),
                }
                assert!(call == 3 || map.contains_key(key));
            }
            left -= usize::from(!map.contains_key(key));
            assert_eq!(map.check_invariants().keys, left);
        }
        assert!(faults > 0 && left > 0, "{faults} faults, {left} keys left");
        println!("verify: {faults} faults");
        drop(map);
        ledger.expect_live(0);
    }
}
