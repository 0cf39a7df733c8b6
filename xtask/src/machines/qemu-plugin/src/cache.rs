//! One processor's private cache: sets of lines. A full set drops the line that was used least recently.

/// The size of each cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes of the cache. Divided by the bytes of a set, they must give a power of two.
    pub(crate) bytes: usize,
    /// Lines of a set.
    pub(crate) ways: usize,
}

/// Bytes of a line, as a power of two.
pub(crate) const LINE_SHIFT: u32 = 6;

/// Stands for an empty place: no line has this address, because it would be the very last.
const NONE: u64 = u64::MAX;

impl Size {
    /// The number of sets.
    ///
    /// # Errors
    /// A message, if that is not a power of two.
    fn sets(self) -> Result<usize, String> {
        let sets = (self.bytes >> LINE_SHIFT).checked_div(self.ways).unwrap_or(0);
        if sets.is_power_of_two() && (sets * self.ways) << LINE_SHIFT == self.bytes {
            return Ok(sets);
        }
        Err(format!("a cache of {} bytes and {} ways has no power of two of sets", self.bytes, self.ways))
    }
}

/// See the module.
pub(crate) struct Cache {
    /// The lines of each set, the most recently used one first.
    lines: Vec<u64>,
    ways: usize,
    sets: usize,
}

impl Cache {
    /// An empty cache.
    ///
    /// # Errors
    /// A message, if no cache can have the size.
    pub(crate) fn new(size: Size) -> Result<Self, String> {
        let sets = size.sets()?;
        Ok(Self { lines: vec![NONE; sets * size.ways], ways: size.ways, sets })
    }

    fn set(&mut self, line: u64) -> &mut [u64] {
        let start = (line as usize & (self.sets - 1)) * self.ways;
        &mut self.lines[start..start + self.ways]
    }

    /// Whether the cache holds `line`. If so, `line` becomes the most recently used.
    #[inline]
    pub(crate) fn touch(&mut self, line: u64) -> bool {
        let set = self.set(line);
        if set[0] == line {
            return true;
        }
        match set.iter().position(|&held| held == line) {
            Some(place) => {
                set[..=place].rotate_right(1);
                true
            }
            None => false,
        }
    }

    /// Adds `line`, which the cache must not hold. Returns the line that it displaces.
    pub(crate) fn insert(&mut self, line: u64) -> Option<u64> {
        let set = self.set(line);
        set.rotate_right(1);
        let gone = std::mem::replace(&mut set[0], line);
        (gone != NONE).then_some(gone)
    }

    /// Drops `line`, if the cache holds it.
    pub(crate) fn drop_line(&mut self, line: u64) {
        let set = self.set(line);
        if let Some(place) = set.iter().position(|&held| held == line) {
            set[place..].rotate_left(1);
            *set.last_mut().expect("a set has ways") = NONE;
        }
    }

    /// Drops all lines.
    pub(crate) fn clear(&mut self) {
        self.lines.fill(NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_line_of_the_set_goes() {
        // Two sets of two lines: even and odd ones.
        let mut cache = Cache::new(Size { bytes: 256, ways: 2 }).unwrap();
        assert_eq!([2, 4, 3].map(|line| cache.insert(line)), [None; 3]);
        assert!(cache.touch(2) && cache.touch(4) && cache.touch(2) && !cache.touch(6));
        assert_eq!(cache.insert(6), Some(4));
        assert_eq!(cache.insert(8), Some(2));
        assert!(cache.touch(3) && cache.touch(6) && cache.touch(8) && !cache.touch(2));
    }

    #[test]
    fn a_dropped_line_leaves_room() {
        let mut cache = Cache::new(Size { bytes: 256, ways: 2 }).unwrap();
        assert_eq!([2, 4].map(|line| cache.insert(line)), [None; 2]);
        cache.drop_line(4);
        cache.drop_line(6);
        assert_eq!(cache.insert(8), None);
        assert!(cache.touch(2) && cache.touch(8) && !cache.touch(4));
        cache.clear();
        assert!(!cache.touch(2));
    }

    #[test]
    fn sizes_that_no_cache_has_are_refused() {
        for (bytes, ways) in [(0, 16), (1000, 1), (3 << 10, 16), (64, 2), (1 << 20, 0)] {
            assert!(Cache::new(Size { bytes, ways }).is_err(), "{bytes} {ways}");
        }
        assert!(Cache::new(Size { bytes: 3 << 19, ways: 16 }).is_err(), "1536 sets");
        assert!(Cache::new(Size { bytes: 3 << 19, ways: 12 }).is_ok(), "2048 sets");
    }
}
