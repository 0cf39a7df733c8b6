//! The version lock around two words that a writer always makes equal.
//!
//! With `--cfg bskip_narrow`, every second change wraps the low word of the version.

use std::sync::Arc;
use std::vec::Vec;

use loom::thread;

use crate::lock::{Version, VersionLock};
use crate::sync::{self, AtomicU32, Ordering, model};

struct Pair {
    lock: VersionLock,
    a: AtomicU32,
    b: AtomicU32,
}

impl Pair {
    /// Zeros, watched.
    fn watched() -> Arc<Self> {
        let pair = Pair { lock: VersionLock::new(), a: AtomicU32::new(0), b: AtomicU32::new(0) };
        let pair = Arc::new(pair);
        sync::watch(3);
        pair
    }

    fn read_begin(&self) -> Version {
        loop {
            match self.lock.read_begin() {
                Ok(version) => return version,
                Err(_) => thread::yield_now(),
            }
        }
    }

    /// The words, if they belong to one state.
    fn read(&self) -> Option<(u32, u32)> {
        let version = self.read_begin();
        let words = (self.a.load(Ordering::Relaxed), self.b.load(Ordering::Relaxed));
        self.lock.validate(version).then_some(words)
    }

    fn read_untorn(&self) {
        if let Some((a, b)) = self.read() {
            assert_eq!(a, b, "a torn pair was validated");
        }
    }

    /// Locks the state that `read` returns. Returns also what `read` has read.
    fn lock_after<T>(&self, read: impl Fn(&Self) -> T) -> (Version, T) {
        loop {
            let version = self.read_begin();
            let read = read(self);
            if self.lock.try_lock(version) {
                return (version, read);
            }
            thread::yield_now();
        }
    }

    fn write(&self, value: u32) {
        let (version, ()) = self.lock_after(|_| ());
        self.a.store(value, Ordering::Relaxed);
        self.b.store(value, Ordering::Relaxed);
        self.lock.unlock(version);
    }

    /// Makes the pair the copy of a state, as the holder of the original's lock does.
    fn copy(&self, version: Version, value: u32) {
        self.lock.begin_copy(version);
        self.a.store(value, Ordering::Relaxed);
        self.b.store(value, Ordering::Relaxed);
        self.lock.end_copy(version);
    }

    /// Reads a copy. State number `n` has the value `n`.
    fn read_copy(&self, states: [Version; 4]) {
        let version = self.read_begin();
        let (a, b) = (self.a.load(Ordering::Relaxed), self.b.load(Ordering::Relaxed));
        if self.lock.validate(version) {
            assert_eq!(a, b, "a torn copy was validated");
            assert_eq!(states[a as usize], version, "the copy is of another state");
        }
    }

    /// Adds one to both words. What was read before the lock must still be true under it.
    fn increment(&self) {
        let (version, old) = self.lock_after(|pair| pair.a.load(Ordering::Relaxed));
        assert_eq!(self.b.load(Ordering::Relaxed), old, "the pair changed between the read and the lock");
        self.a.store(old + 1, Ordering::Relaxed);
        self.b.store(old + 1, Ordering::Relaxed);
        self.lock.unlock(version);
    }
}

fn spawn(pair: &Arc<Pair>, run: impl FnOnce(&Pair) + 'static) -> thread::JoinHandle<()> {
    let pair = pair.clone();
    thread::spawn(move || run(&pair))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
}

#[test]
fn reader_here_writer_there() {
    model("lock: reader here, writer there", None, 20, || {
        let pair = Pair::watched();
        let writer = spawn(&pair, |pair| pair.write(1));
        pair.read_untorn();
        join([writer]);
        assert_eq!(pair.read(), Some((1, 1)));
    });
}

#[test]
fn writer_here_reader_there() {
    model("lock: writer here, reader there", None, 20, || {
        let pair = Pair::watched();
        let reader = spawn(&pair, Pair::read_untorn);
        pair.write(1);
        join([reader]);
        assert_eq!(pair.read(), Some((1, 1)));
    });
}

#[test]
fn writer_here_two_readers_there() {
    model("lock: writer here, two readers there", Some(1), 100, || {
        let pair = Pair::watched();
        let readers: Vec<_> = (0..2).map(|_| spawn(&pair, Pair::read_untorn)).collect();
        pair.write(1);
        join(readers);
        assert_eq!(pair.read(), Some((1, 1)));
    });
}

#[test]
fn two_changes_in_a_row() {
    model("lock: two changes in a row", Some(3), 100, || {
        let pair = Pair::watched();
        let reader = spawn(&pair, Pair::read_untorn);
        pair.write(1);
        pair.write(2);
        join([reader]);
        assert_eq!(pair.read(), Some((2, 2)));
    });
}

