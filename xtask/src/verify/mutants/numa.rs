//! Bugs in the NUMA parts of the map: replicas of inner blocks, and leaves that move.

use super::probes::{FUZZ, LOOM_REPLICA, MIGRATE, REPLICAS, SHUTTLE};
use super::{Edit, Mutant};

const LOCK: &str = "bskip-core/src/lock.rs";
const REPLICA: &str = "bskip-core/src/node/replica.rs";
const REPLICAS_RS: &str = "bskip-core/src/index/search/near.rs";
const ROUTER: &str = "bskip-core/src/index/route/router.rs";
const TRAIL: &str = "bskip-core/src/index/read/readahead.rs";
const MIGRATE_RS: &str = "bskip-core/src/index/maintain/migrate.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "replica-while-copied",
        what: "Readers may use a replica while it is being copied.",
        edits: &[Edit {
            file: LOCK,
            find: "self.0.store(version.0 | LOCKED, Ordering::Relaxed); // Release fence pairs with the Acquire fence in `validate`, as in `try_lock`.",
            replace: "// Release fence pairs with the Acquire fence in `validate`, as in `try_lock`.",
        }],
        by: &[&LOOM_REPLICA],
        only: true,
    },
    Mutant {
        name: "copy-without-fence",
        what: "There is no fence between marking a replica and copying to it.",
        edits: &[Edit {
            file: LOCK,
            find: "// Release fence pairs with the Acquire fence in `validate`, as in `try_lock`. fence(Ordering::Release); chaos::window(); } /// The replica is complete.",
            replace: "chaos::window();\n}\n/// The replica is complete.",
        }],
        by: &[&LOOM_REPLICA],
        only: true,
    },
    Mutant {
        name: "copy-ends-relaxed",
        what: "A complete replica is published with a Relaxed store.",
        edits: &[Edit {
            file: LOCK,
            find: "// Release pairs with the Acquire loads in `read_begin`. self.0.store(version.0, Ordering::Release);",
            replace: "self.0.store(version.0, Ordering::Relaxed);",
        }],
        by: &[&LOOM_REPLICA],
        only: true,
    },
    Mutant {
        name: "replica-of-old-version",
        what: "A replica has the contents after a change and the version before it.",
        edits: &[Edit {
            file: REPLICA,
            find: "self.copy_to(replica, self.locked_at().changed());",
            replace: "self.copy_to(replica, self.locked_at());",
        }],
        by: &[&SHUTTLE, &REPLICAS],
        only: false,
    },
    Mutant {
        name: "change-not-copied",
        what: "The replicas of a changed node are not updated.",
        edits: &[Edit {
            file: ROUTER,
            find: "if self.replicas > 0 && self.refresh == Refresh::Synchronous",
            replace: "if self.replicas > 1000\n&& self.refresh == Refresh::Synchronous",
        }],
        by: &[&SHUTTLE, &REPLICAS],
        only: false,
    },
    Mutant {
        name: "refresh-forgets",
        what: "A search that a stale replica misled does not refresh it.",
        edits: &[Edit {
            file: REPLICAS_RS,
            find: "if !is_current {",
            replace: "if !is_current && replica > 1000 {",
        }],
        by: &[&REPLICAS],
        only: true,
    },
    Mutant {
        name: "refresh-keeps-lock",
        what: "Refreshing a replica leaves the original block locked.",
        edits: &[Edit {
            file: REPLICAS_RS,
            find: "here.copy_unchanged_to(self.tree.replica(replica, here.id())); here.unlock_unchanged();",
            replace: "here.copy_unchanged_to(self.tree.replica(replica, here.id()));\ncore::mem::forget(here);",
        }],
        by: &[&SHUTTLE, &REPLICAS],
        only: false,
    },
    Mutant {
        name: "replicas-in-a-circle",
        what: "A scan follows stale replicas that name each other in a circle.",
        edits: &[Edit {
            file: TRAIL,
            find: "let is_next = node.level() == LevelMark::of(1) && node.compare_low(high).is_eq();",
            replace: "let is_next = node.level() == LevelMark::of(1) || node.compare_low(high).is_eq();",
        }],
        by: &[&FUZZ],
        only: true,
    },
    Mutant {
        name: "move-keeps-entry",
        what: "The parent entry of a moved leaf still names its old block.",
        edits: &[Edit {
            file: MIGRATE_RS,
            find: "if listed { parent.set_child(rank - 1, fresh.id());",
            replace: "if listed && rank == 0 {\nparent.set_child(rank - 1, fresh.id());",
        }],
        by: &[&MIGRATE, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "move-keeps-next",
        what: "The left neighbour of a moved leaf still names its old block.",
        edits: &[Edit {
            file: MIGRATE_RS,
            find: "left.set_next(Some(fresh.id())); if listed {",
            replace: "if listed {",
        }],
        by: &[&MIGRATE, &SHUTTLE],
        only: false,
    },
    Mutant {
        name: "move-unposted",
        what: "A leaf is moved although it is about to be posted.",
        edits: &[Edit {
            file: MIGRATE_RS,
            find: "if !listed && self.heights.posts {",
            replace: "if !listed && self.heights.posts && rank > 1000 {",
        }],
        by: &[&SHUTTLE, &MIGRATE],
        only: true,
    },
];
