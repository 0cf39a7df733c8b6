//! The lines of a trace, read one after the other.

use super::compressed::text;
use super::words::{Key, Line, is_disguised, operation, quoted, verb};
use crate::protocol::TraceKeys;
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The byte order mark that some editors put at the beginning of UTF-8 text.
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The byte order marks of UTF-16.
const UTF16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// Reads a trace file whose keys are numbers.
///
/// # Errors
/// The file cannot be read, or has no operation, or a line is not an operation. The message names the first
/// such line as `file:line: what`.
pub fn read(path: &Path) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    each_of(path, TraceKeys::Numbers, |Line { verb, key }| {
        if let Key::Number(key) = key {
            lines.push(Line { verb, key });
        }
        Ok(())
    })?;
    Ok(lines)
}

/// Calls `visit` with each operation of a file, as [`for_each`].
pub(super) fn each_of(
    path: &Path,
    keys: TraceKeys,
    visit: impl FnMut(Line<Key<'_>>) -> Result<(), String>,
) -> Result<u64, String> {
    let name = path.display().to_string();
    let file = open(path).map_err(|e| format!("{name}: {e}"))?;
    for_each(BufReader::with_capacity(1 << 20, file), &name, keys, visit)
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

/// Calls `visit` with each operation of a trace, and returns their number, which is not 0. The bytes are text,
/// or text that gzip or zstd has compressed. `name` is the file's name for errors.
///
/// # Errors
/// As [`read`]; or `visit` returns an error, which ends the reading.
pub fn for_each(
    bytes: impl BufRead,
    name: &str,
    keys: TraceKeys,
    mut visit: impl FnMut(Line<Key<'_>>) -> Result<(), String>,
) -> Result<u64, String> {
    let mut text = text(bytes).map_err(|error| format!("{name}: {error}"))?;
    let (mut number, mut operations) = (1_u64, 0);
    let (mut content, mut after_cr) = (Content::new(keys), false);
    let mut end_of_line = |content: &mut Content, number: u64| {
        let line = line(&content.bytes, number == 1, keys).map_err(|what| format!("{name}:{number}: {what}"));
        let visited = line?.map_or(Ok(()), |line| {
            operations += 1;
            visit(line)
        });
        content.clear();
        visited
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
                    number += 1;
                }
                _ => content.push(byte).map_err(|what| format!("{name}:{number}: {what}"))?,
            }
        }
        let length = chunk.len();
        text.consume(length);
    }
    end_of_line(&mut content, number)?;
    let example = match keys {
        TraceKeys::Numbers => "write one a line, such as INSERT 1 or READ 1",
        TraceKeys::Strings => "write one a line, such as INSERT user1 or READ user1",
        TraceKeys::Ycsb => {
            "give it what `ycsb load basic` or `ycsb run basic` prints, lines such as INSERT usertable user1 [ ... ]"
        }
    };
    match operations {
        0 => Err(format!("{name}: there is no operation in it; {example}")),
        _ => Ok(operations),
    }
}

/// The bytes of a line up to its comment.
struct Content {
    keys: TraceKeys,
    bytes: Vec<u8>,
    is_comment: bool,
    /// Between quotes, a `#` begins no comment.
    is_quoted: bool,
    /// The byte before was a backslash between quotes.
    is_escaped: bool,
}

impl Content {
    const fn new(keys: TraceKeys) -> Self {
        Self { keys, bytes: Vec::new(), is_comment: false, is_quoted: false, is_escaped: false }
    }

    /// The most bytes without the comment. With numbers, an operation takes at most 60 bytes. So a file with
    /// longer lines is not a trace.
    const fn most(&self) -> usize {
        if self.keys.are_strings() { 1 << 17 } else { 1 << 10 }
    }

    fn push(&mut self, byte: u8) -> Result<(), String> {
        if self.is_comment {
            return Ok(());
        }
        self.is_comment = match (self.keys, byte) {
            _ if self.is_quoted => false,
            (TraceKeys::Numbers, b'#') => true,
            (TraceKeys::Strings, b'#') => self.is_between_words(),
            // The fields of a record.
            (TraceKeys::Ycsb, b'[') => self.is_between_words(),
            _ => false,
        };
        if self.is_comment {
            return Ok(());
        }
        if self.keys == TraceKeys::Strings {
            self.follow_quotes(byte);
        }
        if self.bytes.len() == self.most() {
            let start = quoted(&self.bytes);
            return Err(format!("no trace has a line of over {} bytes; it begins with {start}", self.most()));
        }
        self.bytes.push(byte);
        Ok(())
    }

    /// Whether the next byte begins a word.
    fn is_between_words(&self) -> bool {
        self.bytes.last().is_none_or(u8::is_ascii_whitespace) || self.bytes == UTF8_MARK
    }

    fn follow_quotes(&mut self, byte: u8) {
        if self.is_quoted {
            self.is_quoted = byte != b'"' || self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
        } else {
            self.is_quoted = byte == b'"' && self.is_between_words();
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        (self.is_comment, self.is_quoted, self.is_escaped) = (false, false, false);
    }
}

/// The operation of a line, if there is one. The line comes without its comment.
fn line(mut content: &[u8], is_first: bool, keys: TraceKeys) -> Result<Option<Line<Key<'_>>>, String> {
    if is_first {
        content = content.strip_prefix(UTF8_MARK).unwrap_or(content);
        if UTF16_MARKS.iter().any(|mark| content.starts_with(mark)) {
            return Err("this is UTF-16 text: save it as UTF-8".into());
        }
    }
    let content = content.trim_ascii();
    let has_verb = verb(content, keys).is_some();
    if !has_verb && content.contains(&0) {
        let start = quoted(content);
        return Err(format!(
            "{start} has bytes 0, as UTF-16 text and binary files have: save the trace as UTF-8 text"
        ));
    }
    // YCSB prints its settings and results between the operations.
    if content.is_empty() || keys == TraceKeys::Ycsb && !has_verb && !is_disguised(content) {
        return Ok(None);
    }
    match str::from_utf8(content) {
        Ok(text) => operation(text, keys).map(Some),
        Err(_) => Err(format!("{} is no UTF-8 text", quoted(content))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Verb;

    /// The lines of a text; keys are numbers.
    fn parse(text: impl BufRead, name: &str) -> Result<Vec<Line>, String> {
        let mut lines = Vec::new();
        for_each(text, name, TraceKeys::Numbers, |Line { verb, key }| {
            let Key::Number(key) = key else { panic!("{key:?}") };
            lines.push(Line { verb, key });
            Ok(())
        })?;
        Ok(lines)
    }

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
        for text in [&b"R\0E\0A\0D\0 \x007\0\n\0"[..], b"# one\n\0R\0E\0A\0D", b"\x7FELF\x02\x01\x01\0\0"] {
            let got = lines(text).unwrap_err();
            assert!(got.contains("has bytes 0, as UTF-16 text and binary files have"), "{got}");
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
