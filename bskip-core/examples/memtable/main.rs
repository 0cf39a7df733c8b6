//! A memtable, as a storage engine has it: versions of keys, a byte limit, a log, and a sorted file.
//!
//! ```sh
//! cargo run -p bskip-core --example memtable
//! ```

mod crc;
mod file;
mod log;
mod table;

use std::ops::Bound;

fn main() {
    let table = table::Memtable::new(1 << 20);
    let mut log = Vec::new();
    for (sequence, key, value) in [(1, "apple", Some("red")), (2, "pear", Some("green")), (3, "apple", None)]
    {
        let (key, value) = (key.as_bytes(), value.map(str::as_bytes));
        log::append(&mut log, sequence, key, value).expect("a vector takes all bytes");
        table.write(sequence, key, value).expect("there is room");
    }
    let shown = |value: Option<&[u8]>| value.map(|value| String::from_utf8_lossy(value).into_owned());
    for sequence in 0..=3 {
        println!("apple at {sequence}: {:?}", table.get(b"apple", sequence, shown));
    }
    // Without an allocation, whatever the length of the value.
    let mut value = Vec::with_capacity(100);
    let is_there = table.get_into(b"pear", 3, &mut value) == Some(true);
    println!("pear at 3: {:?}", is_there.then(|| String::from_utf8_lossy(&value)));
    let (all, mut found) = ((Bound::Unbounded, Bound::Unbounded), 0);
    table.scan(all, 3, |_, _| {
        found += 1;
        true
    });
    table.scan_back(all, 3, |key, value| {
        println!("{}: {} bytes", String::from_utf8_lossy(key), value.len());
        true
    });
    table.for_each_version_of(b"apple", |sequence, value| println!("apple, {sequence}: {:?}", shown(value)));
    table.freeze();
    let mut file = Vec::new();
    let versions = file::flush(&table, &mut file).expect("a vector takes all bytes");
    println!("{found} key at 3, {versions} versions in {} bytes of a file", file.len());

    let again = table::Memtable::new(1 << 20);
    // The process was killed while it wrote the last record.
    log.pop();
    let read = log::replay(&log, |sequence, key, value| again.write(sequence, key, value).expect("room"));
    println!("{} of 3 records after a kill, {} bytes", read.expect("no damage"), again.bytes());
    println!("{:?}", file::read(&file).map(|records| records.len()));
}
