//! Nodes of byte keys against ordered maps: for each kind of strings that is special, each payload, and each
//! instruction set.

extern crate std;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp;
use core::num::NonZeroU32;
use core::ops::Bound;
use std::sync::RwLock;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};

use super::super::changing::Changing;
use super::super::header::{LevelMark, Node};
use super::super::inner::InnerSlots;
use super::super::leaf::LeafSlots;
use super::super::locked::Locked;
use super::super::payload::{Children, Payload, Values};
use super::super::reading::Reading;
use super::super::room::{Fill, Split};
use super::super::shape::Shape;
use super::super::verify::Checking;
use super::fences::Fence;
use super::long::{Long, LongStrings};
use super::room::is_long;
use super::shape::{ByteInner, ByteLeaf};
use super::shape::{ByteShape, FENCE_LIMIT, Slotted};
use super::{Filled, PairImage};
use crate::arena::{BlockArena, BlockId, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::key::big_endian::{common_prefix, separator, word_at};
use crate::key::{ByteKeys, KeptBytes};
use crate::simd::tests::with_each_choice;
use crate::sync::Ordering;

/// Long strings, which are never freed. A string's number is one more than its place.
#[derive(Default)]
struct Strings {
    all: RwLock<Vec<Vec<u8>>>,
    references: AtomicIsize,
    /// How many bytes were compared with keys.
    compared: AtomicUsize,
}

impl LongStrings for Strings {
    fn difference(&self, number: u32, from: usize, bytes: &[u8]) -> (cmp::Ordering, usize) {
        let strings = self.all.read().expect("whole");
        let rest = &strings[number as usize - 1][from..];
        let common = common_prefix(rest, bytes);
        self.compared.fetch_add(common, Relaxed);
        (rest.cmp(bytes), common)
    }

    fn common(&self, a: u32, b: u32, most: usize) -> usize {
        let strings = self.all.read().expect("whole");
        let [a, b] = [a, b].map(|number| &*strings[number as usize - 1]);
        common_prefix(a, b).min(most)
    }

    fn copy(&self, number: u32, from: usize, out: &mut [u8]) -> usize {
        let strings = self.all.read().expect("whole");
        let rest = strings[number as usize - 1].get(from..).unwrap_or_default();
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        n
    }

    fn len(&self, number: u32) -> usize {
        self.all.read().expect("whole")[number as usize - 1].len()
    }

    fn retain(&self, number: u32) {
        self.references.fetch_add(1, Relaxed);
        assert!(self.len(number) > FENCE_LIMIT);
    }

    fn release(&self, number: u32) {
        self.references.fetch_sub(1, Relaxed);
        assert!(self.len(number) > FENCE_LIMIT);
    }
}

impl Strings {
    /// How many more references nodes have taken than given up.
    fn references(&self) -> isize {
        self.references.load(Relaxed)
    }
}

/// What tests put into slots.
trait Numbered: Payload {
    fn of(i: u32) -> Self::Value;
    fn is(node: Slotted<'_, Self>, slot: usize, i: u32) -> bool;
}

macro_rules! values {
    ($($value:ty: $of:expr),*) => {$(
        impl Numbered for Values<$value> {
            fn of(i: u32) -> $value {
                let of: fn(u32) -> $value = $of;
                of(i)
            }
            fn is(node: Slotted<'_, Self>, slot: usize, i: u32) -> bool {
                // SAFETY: tests ask for slots in use only, and the values are `Copy`.
                unsafe { <ByteLeaf<$value> as LeafSlots>::value(node, slot).assume_init() == Self::of(i) }
            }
        }
    )*};
}
values!((): |_| (), u16: |i| i as u16, u64: |i| u64::from(i) * 3, [u64; 5]: |i| [u64::from(i); 5]);
values!([u64; 100]: |i| [u64::from(i); 100]);

impl Numbered for Children {
    fn of(i: u32) -> BlockId {
        BlockId(NonZeroU32::new(i + 7).expect("not zero"))
    }
    fn is(node: Slotted<'_, Self>, slot: usize, i: u32) -> bool {
        <ByteInner as InnerSlots>::child(node, slot) == Some(Self::of(i))
    }
}

/// Where the nodes of a test come from.
struct Blocks {
    pool: GlobalPool,
    strings: &'static Strings,
}

impl Blocks {
    fn new<P: Payload>() -> Self {
        let pool = GlobalArena::new().pool(ByteShape::<P>::LAYOUT, P::KIND).expect("memory");
        Self { pool, strings: Box::leak(Box::default()) }
    }

    /// An empty node that starts at `low` and is the last of its level.
    fn node<'a, P: Payload>(&'a self, low: &[u8]) -> Locked<'a, ByteShape<P>> {
        let id = self.pool.acquire(Placement::Policy).expect("memory");
        // SAFETY: the pool has issued `id`.
        let base = unsafe { self.pool.address(id) };
        // SAFETY: the pool has the layout, and lives until the node is gone; the block is used here only.
        let node: Slotted<'a, P> = unsafe { Node::from_raw(base, id, Long::new(self.strings)) };
        let mut node = node.lock_unshared();
        let level = LevelMark::of(usize::from(P::KIND == crate::arena::BlockKind::Inner));
        ByteShape::<P>::format(&mut node, level, Some(self.kept(low)));
        node
    }

    fn number(&self, string: &[u8]) -> u32 {
        let mut strings = self.strings.all.write().expect("whole");
        strings.push(string.to_vec());
        strings.len() as u32
    }

    /// A fence for a node to take in.
    fn kept<'k>(&self, fence: &'k [u8]) -> KeptBytes<'k> {
        KeptBytes { bytes: fence, number: (fence.len() > FENCE_LIMIT).then(|| self.number(fence)) }
    }

    fn insert<P: Payload>(
        &self,
        node: &mut Locked<'_, ByteShape<P>>,
        slot: usize,
        key: &[u8],
        payload: P::Value,
    ) {
        assert!(node.has_room_for_key(key));
        let number = is_long(key.len() - node.state().prefix).then(|| self.number(key));
        node.insert_key(slot, KeptBytes { bytes: key, number }, payload);
    }

    fn set_high<P: Payload>(&self, node: &mut Locked<'_, ByteShape<P>>, high: &[u8]) {
        node.change_high(self.kept(high));
    }

    fn split_off<P: Payload>(
        &self,
        node: &mut Locked<'_, ByteShape<P>>,
        at: usize,
        low: &[u8],
        right: &mut Locked<'_, ByteShape<P>>,
    ) {
        let low = self.kept(low);
        ByteShape::<P>::format(right, LevelMark::of(0), Some(low));
        node.split_off_keys(at, low, right);
    }
}

