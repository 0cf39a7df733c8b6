//! Calls of a handler, recorded. A call that is busy has done nothing and is not recorded.

use super::play::{Phase, Player};
use super::{Act, Edge};
use crate::rng::Rng;
use bskip_core::{BSkipMap, BlockArena};

impl<A: BlockArena> Player<'_, BSkipMap<u64, u64, A>> {
    /// `try_get` or `try_contains_key`.
    pub fn try_get(&mut self, key: u64, value: bool) {
        if value {
            let (span, seen) = self.timed(|| self.map.handler().try_get(&key));
            seen.into_iter().for_each(|seen| self.note(key, span, Act::Read(seen)));
        } else {
            let (span, seen) = self.timed(|| self.map.handler().try_contains_key(&key));
            seen.into_iter().for_each(|seen| self.note(key, span, Act::Has(seen)));
        }
    }

    /// `try_insert`, or `try_insert_with` and one block.
    pub fn try_insert(&mut self, key: u64, with: bool) {
        let new = self.new_value(key);
        let mut reservation = with.then(|| self.map.reserve(1).expect("memory"));
        let (span, inserted) = self.timed(|| match &mut reservation {
            Some(reservation) => self.map.handler().try_insert_with(reservation, key, new),
            None => self.map.handler().try_insert(key, new),
        });
        if let Ok(old) = inserted {
            self.note(key, span, Act::Insert { new, old });
        }
    }

    /// `try_remove`.
    pub fn try_remove(&mut self, key: u64) {
        let (span, old) = self.timed(|| self.map.handler().try_remove(&key));
        old.into_iter().for_each(|old| self.note(key, span, Act::Remove(old)));
    }

    /// `try_pop_first` or `try_pop_last`. All keys must be watched.
    pub fn try_pop(&mut self, edge: Edge) {
        let handler = self.map.handler();
        let (span, pair) = self.timed(|| match edge {
            Edge::First => handler.try_pop_first(),
            Edge::Last => handler.try_pop_last(),
        });
        pair.into_iter().for_each(|pair| self.note_edge(span, edge, pair, |value| Act::Remove(Some(value))));
    }

    /// `try_first_key_value` or `try_last_key_value`. All keys must be watched.
    pub fn try_look(&mut self, edge: Edge) {
        let handler = self.map.handler();
        let (span, pair) = self.timed(|| match edge {
            Edge::First => handler.try_first_key_value(),
            Edge::Last => handler.try_last_key_value(),
        });
        pair.into_iter().for_each(|pair| self.note_edge(span, edge, pair, |value| Act::Read(Some(value))));
    }

    /// One call of a handler, about the key `number` or an end of the map.
    pub fn play_on_handler(&mut self, rng: &mut Rng, phase: Phase, number: u64) {
        let inserts = match phase {
            Phase::Growing => 8,
            Phase::Shrinking => 3,
        };
        let edge = if rng.below(2) == 0 { Edge::First } else { Edge::Last };
        match rng.below(20) {
            dice if dice < inserts => self.try_insert(number, dice % 2 == 0),
            0..10 => self.try_remove(number),
            10 if phase == Phase::Shrinking => self.try_pop(edge),
            11..13 => self.try_look(edge),
            dice => self.try_get(number, dice > 14),
        }
    }
}
