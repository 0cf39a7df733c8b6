//! Bugs in what keeps nodes full: absorption, redistribution, shrinking.

use super::probes::{LOOM_ACROSS, SHUTTLE, UNIT};
use super::{Edit, Mutant};

const MERGE: &str = "bskip-core/src/index/write/absorb.rs";
const BOUNDARY: &str = "bskip-core/src/index/write/boundary.rs";
const SEARCH_LOCK: &str = "bskip-core/src/index/search/lock.rs";
const SHRINK: &str = "bskip-core/src/index/maintain/shrink.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "unlink-keeps-entry",
        what: "A merged node's entry stays in its parent.",
        edits: &[Edit {
            file: MERGE,
            find: "if listed { parent.remove(rank - 1);",
            replace: "if listed && rank == 0 {\nparent.remove(rank - 1);",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-without-parent",
        what: "A node is merged away without locking the node above it.",
        edits: &[Edit {
            file: MERGE,
            find: "if level == self.tree.root().0 { let Some((left",
            replace: "if level <= self.tree.root().0 {\nlet Some((left",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-relocks-left",
        what: "The left node of a merge, or of two whose boundary moves, is locked in whatever state it is by then.",
        edits: &[Edit {
            file: SEARCH_LOCK,
            find: "let left = left.try_lock(left_version)?;",
            replace: "let left = left.try_lock(left.try_read_begin()?)?;",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-relocks-right",
        what: "The right node of a merge, or of two whose boundary moves, is locked in whatever state it is by then.",
        edits: &[Edit {
            file: SEARCH_LOCK,
            find: "let Some(right) = right.try_lock(right_version) else {",
            replace: "let Some(right) = right.try_read_begin().and_then(|version| right.try_lock(version)) else {",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-forgets-unlock",
        what: "The parent stays locked when a merge gives up.",
        edits: &[Edit {
            file: SEARCH_LOCK,
            find: "None => { parent.unlock_unchanged(); None }",
            replace: "None => {\ncore::mem::forget(parent);\nNone\n}",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "redistribution-past-a-leaf",
        what: "A leaf gives pairs to one that is not its neighbour: another thread's leaf between has no entry yet.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "if left.next() != Some(right.id()) || parent.child(entry.slot)",
            replace: "if parent.child(entry.slot)",
        }],
        by: &[&LOOM_ACROSS],
        only: false,
    },
    Mutant {
        name: "redistribution-keeps-entry",
        what: "The entry of a leaf whose low fence has moved stays where it was.",
        edits: &[Edit { file: BOUNDARY, find: "parent.set_entry_key(entry.slot, &right);", replace: "" }],
        by: &[&UNIT, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "redistribution-moves-coin-key",
        what: "A leaf that starts at a coin key starts elsewhere after a redistribution.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "if self.heights.of(boundary) > 0 || self.tree.root().0 == 0 {",
            replace: "if self.tree.root().0 == 0 {",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "redistribution-moves-first-entry",
        what: "A redistribution moves an inner node's first entry off its low fence.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "(listed && rank > 1).then(",
            replace: "(listed && rank > 0).then(",
        }],
        by: &[&UNIT, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "redistribution-into-wrong-leaf",
        what: "The pair that comes in with a redistribution goes into the leaf to the left, wherever the boundary is then.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "if right.compare_low(key).is_lt() { left }",
            replace: "if true { left }",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-empties-leaf",
        what: "A leaf is filled up from one that has no more pairs than there is room for, and is left without any.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "leaf.count() + right.count() > capacity;",
            replace: "right.count() > 0;",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-merges-only",
        what: "Shrinking moves no boundary: two leaves that do not fit into one stay as they are.",
        edits: &[Edit {
            file: SHRINK,
            find: "self.fill_up(self.tree.leaf(node.id()), version).unwrap_or(boundary)",
            replace: "boundary",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-leaves-spare",
        what: "Shrinking merges two nodes only where a merge after a removal would: if a part of a node stays free.",
        edits: &[Edit { file: SHRINK, find: "boundary, Fill::Tight,", replace: "boundary, Fill::Loose," }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-of-no-level",
        what: "A cursor goes on at a level that is not there any more.",
        edits: &[Edit { file: SHRINK, find: "_ if level > top => None,", replace: "" }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-stays",
        what: "Shrinking does not go on from an inner node that can be made no fuller.",
        edits: &[Edit {
            file: SHRINK,
            find: "Merge::Refused => return on(boundary),",
            replace: "Merge::Refused => return Some(at),",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-at-the-edge",
        what: "A leaf is filled up from one all of whose pairs just fit in.",
        edits: &[Edit {
            file: BOUNDARY,
            find: "leaf.count() + right.count() > capacity;",
            replace: "leaf.count() + right.count() >= capacity;",
        }],
        by: &[&UNIT],
        only: false,
    },
];
