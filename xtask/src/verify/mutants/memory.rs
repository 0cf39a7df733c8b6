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
        what: "A slab beyond the window of near slabs gets near numbers.",
        edits: &[Edit { file: SLAB, find: "if end > WINDOW {", replace: "if end > 2 * WINDOW {" }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "far-slabs-share-numbers",
        what: "A far slab has the same numbers as the one before it.",
        edits: &[Edit { file: SLAB, find: "state.far = bit + 1;", replace: "state.far = bit;" }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "pool-forgets-block",
        what: "A released block is never issued again.",
        edits: &[Edit {
            file: SLAB,
            find: "self.state.with::<S::Relax, _>(|state| state.free.push(block));",
            replace: "let _ = block;",
        }],
        by: &[&FALLIBLE],
        only: false,
    },
    Mutant {
        name: "inbox-push-relaxed",
        what: "Blocks left in an inbox may be taken before their links are written.",
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
        what: "The thread that drains an inbox may not see the links of the blocks.",
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
        what: "Blocks stay in an inbox when they are taken out.",
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
        what: "A block whose memory was given back begins with a version that it may have had before.",
        edits: &[Edit { file: GIVEN_BACK, find: "(word | 1) + 1", replace: "word.min(2)" }],
        by: &[&TRIM],
        only: true,
    },
    Mutant {
        name: "trim-loses-neighbours",
        what: "A block next to memory that is given back gets into a hole and stays in a free list too.",
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
        what: "When blocks join a hole, their versions replace the larger versions that the hole kept.",
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
        what: "A hole keeps the memory of free neighbours from being given back.",
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
        what: "`clear` does not release the blocks of the nodes.",
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
        what: "When a value panics in its drop, the other values of its leaf are leaked.",
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
        what: "When a value panics in its drop, the values of the following leaves are leaked.",
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
        what: "After `clear` the hint table still names the old nodes.",
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
        what: "A new level is not published when the next one cannot be made.",
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
