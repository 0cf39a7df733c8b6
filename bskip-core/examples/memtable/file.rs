//! The sorted file: every version in order, each with its checksum.
//!
//! A record has the lengths of key and value (4 bytes each), the encoded key (user key, sequence number, kind), the
//! value, and the CRC of all that. Behind the last record there are 8 bytes of ones and the number of records
//! (8 bytes), so a file that was cut off is noticed.

use std::io::{self, Write};

use super::crc::{crc, take_u32};
use super::table::Memtable;

/// Behind the last record.
const END: [u8; 8] = [0xFF; 8];

/// Writes all versions in order, and returns their number. Freeze the table first.
pub(crate) fn flush(table: &Memtable, file: &mut impl Write) -> io::Result<u64> {
    let (mut record, mut records) = (Vec::new(), 0);
    let mut result = Ok(());
    table.for_each_version(|key, value| {
        record.clear();
        record.extend((key.len() as u32).to_le_bytes());
        record.extend((value.len() as u32).to_le_bytes());
        record.extend(key);
        record.extend(value);
        record.extend(crc(&record).to_le_bytes());
        records += 1;
        result = file.write_all(&record);
        result.is_ok()
    });
    result?;
    file.write_all(&END)?;
    file.write_all(&u64::to_le_bytes(records))?;
    Ok(records)
}

/// The records of a file: encoded keys and values. `None` if the file is damaged or cut off.
pub(crate) fn read(mut file: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    loop {
        if let Some(count) = file.strip_prefix(&END) {
            return (count == (records.len() as u64).to_le_bytes()).then_some(records);
        }
        let start = file;
        let (key, value) = (take_u32(&mut file)? as usize, take_u32(&mut file)? as usize);
        let (key, rest) = file.split_at_checked(key)?;
        let (value, rest) = rest.split_at_checked(value)?;
        let checked = &start[..start.len() - rest.len()];
        file = rest;
        if take_u32(&mut file)? != crc(checked) {
            return None;
        }
        records.push((key, value));
    }
}
