//! If a process has no more address space, the map refuses and the process lives on.
//!
//! Properties, in child processes under `ulimit -v`, on the global allocator and on `NumaArena`:
//! - `try_insert` gives the pair back in the end;
//! - all pairs that were inserted are there, the invariants hold, and removing makes room again.
//!
//! The child is this test itself; an environment variable tells it what to do. The test does not run with a
//! sanitizer, which reserves address space of its own.
#![cfg(all(target_os = "linux", not(tsan)))]

use bskip_core::{BSkipMap, BlockArena, GlobalArena};
use numa_alloc::NumaArena;
use std::hint::black_box;
use std::process::Command;

/// Names the arena in the child.
const CHILD: &str = "BSKIP_TEST_ADDRESS_SPACE";

/// Large, so that the address space is full after few inserts.
type Value = [u64; 512];

/// Inserts until refused, then checks.
fn fill<A: BlockArena>(arena: A) {
    // This memory is given back before the checks, which need some themselves.
    let ballast = black_box(vec![1u8; 16 << 20]);
    let mut map = BSkipMap::<u64, Value, A>::with_arena(arena).expect("room for an empty map");
    let key = |i: u64| i.reverse_bits();
    let value = |i: u64| [i; 512];
    let refused = (0..1 << 20).find(|i| match map.try_insert(key(*i), value(*i)) {
        Ok(old) => {
            assert!(old.is_none());
            false
        }
        Err(error) => {
            assert!(error.key == key(*i) && error.value == value(*i), "another pair came back");
            true
        }
    });
    let went_in = refused.expect("4 GiB went in under a limit of less");
    drop(ballast);
    assert!(went_in > 1000, "only {went_in} pairs went in");
    assert_eq!(map.check_invariants().keys as u64, went_in);
    (0..went_in).for_each(|i| assert!(map.get(&key(i)) == Some(value(i)), "lost pair {i}"));
    (0..went_in / 2).for_each(|i| assert!(map.remove(&key(i)) == Some(value(i)), "lost pair {i}"));
    (0..went_in / 4).for_each(|i| assert!(map.try_insert(key(i), value(i)).is_ok_and(|old| old.is_none())));
    assert_eq!(map.check_invariants().keys as u64, went_in - went_in / 2 + went_in / 4);
    println!("refused after {went_in} pairs");
}

/// Runs `test` of this program again, with this many KiB of address space.
fn run_limited(test: &str, kib: u32) {
    let program = std::env::current_exe().expect("this program's path");
    let output = Command::new("sh")
        .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh", &kib.to_string()])
        .arg(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .output()
        .expect("a shell");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert!(out.contains("refused after"), "the child did nothing: {out}\n{err}");
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn global_arena_is_refused() {
    match is_child() {
        true => fill(GlobalArena::new()),
        false => run_limited("global_arena_is_refused", 400 << 10),
    }
}

#[test]
fn numa_arena_is_refused() {
    match is_child() {
        true => fill(NumaArena::new().expect("address space for an arena")),
        false => run_limited("numa_arena_is_refused", 700 << 10),
    }
}
