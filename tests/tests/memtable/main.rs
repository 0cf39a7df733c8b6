//! The example `memtable` of `bskip-core` does what it says.

#[path = "../../../bskip-core/examples/memtable/crc.rs"]
mod crc;
#[path = "../../../bskip-core/examples/memtable/file.rs"]
mod file;
#[path = "../../../bskip-core/examples/memtable/log.rs"]
mod log;
#[path = "../../../bskip-core/examples/memtable/table.rs"]
mod table;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use table::{Memtable, Refused};
use tests::allocations::{Counting, counted};
use tests::rng::Rng;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Model = BTreeMap<(Vec<u8>, Reverse<u64>), Option<Vec<u8>>>;

fn owned(value: Option<&[u8]>) -> Option<Vec<u8>> {
    value.map(<[u8]>::to_vec)
}

fn visible(model: &Model, key: &[u8], sequence: u64) -> Option<Option<Vec<u8>>> {
    let from = (key.to_vec(), Reverse(sequence));
    model.range(from..).next().filter(|((found, _), _)| found == key).map(|(_, value)| value.clone())
}

fn key(rng: &mut Rng) -> Vec<u8> {
    (0..rng.below(5)).map(|_| [0, 0, 1, 255, b'a'][rng.below(5) as usize]).collect()
}

#[test]
fn against_a_map_of_versions() {
    let (table, mut model, mut rng) = (Memtable::new(1 << 24), Model::new(), Rng::new(1));
    for sequence in 1..3000 {
        let length = [0, 5, 8, 100, 3000][rng.below(5) as usize];
        let (key, value) = (key(&mut rng), (rng.below(4) > 0).then(|| vec![rng.draw() as u8; length]));
        table.write(sequence, &key, value.as_deref()).expect("room");
        model.insert((key, Reverse(sequence)), value);
    }
    let keys: BTreeSet<Vec<u8>> = model.keys().map(|(key, _)| key.clone()).collect();
    for _ in 0..300 {
        let (at, from, to) = (rng.below(3100), key(&mut rng), key(&mut rng));
        assert_eq!(table.get(&from, at, owned), visible(&model, &from, at));
        let mut value = Vec::new();
        let found = table.get_into(&from, at, &mut value).map(|is_value| is_value.then_some(value));
        assert_eq!(found, visible(&model, &from, at));
        let bound = |turn, key| match turn {
            0 => Bound::Included(key),
            1 => Bound::Excluded(key),
            _ => Bound::Unbounded,
        };
        let range = (bound(rng.below(3), &from[..]), bound(rng.below(3), &to[..]));
        let is_in = |key: &[u8]| std::ops::RangeBounds::<[u8]>::contains(&range, key);
        let mut expected: Vec<_> = keys
            .iter()
            .filter(|key| is_in(key))
            .filter_map(|key| Some((key.clone(), visible(&model, key, at)??)))
            .collect();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        table.scan(range, at, |key, value| {
            up.push((key.to_vec(), value.to_vec()));
            true
        });
        table.scan_back(range, at, |key, value| {
            down.push((key.to_vec(), value.to_vec()));
            true
        });
        assert_eq!(up, expected);
        expected.reverse();
        assert_eq!(down, expected);
    }
    table.freeze();
    assert_eq!(table.write(3001, b"late", None), Err(Refused::Frozen));
    let mut bytes = Vec::new();
    assert_eq!(file::flush(&table, &mut bytes).expect("memory"), model.len() as u64);
    let records = file::read(&bytes).expect("not damaged");
    assert!(records.is_sorted() && records.len() == model.len());
    let values = model.values().map(|value| value.clone().unwrap_or_default());
    assert!(records.iter().map(|(_, value)| value.to_vec()).eq(values));
    assert_eq!(file::read(&bytes[..bytes.len() - 1]), None);
    bytes[100] ^= 1;
    assert_eq!(file::read(&bytes), None);
}

#[test]
fn a_look_up_allocates_nothing() {
    let table = Memtable::new(1 << 24);
    // In the leaf, in one cell, in several cells.
    let value = |i: u64| vec![i as u8; [0, 7, 8, 256, 257, 6000][i as usize % 6]];
    (1..2000).for_each(|i| table.write(i, b"a user's key", Some(&value(i))).expect("room"));
    let mut copy = Vec::with_capacity(6000);
    for sequence in 1..2000u64 {
        let expected = value(sequence);
        let (requests, found) = counted(|| table.get_into(b"a user's key", sequence, &mut copy));
        assert_eq!((requests, found, &copy), (0, Some(true), &expected));
        let (requests, found) =
            counted(|| table.get(b"a user's key", sequence, |value| value == Some(&expected)));
        assert_eq!((requests, found), (u64::from(expected.len() > 256), Some(true)));
    }
}

