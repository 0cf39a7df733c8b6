//! What the check of the map's invariants asks of a node of words.

use super::super::header::Node;
use super::super::verify::Checking;
use super::shape::WordShape;
use crate::simd::LINE;
use crate::sync::{DataWord, Ordering};

impl<S: WordShape> Checking for S {
    fn low_is_least(node: Node<'_, S>) -> bool {
        (0..Node::<S>::KEY_WORDS).all(|i| node.header(Node::<S>::LOW + i * 8).load(Ordering::Relaxed) == 0)
    }

    fn key_is_least(node: Node<'_, S>, slot: usize) -> bool {
        (0..Node::<S>::KEY_WORDS).all(|plane| node.key_word(plane, slot) == 0)
    }

    fn check_is_copy_of(replica: Node<'_, S>, original: Node<'_, S>) {
        for at in (Node::<S>::META..Node::<S>::KEYS).step_by(8) {
            let [copy, word] = [replica, original].map(|node| {
                // SAFETY: header and samples are words of 64 bits.
                let word: &DataWord = unsafe { node.field(at) };
                word.load(Ordering::Relaxed)
            });
            assert_eq!(copy, word, "a replica's header and samples");
        }
        for slot in 0..original.count() {
            let keys =
                (0..Node::<S>::KEY_WORDS).all(|i| replica.key_word(i, slot) == original.key_word(i, slot));
            assert!(keys, "a replica's keys");
        }
    }

    fn each_number(_: Node<'_, S>, _: &mut dyn FnMut(u32)) {}

    fn check_samples(node: Node<'_, S>) {
        for line in 0..LINE {
            let slot = line * LINE;
            let expected = if slot < node.count() { node.key_word(0, slot) } else { u64::MAX };
            assert_eq!(node.sample(line).load(Ordering::Relaxed), expected, "a sample is stale");
        }
    }
}
