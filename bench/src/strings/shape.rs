//! Byte-string keys that look like those of real programs, made of numbers.
//!
//! A shape turns a number into a string. Greater numbers become greater strings, and the number can be read
//! back from the string. So everything that this crate measures and checks with numbers, it measures and
//! checks with strings as well: orders, bounds, values, distributions.
//!
//! The number's leading bits choose the parts of a URL, a path or an e-mail address. Some parts are far more
//! frequent than others. Therefore keys often share long prefixes, as real ones do. An identifier that spells
//! the number out makes each key unique.

use super::names::KEYS_LIKE;
use crate::keys::Shape;
use crate::maps::names::unknown;
use std::str::FromStr;

/// What the keys look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysLike {
    /// `user` and 19 digits, as in YCSB: 23 bytes.
    Ycsb,
    /// 16 random bytes.
    Rand16,
    /// 32 random bytes.
    Rand32,
    /// `https://www.…/…/…`: 45 to 75 bytes, many on the same few hosts.
    Url,
    /// `anna.smith.…@example.org`: 25 to 40 bytes.
    Email,
    /// Words of 12 letters.
    Word,
    /// `/data/…/src/…`: 45 to 80 bytes.
    Path,
    /// A key of 16 bytes and the complement of a sequence number, as a memtable has them: 24 bytes, four
    /// versions of each key.
    Versions,
}

impl FromStr for KeysLike {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "ycsb" => Self::Ycsb,
            "rand16" => Self::Rand16,
            "rand32" => Self::Rand32,
            "url" => Self::Url,
            "email" => Self::Email,
            "word" => Self::Word,
            "path" => Self::Path,
            "versions" => Self::Versions,
            _ => return Err(unknown("shape of keys", name, KEYS_LIKE)),
        })
    }
}

/// A string of a shape, on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    bytes: [u8; Key::MOST],
    len: usize,
}

impl Key {
    /// No shape makes longer strings.
    pub const MOST: usize = 96;

    const fn new() -> Self {
        Self { bytes: [0; Self::MOST], len: 0 }
    }

    #[inline]
    fn push(&mut self, part: &[u8]) {
        self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }

    /// Appends the number in `N` digits of base 32, with zeros in front.
    #[inline]
    fn push_base32<const N: usize>(&mut self, number: u64) {
        let mut digits = [0; N];
        for (i, digit) in digits.iter_mut().enumerate() {
            *digit = BASE32[(number >> (5 * (N - 1 - i))) as usize % 32];
        }
        self.push(&digits);
    }

    /// The string.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The digits of base 32 in ascending order.
const BASE32: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// The number that digits of base 32 spell.
#[inline]
fn from_base32(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, &digit| {
        let value = if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        (number << 5) | u64::from(value)
    })
}

/// Identifiers have this many digits of base 32, as many as the 40 bits of a number of [`Shape::Shift24`]
/// need.
const ID: usize = 8;

/// The lowest bits of a number of [`Shape::Shift24`], which are zeros.
const SHIFT: u32 = 24;

// Each list ascends together with the byte that follows its parts, and no part is a prefix of another one
// with that byte.
const HOSTS: &[&str; 16] = &[
    "archive.org/",
    "bbc.co.uk/",
    "blog.example.com/",
    "cdn.example.com/",
    "cnn.com/",
    "docs.rs/",
    "en.wikipedia.org/",
    "github.com/",
    "google.com/",
    "mail.example.net/",
    "news.ycombinator.com/",
    "nytimes.com/",
    "reddit.com/",
    "shop.example.com/",
    "stackoverflow.com/",
    "youtube.com/",
];
const SECTIONS: &[&str; 8] =
    &["article/", "category/", "item/", "products/2026/", "questions/", "search/", "user/", "wiki/"];
const FIRST_NAMES: &[&str; 16] = &[
    "alice.", "anna.", "ben.", "carla.", "david.", "elena.", "felix.", "grace.", "ivan.", "julia.", "maria.",
    "noah.", "olivia.", "peter.", "sofia.", "thomas.",
];
const LAST_NAMES: &[&str; 8] =
    &["brown.", "garcia.", "jones.", "mueller.", "nguyen.", "smith.", "tanaka.", "williams."];
