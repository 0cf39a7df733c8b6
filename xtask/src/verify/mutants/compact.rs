//! Bugs in what keeps nodes full: merges, spills, shrinking.

use super::probes::{LOOM_ACROSS, SHUTTLE, UNIT};
use super::{Edit, Mutant};

const MERGE: &str = "bskip-core/src/index/write/absorb.rs";
const SPILL: &str = "bskip-core/src/index/write/boundary.rs";
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
            find: "if level == self.root().0 { let Some((mut left",
            replace: "if level <= self.root().0 {\nlet Some((mut left",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-relocks-left",
        what: "The left node of a merge or spill is locked in whatever state it is by then.",
        edits: &[Edit {
            file: MERGE,
            find: "let left = left.try_lock(left_version)?;",
            replace: "let left = left.try_lock(left.read_begin())?;",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-relocks-right",
        what: "The right node of a merge or spill is locked in whatever state it is by then.",
        edits: &[Edit {
            file: MERGE,
            find: "let Some(right) = right.try_lock(right_version) else {",
            replace: "let Some(right) = right.try_lock(right.read_begin()) else {",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-without-bump",
        what: "A node that was merged away keeps its version, so who was reading it believes what it read.",
        edits: &[Edit {
            file: MERGE,
            find: "self.finish(right); self.finish(left); self.finish(parent);",
            replace: "right.unlock_unchanged();\nself.finish(left);\nself.finish(parent);",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "merge-forgets-unlock",
        what: "The parent stays locked when a merge gives up.",
        edits: &[Edit {
            file: MERGE,
            find: "parent.unlock_unchanged(); return Merge::Contended;",
            replace: "core::mem::forget(parent);\nreturn Merge::Contended;",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "spill-past-a-leaf",
        what: "A leaf gives pairs to one that is not its neighbour: another thread's leaf between has no entry yet.",
        edits: &[Edit {
            file: SPILL,
            find: "if left.next() != Some(right.id()) || parent.child(entry.slot)",
            replace: "if parent.child(entry.slot)",
        }],
        by: &[&LOOM_ACROSS],
        only: false,
    },
    Mutant {
        name: "spill-keeps-entry",
        what: "The entry of a leaf whose low fence has moved stays where it was.",
        edits: &[Edit { file: SPILL, find: "parent.set_entry_key(entry.slot, &right);", replace: "" }],
        by: &[&UNIT, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "spill-moves-coin-key",
        what: "A leaf that starts at a coin key starts elsewhere after a spill.",
        edits: &[Edit {
            file: SPILL,
            find: "if self.heights.of(seam) > 0 || self.root().0 == 0 {",
            replace: "if self.root().0 == 0 {",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "spill-moves-first-entry",
        what: "A spill moves an inner node's first entry off its low fence.",
        edits: &[Edit {
            file: SPILL,
            find: "(listed && rank > 1).then(",
            replace: "(listed && rank > 0).then(",
        }],
        by: &[&UNIT, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "spill-into-wrong-leaf",
        what: "The pair that comes in with a spill goes into the leaf to the left, wherever the seam is then.",
        edits: &[Edit {
            file: SPILL,
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
            file: SPILL,
            find: "leaf.count() + right.count() > capacity;",
            replace: "right.count() > 0;",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-merges-only",
        what: "Shrinking moves no seam: two leaves that do not fit into one stay as they are.",
        edits: &[Edit {
            file: SHRINK,
            find: "self.fill_up(self.leaf(node.id()), version).unwrap_or(seam)",
            replace: "seam",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-leaves-spare",
        what: "Shrinking merges two nodes only where a merge after a removal would: if a part of a node stays free.",
        edits: &[Edit { file: SHRINK, find: "seam, Fill::Tight,", replace: "seam, Fill::Loose," }],
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
            find: "Merge::Refused => return on(seam),",
            replace: "Merge::Refused => return Some(at),",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "shrink-at-the-edge",
        what: "A leaf is filled up from one all of whose pairs just fit in.",
        edits: &[Edit {
            file: SPILL,
            find: "leaf.count() + right.count() > capacity;",
            replace: "leaf.count() + right.count() >= capacity;",
        }],
        by: &[&UNIT],
        only: false,
    },
];
