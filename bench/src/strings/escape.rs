//! Keys without zeros, for maps that cannot hold a zero. A byte 0 becomes 1 1, and a byte 1 becomes 1 2. This
//! keeps the order.

/// The keys of every shape are as short as this.
const SHORT: usize = super::shape::Key::MOST;

/// A buffer of at least `len` bytes: `short` if it is long enough.
fn room<'b>(short: &'b mut [u8], long: &'b mut Vec<u8>, len: usize) -> &'b mut [u8] {
    if len <= short.len() {
        return short;
    }
    long.resize(len, 0);
    long
}

/// Calls `f` with `key` escaped.
#[inline]
pub(crate) fn escaped<R>(key: &[u8], f: impl FnOnce(&[u8]) -> R) -> R {
    if key.iter().all(|&byte| byte > 1) {
        return f(key);
    }
    let (mut short, mut long) = ([0; 2 * SHORT], Vec::new());
    let buffer = room(&mut short, &mut long, 2 * key.len());
    let mut len = 0;
    for &byte in key {
        if byte > 1 {
            buffer[len] = byte;
            len += 1;
        } else {
            buffer[len..len + 2].copy_from_slice(&[1, byte + 1]);
            len += 2;
        }
    }
    f(&buffer[..len])
}

/// Calls `f` with the key that `escaped` has escaped.
#[inline]
pub(crate) fn plain<R>(escaped: &[u8], f: impl FnOnce(&[u8]) -> R) -> R {
    if !escaped.contains(&1) {
        return f(escaped);
    }
    let (mut short, mut long) = ([0; SHORT], Vec::new());
    let buffer = room(&mut short, &mut long, escaped.len());
    let (mut len, mut rest) = (0, escaped.iter());
    while let Some(&byte) = rest.next() {
        buffer[len] = if byte == 1 { rest.next().map_or(0, |&next| next - 1) } else { byte };
        len += 1;
    }
    f(&buffer[..len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_the_order_and_lead_back() {
        let keys: [&[u8]; 9] =
            [b"", b"\0", b"\0\0", b"\0\x01", b"\x01", b"\x01\0", b"\x01\x01\x02", b"\x01\x02", b"\x02\0"];
        let owned: Vec<Vec<u8>> = keys.iter().map(|key| escaped(key, <[u8]>::to_vec)).collect();
        assert!(owned.is_sorted() && owned.iter().all(|key| !key.contains(&0)));
        let long = [0; 1000];
        assert_eq!(escaped(&long, |escaped| plain(escaped, <[u8]>::to_vec)), long);
        for (key, escaped) in keys.iter().zip(&owned) {
            assert_eq!(plain(escaped, <[u8]>::to_vec), *key);
        }
    }
}
