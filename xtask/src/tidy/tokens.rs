//! The tokens of a Rust file, each with its line and the bracket around it: enough to find where the statement
//! of a token begins, and so which comments speak about it.

use super::source::Line;

/// A word, or one character that is neither of a word nor space. Strings are two quotes.
#[derive(Debug, PartialEq)]
pub(super) struct Token {
    /// What it is.
    pub(super) text: String,
    /// Its line, from 0.
    pub(super) line: usize,
    /// The innermost bracket that is open here, as the number of its token.
    inside: Option<usize>,
    /// For a closing bracket: the number of its opening one.
    opened: Option<usize>,
}

/// A file's tokens in order, and the comments beside them.
pub(super) struct Tokens<'a> {
    /// In order.
    pub(super) all: Vec<Token>,
    lines: &'a [Line],
}

impl<'a> Tokens<'a> {
    /// Cuts the code in `lines`.
    pub(super) fn new(lines: &'a [Line]) -> Self {
        let mut all: Vec<Token> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for (line, content) in lines.iter().enumerate() {
            for text in words(&content.code) {
                let number = all.len();
                let opened = if matches!(text, ")" | "]" | "}") { open.pop() } else { None };
                all.push(Token { text: text.to_owned(), line, inside: open.last().copied(), opened });
                if matches!(text, "(" | "[" | "{") {
                    open.push(number);
                }
            }
        }
        Self { all, lines }
    }

    /// The text of token `number`; empty behind the last.
    pub(super) fn text(&self, number: usize) -> &str {
        self.all.get(number).map_or("", |token| &token.text)
    }

    /// The text of the token that stands `back` before token `number`.
    pub(super) fn before(&self, number: usize, back: usize) -> &str {
        number.checked_sub(back).map_or("", |number| self.text(number))
    }

    /// What the comments say about token `number`: those on the lines of its statement up to its own line, and
    /// those directly above. A statement ends at a semicolon, at a comma between arms or fields, and at a block
    /// after which nothing goes on.
    pub(super) fn comment(&self, number: usize) -> String {
        let last = self.all[number].line;
        let first = self.all[self.start(number, &[";", ",", "{"])].line;
        let only_comment = |&&index: &&usize| {
            self.lines[index].code.trim().is_empty() && !self.lines[index].comment.is_empty()
        };
        let numbers: Vec<usize> = (0..first).rev().collect();
        let above = numbers.iter().take_while(only_comment).count();
        let comments = self.lines[first - above..=last].iter().map(|line| line.comment.trim());
        comments.filter(|comment| !comment.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The first token of the statement that token `number` is in, where statements end at `ends`.
    fn start(&self, number: usize, ends: &[&str]) -> usize {
        let mut at = number;
        // Out of parentheses and brackets: their contents belong to the statement around them.
        while let Some(around) = self.all[at].inside.filter(|&around| self.text(around) != "{") {
            at = around;
        }
        while let Some(before) = at.checked_sub(1) {
            let token = &self.all[before];
            let is_end = match token.text.as_str() {
                "}" => !matches!(self.text(before + 1), "." | "?" | "else"),
                text => ends.contains(&text),
            };
            if is_end {
                break;
            }
            at = token.opened.unwrap_or(before);
        }
        at
    }

    /// The tokens before the block that token `number` stands in, up to the start of its statement: the `impl`,
    /// `trait` or `mod` around it. Empty at the top of the file.
    pub(super) fn header(&self, number: usize) -> &[Token] {
        let Some(block) = self.all[number].inside else { return &[] };
        // No comma ends it: it may have several parameters.
        &self.all[self.start(block, &[";", "{"])..block]
    }
}

/// Words, and single characters between them.
fn words(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, behind) = rest.split_at(length);
        found.push(word);
        rest = behind.trim_start();
    }
    found
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    /// The comment about the last token `mark`.
    fn about(text: &str) -> String {
        let source = Source::new(text);
        let tokens = Tokens::new(&source.lines);
        let mark = tokens.all.iter().rposition(|token| token.text == "mark").expect("a mark");
        tokens.comment(mark)
    }

    #[test]
    fn code_falls_into_words() {
        assert_eq!(words("a_1 ::<é>(x)"), ["a_1", ":", ":", "<", "é", ">", "(", "x", ")"]);
        assert_eq!(words("  "), [""; 0]);
    }

    #[test]
    fn a_comment_speaks_about_the_whole_statement_below_it() {
        for text in [
            "// yes\nmark;",
            "mark; // yes",
            "x;\n// yes\nlet y =\n    f(a, b)\n        .g(\n            1,\n            mark,\n        );",
            "x;\n// yes\n#[inline]\n#[must_use]\nmark",
            "// yes\nlet z = f(|a| { a; b }).mark;",
            "// yes\nlet z = S { a, b }.c(mark);",
            "match x {\n  // yes\n  A => mark,\n}",
            "let x = // yes\n  mark;",
            "/* yes */\nmark",
        ] {
            assert_eq!(about(text), "yes", "{text}");
        }
        assert_eq!(about("// one\n// two\n\nmark"), "", "an empty line ends it");
        assert_eq!(about("// one\n/* two\nthree */\nmark"), "one\ntwo\nthree");
    }

    #[test]
    fn a_comment_of_another_statement_does_not() {
        for text in [
            "// no\nx;\nmark;",
            "match x {\n  // no\n  A => f(),\n  B => mark,\n}",
            "// no\nif x { y }\nmark",
            "// no\nfn f() {\n  mark\n}",
            "// no\nS { a: 1,\n  b: mark }",
        ] {
            assert_eq!(about(text), "", "{text}");
        }
    }
}
