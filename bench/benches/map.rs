//! Single-threaded costs of our map's operations, by size. Every answer that is timed is also checked.

use bench::keys::{KeySet, Random, Shape, value_of};
use bskip_core::{BSkipMap, BulkLoad};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Keys in an array to be walked through again and again: enough that the walk itself has no pattern.
const DRAWS: usize = 1 << 16;

fn keys() -> KeySet {
    KeySet::new(Shape::Mixed, 1)
}

fn filled(size: u64) -> BSkipMap<u64, u64> {
    let map = BSkipMap::new();
    for key in (0..size).map(|i| keys().key(i)) {
        map.insert(key, value_of(key, 0));
    }
    assert_eq!(map.len() as u64, size);
    map
}

/// Random keys with indices from `from` to `to`, endlessly.
fn draws(from: u64, to: u64) -> impl Iterator<Item = u64> {
    let mut random = Random::new(2, 0);
    let drawn: Vec<u64> = (0..DRAWS).map(|_| keys().key(from + random.below(to - from))).collect();
    (0..).map(move |i: usize| drawn[i % DRAWS])
}

fn get(c: &mut Criterion) {
    let mut group = c.benchmark_group("get");
    for size in SIZES {
        let map = filled(size);
        let mut present = draws(0, size);
        group.bench_function(BenchmarkId::new("hit", size), |b| {
            b.iter(|| {
                let key = present.next().expect("endless");
                assert_eq!(map.get(&key), Some(value_of(key, 0)));
            });
        });
        let mut absent = draws(size, 2 * size);
        group.bench_function(BenchmarkId::new("miss", size), |b| {
            b.iter(|| assert_eq!(map.get(&absent.next().expect("endless")), None));
        });
    }
}

fn insert(c: &mut Criterion) {
    let mut group = c.benchmark_group("insert");
    for size in SIZES {
        // Other new keys each time, into a map that is back at this size: many more would make it another.
        let batch = size.min(10_000) / 10;
        group.throughput(Throughput::Elements(batch));
        let map = filled(size);
        let mut next = size;
        group.bench_function(BenchmarkId::new("new", size), |b| {
            b.iter_batched(
                || {
                    // Outside the clock: the last batch, if there was one, goes away again.
                    for i in (next - batch).max(size)..next {
                        assert!(map.remove(&keys().key(i)).is_some());
                    }
                    next += batch;
                    next - batch..next
                },
                |fresh| {
                    for key in fresh.map(|i| keys().key(i)) {
                        assert_eq!(map.insert(key, value_of(key, 0)), None);
                    }
                },
                BatchSize::PerIteration,
            );
        });
        group.throughput(Throughput::Elements(1));
        let map = filled(size);
        let mut present = draws(0, size);
        group.bench_function(BenchmarkId::new("existing", size), |b| {
            b.iter(|| {
                let key = present.next().expect("endless");
                assert_eq!(map.insert(key, value_of(key, 0)), Some(value_of(key, 0)));
            });
        });
    }
}

fn update(c: &mut Criterion) {
    let mut group = c.benchmark_group("update");
    for size in SIZES {
        let map = filled(size);
        let mut present = draws(0, size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                let key = present.next().expect("endless");
                assert!(map.update(&key, |value| *value = value_of(key, 1)).is_some());
            });
        });
    }
}

fn remove(c: &mut Criterion) {
    let mut group = c.benchmark_group("remove");
    for size in SIZES {
        let batch = size / 10;
        group.throughput(Throughput::Elements(batch));
        let map = filled(size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched(
                || {
                    for key in (0..batch).map(|i| keys().key(i)) {
                        map.insert(key, value_of(key, 0));
                    }
                },
                |()| {
                    for key in (0..batch).map(|i| keys().key(i)) {
                        assert_eq!(map.remove(&key), Some(value_of(key, 0)));
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
}

fn scan(c: &mut Criterion) {
    let mut group = c.benchmark_group("scan");
    for size in SIZES {
        let map = filled(size);
        let mut present = draws(0, size);
        group.throughput(Throughput::Elements(100));
        group.bench_function(BenchmarkId::new("100", size), |b| {
            b.iter(|| {
                let start = present.next().expect("endless");
                let mut floor = start;
                for (key, value) in map.range(start..).take(100) {
                    assert!(key >= floor && value == value_of(key, 0));
                    floor = key;
                }
                black_box(floor)
            });
        });
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("full", size), |b| {
            b.iter(|| {
                let (mut count, mut wrong) = (0, 0);
                map.iter().for_each(|(key, value)| {
                    count += 1;
                    wrong += u64::from(value != value_of(key, 0));
                });
                assert_eq!((wrong, count), (0, size));
            });
        });
    }
}

/// Ascending pairs: built from parts, a thread each, and inserted one by one. What a key takes is printed.
fn bulk(c: &mut Criterion) {
    let mut group = c.benchmark_group("bulk");
    group.sample_size(20);
    let pairs = |from: u64, to: u64| (from..to).map(|key| (key, value_of(key, 0)));
    let check = |map: BSkipMap<u64, u64>, size: u64| {
        for key in [0, size / 2 - 1, size / 2, size - 1] {
            assert_eq!(map.get(&key), Some(value_of(key, 0)));
        }
        map
    };
    for size in SIZES {
        group.throughput(Throughput::Elements(size));
        let build = |threads: u64| {
            let load = BulkLoad::new();
            if threads == 1 {
                load.part(pairs(0, size)).expect("ascending");
            } else {
                std::thread::scope(|scope| {
                    for thread in 0..threads {
                        let (load, from) = (&load, size * thread / threads);
                        let to = size * (thread + 1) / threads;
                        scope.spawn(move || load.part(pairs(from, to)).expect("ascending"));
                    }
                });
            }
            check(load.finish().expect("parts that ascend"), size)
        };
        let insert = || {
            let map = BSkipMap::new();
            pairs(0, size).for_each(|(key, value)| assert_eq!(map.insert(key, value), None));
            check(map, size)
        };
        let bytes = |map: BSkipMap<u64, u64>| map.usage().issued_bytes as f64 / size as f64;
        println!("bulk/{size}: {:.2} bytes a key, inserted {:.2}", bytes(build(1)), bytes(insert()));
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads} threads"), size), |b| {
                b.iter_with_large_drop(|| build(threads));
            });
        }
        group.bench_function(BenchmarkId::new("inserted", size), |b| b.iter_with_large_drop(insert));
    }
}

criterion_group!(benches, get, insert, update, remove, scan, bulk);
criterion_main!(benches);
