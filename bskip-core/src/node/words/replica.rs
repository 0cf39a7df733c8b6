//! Copying an inner node of words to a replica.

use super::super::header::Node;
use super::super::locked::Locked;
use super::shape::WordInner;
use crate::key::KeyWords;
use crate::simd::LINE;
use crate::sync::{DataWord, Ordering};

/// Word by word. A slot that is not in use holds any word, except slot 0: see `format`.
pub(super) fn copy_words<K: KeyWords>(node: &Locked<'_, WordInner<K>>, replica: Node<'_, WordInner<K>>) {
    for offset in (Node::<WordInner<K>>::META..Node::<WordInner<K>>::SAMPLES).step_by(8) {
        copy(node.header(offset), replica.header(offset));
    }
    for line in 0..LINE {
        copy(node.sample(line), replica.sample(line));
    }
    for slot in 0..node.count().max(1) {
        for plane in 0..K::WORDS {
            copy(node.key_cell(plane, slot), replica.key_cell(plane, slot));
        }
        let child = node.child_cell(slot).load(Ordering::Relaxed);
        replica.child_cell(slot).store(child, Ordering::Relaxed);
    }
}

fn copy(from: &DataWord, to: &DataWord) {
    to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
}
