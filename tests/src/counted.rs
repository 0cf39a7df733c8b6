//! Values that count when they are created and dropped, and values that panic on demand.

use std::sync::atomic::{AtomicIsize, AtomicU8, AtomicUsize, Ordering};

/// Records all values that were made from it.
#[derive(Debug)]
pub struct Ledger {
    births: AtomicUsize,
    deaths: AtomicUsize,
    faults: AtomicUsize,
    alive: Box<[AtomicU8]>,
    clone_fuse: AtomicIsize,
    drop_fuse: AtomicIsize,
}

/// A fuse that is not lit.
const UNLIT: isize = -1;

impl Ledger {
    /// A ledger for up to `capacity` values, clones included.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            births: AtomicUsize::new(0),
            deaths: AtomicUsize::new(0),
            faults: AtomicUsize::new(0),
            alive: (0..capacity).map(|_| AtomicU8::new(0)).collect(),
            clone_fuse: AtomicIsize::new(UNLIT),
            drop_fuse: AtomicIsize::new(UNLIT),
        }
    }

    /// A new value.
    ///
    /// # Panics
    /// If the ledger is full.
    #[must_use]
    pub fn value(&self, id: u64) -> Counted<'_> {
        let serial = self.births.fetch_add(1, Ordering::Relaxed);
        assert!(serial < self.alive.len(), "the ledger is too small for this test");
        self.alive[serial].store(1, Ordering::Relaxed);
        Counted { ledger: self, serial, id, seal: seal(serial, id) }
    }

    /// Values that are alive.
    #[must_use]
    pub fn live(&self) -> usize {
        self.births.load(Ordering::Relaxed) - self.deaths.load(Ordering::Relaxed)
    }

    /// Values created so far.
    #[must_use]
    pub fn births(&self) -> usize {
        self.births.load(Ordering::Relaxed)
    }

    /// Panics unless exactly `live` values are alive and no value was dropped twice or torn.
    ///
    /// # Panics
    /// See above.
    pub fn expect_live(&self, live: usize) {
        self.expect_no_fault();
        assert_eq!(self.live(), live, "values that were created and not dropped");
    }

    /// Panics if a value was dropped twice or torn.
    ///
    /// # Panics
    /// See above.
    pub fn expect_no_fault(&self) {
        assert_eq!(self.faults.load(Ordering::Relaxed), 0, "a value was dropped twice or torn");
    }

    /// Lets the next `after` clones succeed. The one after them panics, once.
    pub fn panic_in_clone(&self, after: usize) {
        self.clone_fuse.store(after as isize, Ordering::Relaxed);
    }

    /// Lets the next `after` drops succeed. The one after them panics, once. Its value still counts as
    /// dropped.
    pub fn panic_in_drop(&self, after: usize) {
        self.drop_fuse.store(after as isize, Ordering::Relaxed);
    }

    /// Whether a fuse is still lit.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.clone_fuse.load(Ordering::Relaxed) > UNLIT || self.drop_fuse.load(Ordering::Relaxed) > UNLIT
    }
}

/// Burns one step of a fuse; panics when it reaches its end.
fn burn(fuse: &AtomicIsize, what: &str) {
    let burnt =
        fuse.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left > UNLIT).then(|| left - 1));
    if burnt == Ok(0) {
        panic!("asked to panic in {what}");
    }
}

/// A value of a [`Ledger`].
#[derive(Debug)]
pub struct Counted<'a> {
    ledger: &'a Ledger,
    serial: usize,
    /// What the test wrote into it.
    pub id: u64,
    seal: u64,
}

/// Follows from the other fields: a torn value has a wrong seal.
fn seal(serial: usize, id: u64) -> u64 {
    crate::rng::mix(id ^ ((serial as u64) << 32))
}

impl Counted<'_> {
    /// What the test wrote into the value. Panics if the value is dropped or torn.
    ///
    /// # Panics
    /// See above.
    #[must_use]
    pub fn checked(&self) -> u64 {
        assert_eq!(self.seal, seal(self.serial, self.id), "a torn value");
        assert_eq!(self.ledger.alive[self.serial].load(Ordering::Relaxed), 1, "a value that was dropped");
        self.id
    }
}

impl Clone for Counted<'_> {
    fn clone(&self) -> Self {
        burn(&self.ledger.clone_fuse, "clone");
        self.ledger.value(self.checked())
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let sealed = self.seal == seal(self.serial, self.id);
        if !sealed || self.ledger.alive[self.serial].swap(0, Ordering::Relaxed) != 1 {
            self.ledger.faults.fetch_add(1, Ordering::Relaxed);
        }
        self.ledger.deaths.fetch_add(1, Ordering::Relaxed);
        burn(&self.ledger.drop_fuse, "drop");
    }
}