/// Looks at all of a node: it holds these keys, each with the payload of its number.
fn check<P: Numbered>(node: Slotted<'_, P>, expected: &[(&[u8], u32)], what: &str) {
    assert_eq!(node.count(), expected.len(), "{what}");
    ByteShape::<P>::check_samples(node);
    for stem in [0, 1, 7, 8, 9, 60, 103, 104, 105, 1000] {
        assert_eq!(node.low_word(stem), word_at(&node.low(), stem), "{what}: {stem}");
        if node.has_high() {
            assert_eq!(node.high_word(stem), word_at(&node.high(), stem), "{what}: {stem}");
        }
    }
    for (slot, &(key, i)) in expected.iter().enumerate() {
        let found = ByteShape::<P>::key(node, slot);
        assert_eq!(*found, *key, "{what}: slot {slot}");
        assert_eq!(ByteShape::<P>::find(node, key), (slot + 1, true), "{what}: {found:?}");
        assert!(ByteShape::<P>::compare_key(node, key, slot).is_eq(), "{what}");
        for stem in 0..key.len() + 3 {
            assert_eq!(node.word_behind(slot, stem), word_at(key, stem), "{what}: {stem}");
        }
        assert!(P::is(node, slot, i), "{what}: payload of {slot}");
    }
}

