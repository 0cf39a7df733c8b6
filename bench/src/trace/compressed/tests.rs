//! Traces that are compressed: what is read, what is damaged, and what is not supported.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Write;

/// `INSERT 1001` to `INSERT 1008` as `zstd -19` compresses them, with a checksum.
const ZSTD: &[u8] =
    b"\x28\xb5\x2f\xfd\x04\x68\x25\x01\x00\xa0\x49\x4e\x53\x45\x52\x54\x20\x31\x30\x30\x31\x0a\x32\x33\
    \x34\x35\x36\x37\x38\x0a\x07\x20\xc0\xd3\x01\x46\xcc\x19\xd6\x88\x39\x0d\xfb\xb6\xe9\x75\xca\x0d\x9e";
/// `READ 1001` to `READ 1003` as `pzstd` compresses them: a frame to be skipped is first.
const PZSTD: &[u8] =
    b"\x50\x2a\x4d\x18\x04\x00\x00\x00\x22\x00\x00\x00\x28\xb5\x2f\xfd\x04\x58\xad\x00\x00\x68\x52\x45\
    \x41\x44\x20\x31\x30\x30\x31\x0a\x32\x33\x0a\x02\x00\xa0\x88\x12\x05\x09\x84\xeb\x79\x54";

fn lines(verb: &str, numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|number| format!("{verb} {number}\n")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

fn read(bytes: impl BufRead) -> Result<String, String> {
    let mut whole = String::new();
    let mut text = text(bytes).map_err(|error| error.to_string())?;
    text.read_to_string(&mut whole).map_err(|error| error.to_string())?;
    Ok(whole)
}

#[test]
fn files_in_one_piece_or_several_are_decompressed_however_they_arrive() {
    // Longer than a buffer, so that the decoders have to go on.
    let long = lines("INSERT", 1..=100_000);
    let (first, more) = (lines("INSERT", 1001..=1008), lines("READ", 1001..=1003));
    for (bytes, expected) in [
        (long.clone().into_bytes(), long.clone()),
        (gzip(&long), long.clone()),
        (zstd(&long), long.clone()),
        ([gzip(&first), gzip(""), gzip(&more)].concat(), first.clone() + &more),
        (ZSTD.to_vec(), first.clone()),
        ([ZSTD, &zstd(""), PZSTD, ZSTD].concat(), first.clone() + &more + &first),
        (gzip(""), String::new()),
        (b"R".to_vec(), "R".into()),
        (Vec::new(), String::new()),
    ] {
        assert!(read(&bytes[..]) == Ok(expected.clone()));
        for capacity in [1, 2, 3, 7] {
            assert!(read(BufReader::with_capacity(capacity, &bytes[..])) == Ok(expected.clone()));
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_an_error_wherever_the_cut_is() {
    let text = lines("INSERT", 1001..=1008);
    for (whole, format) in [(gzip(&text), "gzip"), (ZSTD.to_vec(), "zstd"), (PZSTD.to_vec(), "zstd")] {
        for length in 4..whole.len() {
            // The frame that is skipped is a whole file.
            if whole == PZSTD && length == 12 {
                continue;
            }
            let error = read(&whole[..length]).unwrap_err();
            assert!(error.contains("the file ends too early"), "{format}, {length} bytes: {error}");
            assert!(error.contains(&format!("try `{format} -t`")), "{error}");
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_or_has_its_text() {
    let text = lines("INSERT", 1001..=1008);
    for whole in [gzip(&text), ZSTD.to_vec(), zstd(&text)] {
        let mut errors = 0;
        for (place, bit) in (4..whole.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << bit;
            // Some bits of a header, such as the time, do not matter.
            match read(&damaged[..]) {
                Ok(read) => assert_eq!(read, text, "byte {place}, bit {bit}"),
                Err(error) => {
                    assert!(!error.contains('\n') && error.starts_with("cannot decompress"), "{error}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 4 * whole.len(), "{errors} errors");
    }
    let wrong = [&ZSTD[..ZSTD.len() - 1], &[0]].concat();
    assert!(read(&wrong[..]).unwrap_err().contains("the checksum is wrong, so the file is damaged"));
    let more = [&gzip(&text)[..], b"more"].concat();
    assert!(read(&more[..]).unwrap_err().starts_with("cannot decompress"));
}

#[test]
fn other_formats_are_named() {
    for (magic, what, ..) in OTHERS {
        let error = read(&[magic, b"more"].concat()[..]).unwrap_err();
        assert!(error.starts_with(&format!("this is {what}: decompress it with `")), "{error}");
    }
}
