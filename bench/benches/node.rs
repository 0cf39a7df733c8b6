//! The parts of every operation: search in a node, moves in a node, the lock. Every answer that is timed is
//! checked.

use bskip_core::internals::{OneLeaf, OneLock};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// Odd multiples of a large step. Each even multiple is a miss between two keys.
fn keys(n: usize) -> Vec<u64> {
    (0..n as u64).map(|i| (2 * i + 1) << 50).collect()
}

/// A fixed sequence of slots, too long for a branch predictor to learn.
fn slots(n: usize) -> Vec<usize> {
    let mut x = 1u64;
    let mut next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) as usize % n
    };
    (0..4096).map(|_| next()).collect()
}

fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("node search");
    for n in [8, 44, OneLeaf::CAPACITY] {
        let keys = keys(n);
        let leaf = OneLeaf::new(&keys);
        let mut slots = slots(n).into_iter().cycle();
        group.bench_function(BenchmarkId::new("hit", n), |b| {
            b.iter(|| {
                let slot = slots.next().expect("a cycle has no end");
                assert_eq!(leaf.find(black_box(keys[slot])), (slot + 1, true));
            });
        });
        group.bench_function(BenchmarkId::new("miss", n), |b| {
            b.iter(|| {
                let slot = slots.next().expect("a cycle has no end");
                assert_eq!(leaf.find(black_box(keys[slot] + 1)), (slot + 1, false));
            });
        });
    }
    group.finish();
}

fn moves(c: &mut Criterion) {
    let mut group = c.benchmark_group("node insert and remove");
    for n in [8, 44, OneLeaf::CAPACITY - 1] {
        let keys = keys(n);
        let mut leaf = OneLeaf::new(&keys);
        let mut slots = slots(n).into_iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| {
                let slot = slots.next().expect("a cycle has no end");
                leaf.insert_and_remove(black_box(keys[slot] + 1));
            });
        });
        assert_eq!(leaf.keys(), keys, "what was inserted was removed");
    }
    group.finish();
}

fn lock(c: &mut Criterion) {
    let lock = OneLock::new();
    c.bench_function("lock, read", |b| b.iter(|| assert!(black_box(&lock).read())));
    c.bench_function("lock, write", |b| b.iter(|| assert!(black_box(&lock).write())));
}

criterion_group!(benches, search, moves, lock);
criterion_main!(benches);
