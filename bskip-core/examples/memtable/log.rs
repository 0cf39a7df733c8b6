//! The write-ahead log: one record a write.
//!
//! A record is a header of 12 bytes and a body. The header has the body's length, the CRC of these four bytes, and
//! the CRC of the body. The body has the sequence number (8 bytes), 1 for a value or 0 for a deletion, the key's
//! length (4 bytes), the key, and the value. Numbers are little-endian.
//!
//! A kill leaves a beginning of what was written. So an incomplete record at the end is a torn write, and replay
//! drops it. A complete header or body with a wrong CRC is damage, wherever it is.

use std::io;

use super::crc::{crc, take_u32};

/// The log is damaged at this byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) usize);

/// Appends a write of `value`, or a deletion.
pub(crate) fn append(
    log: &mut impl io::Write,
    sequence: u64,
    key: &[u8],
    value: Option<&[u8]>,
) -> io::Result<()> {
    let mut body = sequence.to_le_bytes().to_vec();
    body.push(u8::from(value.is_some()));
    body.extend((key.len() as u32).to_le_bytes());
    body.extend(key);
    body.extend(value.unwrap_or_default());
    let length = (body.len() as u32).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(crc(&length).to_le_bytes());
    record.extend(crc(&body).to_le_bytes());
    record.extend(body);
    log.write_all(&record)
}

/// Calls `write` with each complete record, in order. Returns how many there were.
pub(crate) fn replay(log: &[u8], mut write: impl FnMut(u64, &[u8], Option<&[u8]>)) -> Result<usize, Damage> {
    let (mut rest, mut records) = (log, 0);
    while let Some((header, after)) = rest.split_first_chunk::<12>() {
        let damage = Damage(log.len() - rest.len());
        let mut fields = header.as_slice();
        let mut field = || take_u32(&mut fields).expect("the header has twelve bytes");
        let (length, of_length, of_body) = (field(), field(), field());
        if crc(&length.to_le_bytes()) != of_length {
            return Err(damage);
        }
        let Some((body, after)) = after.split_at_checked(length as usize) else { break };
        if crc(body) != of_body {
            return Err(damage);
        }
        let Some((sequence, key, value)) = parts(body) else { return Err(damage) };
        write(sequence, key, value);
        (rest, records) = (after, records + 1);
    }
    Ok(records)
}

/// A write: sequence number, key, and value, or `None` for a deletion.
type Write<'l> = (u64, &'l [u8], Option<&'l [u8]>);

fn parts(body: &[u8]) -> Option<Write<'_>> {
    let (sequence, rest) = body.split_first_chunk()?;
    let (&kind, mut rest) = rest.split_first()?;
    let length = take_u32(&mut rest)?;
    let (key, value) = rest.split_at_checked(length as usize)?;
    Some((u64::from_le_bytes(*sequence), key, (kind == 1).then_some(value)))
}
