//! Costs of our map's operations on one thread, by size. Every answer that is timed is also checked.

use bench::keys::{KeySet, Shape, value_of};
use bench::random::random;
use bskip_core::{BSkipMap, BulkLoad};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use std::hint::black_box;

type Map = BSkipMap<u64, u64>;

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Random keys that are used again and again: enough that a branch predictor cannot learn them.
const DRAWS: usize = 1 << 16;
const KEYS: KeySet = KeySet::new(Shape::Mixed, 1);

fn filled(size: u64) -> Map {
    let map = BSkipMap::new();
    (0..size).map(|i| KEYS.key(i)).for_each(|key| assert_eq!(map.insert(key, value_of(key, 0)), None));
    map
}

/// Random keys with indices from `from` to `to`, endlessly.
fn draws(from: u64, to: u64) -> impl Iterator<Item = u64> {
    let mut random = random(2, 0);
    let drawn: Vec<u64> = (0..DRAWS).map(|_| KEYS.key(random.random_range(from..to))).collect();
    (0..).map(move |i: usize| drawn[i % DRAWS])
}

/// Benches an operation on maps of each size, with keys of the map or with others.
fn each(c: &mut Criterion, group: &str, name: &str, in_map: bool, operation: impl Fn(&Map, u64)) {
    let mut group = c.benchmark_group(group);
    for size in SIZES {
        let map = filled(size);
        let mut keys = if in_map { draws(0, size) } else { draws(size, 2 * size) };
        group.bench_function(BenchmarkId::new(name, size), |b| {
            b.iter(|| operation(&map, keys.next().expect("endless")));
        });
    }
}

fn one(c: &mut Criterion) {
    each(c, "get", "hit", true, |map, key| assert_eq!(map.get(&key), Some(value_of(key, 0))));
    each(c, "get", "miss", false, |map, key| assert_eq!(map.get(&key), None));
    each(c, "insert", "existing", true, |map, key| {
        assert_eq!(map.insert(key, value_of(key, 0)), Some(value_of(key, 0)));
    });
    each(c, "update", "existing", true, |map, key| {
        assert!(map.update(&key, |value| *value = value_of(key, 1)).is_some());
    });
}

fn insert(c: &mut Criterion) {
    let mut group = c.benchmark_group("insert");
    for size in SIZES {
        // The keys are new each time. But before each measurement the map has this size again, because a
        // larger map has other costs.
        let batch = size.min(10_000) / 10;
        group.throughput(Throughput::Elements(batch));
        let map = filled(size);
        let mut next = size;
        group.bench_function(BenchmarkId::new("new", size), |b| {
            b.iter_batched(
                || {
                    // This removes the last batch, if there was one. It is not timed.
                    for i in (next - batch).max(size)..next {
                        assert!(map.remove(&KEYS.key(i)).is_some());
                    }
                    next += batch;
                    next - batch..next
                },
                |fresh| {
                    for key in fresh.map(|i| KEYS.key(i)) {
                        assert_eq!(map.insert(key, value_of(key, 0)), None);
                    }
                },
                BatchSize::PerIteration,
            );
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
                    for key in (0..batch).map(|i| KEYS.key(i)) {
                        map.insert(key, value_of(key, 0));
                    }
                },
                |()| {
                    for key in (0..batch).map(|i| KEYS.key(i)) {
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

/// Ascending pairs: built from parts, one for each thread, and inserted one by one. Prints the bytes of a
/// key.
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

criterion_group!(benches, one, insert, remove, scan, bulk);
criterion_main!(benches);
