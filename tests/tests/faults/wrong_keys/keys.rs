//! The wrong keys, and a value that counts.

use bskip_core::Key;
use std::cell::Cell;
use std::cmp::Ordering;
use std::panic;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use tests::rng::mix;

/// A number whose words ignore the sign: negative numbers come behind the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Signless(pub(crate) i64);

impl Key for Signless {
    type Words = u64;

    fn to_words(self) -> u64 {
        self.0 as u64
    }

    fn from_words(words: u64) -> Self {
        Self(words as i64)
    }
}

thread_local! {
    /// Conversions on this thread until one panics, that one included.
    pub(crate) static FUSE: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// What a conversion panics with.
pub(crate) struct Blown;

/// A number whose conversions panic when the fuse has burned down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Panicky(pub(crate) u64);

impl Panicky {
    pub(crate) fn converted() {
        FUSE.set(FUSE.get().saturating_sub(1));
        if FUSE.get() == 0 {
            FUSE.set(u64::MAX);
            // Unwinds like a panic, but without a report.
            panic::resume_unwind(Box::new(Blown));
        }
    }
}

impl Key for Panicky {
    type Words = u64;

    fn to_words(self) -> u64 {
        Self::converted();
        self.0
    }

    fn from_words(words: u64) -> Self {
        Self::converted();
        Self(words)
    }
}

/// What a [`Liar`] lies about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lie {
    /// `from_words` makes a different key from the words.
    NoInverse,
    /// All keys have the same words.
    OneWord,
    /// `to_words` returns arbitrary words.
    RandomWords,
    /// `from_words` returns an arbitrary key.
    RandomKeys,
    /// Both return arbitrary results.
    Random,
    /// `Ord` says that the greater of two keys is less.
    ReversedOrder,
    /// `Ord` says at random which of two keys is less, and never that they are equal.
    RandomOrder,
}

pub(crate) const LIES: [Lie; 7] = [
    Lie::NoInverse,
    Lie::OneWord,
    Lie::RandomWords,
    Lie::RandomKeys,
    Lie::Random,
    Lie::ReversedOrder,
    Lie::RandomOrder,
];

thread_local! {
    /// What this thread's keys lie about, and a number that changes at every use.
    pub(crate) static LIE: Cell<Lie> = const { Cell::new(Lie::NoInverse) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

fn random(below: u64) -> u64 {
    RANDOM.set(RANDOM.get() + 1);
    mix(RANDOM.get()) % below
}

/// A number that lies. It has two words, and the first is often the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Liar(pub(crate) u64);

impl Key for Liar {
    type Words = (u8, u64);

    fn to_words(self) -> (u8, u64) {
        let number = match LIE.get() {
            Lie::RandomWords | Lie::Random => random(1000),
            Lie::OneWord => 7,
            _ => self.0,
        };
        ((number / 256) as u8, number % 256)
    }

    fn from_words((high, low): (u8, u64)) -> Self {
        match LIE.get() {
            Lie::NoInverse => Self(!low),
            Lie::RandomKeys | Lie::Random => Self(random(1000)),
            _ => Self(u64::from(high) * 256 + low),
        }
    }
}

impl Ord for Liar {
    fn cmp(&self, other: &Self) -> Ordering {
        match LIE.get() {
            Lie::ReversedOrder => other.0.cmp(&self.0),
            Lie::RandomOrder if random(2) == 0 => Ordering::Less,
            Lie::RandomOrder => Ordering::Greater,
            _ => self.0.cmp(&other.0),
        }
    }
}

impl PartialOrd for Liar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Liar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Liar {}

/// A value that counts how many of its kind are alive.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicI64);

impl<'a> Counted<'a> {
    pub(crate) fn new(live: &'a AtomicI64) -> Self {
        live.fetch_add(1, Relaxed);
        Self(live)
    }
}

impl Clone for Counted<'_> {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
