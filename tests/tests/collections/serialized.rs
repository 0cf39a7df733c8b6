//! Maps and sets in serde's data model.
//!
//! Properties:
//! - maps are maps and sets are sequences, in key order; what was written is read back, from JSON and token by token;
//! - a binary format is told the exact number of pairs, a format for people gets them one by one;
//! - of pairs with the same key, the last stays; pairs may come in any order;
//! - a map of your own arena takes pairs in; without memory, or with a bad pair, there is an error and no panic, and the
//!   pairs before it are there.

use bskip_core::{
    BSkipBlobMap, BSkipBytesMap, BSkipBytesSet, BSkipMap, BSkipSet, BumpArena, Config, GlobalArena,
};
use serde::de::DeserializeSeed;
use serde_json::{from_str, to_string};
use serde_test::{Configure, Token, assert_tokens};

#[test]
fn maps_and_sets_come_back_from_json() {
    let map: BSkipMap<u64, String> = (0..1000).map(|key| (key, key.to_string())).collect();
    assert_eq!(from_str::<BSkipMap<u64, String>>(&to_string(&map).expect("text")).expect("a map"), map);
    let small = BSkipMap::from([(2, 'b'), (1, 'a')]);
    assert_eq!(to_string(&small).expect("text"), r#"{"1":"a","2":"b"}"#);
    let set = BSkipSet::from([3, 1]);
    assert_eq!(to_string(&set).expect("text"), "[1,3]");
    assert_eq!(from_str::<BSkipSet<i32>>("[3, 1, 3]").expect("a set"), set);
    let bytes: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("b", 2), ("a", 1)]);
    assert_eq!(to_string(&bytes).expect("text"), r#"{"a":1,"b":2}"#);
    assert_eq!(from_str::<BSkipBytesMap<str, u64>>(r#"{"b": 0, "a": 1, "b": 2}"#).expect("a map"), bytes);
    let texts: BSkipBytesSet<str> = BSkipBytesSet::from(["y", "x"]);
    assert_eq!(to_string(&texts).expect("text"), r#"["x","y"]"#);
    assert_eq!(from_str::<BSkipBytesSet<str>>(r#"["y", "x"]"#).expect("a set"), texts);
    let blobs: BSkipBlobMap<str> = BSkipBlobMap::from([("b", vec![1, 2]), ("a", vec![0; 3000])]);
    assert_eq!(from_str::<BSkipBlobMap<str>>(&to_string(&blobs).expect("text")).expect("a map"), blobs);
    assert_eq!(
        from_str::<BSkipBlobMap<str>>(r#"{"k": "text"}"#).expect("a map").get("k"),
        Some(b"text".to_vec())
    );
}

#[test]
fn a_binary_format_is_told_the_number_of_pairs() {
    let map = BSkipMap::from([(1u8, 10u8), (2, 20)]);
    let pairs = [Token::U8(1), Token::U8(10), Token::U8(2), Token::U8(20), Token::MapEnd];
    let with = |len| [&[Token::Map { len }], pairs.as_slice()].concat();
    assert_tokens(&map.clone().compact(), &with(Some(2)));
    assert_tokens(&map.readable(), &with(None));
    let set = BSkipSet::from([1u8, 2]);
    let keys = [Token::U8(1), Token::U8(2), Token::SeqEnd];
    let with = |len| [&[Token::Seq { len }], keys.as_slice()].concat();
    assert_tokens(&set.clone().compact(), &with(Some(2)));
    assert_tokens(&set.readable(), &with(None));
    let blobs: BSkipBlobMap<str> = BSkipBlobMap::from([("k", "v")]);
    let tokens = [Token::Map { len: Some(1) }, Token::Str("k"), Token::Bytes(b"v"), Token::MapEnd];
    assert_tokens(&blobs.compact(), &tokens);
}

#[test]
fn a_bad_pair_is_an_error() {
    let read = |text| from_str::<BSkipMap<u64, u64>>(text).map_err(|error| error.to_string());
    assert!(read(r#"{"1": 2, "x": 3}"#).expect_err("no number").contains("invalid"));
    assert!(read("[1]").expect_err("no map").contains("a map"));
    assert!(
        from_str::<BSkipSet<u64>>("7").expect_err("no sequence").to_string().contains("a sequence of keys")
    );
    assert!(from_str::<BSkipBytesMap<[u8; 2], u64>>(r#"{"abc": 1}"#).is_err());
}

#[test]
fn a_map_of_an_arena_of_ones_own_takes_pairs_in() {
    let text = to_string(&(0..5000u64).map(|key| (key, key)).collect::<BSkipMap<_, _>>()).expect("text");
    let counted = Config::new().counted(true);
    let mut map: BSkipMap<u64, u64> = BSkipMap::with_config(GlobalArena::new(), counted).expect("memory");
    map.insert(3, 0);
    map.insert(9000, 1);
    (&mut map).deserialize(&mut serde_json::Deserializer::from_str(&text)).expect("pairs");
    assert_eq!((map.len(), map.get(&3)), (5001, Some(3)));
    map.check_invariants();

    let mut small: BSkipMap<u64, u64, _> =
        BSkipMap::with_arena(BumpArena::with_limit(32 << 10)).expect("memory");
    let seed = (&mut small).deserialize(&mut serde_json::Deserializer::from_str(&text));
    assert!(seed.expect_err("no memory").to_string().contains("limit"));
    assert!(small.len() > 100 && small.iter().map(|pair| pair.0).eq(0..small.len() as u64));
    small.check_invariants();

    // A key that a map refuses.
    let long = to_string(
        &[("a".to_string(), 1), ("b".repeat(2 << 20), 2)]
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    );
    let mut bytes: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
    let seed = (&mut bytes).deserialize(&mut serde_json::Deserializer::from_str(&long.expect("text")));
    assert!(seed.is_err() && bytes.len() == 1);
}
