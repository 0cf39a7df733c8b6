//! The map that `BSkipMap::new()` makes: a small one is small, a large one lies on huge pages.

use bskip_core::BSkipMap;
use std::fs;
use std::sync::{Mutex, MutexGuard};

/// These tests measure the memory of the whole process, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Bytes of this process that are resident in memory.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    // SAFETY: the call has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.expect("the second number") * usize::try_from(page).expect("a size")
}

#[test]
#[cfg(all(target_os = "linux", not(tsan), not(small_nodes)))]
fn a_map_of_one_key_takes_two_and_a_half_kilobytes() {
    const MAPS: usize = 100_000;
    let _alone = alone();
    let mut maps = Vec::with_capacity(MAPS);
    let before = resident();
    for key in 0..MAPS as u64 {
        let map = BSkipMap::new();
        map.insert(key, key);
        maps.push(map);
    }
    let each = (resident() - before) / MAPS;
    assert!(each <= 2560, "{each} bytes a map");
    // One map in thousands has more: the coin gives its key a leaf of its own.
    let least = maps[..100].iter().map(|map| map.usage().reserved_bytes).min();
    assert_eq!(least, Some(BSkipMap::<u64, u64>::NODE_BYTES.0));
    assert_eq!(maps[7].huge_pages().asked_bytes, 0);
}

/// Whether the system gives huge pages on request.
#[cfg(target_os = "linux")]
fn gives_huge_pages() -> bool {
    let enabled = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    // SAFETY: asks for a flag of this process.
    let disabled = unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, 0, 0, 0, 0) };
    disabled == 0 && (enabled.contains("[madvise]") || enabled.contains("[always]"))
}

#[test]
#[cfg(target_os = "linux")]
fn a_large_map_lies_on_huge_pages() {
    let _alone = alone();
    let map: BSkipMap<u64, u64> = BSkipMap::new();
    (0..1_000_000u64)
        .for_each(|key| assert_eq!(map.insert(key.wrapping_mul(0x9e37_79b9_7f4a_7c15), key), None));
    let pages = map.huge_pages();
    let nodes = map.usage();
    // All but the first hundred blocks of each pool.
    assert!(pages.asked_bytes + (1 << 20) > nodes.reserved_bytes, "{pages:?} of {nodes:?}");
    if !gives_huge_pages() {
        println!("left out: this system gives no transparent huge pages");
        return;
    }
    // The last slab is only partly in use.
    let resident = pages.resident_bytes.expect("Linux tells");
    assert!(resident + (4 << 20) > nodes.issued_bytes, "{pages:?} of {nodes:?}");
}

/// The number that the map reports has no jump at any size.
#[test]
fn a_map_that_grows_through_all_kinds_of_slabs_keeps_its_pairs() {
    let _alone = alone();
    let map = BSkipMap::new();
    for key in 0..30_000u64 {
        assert_eq!(map.insert(key, !key), None);
        if key.is_power_of_two() {
            assert!((0..=key).all(|key| map.get(&key) == Some(!key)), "at {key}");
        }
    }
    assert!(map.iter().eq((0..30_000).map(|key| (key, !key))));
}
