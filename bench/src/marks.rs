//! The language of `bench numa-count`. The program in a guest speaks it to the plugin that watches the
//! guest's processors. The plugin's reports to `cargo xtask numa-count` are here too.
//!
//! A mark is a `nopl` that contains a number of ours. The plugin sees it, and a processor ignores it, so the
//! program runs anywhere. To send a number, the program sends its hexadecimal digits, one mark each, and then
//! [`PUSH`]. A command follows its numbers.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The upper 24 bits of a mark. Its lowest 8 say which mark it is.
pub const MAGIC: u32 = 0x4253_4b00;

/// Marks below this are the digits 0 to 15 of a number.
pub const DIGITS: u8 = 16;
/// The number is complete.
pub const PUSH: u8 = 16;
/// A run begins, with its number. The plugin forgets everything before it.
pub const RUN: u8 = 17;
/// A class of lines, as in [`Class`], and the start and the end of a range of their addresses.
pub const RANGE: u8 = 18;
/// A node, and the start and the end of memory on it, which is touched until the next command.
pub const CALIBRATE: u8 = 19;
/// Every node was calibrated.
pub const CALIBRATED: u8 = 20;
/// A phase begins, with its number. Its first operations fill the caches and are not counted.
pub const WARM: u8 = 21;
/// The counted operations begin.
pub const COUNT: u8 = 22;
/// The phase ends, with the number of its operations.
pub const END: u8 = 23;
/// An operation begins on this processor. The plugin looks at what it touches.
pub const ENTER: u8 = 24;
/// The operation is done.
pub const LEAVE: u8 = 25;

/// The plugin's settings, as JSON in [an environment variable](Self::VARIABLE) of QEMU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginSettings {
    /// The node of each processor.
    pub cpus: Vec<u8>,
    /// Bytes of each node's memory backend.
    pub backends: Vec<u64>,
    /// Bytes of each processor's cache.
    pub cache: usize,
    /// Lines of a set of the cache.
    pub ways: usize,
    /// Where the report goes.
    pub out: PathBuf,
}

impl PluginSettings {
    /// The variable's name.
    pub const VARIABLE: &str = "NUMA_COUNT_PLUGIN";
}

/// What a line of memory is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The arena's leaves.
    Leaf,
    /// The arena's inner nodes, all copies of them.
    Inner,
    /// The workers' stacks and thread-locals.
    Stack,
    /// Everything else: the map itself, its hint table, memory of the global allocator, constants. In a peer,
    /// all lines are of this class.
    Other,
}

impl Class {
    /// All classes, by their numbers in [`RANGE`].
    pub const ALL: [Self; 4] = [Self::Leaf, Self::Inner, Self::Stack, Self::Other];
}

/// The counts of one class of lines in one phase, on all processors together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Loads and stores. An access to two lines counts twice.
    pub accesses: u64,
    /// Lines that came from memory of the processor's node.
    pub local_misses: u64,
    /// Lines that came from another node's memory.
    pub remote_misses: u64,
    /// Modified lines that came from the cache of a processor of the same node.
    pub near_transfers: u64,
    /// Modified lines that came from the cache of a processor of another node.
    pub far_transfers: u64,
    /// Stores that took a line from caches of the same node only.
    pub near_invalidations: u64,
    /// Stores that took a line from a cache of another node.
    pub far_invalidations: u64,
    /// Near invalidations of a line that the processor had, without a transfer or a miss.
    pub near_upgrades: u64,
    /// Far invalidations of such a line.
    pub far_upgrades: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { accesses, local_misses, remote_misses, near_transfers, far_transfers, .. } = other;
        self.accesses += accesses;
        self.local_misses += local_misses;
        self.remote_misses += remote_misses;
        self.near_transfers += near_transfers;
        self.far_transfers += far_transfers;
        self.near_invalidations += other.near_invalidations;
        self.far_invalidations += other.far_invalidations;
        self.near_upgrades += other.near_upgrades;
        self.far_upgrades += other.far_upgrades;
    }
}

/// What the plugin counted in one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The run's number, as the program was told it.
    pub run: u64,
    /// The phase's number in the run.
    pub phase: u64,
    /// Operations, as the program reported them.
    pub ops: u64,
    /// Instructions of the operations.
    pub instructions: u64,
    /// By class, in the order of [`Class::ALL`].
    pub classes: [Counts; Class::ALL.len()],
    /// How often the line that moved most between caches did so. Stacks are left out.
    pub hottest: u64,
}

/// A line of the plugin's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "one is read at a time")]
pub enum Report {
    /// A phase.
    Counted(Counted),
    /// Why everything after this is invalid.
    Error(String),
}

/// What the program in the guest reports of one phase, on a line that begins with [`DONE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The run's number.
    pub run: u64,
    /// The phase's number in the run.
    pub phase: u64,
    /// The kind of the operations.
    pub operation: String,
    /// Operations that were counted.
    pub ops: u64,
    /// How many answers were checked, including those before the counted operations. All of them were right.
    pub checked: u64,
}

/// The beginning of a line that has a [`Done`].
pub const DONE: &str = "numa-count: ";

#[cfg(feature = "cell")]
pub use send::{enter, leave, send};

#[cfg(feature = "cell")]
mod send {
    use super::{DIGITS, ENTER, LEAVE, PUSH};

    /// One mark.
    #[inline(always)]
    fn mark<const MARK: u8>() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: it is a no-operation. It reads no memory, although it names an address, and changes neither
        // registers nor flags. The compiler must assume that it touches memory, so it moves no access over
        // it.
        unsafe {
            core::arch::asm!(
                ".byte 0x0f, 0x1f, 0x80",
                ".long {mark}",
                mark = const super::MAGIC | MARK as u32,
                options(nostack, preserves_flags)
            );
        }
    }

    /// An operation begins on this processor.
    #[inline(always)]
    pub fn enter() {
        mark::<ENTER>();
    }

    /// The operation is done.
    #[inline(always)]
    pub fn leave() {
        mark::<LEAVE>();
    }

    /// Sends a command with its numbers.
    ///
    /// # Panics
    /// If there is no such command.
    pub fn send(command: u8, numbers: &[u64]) {
        for &number in numbers {
            (0..16).rev().for_each(|digit| send_mark((number >> (4 * digit)) as u8 % DIGITS));
            send_mark(PUSH);
        }
        send_mark(command);
    }

    /// Each mark has its own place in the code, because the plugin sees which instruction runs, not what
    /// registers hold.
    fn send_mark(number: u8) {
        macro_rules! marks {
            ($($number:literal)*) => {
                match number {
                    $($number => mark::<$number>(),)*
                    other => panic!("{other} is no command"),
                }
            };
        }
        marks!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23)
    }
}
