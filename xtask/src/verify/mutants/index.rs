//! Bugs in searches, insertions, batches and scans: who is authoritative, what is validated, what is locked.

use super::probes::{
    BATCHES, CHAOS_OWNERS, CHAOS_POPS, CHAOS_SCANS, CHAOS_SHARED, LOOM_ACROSS, LOOM_HINTS, RANGE_ENDS, SCANS,
    SHUTTLE, UNIT, WRONG_KEYS,
};
use super::{Edit, Mutant};

const SETTLE: &str = "bskip-core/src/index/search/settle.rs";
const HINTED: &str = "bskip-core/src/index/search/hinted.rs";
const SEARCH_LOCK: &str = "bskip-core/src/index/search/lock.rs";
const TREE: &str = "bskip-core/src/index/tree.rs";
const COMMIT: &str = "bskip-core/src/index/write/commit.rs";
const TALL: &str = "bskip-core/src/index/write/tall.rs";
const LEN: &str = "bskip-core/src/index/read/len.rs";
const READ: &str = "bskip-core/src/index/read/get.rs";
const POST: &str = "bskip-core/src/index/write/post.rs";
const EDGES: &str = "bskip-core/src/index/ends.rs";
const CURSOR: &str = "bskip-core/src/index/read/cursor.rs";
const BATCH: &str = "bskip-core/src/index/search/side_by_side/mod.rs";
const LOOKUPS: &str = "bskip-core/src/index/read/batch.rs";
const WRITES: &str = "bskip-core/src/index/write/batch.rs";
const BULK: &str = "bskip-core/src/index/bulk/run.rs";
const LEAF_HINTS: &str = "bskip-core/src/index/route/leaf_table/table.rs";
const LEVEL_1: &str = "bskip-core/src/index/route/leaf_table/fill.rs";
const ITER: &str = "bskip-core/src/iter.rs";
const MANY: &str = "bskip-core/src/map/batch.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "settle-without-low",
        what: "A search takes a node that begins right of the key.",
        edits: &[Edit {
            file: SETTLE,
            find: "if node.level() != mark || probe.is_left_of(node) {",
            replace: "if node.level() != mark {",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "settle-without-level",
        what: "A search takes a node of another level, or a retired one.",
        edits: &[Edit {
            file: SETTLE,
            find: "if node.level() != mark || probe.is_left_of(node) {",
            replace: "let _ = mark;\nif probe.is_left_of(node) {",
        }],
        by: &[&SHUTTLE, &CHAOS_OWNERS],
        only: false,
    },
    Mutant {
        name: "settle-without-high",
        what: "A search does not step right when the key is beyond the node's end.",
        edits: &[Edit {
            file: SETTLE,
            find: "if !probe.is_right_of(node) {",
            replace: "if !probe.is_right_of(node) || true {",
        }],
        by: &[&SHUTTLE],
        only: false,
    },
    Mutant {
        name: "hint-believed",
        what: "The node that the hint table names is not checked.",
        edits: &[Edit {
            file: HINTED,
            find: "self.tree.settle_within::<_, MOST_STEPS>(node, LevelMark::of(1), probe)",
            replace: "let version = self.tree.read_begin(node);\nSome((node, version))",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "hint-names-leaf",
        what: "The hint table is told of leaves, whose blocks are another pool's.",
        edits: &[Edit {
            file: COMMIT,
            find: "fn entry_added(self, level: LevelMark, low: S::Key, child: BlockId) { if level == LevelMark::of(2) {",
            replace: "fn entry_added(self, level: LevelMark, low: S::Key, child: BlockId) {\n\
                      if level == LevelMark::of(1) {",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "leaf-hint-believed",
        what: "The leaf that the hint table names is not checked.",
        edits: &[Edit {
            file: HINTED,
            find: "self.tree.settle_within::<_, LEAF_STEPS>(leaf, LevelMark::of(0), probe)",
            replace: "let version = self.tree.read_begin(leaf);\nSome((leaf, version))",
        }],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "leaf-hints-name-inner",
        what: "The hint table of leaves is filled with nodes of level 1, whose blocks are another pool's.",
        edits: &[
            Edit { file: LEVEL_1, find: "tree.inner(tree.head(1));", replace: "tree.inner(tree.head(2));" },
            Edit {
                file: LEVEL_1,
                find: "node.level() == LevelMark::of(1)",
                replace: "node.level() == LevelMark::of(2)",
            },
        ],
        by: &[&UNIT],
        only: false,
    },
    Mutant {
        name: "leaf-hints-too-early",
        what: "The hint table of leaves may be found before its memory.",
        edits: &[Edit {
            file: LEAF_HINTS,
            find: "self.lines.store(lines, Ordering::Release);",
            replace: "self.lines.store(lines, Ordering::Relaxed);",
        }],
        by: &[&LOOM_HINTS],
        only: true,
    },
    Mutant {
        name: "leaf-named-too-early",
        what: "The hint table names a leaf before it is made.",
        edits: &[Edit {
            file: LEAF_HINTS,
            find: "word.store(leaf, Ordering::Release);",
            replace: "word.store(leaf, Ordering::Relaxed);",
        }],
        by: &[&LOOM_HINTS],
        only: true,
    },
    Mutant {
        name: "commit-tells-no-leaf",
        what: "A commit does not tell the table of leaves which keys a leaf covers now.",
        edits: &[Edit { file: COMMIT, find: "self.index.router.leaf_moved(**node);", replace: "" }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "get-not-validated",
        what: "`get` believes what it read in a leaf that was changing.",
        edits: &[Edit {
            file: READ,
            find: "if leaf.validate(version) { // SAFETY: the slot held a value",
            replace: "if leaf.validate(version) || true {\n// SAFETY: the slot held a value",
        }],
        by: &[&SHUTTLE, &CHAOS_SHARED],
        only: false,
    },
    Mutant {
        name: "batch-not-validated",
        what: "`get_many` believes what it read in a leaf that was changing.",
        edits: &[Edit {
            file: LOOKUPS,
            find: "if !leaf.validate(version) { return None; } // SAFETY",
            replace: "if !leaf.validate(version) && false {\nreturn None;\n}\n// SAFETY",
        }],
        by: &[&SHUTTLE, &BATCHES],
        only: false,
    },
    Mutant {
        name: "batch-without-high",
        what: "The leaf that was just used is taken for a key beyond its end.",
        edits: &[Edit {
            file: BATCH,
            find: "(leaf.compare_high(key).is_lt() || leaf.next().is_none())",
            replace: "(leaf.compare_high(key).is_lt() || leaf.next().is_none() || true)",
        }],
        by: &[&SHUTTLE, &BATCHES],
        only: false,
    },
    Mutant {
        name: "batch-skips-tall",
        what: "`insert_many` inserts a tall key as any other.",
        edits: &[Edit {
            file: WRITES,
            find: "index.heights.of(key) > 0",
            replace: "index.heights.of(key) > 99",
        }],
        by: &[&BATCHES],
        only: true,
    },
    Mutant {
        name: "batch-converts-again",
        what: "`insert_many` asks a key of the user's for its words when it is searched, and again when it is inserted.",
        edits: &[Edit {
            file: MANY,
            find: "self.index.insert_many(group, |_, i| words[i])",
            replace: "self.index.insert_many(group, |key, _| key.to_words())",
        }],
        by: &[&WRONG_KEYS],
        only: true,
    },
    Mutant {
        name: "absence-not-validated",
        what: "A key counts as absent though the leaf changed while it was searched.",
        edits: &[Edit {
            file: SEARCH_LOCK,
            find: "if !found { if leaf.validate(version) {",
            replace: "if !found {\nif leaf.validate(version) || true {",
        }],
        by: &[&SHUTTLE, &CHAOS_OWNERS],
        only: false,
    },
    Mutant {
        name: "tall-not-searched-again",
        what: "A promoted key is inserted again though another thread was faster.",
        edits: &[Edit {
            file: TALL,
            find: "let (rank, found) = leaf.find(key); if found { path.unlock_unchanged();",
            replace: "let (rank, found) = leaf.find(key);\nif found && false {\npath.unlock_unchanged();",
        }],
        by: &[&SHUTTLE, &CHAOS_SHARED],
        only: false,
    },
    Mutant {
        name: "promote-wrong-child",
        what: "The entry of a tall key leads to a node two levels below.",
        edits: &[Edit {
            file: TALL,
            find: "child = right.id(); } let top = levels[height]",
            replace: "}\nlet top = levels[height]",
        }],
        by: &[&SHUTTLE, &UNIT],
        only: false,
    },
    Mutant {
        name: "posted-where-it-was",
        what: "A fresh leaf is entered where its place was before it was split off, whatever that node is now.",
        edits: &[Edit {
            file: POST,
            find: "above.and_then(|(node, version)| node.try_lock(version))",
            replace: "above.and_then(|(node, _)| node.try_lock(self.tree.read_begin(node)))",
        }],
        by: &[&SHUTTLE, &CHAOS_OWNERS],
        only: false,
    },
    Mutant {
        name: "post-without-child",
        what: "A node is entered above though it has been merged away.",
        edits: &[Edit {
            file: POST,
            find: "let is_it = child.level() == mark && child.compare_low(low).is_eq();",
            replace: "let is_it = child.level() == mark && child.compare_low(low).is_eq() || true;",
        }],
        by: &[&SHUTTLE, &CHAOS_OWNERS],
        only: false,
    },
    Mutant {
        name: "post-waits-for-itself",
        what: "A thread waits for the block that it holds as the parent of the node that it posts.",
        edits: &[Edit {
            file: POST,
            find: "if S::KIND == BlockKind::Inner && id == node.id() {",
            replace: "if S::KIND == BlockKind::Inner && id == node.id() && false {",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "pop-not-validated",
        what: "A pop does not look again at the empty leaves that it passed.",
        edits: &[Edit {
            file: EDGES,
            find: "if passed.validate() { let slot",
            replace: "if passed.validate() || true {\nlet slot",
        }],
        by: &[&LOOM_ACROSS, &CHAOS_POPS],
        only: true,
    },
    Mutant {
        name: "empty-not-validated",
        what: "A map counts as empty though its leaves were not empty at one moment.",
        edits: &[Edit {
            file: EDGES,
            find: "Neighbour::None if passed.validate() => return EndSearch::Nothing,",
            replace: "Neighbour::None if passed.validate() || true => return EndSearch::Nothing,",
        }],
        by: &[&LOOM_ACROSS, &CHAOS_POPS],
        only: true,
    },
    Mutant {
        name: "scan-not-validated",
        what: "A scan believes the pairs of a leaf that was changing.",
        edits: &[Edit {
            file: CURSOR,
            find: "if !leaf.validate(version) { return None; } // SAFETY: the slot was in use",
            replace: "if !leaf.validate(version) && false {\nreturn None;\n}\n// SAFETY: the slot was in use",
        }],
        by: &[&SCANS, &CHAOS_SCANS],
        only: false,
    },
    Mutant {
        name: "chunk-not-validated",
        what: "A chunk is handed out though its leaf was changing.",
        edits: &[Edit {
            file: CURSOR,
            find: "buffer.fill(self.leaf, start, end, || self.leaf.validate(self.version))",
            replace: "buffer.fill(self.leaf, start, end, || true)",
        }],
        by: &[&SCANS, &CHAOS_SCANS],
        only: false,
    },
    Mutant {
        name: "scan-next-not-checked",
        what: "A scan goes on in the next leaf though that does not begin where the last one ended.",
        edits: &[Edit {
            file: CURSOR,
            find: ".filter(|(next, _)| next.compare_low(low).is_eq())",
            replace: "",
        }],
        by: &[&SCANS, &CHAOS_SCANS],
        only: false,
    },
    Mutant {
        name: "range-without-end",
        what: "A range hands out what a leaf has behind the range's end.",
        edits: &[Edit {
            file: ITER,
            find: "Some(Next::Pair(key, value)) if is_below(key, self.upper) => {",
            replace: "Some(Next::Pair(key, value)) if is_below(key, self.upper) || true => {",
        }],
        by: &[&SCANS],
        only: false,
    },
    Mutant {
        name: "len-counts-again",
        what: "After a conflict `len` counts a leaf from its first key again.",
        edits: &[Edit {
            file: LEN,
            find: "total += count.saturating_sub(skip);",
            replace: "let _ = skip;\ntotal += count;",
        }],
        by: &[&LOOM_ACROSS, &SCANS, &CHAOS_SCANS],
        only: false,
    },
    Mutant {
        name: "bulk-without-coin",
        what: "A leaf that is built from sorted pairs does not end where a tall key comes.",
        edits: &[Edit {
            file: BULK,
            find: "if room == 0 || heights.of(key) > 0 {",
            replace: "let _ = heights;\nif room == 0 {",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "head-with-low",
        what: "The first leaf of a map built from sorted pairs starts at its first key.",
        edits: &[Edit {
            file: TREE,
            find: "self.leaf(leaf).lock_unshared().reshape(Unreached).start_below_every_key();",
            replace: "",
        }],
        by: &[&UNIT],
        only: true,
    },
    Mutant {
        name: "range-forgets-its-end",
        what: "A range that has said `None` begins again if more is inserted behind it.",
        edits: &[Edit { file: ITER, find: "self.done = true;", replace: "" }],
        by: &[&RANGE_ENDS],
        only: false,
    },
    Mutant {
        name: "cloned-range-begins-again",
        what: "A range that has come to its end goes on when it is cloned.",
        edits: &[Edit {
            file: ITER,
            find: "ClonedRange(Pairs { index, lower, upper, front, back, back_trail, done, _reader: PhantomData })",
            replace: "let _ = (front, back, back_trail, done);\nClonedRange(Pairs::new(index, lower, upper))",
        }],
        by: &[&RANGE_ENDS],
        only: true,
    },
];
