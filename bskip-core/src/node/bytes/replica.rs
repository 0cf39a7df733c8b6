//! Copying an inner node of byte keys to a replica.

use super::super::header::Node;
use super::super::locked::Locked;
use super::shape::{ByteInner, ByteShape};
use crate::node::payload::Children;
use crate::sync::{DataWord, Ordering};

/// Copies word by word. Slots that are not in use are not copied and may hold anything. The exception is slot
/// 0, because a search reads it even in a node without entries (see `format`).
pub(super) fn copy_words(node: &Locked<'_, ByteInner>, replica: Node<'_, ByteInner>) {
    type Own = ByteShape<Children>;
    copy(node.meta(), replica.meta());
    copy(node.next_cell(), replica.next_cell());
    for offset in (Own::FENCE_LENS..Own::D).step_by(8) {
        copy(node.word(offset), replica.word(offset));
    }
    for slot in 0..node.count().max(1) {
        copy(node.d_cell(slot), replica.d_cell(slot));
        let entry = node.entry_cell(slot).load(Ordering::Relaxed);
        replica.entry_cell(slot).store(entry, Ordering::Relaxed);
        let child = node.child_cell_in(slot).load(Ordering::Relaxed);
        replica.child_cell_in(slot).store(child, Ordering::Relaxed);
    }
    for place in 0..node.state().used {
        copy(node.heap_cell(place), replica.heap_cell(place));
    }
}

fn copy(from: &DataWord, to: &DataWord) {
    to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
}