#[test]
fn the_limit_refuses_and_loses_nothing() {
    let table = Memtable::new(10_000);
    let written =
        (1..).take_while(|&i| table.write(i, &i.to_be_bytes(), Some(&[7; 20])).is_ok()).count() as u64;
    assert!(written > 50 && table.bytes() <= 10_000);
    let before = table.bytes();
    assert_eq!(table.write(written + 1, b"more than is left", Some(&[7; 100])), Err(Refused::Full));
    assert_eq!(table.bytes(), before);
    assert!((1..=written).all(|i| table.get(&i.to_be_bytes(), i, |value| value.is_some()) == Some(true)));
}

#[test]
fn the_versions_of_a_key_come_newest_first() {
    let table = Memtable::new(1 << 16);
    // A key, keys that it begins, and a key that begins it.
    for (i, key) in [b"a", &b"a\0"[..], b"ab", b""].into_iter().enumerate() {
        for n in 0..5 {
            let value = (n != 3).then(|| [key, &[n as u8]].concat());
            table.write(10 * n + i as u64, key, value.as_deref()).expect("room");
        }
    }
    let mut versions = Vec::new();
    table.for_each_version_of(b"a", |sequence, value| versions.push((sequence, owned(value))));
    let value = |n| Some(vec![b'a', n]);
    assert_eq!(versions, [(40, value(4)), (30, None), (20, value(2)), (10, value(1)), (0, value(0))]);
    table.for_each_version_of(b"b", |_, _| panic!("there is none"));
}

#[test]
fn a_kill_at_any_byte_and_damage_at_any_byte() {
    let (mut whole, mut ends) = (Vec::new(), vec![0]);
    let records = [(1u64, "a", Some("one")), (2, "", None), (3, "bc", Some("")), (4, "a", Some("four"))];
    for (sequence, key, value) in records {
        log::append(&mut whole, sequence, key.as_bytes(), value.map(str::as_bytes)).expect("memory");
        ends.push(whole.len());
    }
    let read = |log: &[u8]| {
        let mut found = Vec::new();
        let count =
            log::replay(log, |sequence, key, value| found.push((sequence, key.to_vec(), owned(value))));
        count.inspect(|&count| assert_eq!(count, found.len())).map(|_| found)
    };
    let all = read(&whole).expect("not damaged");
    assert!(all.iter().zip(records).all(|(found, (sequence, key, value))| {
        *found == (sequence, key.as_bytes().to_vec(), owned(value.map(str::as_bytes)))
    }));
    for length in 0..=whole.len() {
        let complete = ends.iter().filter(|&&end| end <= length).count() - 1;
        assert_eq!(read(&whole[..length]).as_deref(), Ok(&all[..complete]), "{length} bytes");
    }
    for byte in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[byte] ^= 0x10;
        assert!(read(&damaged).is_err(), "byte {byte}");
    }
}

#[test]
fn writers_and_readers() {
    let table = Memtable::new(1 << 26);
    let name = |writer: u64, i: u64| format!("key {writer} {}", i % 50).into_bytes();
    std::thread::scope(|scope| {
        for writer in 0..2u64 {
            let table = &table;
            scope.spawn(move || {
                for i in 0..5000u64 {
                    let sequence = 2 * i + writer + 1;
                    table.write(sequence, &name(writer, i), Some(&sequence.to_le_bytes())).expect("room");
                    let read = table.get(&name(writer, i), u64::MAX, owned);
                    assert_eq!(read, Some(Some(sequence.to_le_bytes().to_vec())));
                    if let Some(Some(value)) = table.get(&name(1 - writer, i), sequence, owned) {
                        assert!(u64::from_le_bytes(value.try_into().expect("eight bytes")) <= sequence);
                    }
                }
            });
        }
    });
    let mut versions = 0;
    table.for_each_version(|_, _| {
        versions += 1;
        true
    });
    assert_eq!(versions, 10_000);
}