const DOMAINS: &[&str; 4] = &["@example.com", "@example.org", "@mail.example.net", "@uni.example.edu"];
const USERS: &[&str; 8] = &["alice/", "bob/", "build/", "ci/", "dave/", "erin/", "frank/", "www/"];
const PROJECTS: &[&str; 8] = &[
    "backend/services/api/src/",
    "compiler/crates/parser/src/",
    "database/storage/engine/src/",
    "frontend/components/src/",
    "infra/terraform/modules/",
    "kernel/drivers/net/",
    "mobile/android/app/src/main/",
    "website/content/posts/",
];
const CONSONANTS: &[u8; 21] = b"bcdfghjklmnpqrstvwxyz";
const VOWELS: &[u8; 5] = b"aeiou";

/// The part of a list that an upper fraction of `bits` names, where the first quarter of the list takes half
/// of the fractions; and what is left of the fraction.
#[inline]
fn choose<'l, const N: usize>(list: &'l [&'l str; N], fraction: &mut u64) -> &'l [u8] {
    let quarter = N as u64 / 4;
    let half = 1 << 63;
    // Of the fractions below a half, each part of the first quarter has as many as any other; so for the
    // others.
    let (first, number, rest) = if *fraction < half {
        (0, quarter, *fraction << 1)
    } else {
        (quarter, N as u64 - quarter, *fraction << 1)
    };
    let product = u128::from(rest) * u128::from(number);
    *fraction = product as u64;
    list[(first + (product >> 64) as u64) as usize].as_bytes()
}

impl KeysLike {
    /// The name of the shape.
    #[must_use]
    pub fn name(self) -> &'static str {
        // The variants stand in the order of the list, after the numbers.
        KEYS_LIKE[self as usize + 1]
    }

    /// The numbers that the shape takes, if they are to come in random order.
    #[must_use]
    pub const fn numbers(self) -> Shape {
        match self {
            Self::Ycsb => Shape::Odd,
            Self::Rand16 | Self::Rand32 => Shape::Mixed,
            Self::Versions => Shape::Fours,
            Self::Url | Self::Email | Self::Word | Self::Path => Shape::Shift24,
        }
    }

    /// The string of a number.
    #[inline]
    #[must_use]
    pub fn key(self, number: u64) -> Key {
        let mut key = Key::new();
        match self {
            Self::Ycsb => {
                let mut digits = *b"user0000000000000000000";
                let mut rest = number >> 1;
                for pair in digits[5..].rchunks_exact_mut(2) {
                    let two = (rest % 100) as u8;
                    rest /= 100;
                    pair.copy_from_slice(&[b'0' + two / 10, b'0' + two % 10]);
                }
                digits[4] = b'0' + rest as u8;
                key.push(&digits);
            }
            Self::Rand16 | Self::Rand32 => {
                key.push(&number.to_be_bytes());
                let mut more = number;
                for _ in 1..if self == Self::Rand16 { 2 } else { 4 } {
                    more = crate::keys::mix64(more ^ 0x5851_F42D_4C95_7F2D);
                    key.push(&more.to_be_bytes());
                }
            }
            Self::Url => {
                let mut fraction = number;
                key.push(b"https://www.");
                key.push(choose(HOSTS, &mut fraction));
                key.push(choose(SECTIONS, &mut fraction));
                key.push_base32::<ID>(number >> SHIFT);
                key.push(b"?utm_source=feed");
            }
            Self::Email => {
                let mut fraction = number;
                key.push(choose(FIRST_NAMES, &mut fraction));
                key.push(choose(LAST_NAMES, &mut fraction));
                key.push_base32::<ID>(number >> SHIFT);
                key.push(DOMAINS[crate::keys::mix64(number) as usize % DOMAINS.len()].as_bytes());
            }
            Self::Word => {
                let mut letters = [0; 12];
                let mut rest = number >> SHIFT;
                for pair in letters.rchunks_exact_mut(2) {
                    let syllable = rest % 105;
                    rest /= 105;
                    pair.copy_from_slice(&[CONSONANTS[syllable as usize / 5], VOWELS[syllable as usize % 5]]);
                }
                key.push(&letters);
            }
            Self::Path => {
                let mut fraction = number;
                key.push(b"/data/");
                key.push(choose(USERS, &mut fraction));
                key.push(b"projects/");
                key.push(choose(PROJECTS, &mut fraction));
                key.push(b"module_");
                key.push_base32::<ID>(number >> SHIFT);
                key.push(b".rs");
            }
            Self::Versions => {
                let (user, version) = (number >> 2, number & 3);
                key.push(b"key/");
                key.push_base32::<13>(user);
                key.push(&(!(3 - version)).to_be_bytes()[1..]);
            }
        }
        key
    }

    /// The number of a string that [`key`](Self::key) has made.
    #[inline]
    #[must_use]
    pub fn number(self, key: &[u8]) -> u64 {
        match self {
            Self::Ycsb => {
                (key[4..].iter().fold(0, |number, &digit| number * 10 + u64::from(digit - b'0')) << 1) | 1
            }
            Self::Rand16 | Self::Rand32 => {
                u64::from_be_bytes(key[..8].try_into().expect("at least eight bytes"))
            }
            Self::Url => from_base32(&key[key.len() - ID - 16..][..ID]) << SHIFT,
            Self::Email => {
                let at = key.iter().rposition(|&byte| byte == b'@').expect("an address");
                from_base32(&key[at - ID..at]) << SHIFT
            }
            Self::Word => {
                let number = key.chunks_exact(2).fold(0, |number, pair| {
                    let place = |list: &[u8], letter| {
                        list.iter().position(|&each| each == letter).expect("a letter of the shape") as u64
                    };
                    number * 105 + place(CONSONANTS, pair[0]) * 5 + place(VOWELS, pair[1])
                });
                number << SHIFT
            }
            Self::Path => from_base32(&key[key.len() - ID - 3..][..ID]) << SHIFT,
            Self::Versions => {
                let user = from_base32(&key[4..17]);
                (user << 2) | (3 - u64::from(!key[key.len() - 1]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeySet;

    const ALL: [KeysLike; 8] = [
        KeysLike::Ycsb,
        KeysLike::Rand16,
        KeysLike::Rand32,
        KeysLike::Url,
        KeysLike::Email,
        KeysLike::Word,
        KeysLike::Path,
        KeysLike::Versions,
    ];

    #[test]
    fn strings_are_ordered_as_their_numbers_are_and_lead_back_to_them() {
        for like in ALL {
            let keys = KeySet::new(like.numbers(), 7);
            let mut numbers: Vec<u64> = (0..50_000).map(|i| keys.key(i)).collect();
            numbers.sort_unstable();
            let strings: Vec<Key> = numbers.iter().map(|&number| like.key(number)).collect();
            assert!(strings.windows(2).all(|two| two[0].as_bytes() < two[1].as_bytes()), "{like:?}");
            for (number, key) in numbers.iter().zip(&strings) {
                assert_eq!(like.number(key.as_bytes()), *number, "{like:?}: {key:?}");
            }
        }
    }

    #[test]
    fn names_lead_to_their_shapes() {
        for (like, name) in ALL.into_iter().zip(&KEYS_LIKE[1..]) {
            assert_eq!((name.parse(), like.name()), (Ok(like), *name));
        }
        assert!("uuid".parse::<KeysLike>().unwrap_err().contains("email"));
    }

    #[test]
    fn keys_look_as_they_should() {
        let text = |like: KeysLike, number: u64| {
            String::from_utf8(like.key(number).as_bytes().to_vec()).expect("text")
        };
        assert_eq!(text(KeysLike::Ycsb, 0xF), "user0000000000000000007");
        assert_eq!(text(KeysLike::Word, 0), "babababababa");
        assert_eq!(
            text(KeysLike::Url, u64::MAX << 24),
            "https://www.youtube.com/wiki/vvvvvvvv?utm_source=feed"
        );
        assert_eq!(
            text(KeysLike::Path, 0),
            "/data/alice/projects/backend/services/api/src/module_00000000.rs"
        );
        assert!(text(KeysLike::Email, 0).starts_with("alice.brown.00000000@"));
        assert_eq!(KeysLike::Versions.key(9).as_bytes().len(), 24);
    }
}
