//! The lines of a trace, read and parsed.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The most bytes of a line without its comment. An operation takes at most 60 bytes, so a file with longer
/// lines is not a trace.
const LONGEST_LINE: usize = 1 << 10;
/// Characters of a line that an error quotes.
const QUOTED: usize = 60;
/// The byte order mark that some editors put at the beginning of UTF-8 text.
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The byte order marks of UTF-16.
const UTF16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT k` or `UPDATE k`.
    Put,
    /// `READ k`.
    Read,
    /// `REMOVE k`.
    Remove,
    /// `SCAN k n`, with the `n`.
    Scan(u32),
}

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What to do.
    pub verb: Verb,
    /// The key, or where a scan starts.
    pub key: u64,
}

/// Reads a trace file.
///
/// # Errors
/// The file cannot be read, or has no operation, or a line is not an operation. The message names the first
/// such line as `file:line: what`.
pub fn read(path: &Path) -> Result<Vec<Line>, String> {
    let name = path.display().to_string();
    parse(BufReader::with_capacity(1 << 20, open(path).map_err(|e| format!("{name}: {e}"))?), &name)
}

/// Opens a trace file. A directory can be opened, but not read, so it is refused here.
///
/// # Errors
/// The file cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Err(io::Error::other("this is a directory, not a trace: name a text file")),
        false => Ok(file),
    }
}

/// Checks that the files of a trace are not the same pipe or terminal, which can be read only once.
///
/// # Errors
/// They are the same.
pub fn check_distinct(load: &Metadata, run: &Metadata) -> Result<(), String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if !load.is_file() && !load.is_dir() && (load.dev(), load.ino()) == (run.dev(), run.ino()) {
            return Err("load and run are the same pipe or device, which can be read only once: \
                        give the run a file of its own"
                .into());
        }
    }
    let _ = (load, run);
    Ok(())
}

/// Parses a trace; `name` is the file's name for errors.
///
/// # Errors
/// As [`read`].
pub fn parse(text: impl BufRead, name: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for_each(text, name, |line| {
        lines.push(line);
        Ok(())
    })?;
    Ok(lines)
}

/// Calls `visit` with each operation of a trace, and returns their number, which is not 0.
///
/// # Errors
/// As [`read`]; or `visit` returns an error, which ends the reading.
pub fn for_each(
    mut text: impl BufRead,
    name: &str,
    mut visit: impl FnMut(Line) -> Result<(), String>,
) -> Result<u64, String> {
    let (mut number, mut operations) = (1_u64, 0);
    let (mut content, mut is_comment, mut after_cr) = (Vec::new(), false, false);
    let mut end_of_line = |content: &mut Vec<u8>, number: u64| {
        let line = line(content, number == 1).map_err(|what| format!("{name}:{number}: {what}"))?;
        content.clear();
        line.map_or(Ok(()), |line| {
            operations += 1;
            visit(line)
        })
    };
    loop {
        let chunk = match text.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("{name}:{number}: {error}")),
        };
        for &byte in chunk {
            let ends_crlf = std::mem::replace(&mut after_cr, byte == b'\r') && byte == b'\n';
            match byte {
                b'\n' if ends_crlf => {}
                b'\n' | b'\r' => {
                    end_of_line(&mut content, number)?;
                    (number, is_comment) = (number + 1, false);
                }
                b'#' => is_comment = true,
                _ if is_comment => {}
                _ if content.len() == LONGEST_LINE => {
                    let start = quoted(&content);
                    return Err(format!(
                        "{name}:{number}: no trace has a line of over {LONGEST_LINE} bytes; it begins with {start}"
                    ));
                }
                _ => content.push(byte),
            }
        }
        let length = chunk.len();
        text.consume(length);
    }
    end_of_line(&mut content, number)?;
    match operations {
        0 => {
            Err(format!("{name}: there is no operation in it; write one a line, such as INSERT 1 or READ 1"))
        }
        _ => Ok(operations),
    }
}

/// The operation of a line, if there is one. The line comes without its comment.
fn line(mut content: &[u8], is_first: bool) -> Result<Option<Line>, String> {
    if is_first {
        content = content.strip_prefix(UTF8_MARK).unwrap_or(content);
        if UTF16_MARKS.iter().any(|mark| content.starts_with(mark)) {
            return Err("this is UTF-16 text: save it as UTF-8".into());
        }
    }
    if content.trim_ascii().is_empty() {
        return Ok(None);
    }
    match str::from_utf8(content) {
        Ok(text) => operation(text.trim_ascii()).map(Some),
        Err(_) => Err(format!("{} is no UTF-8 text", quoted(content))),
    }
}

fn operation(content: &str) -> Result<Line, String> {
    let mut words = content.split_ascii_whitespace();
    let verb = words.next().unwrap_or_default();
    let mut operand = |what: &str| {
        let word = words.next().ok_or_else(|| format!("{verb} needs {what}"))?;
        number(word)
            .ok_or_else(|| format!("{} is not {what} (an unsigned 64-bit number)", quoted(word.as_bytes())))
    };
    let line = match verb {
        "INSERT" | "UPDATE" => Line { verb: Verb::Put, key: operand("a key")? },
        "READ" => Line { verb: Verb::Read, key: operand("a key")? },
        "REMOVE" => Line { verb: Verb::Remove, key: operand("a key")? },
        "SCAN" => {
            let (key, count) = (operand("a key")?, operand("a number of pairs")?);
            let count = u32::try_from(count).map_err(|_| format!("a scan of {count} pairs is too long"))?;
            Line { verb: Verb::Scan(count), key }
        }
        other => {
            let other = quoted(other.as_bytes());
            return Err(format!("unknown operation {other}; known are INSERT, READ, UPDATE, REMOVE, SCAN"));
        }
    };
    match words.next() {
        None => Ok(line),
        Some(extra) => {
            Err(format!("{} is too much in {}", quoted(extra.as_bytes()), quoted(content.as_bytes())))
        }
    }
}

/// The beginning of a text in quotes, with invisible characters escaped.
fn quoted(bytes: &[u8]) -> String {
    let Ok(text) = str::from_utf8(bytes) else {
        let start = bytes.escape_ascii().to_string();
        return match start.char_indices().nth(QUOTED) {
            None => format!("\"{start}\""),
            Some((end, _)) => format!("\"{}\"...", &start[..end]),
        };
    };
    match text.char_indices().nth(QUOTED) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

fn number(word: &str) -> Option<u64> {
    // `from_str_radix` would take a sign.
    let (digits, radix) = word.strip_prefix("0x").map_or((word, 10), |hex| (hex, 16));
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: impl AsRef<[u8]>) -> Result<Vec<Line>, String> {
        parse(text.as_ref(), "t.txt")
    }

    #[test]
    fn every_operation_is_understood() {
        let text =
            "# head\n\nINSERT 18446744073709551615\r\nREAD 0x2A # tail\n  UPDATE\t7\nREMOVE 0\nSCAN 7 100";
        let max = Line { verb: Verb::Put, key: u64::MAX };
        let read = Line { verb: Verb::Read, key: 42 };
        let update = Line { verb: Verb::Put, key: 7 };
        let remove = Line { verb: Verb::Remove, key: 0 };
        let scan = Line { verb: Verb::Scan(100), key: 7 };
        assert_eq!(lines(text).unwrap(), [max, read, update, remove, scan]);
    }

    #[test]
    fn a_line_ends_with_any_of_the_three_ends_and_a_mark_at_the_beginning_is_no_text() {
        let expected = [Line { verb: Verb::Put, key: 1 }, Line { verb: Verb::Read, key: 2 }];
        for end in ["\n", "\r\n", "\r", "\n\r\n", "\r\r"] {
            for mark in ["", "\u{feff}"] {
                for last in ["", end] {
                    let text = ["# a comment", "INSERT 1 # one", "", "READ 2"].join(end);
                    let text = format!("{mark}{text}{last}");
                    assert_eq!(lines(&text).as_deref(), Ok(&expected[..]), "{text:?}");
                    // The size of the reads must not matter.
                    for capacity in 1..5 {
                        let pieces = BufReader::with_capacity(capacity, text.as_bytes());
                        assert_eq!(parse(pieces, "t").as_deref(), Ok(&expected[..]), "{text:?}");
                    }
                }
            }
            let error = lines(["# a comment", "", "JUMP 1"].join(end)).unwrap_err();
            let number = if matches!(end, "\r\r" | "\n\r\n") { 5 } else { 3 };
            assert!(error.starts_with(&format!("t.txt:{number}: ")), "{end:?}: {error}");
        }
        assert_eq!(lines("\u{feff}INSERT 1\rREAD 2").as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn errors_name_the_line_and_what_is_wrong() {
        for (text, error) in [
            ("READ 1\nWRITE 2", r#"t.txt:2: unknown operation "WRITE""#),
            ("READ", "t.txt:1: READ needs a key"),
            ("\n\nREAD x", r#"t.txt:3: "x" is not a key"#),
            ("READ -1", r#"t.txt:1: "-1" is not a key"#),
            ("READ +1", r#"t.txt:1: "+1" is not a key"#),
            ("READ 0x", r#"t.txt:1: "0x" is not a key"#),
            ("READ 18446744073709551616", r#"t.txt:1: "18446744073709551616" is not a key"#),
            ("SCAN 1", "t.txt:1: SCAN needs a number of pairs"),
            ("SCAN 1 5000000000", "t.txt:1: a scan of 5000000000 pairs is too long"),
            ("INSERT 1 2", r#"t.txt:1: "2" is too much in "INSERT 1 2""#),
        ] {
            let got = lines(text).unwrap_err();
            assert!(got.starts_with(error), "{got}");
        }
        assert!(read(Path::new("no/such/file")).unwrap_err().starts_with("no/such/file: "));
        assert!(read(Path::new("/")).unwrap_err().contains("directory"));
    }

    #[test]
    fn invisible_characters_are_shown() {
        for (text, error) in [
            (&b"READ 1\n\xEF\xBB\xBFREAD 2"[..], r#"t.txt:2: unknown operation "\u{feff}READ""#),
            ("READ\u{a0}7".as_bytes(), r#"t.txt:1: unknown operation "READ\u{a0}7""#),
            ("READ 7\u{200b}".as_bytes(), r#"t.txt:1: "7\u{200b}" is not a key"#),
            (b"READ 7\x00", r#"t.txt:1: "7\0" is not a key"#),
            (b"READ 7\x1b[2J", r#"t.txt:1: "7\u{1b}[2J" is not a key"#),
            (b"READ \xE9", r#"t.txt:1: "READ \xe9" is no UTF-8 text"#),
            (b"\xFF\xFER\x00E\x00", "t.txt:1: this is UTF-16 text: save it as UTF-8"),
            (b"\xFE\xFF\x00R\x00E", "t.txt:1: this is UTF-16 text: save it as UTF-8"),
        ] {
            let got = lines(text).unwrap_err();
            assert!(got.starts_with(error), "{got}");
        }
        let endless = lines([0; 1 << 20]).unwrap_err();
        assert!(endless.starts_with("t.txt:1: no trace has a line of over 1024 bytes"), "{endless}");
        assert!(endless.len() < 300, "{endless}");
        // A comment may be as long as it likes, in any encoding.
        assert!(lines(["#\u{e9}".repeat(1 << 12).as_bytes(), b"\xE9\nREAD 1"].concat()).is_ok());
    }

    #[test]
    fn a_trace_without_operations_is_an_error() {
        for text in ["", "\n\n", "# a\r# b\r", "\u{feff}", "\u{feff}# INSERT 1\n", "  \t"] {
            let error = lines(text).unwrap_err();
            assert!(error.starts_with("t.txt: there is no operation in it"), "{text:?}: {error}");
        }
    }
}
