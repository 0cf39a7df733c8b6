//! A session whose type is hidden, for whoever does not mind a call through a table.

use super::Session;

/// A [`Session`] to be had behind a reference. Every session is one.
pub trait AnySession {
    /// As [`Session::insert`].
    fn insert(&mut self, key: u64, value: u64);

    /// As [`Session::get`].
    fn get(&mut self, key: u64) -> Option<u64>;

    /// As [`Session::remove`].
    fn remove(&mut self, key: u64) -> Option<u64>;

    /// As [`Session::scan`].
    fn scan(&mut self, start: u64, limit: usize, visit: &mut dyn FnMut(u64, u64));
}

impl<S: Session> AnySession for S {
    fn insert(&mut self, key: u64, value: u64) {
        Session::insert(self, key, value);
    }

    fn get(&mut self, key: u64) -> Option<u64> {
        Session::get(self, key)
    }

    fn remove(&mut self, key: u64) -> Option<u64> {
        Session::remove(self, key)
    }

    fn scan(&mut self, start: u64, limit: usize, visit: &mut dyn FnMut(u64, u64)) {
        Session::scan(self, start, limit, visit);
    }
}
