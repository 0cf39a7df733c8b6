//! Decodes a fuzzer's bytes into a sequence of operations. Any bytes mean something.

use crate::arena::ArenaKind;
use crate::config::CRUEL_PROMOTIONS;
use crate::model::{Op, replay};
use crate::read::{Cloning, Optimistic};
use arbitrary::{Arbitrary, Result, Unstructured};
use bskip_core::Promotion;
use core::ops::Bound;

/// The types of a map's keys and values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Types {
    /// `u64` to `u64`.
    Words,
    /// `u8` to `[u64; 5]`: few keys, wide values.
    Narrow,
    /// `[u8; 64]` to `u64`: nodes of eight slots.
    Wide,
    /// `u128` to `String`.
    Owning,
}

/// A map and the steps to run on it.
#[derive(Clone, Debug)]
pub struct Program {
    /// Keys and values.
    pub types: Types,
    /// The map's arena.
    pub arena: ArenaKind,
    /// The map's promotion policy.
    pub promotion: Promotion,
    /// The map's seed.
    pub seed: u64,
    /// The steps.
    pub ops: Vec<Op>,
}

/// The most steps of one program. Without a bound, a long input would only be slow.
const MOST_OPS: usize = 300;

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let types = *bytes.choose(&[Types::Words, Types::Narrow, Types::Wide, Types::Owning])?;
        let arena = *bytes.choose(&ArenaKind::ALL)?;
        let promotion = *bytes.choose(&CRUEL_PROMOTIONS)?;
        let seed = u64::from(u8::arbitrary(bytes)?);
        let mut ops = Vec::new();
        while !bytes.is_empty() && ops.len() < MOST_OPS {
            ops.push(op(bytes)?);
        }
        Ok(Self { types, arena, promotion, seed, ops })
    }
}

/// The number of a key. Most are small, so that keys repeat.
fn number(bytes: &mut Unstructured<'_>) -> Result<u32> {
    match bytes.int_in_range(0..=7)? {
        0 => Ok(u32::from(u8::arbitrary(bytes)? % 4)),
        1..5 => u8::arbitrary(bytes).map(u32::from),
        5 | 6 => u16::arbitrary(bytes).map(|n| u32::from(n % 6000)),
        _ => u32::arbitrary(bytes),
    }
}

fn bound(bytes: &mut Unstructured<'_>) -> Result<Bound<u32>> {
    Ok(match bytes.int_in_range(0..=4)? {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Included(number(bytes)?),
        _ => Bound::Excluded(number(bytes)?),
    })
}

fn op(bytes: &mut Unstructured<'_>) -> Result<Op> {
    let value = |bytes: &mut Unstructured<'_>| u8::arbitrary(bytes).map(u32::from);
    let run = |bytes: &mut Unstructured<'_>| -> Result<_> {
        Ok((number(bytes)?, u16::from(u8::arbitrary(bytes)?) * 6, bytes.int_in_range(1..=7)?))
    };
    Ok(match bytes.int_in_range(0..=23)? {
        0..3 => Op::Insert(number(bytes)?, value(bytes)?),
        3 => Op::TryInsert(number(bytes)?, value(bytes)?),
        4..6 => Op::Get(number(bytes)?),
        6..9 => Op::Remove(number(bytes)?),
        9 => Op::Update(number(bytes)?, value(bytes)?),
        10 => match (number(bytes)?, value(bytes)?) {
            (k, v @ 0..128) => Op::GetOrInsert(k, v),
            (k, 240..) => Op::Sweep(k),
            (k, v) => Op::OnPair(k, v),
        },
        11 => Op::Ends,
        12 => Op::Pop(false, u16::from(u8::arbitrary(bytes)?)),
        13 => Op::Pop(true, u16::from(u8::arbitrary(bytes)?)),
        14..17 => {
            let turns = *bytes.choose(&[0, u64::MAX, 0x5555_5555_5555_5555, 0xFFFF_0F0F_3333_0001])?;
            Op::Range(bound(bytes)?, bound(bytes)?, turns, u16::from(u8::arbitrary(bytes)?) * 3)
        }
        17..20 => run(bytes).map(|(k, n, step)| Op::InsertRun(k, n, step))?,
        20..22 => run(bytes).map(|(k, n, step)| Op::RemoveRun(k, n, step))?,
        22 => match bytes.int_in_range(0..=3)? {
            0 => Op::Shrink(u16::from(u8::arbitrary(bytes)?) * 8),
            1 => Op::Migrate(Some(u16::from(u8::arbitrary(bytes)?) * 8)),
            2 => Op::Migrate(None),
            _ => Op::Check,
        },
        // Only every other one, because it destroys everything that was built.
        _ if bool::arbitrary(bytes)? => Op::Clear,
        _ => Op::Check,
    })
}

impl Program {
    /// The program that these bytes mean; `None` if they are too few to choose a map.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::arbitrary(&mut Unstructured::new(bytes)).ok()
    }

    /// Runs the steps on the map and on `BTreeMap`.
    ///
    /// # Panics
    /// If they differ, or an invariant does not hold.
    #[inline] // Compiled where it is called, not for every test that uses this crate: it is four maps with everything.
    pub fn run(&self) {
        let Self { arena, promotion, seed, ref ops, .. } = *self;
        match self.types {
            Types::Words => replay::<u64, u64, Optimistic>(arena, promotion, seed, ops, &u64::from),
            Types::Narrow => {
                replay::<u8, [u64; 5], Optimistic>(arena, promotion, seed, ops, &|v| [u64::from(v); 5]);
            }
            Types::Wide => {
                replay::<[u8; 64], u64, Optimistic>(arena, promotion, seed, ops, &u64::from);
            }
            Types::Owning => {
                replay::<u128, String, Cloning>(arena, promotion, seed, ops, &|v| format!("value {v}"));
            }
        }
    }
}
