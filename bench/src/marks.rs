//! How `bench-numa-count`, in a guest, speaks to the plugin that watches the guest's processors, and what the plugin
//! writes down for `cargo xtask numa-count`.
//!
//! A mark is a `nopl` with a number of ours in it: the plugin sees it go by, a processor makes nothing of it, so
//! the program runs anywhere. A number is sent in hexadecimal digits, one mark each, then [`PUSH`]; a command
//! follows its numbers.

use serde::{Deserialize, Serialize};

/// The upper 24 bits of a mark's 32; the lowest 8 say which mark it is.
pub const MAGIC: u32 = 0x4253_4b00;

/// Marks below this are the digits 0 to 15 of a number.
pub const DIGITS: u8 = 16;
/// The number is complete.
pub const PUSH: u8 = 16;
/// A run begins, with its number: everything before it is forgotten.
pub const RUN: u8 = 17;
/// A class of lines, as in [`Class`], and the first and the last but one address of a range of them.
pub const RANGE: u8 = 18;
/// A node, and the first and the last but one address of memory that lies on it: it is touched until the next command.
pub const CALIBRATE: u8 = 19;
/// Every node was calibrated.
pub const CALIBRATED: u8 = 20;
/// A phase begins, with its number: caches are filled, nothing is counted.
pub const WARM: u8 = 21;
/// What comes now is counted.
pub const COUNT: u8 = 22;
/// The phase ends: after so many operations.
pub const END: u8 = 23;
/// An operation begins on this processor: what it touches is looked at.
pub const ENTER: u8 = 24;
/// The operation is done.
pub const LEAVE: u8 = 25;

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
    /// The rest: the map itself, its hint table, what comes from the global allocator, constants. All of a peer.
    Other,
}

impl Class {
    /// All, by their numbers in [`RANGE`].
    pub const ALL: [Self; 4] = [Self::Leaf, Self::Inner, Self::Stack, Self::Other];
}

/// What one class of lines saw in one phase, on all processors together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Loads and stores; one over two lines counts twice.
    pub accesses: u64,
    /// Lines that came from memory of the processor's node.
    pub local_misses: u64,
    /// Lines that came from another node's memory.
    pub remote_misses: u64,
    /// Lines that came from the cache of a processor of the same node, where they were modified.
    pub near_transfers: u64,
    /// The same from another node's.
    pub far_transfers: u64,
    /// Stores that took a line from caches of the same node only.
    pub near_invalidations: u64,
    /// Stores that took a line from a cache of another node.
    pub far_invalidations: u64,
    /// Of the near invalidations, those to a line that the processor had: no transfer, no miss.
    pub near_upgrades: u64,
    /// The same of the far ones.
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
    /// Operations, as the program said.
    pub ops: u64,
    /// Instructions of the operations.
    pub instructions: u64,
    /// By class, in the order of [`Class::ALL`].
    pub classes: [Counts; Class::ALL.len()],
    /// How often the line that moved most between caches did so, stacks left out.
    pub hottest: u64,
}

/// A line of the plugin's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "one is read at a time")]
pub enum Report {
    /// A phase.
    Counted(Counted),
    /// Why nothing after this can be believed.
    Error(String),
}

/// What the program in the guest says of one phase, on a line that begins with [`DONE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The run's number.
    pub run: u64,
    /// The phase's number in the run.
    pub phase: u64,
    /// What the operations were.
    pub operation: String,
    /// Operations that were counted.
    pub ops: u64,
    /// Answers that were right, those of the warming operations included; all were.
    pub checked: u64,
}

/// What a line of the program's begins with when a [`Done`] follows.
pub const DONE: &str = "numa-count: ";

#[cfg(feature = "cell")]
pub use send::{enter, leave, send};

#[cfg(feature = "cell")]
mod send {
    use super::{CALIBRATE, CALIBRATED, COUNT, DIGITS, END, ENTER, LEAVE, PUSH, RANGE, RUN, WARM};

    /// One mark.
    #[inline(always)]
    fn mark<const MARK: u8>() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a no-operation: it reads no memory, whatever address it names, and changes neither registers nor
        // flags. It may be believed to touch memory, so no access is moved over it.
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
            for digit in (0..16).rev() {
                send_digit((number >> (4 * digit)) as u8 % DIGITS);
            }
            mark::<PUSH>();
        }
        match command {
            RUN => mark::<RUN>(),
            RANGE => mark::<RANGE>(),
            CALIBRATE => mark::<CALIBRATE>(),
            CALIBRATED => mark::<CALIBRATED>(),
            WARM => mark::<WARM>(),
            COUNT => mark::<COUNT>(),
            END => mark::<END>(),
            other => panic!("{other} is no command"),
        }
    }

    /// A place in the code for each digit: the plugin sees which instruction runs, not what is in registers.
    fn send_digit(digit: u8) {
        match digit {
            0 => mark::<0>(),
            1 => mark::<1>(),
            2 => mark::<2>(),
            3 => mark::<3>(),
            4 => mark::<4>(),
            5 => mark::<5>(),
            6 => mark::<6>(),
            7 => mark::<7>(),
            8 => mark::<8>(),
            9 => mark::<9>(),
            10 => mark::<10>(),
            11 => mark::<11>(),
            12 => mark::<12>(),
            13 => mark::<13>(),
            14 => mark::<14>(),
            _ => mark::<15>(),
        }
    }
}