/// Searches for strings close to those that are there, and for others, in and out of the range.
fn check_absent<P: Numbered>(node: Slotted<'_, P>, expected: &[(&[u8], u32)], strings: &[Vec<u8>]) {
    let close = expected.iter().flat_map(|(key, _)| {
        let mut longer = key.to_vec();
        longer.push(0);
        let mut above = key.to_vec();
        above.extend([255; 9]);
        [longer, above, key[..key.len() - usize::from(!key.is_empty())].to_vec()]
    });
    for string in close.chain(strings.iter().cloned()) {
        let rank = expected.partition_point(|(key, _)| **key <= *string);
        let is_there = rank > 0 && *expected[rank - 1].0 == *string;
        assert_eq!(ByteShape::<P>::find(node, &string), (rank, is_there), "{}", string.escape_ascii());
        for (slot, (key, _)) in expected.iter().enumerate().skip(rank.saturating_sub(2)).take(4) {
            assert_eq!(ByteShape::<P>::compare_key(node, &string, slot), (*string).cmp(key));
        }
        let (low, high) = (node.fence_bytes(Fence::Low), node.fence_bytes(Fence::High));
        assert_eq!(ByteShape::<P>::compare_low(node, &string), (*string).cmp(&low));
        let [below, above] = node.compare_both_fences(&string);
        assert_eq!(below, ByteShape::<P>::compare_low(node, &string));
        assert_eq!(above, ByteShape::<P>::compare_high(node, &string));
        if below.is_ge() && (!node.has_high() || above.is_lt()) {
            assert_eq!(ByteShape::<P>::find_within(node, &string), (rank, is_there));
            assert_eq!(ByteShape::<P>::rank_within(node, &string), rank);
        }
        assert!(!node.has_high() || ByteShape::<P>::compare_high(node, &string) == (*string).cmp(&high));
    }
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    crate::mix::mix(*seed)
}

/// Under Miri, tests do less.
const STRINGS: usize = if cfg!(miri) { 16 } else { 600 };
const OPERATIONS: usize = if cfg!(miri) { 300 } else { 9000 };

/// Different strings that begin with `prefix`, with up to `most` random bytes more. Ascending.
fn strings(prefix: &[u8], most: u64, any_byte: bool) -> Vec<Vec<u8>> {
    let mut seed = most + prefix.len() as u64;
    let mut string = || {
        let mut string = prefix.to_vec();
        for _ in 0..random(&mut seed) % (most + 1) {
            let byte = random(&mut seed) as u8;
            // Few different bytes make many strings that are alike.
            string.push(if any_byte { byte } else { [0, 0, 1, 255][usize::from(byte % 4)] });
        }
        string
    };
    let mut strings: Vec<Vec<u8>> = (0..STRINGS).map(|_| string()).collect();
    strings.sort();
    strings.dedup();
    strings
}

/// Ascending strings of each kind that is special.
fn kinds() -> Vec<Vec<Vec<u8>>> {
    let mut users: Vec<Vec<u8>> =
        (0..STRINGS as u64).map(|i| std::format!("user{:019}", crate::mix::mix(i)).into_bytes()).collect();
    users.sort();
    alloc::vec![
        // Prefixes of one another.
        (0..STRINGS / 2).map(|n| alloc::vec![b'a'; n]).collect(),
        (0..STRINGS / 2).map(|n| alloc::vec![0; n]).collect(),
        strings(b"", 12, false),
        strings(b"", 40, false),
        strings(b"", 20, true),
        strings(&[b'p'; 100], 12, false),
        strings(&[b'p'; 1000], 30, false),
        // Up to the longest that are in a node, and beyond.
        strings(b"", 140, false),
        strings(b"x", 400, false),
        users,
    ]
}

