//! Values in cells that are recycled under a reader: whole operations on a map of one leaf.
//!
//! All values have 8 bytes, so each is in one cell of the same size, and the cell that was freed last is the next
//! to be used. The bytes of a value are its key's. Every map is built before the model watches, and checked after
//! it.

use std::sync::Arc;
use std::vec::Vec;

use loom::thread;

use crate::sync::{self, model};
use crate::{BSkipBlobMap, Config, GlobalArena};

type Map = BSkipBlobMap<[u8]>;

/// Runs both orders: `one` here and `other` there, then the other way round. Afterwards the map has these values.
fn duel(name: &str, preemptions: usize, at_least: usize, one: fn(&Map), other: fn(&Map), left: &[&[u8]]) {
    for (order, here, there, at_least) in
        [("first here", one, other, at_least), ("second here", other, one, 1)]
    {
        let left: Vec<Vec<u8>> = left.iter().map(|value| value.to_vec()).collect();
        model(&std::format!("blobs: {name}, {order}"), Some(preemptions), at_least, move || {
            let map = Map::with_config(GlobalArena::new(), Config::new().seed(1)).expect("memory");
            for key in [b'e', b'o'] {
                assert!(map.insert(&[key][..], &[key; 8]));
            }
            let mut map = Arc::new(map);
            sync::watch(150);
            let thread = {
                let map = map.clone();
                thread::spawn(move || there(&map))
            };
            here(&map);
            thread.join().expect("no thread panics");
            sync::unwatch();
            assert!(map.iter().map(|(_, value)| value).eq(left.iter().cloned()));
            // This compares the cells in use with those of the values.
            Arc::get_mut(&mut map).expect("the other thread has ended").check_invariants();
        });
    }
}

fn read(map: &Map) {
    let mut value = Vec::with_capacity(64);
    assert!(map.get_into(&b"e"[..], &mut value), "the key stays");
    assert_eq!(value, [b'e'; 8], "another key's value, or two in one");
}

/// Gives the cell of the value of `e` to the value of `o`.
fn overwrite(map: &Map) {
    assert!(!map.insert(&b"e"[..], &[b'e'; 8]));
    assert!(!map.insert(&b"o"[..], &[b'o'; 8]));
}

#[test]
fn an_overwritten_value_is_not_believed() {
    duel("a value is overwritten under a reader", 2, 100, read, overwrite, &[&[b'e'; 8], &[b'o'; 8]]);
}

#[test]
fn a_scan_does_not_believe_an_overwritten_value() {
    let scan = |map: &Map| {
        let mut pairs = map.iter();
        for key in [b'e', b'o'] {
            assert_eq!(pairs.lend_next(), Some((&[key][..], &[key; 8][..])));
        }
    };
    duel("values are overwritten under a scan", 1, 100, scan, overwrite, &[&[b'e'; 8], &[b'o'; 8]]);
}

/// The cursor comes to the pair before or while the cell gets another value.
#[test]
fn a_cursor_does_not_believe_an_overwritten_value() {
    let read = |map: &Map| {
        let mut value = Vec::with_capacity(64);
        let mut cursor = map.cursor();
        assert!(cursor.seek(&b"e"[..]) && cursor.value_into(&mut value), "the key stays");
        assert_eq!(value, [b'e'; 8], "another key's value, or two in one");
    };
    duel("a value is overwritten under a cursor", 1, 100, read, overwrite, &[&[b'e'; 8], &[b'o'; 8]]);
}

#[test]
fn a_chunk_does_not_believe_an_overwritten_value() {
    let scan = |map: &Map| {
        map.for_each_chunk::<Vec<u8>>(.., |mut chunk| {
            chunk.for_each(|key, value| assert_eq!(value, [key[0]; 8], "another key's value, or two in one"));
        });
    };
    duel("values are overwritten under a chunk", 1, 100, scan, overwrite, &[&[b'e'; 8], &[b'o'; 8]]);
}

/// `update` keeps the old value, whatever the other thread does to it.
#[test]
fn updates_are_one_step() {
    let grow = |map: &Map| assert_eq!(map.update(&b"e"[..], |value| value.push(b'e')), Some(()));
    duel("two updates", 1, 100, grow, grow, &[&[b'e'; 10], &[b'o'; 8]]);
}

#[test]
fn removed_while_updated() {
    let update = |map: &Map| {
        map.update(&b"e"[..], |value| {
            assert_eq!(value, &[b'e'; 8]);
            value[0] = b'x';
        });
    };
    let remove = |map: &Map| {
        let value = map.take(&b"e"[..]).expect("it was there");
        assert_eq!(value[1..], [b'e'; 7]);
        assert!(!map.insert(&b"o"[..], &[b'o'; 8]));
    };
    duel("a value is removed while it is updated", 1, 100, update, remove, &[&[b'o'; 8]]);
}
