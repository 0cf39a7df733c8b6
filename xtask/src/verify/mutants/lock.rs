//! Bugs in the locks: what `lock` and `spin` promise to all others.

use super::probes::{CHAOS_SHARED, HOLDERS, LOOM_ARENA, LOOM_LEAF, LOOM_LOCK, SHUTTLE};
use super::{Edit, Mutant};

const LOCK: &str = "bskip-core/src/lock.rs";
const WAIT: &str = "bskip-core/src/index/wait.rs";
const SPIN: &str = "bskip-core/src/spin.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "validate-without-fence",
        what: "A reader's loads may come after the load that validates them.",
        edits: &[Edit { file: LOCK, find: "fence(Ordering::Acquire);", replace: "" }],
        by: &[&LOOM_LOCK],
        only: true,
    },
    Mutant {
        name: "lock-without-fence",
        what: "A writer's stores may be seen before the version that is locked.",
        edits: &[Edit {
            file: LOCK,
            find: "fence(Ordering::Release); chaos::window(); locked",
            replace: "chaos::window();\nlocked",
        }],
        by: &[&LOOM_LOCK],
        only: true,
    },
    Mutant {
        name: "unlock-relaxed",
        what: "The unlocked version may be seen before the state that it names.",
        edits: &[Edit {
            file: LOCK,
            find: "self.0.store(version.0.wrapping_add(STEP), Ordering::Release);",
            replace: "self.0.store(version.0.wrapping_add(STEP), Ordering::Relaxed);",
        }],
        by: &[&LOOM_LOCK],
        only: false,
    },
    Mutant {
        name: "read-begin-relaxed",
        what: "A reader may load the version without the state that it names.",
        edits: &[Edit {
            file: LOCK,
            find: "sees the state it names. let word = self.0.load(Ordering::Acquire);",
            replace: "sees the state it names.\nlet word = self.0.load(Ordering::Relaxed);",
        }],
        by: &[&LOOM_LOCK],
        only: true,
    },
    Mutant {
        name: "unlock-without-bump",
        what: "A changed node gets its old version back.",
        edits: &[Edit {
            file: LOCK,
            find: "self.0.store(version.0.wrapping_add(STEP), Ordering::Release);",
            replace: "self.0.store(version.0, Ordering::Release);",
        }],
        by: &[&LOOM_LOCK],
        only: false,
    },
    Mutant {
        name: "validate-believes-all",
        what: "Every read counts as valid.",
        edits: &[Edit {
            file: LOCK,
            find: "self.0.load(Ordering::Relaxed) == version.0",
            replace: "self.0.load(Ordering::Relaxed) == version.0 || true",
        }],
        by: &[&LOOM_LOCK],
        only: false,
    },
    Mutant {
        name: "lock-ignores-version",
        what: "A writer locks the node in whatever state it is by then, and believes what it read before.",
        edits: &[Edit {
            file: "bskip-core/src/node/mod.rs",
            find: "self.lock().try_lock(version).then(|| Locked::new(self, version))",
            replace: "let _ = version;\nlet version = self.lock().read_begin().ok()?;\n\
                      self.lock().try_lock(version).then(|| Locked::new(self, version))",
        }],
        by: &[&SHUTTLE, &LOOM_LEAF],
        only: false,
    },
    Mutant {
        name: "lock-while-locked",
        what: "A writer takes the lock also when another holds it.",
        edits: &[Edit {
            file: LOCK,
            find: "Ordering::Acquire, Ordering::Relaxed) .is_ok();",
            replace: "Ordering::Acquire, Ordering::Relaxed)\n\
                      .is_ok_and(|_| true) || self.0.load(Ordering::Relaxed) == version.0 | LOCKED;",
        }],
        by: &[&LOOM_LOCK],
        only: false,
    },
    Mutant {
        name: "spin-unlock-relaxed",
        what: "The spin lock is free before what it guards is written.",
        edits: &[Edit {
            file: SPIN,
            find: "self.0.store(0, Ordering::Release);",
            replace: "self.0.store(0, Ordering::Relaxed);",
        }],
        by: &[&LOOM_ARENA],
        only: false,
    },
    Mutant {
        name: "spin-lock-relaxed",
        what: "The spin lock's holder need not see what the last one wrote.",
        edits: &[Edit {
            file: SPIN,
            find: "self.locked.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed)",
            replace: "self.locked.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed)",
        }],
        by: &[&LOOM_ARENA],
        only: false,
    },
    Mutant {
        name: "waits-for-itself",
        what: "A closure that comes back to its own leaf waits for ever, instead of saying so.",
        edits: &[Edit {
            file: WAIT,
            find: "!is_held::<P::Relax>(lock),",
            replace: "!is_held::<P::Relax>(lock) || true,",
        }],
        by: &[&HOLDERS],
        only: true,
    },
    Mutant {
        name: "update-without-bump",
        what: "A value is changed in place and its leaf gets its old version back.",
        edits: &[Edit {
            file: "bskip-core/src/index/read/get.rs",
            find: "Some(leaf.with_value(slot, f))",
            replace: "let result = leaf.with_value(slot, f);\nleaf.unlock_unchanged();\nSome(result)",
        }],
        by: &[&CHAOS_SHARED],
        only: true,
    },
];
