//! Splits Rust source into code and comments, line by line, as far as the rules need it.
//!
//! Not a lexer: it only knows where comments, strings and characters begin and end.

/// A line without its strings: what is code and what is comment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Line {
    /// Code; the contents of strings and characters are left out.
    pub(super) code: String,
    /// Comments, without their slashes.
    pub(super) comment: String,
}

/// A file's lines.
pub(super) struct Source {
    /// In order; the first is line 1.
    pub(super) lines: Vec<Line>,
}

/// What the next character is part of.
enum State {
    Code,
    LineComment,
    /// With the depth of nesting.
    BlockComment(usize),
    /// With the number of `#` that end a raw string; `None` for an ordinary one.
    String(Option<usize>),
}

impl Source {
    /// Splits `text`.
    pub(super) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut lines = vec![Line::default()];
        let mut state = State::Code;
        let mut at = 0;
        while at < chars.len() {
            let rest = &chars[at..];
            let line = lines.last_mut().expect("there is a line from the start");
            if rest[0] == '\n' {
                if matches!(state, State::LineComment) {
                    state = State::Code;
                }
                lines.push(Line::default());
                at += 1;
                continue;
            }
            let (next, length) = match state {
                State::Code => code(line, rest),
                State::LineComment => {
                    line.comment.push(rest[0]);
                    (State::LineComment, 1)
                }
                State::BlockComment(depth) => block_comment(line, rest, depth),
                State::String(hashes) => string(line, rest, hashes),
            };
            state = next;
            at += length;
        }
        Self { lines }
    }
}

/// Takes what starts in code: the state after it and the characters taken.
fn code(line: &mut Line, rest: &[char]) -> (State, usize) {
    let inside_a_word = line.code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
    match rest {
        ['/', '/', ..] => (State::LineComment, 2),
        ['/', '*', ..] => (State::BlockComment(1), 2),
        ['"', ..] => {
            line.code.push('"');
            (State::String(None), 1)
        }
        ['r', after @ ..] if !inside_a_word || line.code.ends_with(['b', 'c']) => {
            let hashes = after.iter().take_while(|&&c| c == '#').count();
            line.code.push('r');
            match after.get(hashes) {
                Some('"') => {
                    line.code.push('"');
                    (State::String(Some(hashes)), hashes + 2)
                }
                _ => (State::Code, 1),
            }
        }
        ['\'', ..] => (State::Code, character(line, rest)),
        _ => {
            line.code.push(rest[0]);
            (State::Code, 1)
        }
    }
}

/// Takes a character, or the quote of a lifetime: the characters taken.
fn character(line: &mut Line, rest: &[char]) -> usize {
    line.code.push('\'');
    match rest {
        ['\'', '\\', _, after @ ..] => {
            let tail = after.iter().position(|&c| c == '\'').unwrap_or(0);
            3 + tail + 1
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

fn block_comment(line: &mut Line, rest: &[char], depth: usize) -> (State, usize) {
    match rest {
        ['*', '/', ..] if depth == 1 => (State::Code, 2),
        ['*', '/', ..] => (State::BlockComment(depth - 1), 2),
        ['/', '*', ..] => (State::BlockComment(depth + 1), 2),
        _ => {
            line.comment.push(rest[0]);
            (State::BlockComment(depth), 1)
        }
    }
}

fn string(line: &mut Line, rest: &[char], hashes: Option<usize>) -> (State, usize) {
    let closed = match (rest, hashes) {
        // A newline after the backslash must still end the line.
        (['\\', escaped, ..], None) if *escaped != '\n' => return (State::String(None), 2),
        (['"', ..], None) => Some(1),
        (['"', after @ ..], Some(hashes)) => {
            let there = after.iter().take_while(|&&c| c == '#').count() >= hashes;
            there.then_some(1 + hashes)
        }
        _ => None,
    };
    match closed {
        Some(length) => {
            line.code.push('"');
            (State::Code, length)
        }
        None => (State::String(hashes), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, String)> {
        Source::new(text).lines.into_iter().map(|line| (line.code, line.comment)).collect()
    }

    fn one(text: &str) -> (String, String) {
        let mut lines = split(text);
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    }

    #[test]
    fn comments_are_told_from_code() {
        assert_eq!(one("a // b"), ("a ".into(), " b".into()));
        assert_eq!(one("a /* b /* c */ d */ e"), ("a  e".into(), " b  c  d ".into()));
        let lines = split("a /* b\nc */ d\n// e\nf");
        assert_eq!(lines[1], (" d".into(), "c ".into()));
        assert_eq!(lines[2], (String::new(), " e".into()));
        assert_eq!(lines[3], ("f".into(), String::new()));
    }

    #[test]
    fn strings_and_characters_are_left_out() {
        for text in [
            r#"f("unsafe // \" unsafe")"#,
            r##"f(r#"unsafe " unsafe"#)"##,
            r#"f(br"unsafe \")"#,
            "f('\"', '\\'', '\\u{41}', 'x')",
        ] {
            let (code, comment) = one(text);
            assert!(!code.contains("unsafe") && code.ends_with(')'), "{text}: {code}");
            assert_eq!(comment, "", "{text}");
        }
    }

    #[test]
    fn lifetimes_and_words_with_r_are_code() {
        assert_eq!(one("for<'a> &'a str // x").0, "for<'a> &'a str ");
        assert_eq!(one("var r = 1; r#loop").0, "var r = 1; r#loop");
    }

    #[test]
    fn a_string_over_lines_keeps_the_line_numbers() {
        let lines = split("let a = \"x \\\n  y\n z\"; // c\nb");
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2], ("\";".to_owned() + " ", " c".into()));
    }
}