/// Inserts into and removes from every slot of a node of every count, and looks at all of it.
fn every_slot<P: Numbered>(strings: &[Vec<u8>]) {
    let blocks = Blocks::new::<P>();
    let mut node = blocks.node::<P>(b"");
    let strings = &strings[..strings.len().min(2 * ByteShape::<P>::CAPACITY + 1)];
    let (low, high) = (&strings[0], strings.last().expect("many"));
    for bounded in [false, true] {
        node.forget_keys();
        if bounded {
            ByteShape::<P>::format(&mut node, LevelMark::of(0), Some(blocks.kept(low)));
            blocks.set_high(&mut node, high);
        }
        let keys: Vec<(&[u8], u32)> =
            strings[..strings.len() - 1].iter().zip(0..).map(|(key, i)| (&**key, i)).collect();
        let mut expected: Vec<(&[u8], u32)> = Vec::new();
        for pair in keys.chunks_exact(2) {
            // The first one goes in front of the last slot and out again; and so on for every slot.
            for slot in 0..=expected.len() {
                let (key, i) = if slot < expected.len() { keys[2 * slot] } else { pair[0] };
                if !node.has_room_for_key(key) {
                    break;
                }
                blocks.insert(&mut node, slot, key, P::of(i));
                expected.insert(slot, (key, i));
                check(*node, &expected, "inserted");
                node.remove_key(slot);
                expected.remove(slot);
                check(*node, &expected, "removed");
            }
            let (key, i) = pair[1];
            if !node.has_room_for_key(key) {
                break;
            }
            blocks.insert(&mut node, expected.len(), key, P::of(i));
            expected.push((key, i));
        }
        check_absent(*node, &expected, strings);
    }
}

/// Splits full nodes at every place, and makes one of both again.
fn every_split<P: Numbered>(strings: &[Vec<u8>]) {
    let blocks = Blocks::new::<P>();
    for (from, to) in [(0, strings.len()), (1, strings.len() - 1)] {
        let high = (to < strings.len()).then(|| &strings[to]);
        let mut node = blocks.node::<P>(if from > 0 { &strings[from] } else { b"" });
        let mut right = blocks.node::<P>(b"");
        let id = right.id();
        if let Some(high) = high {
            blocks.set_high(&mut node, high);
        }
        let mut keys: Vec<(&[u8], u32)> = Vec::new();
        for (key, i) in strings[from..to].iter().zip(0..) {
            if !node.has_room_for_key(key) {
                break;
            }
            blocks.insert(&mut node, keys.len(), key, P::of(i));
            keys.push((key, i));
        }
        for at in 0..=keys.len() {
            let between = match (at.checked_sub(1).map(|i| keys[i].0), keys.get(at).map(|pair| pair.0)) {
                (Some(last), Some(first)) => separator(last, first),
                (None, Some(first)) => first,
                (Some(last), None) if keys.len() + from < to => separator(last, &strings[from + at]),
                _ => continue,
            };
            // A tall key splits at itself.
            for low in [between, keys.get(at).map_or(between, |pair| pair.0)] {
                blocks.split_off(&mut node, at, low, &mut right);
                check(*node, &keys[..at], "left");
                check(*right, &keys[at..], "right");
                check_absent(*node, &keys[..at], &strings[..9]);
                check_absent(*right, &keys[at..], &strings[..9]);
                assert_eq!(*node.fence_bytes(Fence::High), *low);
                assert_eq!(right.id(), id);
                if node.fits(*right, Fill::Tight) {
                    node.absorb_keys(&mut right);
                } else {
                    // A key that came into its node with a longer prefix is too long for both in one.
                    assert!(keys.iter().any(|(key, _)| is_long(key.len())), "as before");
                    ByteShape::<P>::let_go(&mut node);
                    node = blocks.node::<P>(if from > 0 { &strings[from] } else { b"" });
                    if let Some(high) = high {
                        blocks.set_high(&mut node, high);
                    }
                    for (slot, &(key, i)) in keys.iter().enumerate() {
                        blocks.insert(&mut node, slot, key, P::of(i));
                    }
                }
                check(*node, &keys, "one again");
            }
        }
        // A key that has no room: wherever it goes, its part has room for it.
        for (i, (key, _)) in keys.iter().enumerate().skip(1) {
            let rest: Vec<(&[u8], u32)> = keys.iter().filter(|pair| pair.0 != *key).copied().collect();
            let mut node = blocks.node::<P>(&node.fence_bytes(Fence::Low));
            if let Some(high) = high {
                blocks.set_high(&mut node, high);
            }
            for (slot, &(key, i)) in rest.iter().enumerate() {
                blocks.insert(&mut node, slot, key, P::of(i));
            }
            split_and_insert(&blocks, &mut node, &mut right, key, keys[i].1);
            let at = node.count();
            check(*node, &keys[..at], "left");
            check(*right, &keys[at..], "right");
        }
    }
}

