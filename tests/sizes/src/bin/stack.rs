//! Prints how many bytes of stack each call takes at most, and the bytes of an empty map.
#![no_std]
#![no_main]

use core::fmt::{self, Write};
use core::hint::black_box;

use sizes::stack::depth;
use sizes::{Map, map, runtime, start};

/// Enough for three levels, and for every kind of change of nodes.
const KEYS: u64 = 20_000;

/// Odd, so that the product visits every key once, in scattered order.
fn key(i: u64) -> u64 {
    i.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

extern "C" fn insert() {
    for i in 0..KEYS {
        if map().try_insert(key(i), i).is_err() {
            runtime::exit(2);
        }
    }
}

extern "C" fn get() {
    for i in 0..KEYS {
        if map().get(&key(i)) != Some(i) {
            runtime::exit(3);
        }
    }
}

extern "C" fn range() {
    if map().range(black_box(1)..).count() as u64 != KEYS - 1 {
        runtime::exit(4);
    }
}

extern "C" fn remove() {
    for i in 0..KEYS {
        if map().remove(&key(i)) != Some(i) {
            runtime::exit(5);
        }
    }
}

struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        runtime::write(text);
        Ok(())
    }
}

fn measure() {
    start();
    let calls: [(&str, extern "C" fn()); 4] =
        [("try_insert", insert), ("get", get), ("range", range), ("remove", remove)];
    for (name, call) in calls {
        let _ = writeln!(Out, "stack {name} {}", depth(call));
    }
    let _ = writeln!(Out, "map {}", size_of::<Map>());
}

sizes::program!(measure);
