//! The table of leaves alone, under loom.

use std::sync::Arc;

use loom::thread;

use super::buckets::{BUCKETS, Scale};
use super::table::LeafTable;
use crate::index::tree::block;
use crate::sync::{self, model};
use crate::sync::{AtomicU32, Ordering};

const END: u64 = 999;

fn scale(lines: usize) -> Scale {
    Scale::new(0, END, lines).expect("a range")
}

/// Makes a table of `lines` lines, whose end names `leaf`.
fn grow(hints: &LeafTable, lines: usize, leaf: u32) {
    hints.withdraw();
    hints.state.with::<crate::DefaultPlatform, _>(|state| hints.make_room(state, lines)).expect("memory");
    let leaf = block(leaf).expect("not 0");
    let last = END - END / (BUCKETS * lines) as u64;
    hints.cover::<1>(lines, (scale(lines).bound(last), None), leaf);
    hints.publish(scale(lines), lines);
}

/// One thread makes leaf 2 and then calls `tell`. The other thread looks. If it finds leaf 2, it sees all
/// that the first thread had seen when it named the leaf.
fn find_while(name: &str, at_least: usize, tell: fn(&LeafTable)) {
    model(name, None, at_least, move || {
        let hints = Arc::new((LeafTable::new(), AtomicU32::new(0)));
        grow(&hints.0, 1, 1);
        sync::watch(30);
        // The reader must not be the main thread: that thread stores and has loaded before, and this would
        // hide the reader's own load.
        let other = {
            let hints = hints.clone();
            thread::spawn(move || {
                if hints.0.find(END).is_some_and(|leaf| leaf.0.get() == 2) {
                    assert_eq!(hints.1.load(Ordering::Relaxed), 1, "the leaf was named before it was made");
                }
            })
        };
        hints.1.store(1, Ordering::Relaxed);
        tell(&hints.0);
        other.join().expect("no thread panics");
        sync::unwatch();
    });
}

#[test]
fn find_in_a_table_that_grows() {
    find_while("leaf hints: find in a table that grows", 430, |hints| grow(hints, 2, 2));
}

#[test]
fn find_in_a_table_that_learns() {
    find_while("leaf hints: find in a table that learns", 64, |hints| {
        hints.learn(END / 2, None, block(2).expect("not 0"));
    });
}
