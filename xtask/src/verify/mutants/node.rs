//! Bugs in the changes of a node: splits, merges, the end of a node's life, samples, values.

use super::probes::{
    CHAOS_LIFETIMES, CHAOS_OWNERS, CHAOS_SHARED, LIFETIMES, LOOM_ACROSS, LOOM_LEAF, SHARED, SHUTTLE, UNIT,
};
use super::{Edit, Mutant};

const LOCKED: &str = "bskip-core/src/node/locked.rs";
const SLOTS: &str = "bskip-core/src/node/slots.rs";
const RESHAPE: &str = "bskip-core/src/node/reshape.rs";
const SPLIT: &str = "bskip-core/src/index/write/split.rs";
const EXISTING: &str = "bskip-core/src/index/write/existing.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "retire-keeps-level",
        what: "A retired node still states its level, so whoever comes late takes it for a node of the map.",
        edits: &[Edit {
            file: LOCKED,
            find: "self.set_meta(0, LevelMark::NONE);",
            replace: "self.set_meta(0, self.level());",
        }],
        by: &[&SHUTTLE, &CHAOS_OWNERS],
        only: false,
    },
    Mutant {
        name: "retire-without-bump",
        what: "A retired node keeps its version, so who was reading it believes what it read.",
        edits: &[Edit {
            file: RESHAPE,
            find: "self.node.end(); Retired { kind: S::KIND, id: self.id() }",
            replace: "self.node.end();\nlet id = self.id();\n\
                      self.node.lock().unlock_unchanged(self.node.locked_at());\n\
                      core::mem::forget(self);\nRetired { kind: S::KIND, id }",
        }],
        by: &[&LOOM_LEAF, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "format-keeps-child",
        what: "A node without entries leads to a child from its block's last life.",
        edits: &[Edit { file: LOCKED, find: "unsafe { S::wipe(self.payload(0)) };", replace: "" }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "separator-off-by-one",
        what: "The new node's fence is the last key that stays in the old one.",
        edits: &[Edit {
            file: SPLIT,
            find: "if rank == capacity { key } else { node.key(capacity / 2) }",
            replace: "if rank == capacity { key } else { node.key(capacity / 2 - 1) }",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "split-keeps-high",
        what: "A node that was split still claims the range that it gave away.",
        edits: &[Edit { file: RESHAPE, find: "self.set_high(low);", replace: "" }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "absorb-keeps-high",
        what: "A node that absorbed its neighbour does not take over its range.",
        edits: &[Edit {
            file: RESHAPE,
            find: "self.node.copy_high(&right.node); self.set_next",
            replace: "self.set_next",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "absorb-keeps-next",
        what: "A node that absorbed its neighbour still leads to it.",
        edits: &[Edit { file: RESHAPE, find: "self.set_next(right.next());", replace: "" }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "append-keeps-samples",
        what: "The samples are not brought up to date when slots are appended.",
        edits: &[Edit { file: SLOTS, find: "self.resample(count);", replace: "" }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "rank-behind-count",
        what: "A search in a node counts slots that are not in use.",
        edits: &[Edit {
            file: "bskip-core/src/node/mod.rs",
            find: "(slot + rank).min(count)",
            replace: "(slot + rank).min(count.max(Self::CAPACITY))",
        }],
        by: &[&UNIT, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "replace-keeps-old",
        what: "An overwritten value is handed out and stays in the map: it will be dropped twice.",
        edits: &[Edit {
            file: LOCKED,
            find: "self.write(slot, value); old",
            replace: "core::mem::forget(value);\nold",
        }],
        by: &[&LIFETIMES],
        only: false,
    },
    Mutant {
        name: "clone-without-lock",
        what: "A value is cloned while its owner may be dropping it.",
        edits: &[Edit {
            file: "bskip-core/src/index/read/cursor.rs",
            find: "let mut leaf = leaf.try_lock(version)?; \
                   let pair = (leaf.key(slot), leaf.with_value(slot, |value| value.clone())); \
                   leaf.unlock_unchanged(); Some(pair)",
            replace: "let key = leaf.key(slot);\nif !leaf.validate(version) {\nreturn None;\n}\n\
                      // SAFETY: none.\n\
                      let value = core::mem::ManuallyDrop::new(unsafe { leaf.value(slot).assume_init() });\n\
                      Some((key, V::clone(&value)))",
        }],
        by: &[&LIFETIMES, &CHAOS_LIFETIMES],
        only: false,
    },
    Mutant {
        name: "replace-without-bump",
        what: "An overwritten value's leaf gets its old version back.",
        edits: &[Edit {
            file: EXISTING,
            find: "Existing::Replace => leaf.replace(slot, value),",
            replace: "Existing::Replace => {\nlet old = leaf.replace(slot, value);\n\
                      leaf.unlock_unchanged();\nold\n}",
        }],
        by: &[&LOOM_ACROSS, &CHAOS_SHARED],
        only: true,
    },
    Mutant {
        name: "keep-replaces",
        what: "`get_or_insert_with` overwrites the value that another thread put there first.",
        edits: &[Edit {
            file: EXISTING,
            find: "Existing::Keep => { leaf.unlock_unchanged(); value }",
            replace: "Existing::Keep => leaf.replace(slot, value),",
        }],
        by: &[&SHUTTLE, &SHARED],
        only: false,
    },
];