fn split_and_insert<P: Numbered>(
    blocks: &Blocks,
    node: &mut Locked<'_, ByteShape<P>>,
    right: &mut Locked<'_, ByteShape<P>>,
    key: &[u8],
    i: u32,
) {
    let (rank, found) = ByteShape::<P>::find(**node, key);
    assert!(!found);
    let cut = node.cut_for(rank, key);
    let Split { at, low } = node.split_for(rank, key).expect("memory");
    assert_eq!((at, rank < at || rank == at && *key < *low), (cut.at, cut.goes_left));
    blocks.split_off(node, at, &low, right);
    if cut.goes_left {
        blocks.insert(node, rank, key, P::of(i));
    } else {
        blocks.insert(right, rank - at, key, P::of(i));
    }
    assert!(node.count() > 0 && right.count() > 0);
}

/// A level of nodes that splits, merges and moves boundaries, against an ordered map.
fn random_operations<P: Numbered>(strings: &[Vec<u8>], operations: usize) {
    let blocks = Blocks::new::<P>();
    let mut level: Vec<Locked<'_, ByteShape<P>>> = alloc::vec![blocks.node(b"")];
    let mut model: BTreeMap<&[u8], u32> = BTreeMap::new();
    let mut seed = 7;
    let (mut splits, mut merges, mut shares) = (0, 0, 0);
    for step in 0..operations {
        let key = &*strings[random(&mut seed) as usize % strings.len()];
        let i = (random(&mut seed) % 1000) as u32;
        let at = level
            .partition_point(|node| node.has_high() && ByteShape::<P>::compare_high(**node, key).is_ge());
        let (rank, found) = ByteShape::<P>::find(*level[at], key);
        assert_eq!(found, model.contains_key(key));
        // Sometimes more comes in, sometimes more goes out.
        let grows = random(&mut seed) % 8 < if (step / (OPERATIONS / 6)).is_multiple_of(2) { 5 } else { 2 };
        match (found, grows) {
            (true, true) => {
                level[at].write_payload(rank - 1, P::of(i));
                model.insert(key, i);
            }
            (true, false) => {
                level[at].remove_key(rank - 1);
                model.remove(key);
                if level[at].is_underfull() {
                    let left = if at + 1 < level.len() { at } else { at.saturating_sub(1) };
                    if left + 1 < level.len() && level[left].fits(*level[left + 1], Fill::Loose) {
                        let mut right = level.remove(left + 1);
                        level[left].absorb_keys(&mut right);
                        ByteShape::<P>::let_go(&mut right);
                        merges += 1;
                    }
                }
            }
            (false, true) => {
                model.insert(key, i);
                if level[at].has_room_for_key(key) {
                    blocks.insert(&mut level[at], rank, key, P::of(i));
                    continue;
                }
                if at + 1 < level.len()
                    && let Some(share) = level[at].share_with(*level[at + 1], key)
                {
                    let [left, right] = level.get_disjoint_mut([at, at + 1]).expect("two nodes");
                    let boundary = left.boundary_at(**right, share);
                    left.move_boundary(share, blocks.kept(&boundary), right);
                    let node = if *key < *boundary { left } else { right };
                    let rank = ByteShape::<P>::rank(**node, key);
                    blocks.insert(node, rank, key, P::of(i));
                    shares += 1;
                    continue;
                }
                let mut right = blocks.node(b"");
                split_and_insert(&blocks, &mut level[at], &mut right, key, i);
                level.insert(at + 1, right);
                splits += 1;
            }
            (false, false) => {}
        }
        if step % (OPERATIONS / 18) == 0 {
            check_level(&level, &model);
        }
    }
    check_level(&level, &model);
    level.iter_mut().for_each(ByteShape::<P>::let_go);
    assert_eq!(blocks.strings.references(), 0, "nodes give up what they refer to");
    assert!(
        cfg!(miri) || splits > 3 && merges + shares > 0,
        "{splits} splits, {merges} merges, {shares} moved boundaries"
    );
}