/// If the low word of a narrow version counts two changes, the second change makes it what it was at first, and
/// the third one what it was after the first.
#[test]
fn three_changes_in_a_row() {
    model("lock: three changes in a row", Some(2), 100, || {
        let pair = Pair::watched();
        let reader = spawn(&pair, Pair::read_untorn);
        (1..=3).for_each(|value| pair.write(value));
        join([reader]);
        assert_eq!(pair.read(), Some((3, 3)));
    });
}

#[test]
fn three_changes_in_a_row_there() {
    model("lock: three changes in a row there", Some(2), 100, || {
        let pair = Pair::watched();
        let writer = spawn(&pair, |pair| (1..=3).for_each(|value| pair.write(value)));
        pair.read_untorn();
        join([writer]);
        assert_eq!(pair.read(), Some((3, 3)));
    });
}

/// A lock whose version is two changes old must fail, and leave the lock as it is.
#[test]
fn two_changes_before_another_ones() {
    model("lock: two changes before another one's", Some(2), 100, || {
        let pair = Pair::watched();
        let other = spawn(&pair, Pair::increment);
        pair.increment();
        pair.increment();
        join([other]);
        assert_eq!(pair.read(), Some((3, 3)), "an increment was lost");
    });
}

#[test]
fn two_writers_lose_nothing() {
    model("lock: two writers", None, 20, || {
        let pair = Pair::watched();
        let other = spawn(&pair, Pair::increment);
        pair.increment();
        join([other]);
        assert_eq!(pair.read(), Some((2, 2)), "an increment was lost");
    });
}

#[test]
fn two_writers_and_a_reader() {
    model("lock: two writers and a reader", Some(1), 100, || {
        let pair = Pair::watched();
        let threads = [spawn(&pair, Pair::read_untorn), spawn(&pair, Pair::increment)];
        pair.increment();
        join(threads);
        assert_eq!(pair.read(), Some((2, 2)), "an increment was lost");
    });
}

/// A lock under which nothing changed does not spoil what readers have read. Nor does it hide another
/// thread's change from them.
#[test]
fn an_unchanged_unlock_keeps_readers_valid() {
    use std::sync::atomic::AtomicUsize;
    // Whether readers that began before the lock were still valid after it. Both answers must occur.
    static VALID: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    model("lock: unlocked unchanged", None, 10, || {
        let pair = Pair::watched();
        let reader = spawn(&pair, |pair| {
            let version = pair.read_begin();
            assert_eq!(pair.a.load(Ordering::Relaxed), 0);
            let valid = pair.lock.validate(version);
            VALID[usize::from(valid)].fetch_add(1, Ordering::Relaxed);
        });
        let begun = pair.read_begin();
        assert!(pair.lock.try_lock(begun), "no other thread locks");
        pair.lock.unlock_unchanged(begun);
        join([reader]);
        assert!(pair.lock.validate(begun), "nothing was changed");
    });
    let [invalid, valid] = VALID.each_ref().map(|count| count.load(Ordering::Relaxed));
    assert!(invalid > 0 && valid > 0, "{invalid} invalid, {valid} valid");
}

/// One thread locks and changes nothing, another one changes the words, a third one reads.
#[test]
fn an_unchanged_unlock_hides_no_change() {
    model("lock: unchanged, changed, read", Some(1), 100, || {
        let pair = Pair::watched();
        let holder = spawn(&pair, |pair| {
            let (version, old) = pair.lock_after(|pair| pair.a.load(Ordering::Relaxed));
            assert_eq!(pair.b.load(Ordering::Relaxed), old, "the pair changed between the read and the lock");
            pair.lock.unlock_unchanged(version);
        });
        let reader = spawn(&pair, Pair::read_untorn);
        pair.increment();
        join([holder, reader]);
        assert_eq!(pair.read(), Some((1, 1)));
    });
}

/// The states that follow one another from `first`. If the low word of a narrow version counts two changes, the
/// third state has the low word of the first one.
fn states(first: Version) -> [Version; 4] {
    let second = first.changed();
    [first, second, second.changed(), second.changed().changed()]
}

/// Copies the states after the first one, one after the other.
fn copy_all(pair: &Pair, states: [Version; 4]) {
    (1..4).for_each(|value| pair.copy(states[value as usize], value));
}

#[test]
fn copies_here_reader_there() {
    model("lock: copies here, reader there", Some(2), 100, || {
        let pair = Pair::watched();
        let states = states(pair.read_begin());
        let reader = spawn(&pair, move |pair| pair.read_copy(states));
        copy_all(&pair, states);
        join([reader]);
        assert_eq!(pair.read(), Some((3, 3)));
    });
}

#[test]
fn reader_here_copies_there() {
    model("lock: reader here, copies there", Some(2), 100, || {
        let pair = Pair::watched();
        let states = states(pair.read_begin());
        let copier = spawn(&pair, move |pair| copy_all(pair, states));
        pair.read_copy(states);
        join([copier]);
        assert_eq!(pair.read(), Some((3, 3)));
    });
}
