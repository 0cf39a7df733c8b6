//! Keys that are byte strings, by all CPUs at once.
//!
//! No scans and pops: they give keys in memory from the global allocator.

use bskip_core::{BSkipBytesMap, StaticArena};

use super::common::{ARENA, Context, report, value_of};
use crate::cpu::MOST;
use crate::platform::Kernel;
use crate::team;

/// Keys of each CPU.
const KEYS: u64 = 400;
/// The longest key. A node holds the bytes of such keys itself. For longer ones, a map keeps a table of cells, and
/// that comes from the global allocator.
const LONGEST: usize = 104;

type Map = BSkipBytesMap<[u8], u64, &'static StaticArena<Kernel>>;

/// Calls `use_it` with a key: a path with much in common with the others, then the number, then a tail whose length
/// depends on the number.
fn with_key<R>(number: u64, use_it: impl FnOnce(&[u8]) -> R) -> R {
    const PATH: &[u8] = b"/devices/pci0000:00/0000:00:1f.2/";
    let mut bytes = [b'x'; LONGEST];
    bytes[..PATH.len()].copy_from_slice(PATH);
    bytes[PATH.len()..PATH.len() + 8].copy_from_slice(&number.to_be_bytes());
    let length = PATH.len() + 8 + number as usize * 7 % (LONGEST - PATH.len() - 8);
    use_it(&bytes[..length])
}

/// Every CPU inserts keys of its own, looks for all of them, and removes half.
pub(super) fn check(_: &mut Context) {
    assert!(KEYS > MOST as u64);
    let map = Map::with_arena(&ARENA).expect("there is room for an empty map");
    let cpus = team::cpus() as u64;
    let counts = team::all(&|cpu| {
        let numbers = || (0..KEYS).map(|number| number * cpus + cpu as u64);
        for number in numbers() {
            assert_eq!(with_key(number, |key| map.insert(key, value_of(number))), None);
        }
        for number in numbers() {
            assert_eq!(with_key(number, |key| map.get(key)), Some(value_of(number)));
        }
        for number in numbers().step_by(2) {
            assert_eq!(with_key(number, |key| map.remove(key)), Some(value_of(number)));
            assert_eq!(with_key(number, |key| map.get(key)), None);
        }
        KEYS * 3
    });
    let mut left = 0;
    for number in 0..KEYS * cpus {
        let expected = (number / cpus % 2 == 1).then(|| value_of(number));
        assert_eq!(with_key(number, |key| map.get(key)), expected);
        left += usize::from(expected.is_some());
    }
    assert_eq!(map.len(), left);
    report(format_args!("{} calls, {counts}; {} keys of up to {LONGEST} bytes left", counts.sum(), left));
}