fn check_level<P: Numbered>(level: &[Locked<'_, ByteShape<P>>], model: &BTreeMap<&[u8], u32>) {
    let mut all = 0;
    for (i, node) in level.iter().enumerate() {
        let low = node.fence_bytes(Fence::Low);
        let high = node.has_high().then(|| node.fence_bytes(Fence::High));
        let end = high.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range: Vec<(&[u8], u32)> =
            model.range::<[u8], _>((Bound::Included(&*low), end)).map(|(key, i)| (*key, *i)).collect();
        check(**node, &range, "a node of a level");
        assert_eq!(high, level.get(i + 1).map(|next| next.fence_bytes(Fence::Low)));
        all += range.len();
    }
    assert_eq!(all, model.len());
}

#[test]
fn every_slot_of_every_shape() {
    with_each_choice(|_| {
        for strings in kinds() {
            every_slot::<Values<u64>>(&strings);
        }
        let strings = &kinds()[2];
        every_slot::<Values<()>>(strings);
        every_slot::<Values<u16>>(strings);
        every_slot::<Values<[u64; 5]>>(strings);
        every_slot::<Values<[u64; 100]>>(strings);
        every_slot::<Children>(strings);
    });
}

#[test]
fn every_split_of_every_shape() {
    with_each_choice(|_| {
        for strings in kinds() {
            every_split::<Values<u64>>(&strings);
            every_split::<Values<[u64; 100]>>(&strings);
            every_split::<Children>(&strings);
        }
        every_split::<Values<()>>(&kinds()[3]);
        every_split::<Values<[u64; 5]>>(&kinds()[7]);
    });
}

#[test]
fn random_operations_on_a_level() {
    with_each_choice(|_| {
        for strings in kinds() {
            random_operations::<Values<u64>>(&strings, OPERATIONS);
            random_operations::<Children>(&strings, OPERATIONS);
            random_operations::<Values<[u64; 5]>>(&strings, OPERATIONS);
        }
        random_operations::<Values<()>>(&kinds()[3], OPERATIONS);
        random_operations::<Values<[u64; 100]>>(&kinds()[3], OPERATIONS);
    });
}

/// Ascending keys leave full nodes, and what fits is what the capacity promises.
#[test]
fn ascending_keys_leave_full_nodes() {
    let blocks = Blocks::new::<Values<u64>>();
    let mut node = blocks.node::<Values<u64>>(b"");
    let mut keys = 0..;
    let mut key = || std::format!("{:020}", keys.next().expect("endless")).into_bytes();
    let next = loop {
        let key = key();
        if !node.has_room_for_key(&key) {
            break key;
        }
        let slot = node.count();
        blocks.insert(&mut node, slot, &key, 1);
    };
    let full = node.count();
    let Split { at, low } = node.split_for(full, &next).expect("memory");
    assert_eq!(at, full);
    assert!(low.len() <= next.len() && *low > *node.key_bytes(full - 1));
}

/// All nodes of a region share the string that their fences begin with, and a search compares it once in each: for
/// both fences and for all keys.
#[test]
fn a_search_compares_what_is_shared_once_in_a_node() {
    const PREFIX: usize = 1000;
    let strings = strings(&[b'p'; PREFIX], 20, true);
    let blocks = Blocks::new::<Values<u64>>();
    let mut level: Vec<Locked<'_, ByteShape<Values<u64>>>> = alloc::vec![blocks.node(b"")];
    for (key, i) in strings.iter().step_by(2).chain(strings.iter().skip(1).step_by(2)).zip(0..) {
        let at = level.partition_point(|node| ByteLeaf::compare_high(**node, key).is_ge() && node.has_high());
        let (rank, _) = ByteLeaf::find(*level[at], key);
        if level[at].has_room_for_key(key) {
            blocks.insert(&mut level[at], rank, key, i.into());
        } else {
            let mut right = blocks.node(b"");
            split_and_insert(&blocks, &mut level[at], &mut right, key, i);
            level.insert(at + 1, right);
        }
    }
    let first = level[0].base();
    assert!(cfg!(miri) || level.len() > 5);
    for node in &level {
        assert_eq!(node.base().number, first.number, "all share one");
        assert!(node.base().covers, "keys in cells, too");
    }
    for key in &strings {
        let at = level.partition_point(|node| node.has_high() && ByteLeaf::compare_high(**node, key).is_ge());
        blocks.strings.compared.store(0, Relaxed);
        let _ = level[at].compare_both_fences(key);
        assert!(ByteLeaf::find_within(*level[at], key).1);
        let compared = blocks.strings.compared.load(Relaxed);
        // The first and the last node are searched without a prefix: once for the fence, once for the keys.
        let times = if level[at].state().prefix < PREFIX { 2 } else { 1 };
        assert!(compared <= times * PREFIX + 200, "{compared} in node {at} of {}", level.len());
    }
}

/// A part of the image is what the leaf holds, whatever part it is.
#[test]
fn images_hold_what_the_leaf_holds() {
    for strings in kinds() {
        let blocks = Blocks::new::<Values<u64>>();
        let mut leaf = blocks.node::<Values<u64>>(&strings[0]);
        blocks.set_high(&mut leaf, strings.last().expect("many"));
        let mut count = 0;
        while leaf.has_room_for_key(&strings[count]) {
            blocks.insert(&mut leaf, count, &strings[count], Values::<u64>::of(count as u32));
            count += 1;
        }
        let mut image = PairImage::new();
        for (start, end) in (0..=count).flat_map(|start| (start..=count).map(move |end| (start, end))) {
            // SAFETY: the leaf is locked, and the slots are in use.
            let filled = unsafe { image.fill(*leaf, start, end, || true) };
            let has_long = (start..end).any(|slot| is_long(strings[slot].len() - leaf.state().prefix));
            assert_eq!(filled, if has_long { Filled::Long } else { Filled::Valid });
            let len = image.len();
            assert_eq!(len, if has_long { 0 } else { end - start });
            for i in 0..len {
                let expected = (&*strings[start + i], Values::<u64>::of((start + i) as u32));
                assert_eq!(image.pair(i), expected);
            }
        }
        // SAFETY: as above.
        assert_eq!(unsafe { image.fill(*leaf, 0, count, || false) }, Filled::Changed);
        assert_eq!(image.len(), 0);
    }
}

/// A replica of an inner node is a copy, and an entry's key can change.
#[test]
fn replicas_and_entries() {
    for strings in kinds() {
        let blocks = Blocks::new::<Children>();
        let mut node = blocks.node::<Children>(b"");
        let memory = blocks.node::<Children>(b"");
        ByteInner::insert_first(&mut node, Children::of(0));
        assert!(ByteInner::low_is_least(*node) && ByteInner::key_is_least(*node, 0));
        let mut expected: Vec<(&[u8], u32)> = alloc::vec![(b"", 0)];
        for (string, i) in strings.iter().step_by(3).skip(1).zip(1..) {
            if !node.has_room_for_key(string) {
                break;
            }
            blocks.insert(&mut node, i, string, Children::of(i as u32));
            expected.push((string, i as u32));
        }
        for i in 1..expected.len() {
            let key = &*strings[3 * i + 1];
            if is_long(key.len()) {
                continue;
            }
            if node.has_room_for_exchange(i, key) {
                ByteInner::set_key(&mut node, i, KeptBytes { bytes: key, number: None });
                expected[i].0 = key;
            }
            check(*node, &expected, "exchanged");
            ByteInner::copy_words(&node, *memory);
            ByteInner::check_is_copy_of(*memory, *node);
        }
        ByteInner::format(&mut node, LevelMark::of(1), None);
        assert_eq!((node.count(), node.has_high(), node.state().live()), (0, false, 0));
    }
}

/// While a node changes, a reader may find any words in it. Whatever these are, no reading panics, leaves the
/// node or goes on forever.
#[test]
fn any_words_can_be_read() {
    fn check<P: Numbered>(rounds: usize) {
        let blocks = Blocks::new::<P>();
        let (mut node, mut right) = (blocks.node::<P>(b""), blocks.node::<P>(b""));
        let mut seed = 3;
        for round in 0..rounds {
            for node in [&mut node, &mut right] {
                for offset in (8..ByteShape::<P>::SIZE).step_by(4) {
                    let mask = [0, u32::MAX, 0xff, 0x8000_0000][random(&mut seed) as usize % 4];
                    let word = random(&mut seed) as u32 & mask;
                    node.scribble(offset, word);
                }
                // Else most nodes would seem to be full.
                let count = random(&mut seed) as usize % (ByteShape::<P>::CAPACITY + 1);
                node.set_count(count);
            }
            let key: Vec<u8> = (0..random(&mut seed) % 200).map(|_| random(&mut seed) as u8).collect();
            let (node, right) = (node.without_long(), right.without_long());
            let (rank, _) = node.find(&key);
            assert!(rank <= ByteShape::<P>::CAPACITY);
            let stem = [0, 3, 8, 105, 5000, ByteKeys::MAX_BYTES][round % 6];
            for slot in [0, rank, round] {
                let _ = (node.key(slot), node.compare_key(&key, slot), node.word_behind(slot, stem));
                let _ = node.has_room_for_exchange(slot, &key);
            }
            let _ = (node.low(), node.high(), node.low_word(stem), node.high_word(stem));
            let _ = (node.stem_from(right), node.stem_from(node));
            let _ = (node.compare_low(&key), node.compare_high(&key), node.rank_before(&key));
            let _ = (node.has_room(&key), node.is_full(), node.is_underfull(), node.has_free(3));
            let _ = node.may_overflow(rank.min(node.count()), &key);
            let _ = (node.compare_both_fences(&key), node.find_within(&key), node.rank_within(&key));
            let _ = (node.fits(right, Fill::Loose), node.fits(right, Fill::Tight));
            let _ = node.split_for(rank.min(node.count()), &key).is_ok();
            let _ = (node.needs_number(&key), node.may_split_at_long(&key));
            let _ = node.share_with(right, &key);
        }
    }
    check::<Values<u64>>(STRINGS);
    check::<Values<[u64; 100]>>(STRINGS / 8);
    check::<Children>(STRINGS);

    let blocks = Blocks::new::<Values<u64>>();
    let mut leaf = blocks.node::<Values<u64>>(b"");
    let mut image = PairImage::new();
    let mut seed = 4;
    for _ in 0..STRINGS {
        (8..ByteShape::<Values<u64>>::SIZE)
            .step_by(4)
            .for_each(|at| leaf.scribble(at, random(&mut seed) as u32));
        // SAFETY: the answer is that the leaf has changed.
        let filled = unsafe { image.fill(leaf.without_long(), 1, ByteLeaf::<u64>::CAPACITY, || false) };
        assert_eq!(filled, Filled::Changed);
    }
}

impl<'a, P: Payload> Locked<'a, ByteShape<P>> {
    /// Stores 32 bits anywhere behind the lock, in words of the size that is there.
    fn scribble(&mut self, offset: usize, bits: u32) {
        type Own<P> = ByteShape<P>;
        if (Own::<P>::ENTRIES..Own::<P>::ENTRIES + Own::<P>::CAPACITY * 4).contains(&offset) {
            self.entry_cell((offset - Own::<P>::ENTRIES) / 4).store(bits, Ordering::Relaxed);
        } else if offset < Own::<P>::PAYLOAD || offset >= Own::<P>::HEAP {
            let cell = self.word(offset / 8 * 8);
            let kept = if offset.is_multiple_of(8) { u64::from(u32::MAX) << 32 } else { u64::from(u32::MAX) };
            let word = cell.load(Ordering::Relaxed) & kept | u64::from(bits) << (offset % 8 * 8);
            cell.store(word, Ordering::Relaxed);
        }
    }

    /// The node, whose numbers lead nowhere.
    fn without_long(&self) -> Slotted<'a, P> {
        // SAFETY: the node is one, and strings that are nowhere may be asked for.
        unsafe { Node::from_raw(self.base, self.id(), Long::NONE) }
    }
}
