//! Bugs in the life of blocks: released twice, never, or too early.

use super::probes::{DROPS, FALLIBLE, FINDINGS, LOOM_INBOX, SHRINK, SHUTTLE, TRIM, UNIT};
use super::{Edit, Mutant};

const COMMIT: &str = "bskip-core/src/index/write/commit.rs";
const INSERT: &str = "bskip-core/src/index/write/insert.rs";
const TREE: &str = "bskip-core/src/index/tree.rs";
const ROUTER: &str = "bskip-core/src/index/route/router.rs";
const RAISE: &str = "bskip-core/src/index/write/raise.rs";
const INBOX: &str = "numa-alloc/src/chain.rs";
const SLAB: &str = "bskip-core/src/arena/slab.rs";
const GIVEN_BACK: &str = "numa-alloc/src/stripe/trim.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "merge-leaks-block",
        what: "The block of a merged node is never released.",
        edits: &[Edit {
            file: COMMIT,
            find: "self.index.tree.release(retired);",
            replace: "let _ = retired;",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "released-twice",
        what: "The block of a node that has ended is given back twice.",
        edits: &[Edit {
            file: TREE,
            find: "self.give_back(retired.kind(), retired.id());",
            replace: "self.give_back(retired.kind(), retired.id());\nself.give_back(retired.kind(), retired.id());",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "pool-issues-twice",
        what: "A free block stays free when it is issued.",
        edits: &[Edit {
            file: SLAB,
            find: "if let Some(block) = state.free.pop() {",
            replace: "if let Some(block) = state.free.last().copied() {",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "window-without-end",
        what: "A slab behind the window of near slabs gets near numbers.",
        edits: &[Edit { file: SLAB, find: "if end > WINDOW {", replace: "if end > 2 * WINDOW {" }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "far-slabs-share-numbers",
        what: "A far slab has the numbers of the one before it.",
        edits: &[Edit { file: SLAB, find: "state.far = bit + 1;", replace: "state.far = bit;" }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "pool-forgets-block",
        what: "A released block is never issued again.",
        edits: &[Edit {
            file: SLAB,
            find: "self.state.with(|state| state.free.push(block));",
            replace: "let _ = block;",
        }],
        by: &[&FALLIBLE],
        only: false,
    },
    Mutant {
        name: "inbox-push-relaxed",
        what: "Blocks left for another NUMA node may be taken before their links are written.",
        edits: &[Edit {
            file: INBOX,
            find: "compare_exchange_weak(rest, chain.first, Ordering::Release, Ordering::Relaxed)",
            replace: "compare_exchange_weak(rest, chain.first, Ordering::Relaxed, Ordering::Relaxed)",
        }],
        by: &[&LOOM_INBOX],
        only: true,
    },
    Mutant {
        name: "inbox-drain-relaxed",
        what: "Who takes the blocks left for its node need not see their links.",
        edits: &[Edit {
            file: INBOX,
            find: "self.first.swap(NIL, Ordering::Acquire)",
            replace: "self.first.swap(NIL, Ordering::Relaxed)",
        }],
        by: &[&LOOM_INBOX],
        only: true,
    },
    Mutant {
        name: "inbox-drained-twice",
        what: "Blocks left for another NUMA node stay there when they are taken.",
        edits: &[Edit {
            file: INBOX,
            find: "self.first.swap(NIL, Ordering::Acquire)",
            replace: "self.first.load(Ordering::Acquire)",
        }],
        by: &[&LOOM_INBOX],
        only: true,
    },
    Mutant {
        name: "trim-repeats-versions",
        what: "A block whose memory was given back begins with a version that it may have had.",
        edits: &[Edit { file: GIVEN_BACK, find: "(word | 1) + 1", replace: "word.min(2)" }],
        by: &[&TRIM],
        only: true,
    },
    Mutant {
        name: "trim-loses-neighbours",
        what: "Of the blocks that stick out of what is given back one is issued again with the rest and stays free.",
        edits: &[Edit {
            file: GIVEN_BACK,
            find: "for &block in run.listed[gone.end..].iter()",
            replace: "for &block in run.listed[gone.end.saturating_sub(1)..].iter()",
        }],
        by: &[&TRIM],
        only: true,
    },
    Mutant {
        name: "trim-forgets-versions",
        what: "Blocks that join others whose memory was given back decide with which version those begin.",
        edits: &[Edit {
            file: GIVEN_BACK,
            find: ".fold(next_even(most), u64::max)",
            replace: ".fold(next_even(most), |most, _| most)",
        }],
        by: &[&TRIM],
        only: true,
    },
    Mutant {
        name: "trim-strands-slabs",
        what: "Blocks whose memory was given back keep their neighbours' from going too.",
        edits: &[Edit {
            file: GIVEN_BACK,
            find: "blocks += hole.blocks; from_holes += 1;",
            replace: "if blocks > 0 {\nbreak;\n}\nblocks += hole.blocks;\nfrom_holes += 1;",
        }],
        by: &[&TRIM],
        only: true,
    },
    Mutant {
        name: "clear-leaks-blocks",
        what: "`clear` does not release the nodes' blocks.",
        edits: &[Edit {
            file: TREE,
            find: "let retired = node.reshape(Unreached).retire(); self.release(retired);",
            replace: "let _ = node.reshape(Unreached).retire();",
        }],
        by: &[&SHRINK],
        only: true,
    },
    Mutant {
        name: "clear-leaks-leaf",
        what: "When a value's drop panics, the others of its leaf are leaked.",
        edits: &[Edit {
            file: "bskip-core/src/node/locked.rs",
            find: "Rest { leaf: self, slots: 0..count }.drop_values();",
            replace: "mem::ManuallyDrop::new(Rest { leaf: self, slots: 0..count }).drop_values();",
        }],
        by: &[&DROPS],
        only: true,
    },
    Mutant {
        name: "clear-leaks-leaves",
        what: "When a value's drop panics, the values of the leaves behind its own are leaked.",
        edits: &[Edit {
            file: TREE,
            find: "Rest { tree: self, leaves }.drop_values();",
            replace: "core::mem::ManuallyDrop::new(Rest { tree: self, leaves }).drop_values();",
        }],
        by: &[&DROPS],
        only: true,
    },
    Mutant {
        name: "clear-keeps-hints",
        what: "After `clear` the hint table still names the nodes from before.",
        edits: &[Edit {
            file: ROUTER,
            find: "self.shared_table.reset(); self.leaf_table",
            replace: "self.leaf_table",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "clear-keeps-leaf-hints",
        what: "After `clear` the hint table of leaves still names the leaves from before.",
        edits: &[Edit { file: ROUTER, find: "self.leaf_table.reset();", replace: "" }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "failed-insert-keeps-lock",
        what: "A leaf stays locked when there is no memory to split it.",
        edits: &[Edit {
            file: INSERT,
            find: "leaf.unlock_unchanged(); return Full::Done(Err((key, value, error)));",
            replace: "core::mem::forget(leaf);\nreturn Full::Done(Err((key, value, error)));",
        }],
        by: &[&FALLIBLE],
        only: true,
    },
    Mutant {
        name: "spares-leak",
        what: "A block that was taken for a node, and is not needed, is not given back.",
        edits: &[Edit { file: TREE, find: "self.tree.give_back(S::KIND, self.id);", replace: "" }],
        by: &[&FALLIBLE],
        only: true,
    },
    Mutant {
        name: "level-without-root",
        what: "A level that was made is told to nobody when the next one cannot be made.",
        edits: &[
            Edit {
                file: RAISE,
                find: "for level in 1..=level {",
                replace: "let top = level;\nfor level in 1..=level {",
            },
            Edit {
                file: RAISE,
                find: "self.make_head(level)?; // One level at a time",
                replace: "self.make_head(level)?;\nif level < top {\ncontinue;\n}\n// One level at a time",
            },
        ],
        by: &[&FINDINGS],
        only: true,
    },
];
