//! How a map and its workers are set up, as one word: `interleave+locks`.

use std::fmt;
use std::str::FromStr;

/// A placement, and what is added to it.
///
/// `Display` and `FromStr` spell it as the arena's policy, with `+ranges` and `+locks` behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where the arena puts nodes, as [`numa_alloc::Policy`] spells it; only our map heeds it.
    pub placement: String,
    /// Each worker has a range of the keys to itself; it loads them, and works on no others.
    pub ranges: bool,
    /// Before each operation the worker takes and gives back a shared lock of each node on the way; see
    /// [`LockPath`](super::LockPath).
    pub locks: bool,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.placement)?;
        [(self.ranges, "+ranges"), (self.locks, "+locks")]
            .iter()
            .filter(|(is_on, _)| *is_on)
            .try_for_each(|(_, word)| f.write_str(word))
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split('+');
        let placement = words.next().unwrap_or_default().to_owned();
        placement.parse::<numa_alloc::Policy>().map_err(|error| error.to_string())?;
        let mut setting = Self { placement, ranges: false, locks: false };
        for word in words {
            match word {
                "ranges" => setting.ranges = true,
                "locks" => setting.locks = true,
                other => return Err(format!("{text}: {other:?} is not ranges or locks")),
            }
        }
        // A lock's word would lie where the thread that makes it runs, not with its node.
        if setting.locks && setting.placement != "interleave" {
            return Err(format!(
                "{text}: locks are emulated beside interleaved nodes only: interleave+locks"
            ));
        }
        Ok(setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_back_as_written() {
        for text in ["local", "interleave", "node:1", "preferred:0,1+ranges", "interleave+ranges+locks"] {
            assert_eq!(text.parse::<Setting>().unwrap().to_string(), text);
        }
        for (text, hint) in [
            ("", "not a placement"),
            ("near", "not a placement"),
            ("local+fast", "\"fast\" is not ranges or locks"),
            ("local+locks", "interleave+locks"),
        ] {
            assert!(text.parse::<Setting>().unwrap_err().contains(hint), "{text}");
        }
    }
}
