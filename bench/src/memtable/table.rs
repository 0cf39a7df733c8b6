//! What a memtable must offer to be measured.

/// A memtable, as one thread sees it. The compiler inlines every call into the loop that is measured.
pub(super) trait Table: Sync {
    /// Writes a version. No other version has this sequence number.
    fn put(&self, key: &[u8], sequence: u64, value: &[u8]);

    /// Calls `f` with the newest value of the key at `sequence` or before, if there is one.
    fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(&[u8]) -> R) -> Option<R>;

    /// Calls `f` with the sequence number and value of each version of the key, the newest first.
    fn versions(&self, key: &[u8], f: impl FnMut(u64, &[u8]));

    /// Calls `f` with each version in order: keys ascend, and a key's sequence numbers descend. The key comes
    /// in two parts, which together are what a sorted file stores.
    fn flush(&self, f: impl FnMut([&[u8]; 2], &[u8]));
}

/// What stands behind a key in a sorted file: the sequence number so that greater ones come first, and the
/// kind of the version.
pub(super) fn tail(sequence: u64, kind: u8) -> [u8; 9] {
    let mut tail = [0; 9];
    tail[..8].copy_from_slice(&(!sequence).to_be_bytes());
    tail[8] = kind;
    tail
}
