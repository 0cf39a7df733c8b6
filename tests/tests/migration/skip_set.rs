//! crossbeam's `SkipSet` and its entries.

use bskip_core::BSkipSet;
use std::ops::Bound::Excluded;

type Set = BSkipSet<u64>;

#[test]
fn the_set() {
    let mut set: Set = [7, 6, 12].into_iter().collect();
    assert!(!set.is_empty() && set.len() == 3 && set.contains(&6));
    assert_eq!((set.first(), set.last()), (Some(6), Some(12)));
    assert_eq!(set.lower_bound(Excluded(&6)), Some(7));
    assert_eq!(set.upper_bound(Excluded(&12)), Some(7));
    assert_eq!((set.insert(8), set.insert(8), set.remove(&8), set.remove(&8)), (true, false, true, false));
    assert!(set.range(7..).eq([7, 12]) && set.iter().rev().eq([12, 7, 6]));
    assert_eq!((set.higher(&7), set.lower(&7)), (Some(12), Some(6)));
    let mut cursor = set.cursor();
    assert!(cursor.next() && cursor.next() && cursor.prev() && cursor.key() == Some(6));
    assert_eq!(format!("{set:?}"), "{6, 7, 12}");
    let mut sum = 0;
    for key in &set {
        sum += key;
    }
    assert_eq!(sum, 25);
    assert!(set.clone().into_iter().eq([6, 7, 12]));
    assert_eq!((set.pop_first(), set.pop_last(), set.remove_range(..)), (Some(6), Some(12), 1));
    set.clear();
    assert_eq!((set.len(), Set::new().len(), Set::default().len()), (0, 0, 0));
}
