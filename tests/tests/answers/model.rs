//! The map does what `BTreeMap` does, for types of every form that it takes, on every arena, under every policy.
//!
//! Properties, for random sequences of all operations:
//! - every answer equals that of `BTreeMap`, old values and partial double-ended ranges included;
//! - the invariants hold in between and at the end, and count as many keys as the model has;
//! - the whole contents agree at the end, forwards and backwards;
//! - the least and the greatest key of every type are ordinary keys, alone, together and among others.
//!
//! Key types of every form run with a plain value. Key types of one, two and three words also run with an owning
//! value. Every value type runs with a plain key. The arena and the promotion policy are part of the random
//! input.

use bskip_core::internals::use_instructions;
use tests::ends::check_ends;
use tests::read::{Cloning, Optimistic};
use tests::sequences::check;

/// The suite for each of some key types.
macro_rules! keys {
    ($group:ident; $($name:ident: $key:ty),* $(,)?) => { mod $group { use super::*; $(
        #[test]
        fn $name() {
            check_ends::<$key>();
            check::<$key, u64, Optimistic>(|v| u64::from(v) << 20 | 7);
        }
    )* } };
}

keys! { keys; u64: u64, bytes_64: [u8; 64] }

#[cfg(thorough)]
keys! {
    more_keys;
    u8: u8, u128: u128, usize: usize, i8: i8, i64: i64, i128: i128,
    bytes_1: [u8; 1], bytes_9: [u8; 9], bytes_16: [u8; 16], bytes_20: [u8; 20],
    pair: (u32, u64), signed_pair: (i8, i128), pair_of_bytes: ([u8; 3], u16), nested: (u8, (u16, u32)),
}

/// The ends of other key types, which turn into words by the same code as one of those above.
#[cfg(thorough)]
#[test]
fn ends_of_more_keys() {
    check_ends::<u16>();
    check_ends::<u32>();
    check_ends::<i16>();
    check_ends::<i32>();
    check_ends::<isize>();
    check_ends::<[u8; 3]>();
    check_ends::<[u8; 8]>();
    check_ends::<(u64, i16, u8)>();
}

/// The suite for each of some value types.
#[cfg(thorough)]
macro_rules! values {
    ($($name:ident: $value:ty, $read:ty = $make:expr),* $(,)?) => { mod values { use super::*; $(
        #[test]
        fn $name() {
            check::<u64, $value, $read>($make);
        }
    )* } };
}

/// A value that needs more alignment than any word.
#[cfg(thorough)]
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(32))]
struct Aligned(u32);

/// A value larger than a cache line, of odd size.
#[cfg(thorough)]
#[derive(Clone, Copy, PartialEq, Debug)]
struct Large([u8; 201]);

#[cfg(thorough)]
values! {
    u8: u8, Optimistic = |v| v as u8,
    bool: bool, Optimistic = |v| v & 1 == 1,
    unit: (), Optimistic = |_| (),
    u128: u128, Optimistic = |v| u128::from(v) << 90 | u128::from(v),
    words: [u64; 5], Optimistic = |v| [u64::from(v); 5],
    padded: (u8, u32, u16), Optimistic = |v| (v as u8, v, v as u16),
    option: Option<u32>, Optimistic = |v| (v & 3 != 0).then_some(v),
    aligned: Aligned, Optimistic = Aligned,
    cloned_words: [u64; 5], Cloning = |v| [u64::from(v); 5],
    large: Large, Optimistic = |v| Large([v as u8; 201]),
    string: String, Cloning = |v| format!("value {v}"),
    arc: std::sync::Arc<u32>, Cloning = std::sync::Arc::new,
    vec: Vec<u16>, Cloning = |v| vec![v as u16; (v % 5) as usize],
}

/// The types that the fuzzer uses.
#[test]
fn few_wide_and_owning_values() {
    check::<u8, [u64; 5], Optimistic>(|v| [u64::from(v); 5]);
    check::<u128, String, Cloning>(|v| format!("value {v}"));
}

#[cfg(thorough)]
#[test]
fn owning_values_under_keys_of_any_width() {
    check::<u8, Box<u32>, Cloning>(Box::new);
    check::<i128, Box<u32>, Cloning>(Box::new);
    check::<[u8; 20], Box<u32>, Cloning>(Box::new);
}

#[cfg(thorough)]
#[test]
fn borrowed_value() {
    let names: Vec<String> = (0..100).map(|i| format!("name {i}")).collect();
    check::<u64, &str, Optimistic>(|v| &names[v as usize % names.len()]);
    check::<[u8; 3], &[String], Cloning>(|v| &names[..v as usize % names.len()]);
}

/// Runs with every kind of vector instructions that this process can choose. Tests that run beside this one
/// see the choice change; that must make no difference to them either.
#[test]
fn every_instruction_set() {
    for name in ["portable", "avx", "avx512"] {
        if use_instructions(name) {
            check::<u64, u64, Optimistic>(u64::from);
            check::<[u8; 64], u64, Optimistic>(u64::from);
            check::<u128, String, Cloning>(|v| v.to_string());
        }
    }
}
