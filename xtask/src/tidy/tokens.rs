//! The tokens of a Rust file, each with its line and the bracket around it, and the comments beside them.
//! This is enough to find where the statement of a token begins, and so which comments are about the token.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A word, a literal, or any other character except space.
#[derive(Debug, PartialEq)]
pub(super) struct Token {
    /// The token; a string is one quote.
    pub(super) text: String,
    /// Its line, from 1.
    pub(super) line: usize,
    /// The number of the token that opens the innermost bracket around this one.
    inside: Option<usize>,
    /// For a closing bracket: the number of the token that opens it.
    opened: Option<usize>,
}

/// What a line holds beside tokens.
#[derive(Clone, Debug, Default)]
struct Line {
    /// The column where its last token ends.
    code_end: usize,
    /// Whether it begins inside a string.
    is_inside: bool,
    /// Its comment, without slashes.
    comment: String,
}

/// A file's tokens in order, and its lines.
pub(super) struct Tokens {
    /// In order.
    pub(super) all: Vec<Token>,
    /// The first is line 1.
    lines: Vec<Line>,
}

impl Tokens {
    /// Cuts `text`.
    ///
    /// # Errors
    ///
    /// Why the compiler would not read it either.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let stream = TokenStream::from_str(text).map_err(|error| error.to_string())?;
        let source: Vec<&str> = text.lines().collect();
        let mut tokens = Self { all: Vec::new(), lines: vec![Line::default(); source.len()] };
        tokens.push_all(stream, None, &source);
        for (line, text) in tokens.lines.iter_mut().zip(source) {
            let rest: String = text.chars().skip(line.code_end).collect();
            let rest = rest.trim().trim_end_matches("*/").trim_start_matches(['/', '!', '*']);
            rest.trim().clone_into(&mut line.comment);
        }
        Ok(tokens)
    }

    fn push_all(&mut self, stream: TokenStream, inside: Option<usize>, source: &[&str]) {
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Group(group) => self.push_group(&group, inside, source),
                TokenTree::Punct(punct) => {
                    let start = punct.span().start();
                    let written = source[start.line - 1].chars().nth(start.column);
                    if punct.as_char() == '#' && written == Some('/') {
                        // A comment on an item. The parser has turned it into an attribute: `#`, perhaps `!`,
                        // brackets.
                        trees.next_if(|tree| matches!(tree, TokenTree::Punct(_)));
                        trees.next();
                        continue;
                    }
                    self.push(punct.to_string(), punct.span(), inside, None);
                }
                TokenTree::Ident(ident) => self.push(ident.to_string(), ident.span(), inside, None),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = if text.ends_with(['"', '#']) { "\"".into() } else { text };
                    self.push(text, literal.span(), inside, None);
                }
            }
        }
    }

    fn push_group(&mut self, group: &Group, inside: Option<usize>, source: &[&str]) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => return self.push_all(group.stream(), inside, source),
        };
        let opened = self.all.len();
        self.push(open.into(), group.span_open(), inside, None);
        self.push_all(group.stream(), Some(opened), source);
        self.push(close.into(), group.span_close(), inside, Some(opened));
    }

    fn push(&mut self, text: String, span: proc_macro2::Span, inside: Option<usize>, opened: Option<usize>) {
        let (start, end) = (span.start(), span.end());
        for line in start.line..=end.line {
            let line = &mut self.lines[line - 1];
            line.code_end = usize::MAX;
            line.is_inside = true;
        }
        self.lines[start.line - 1].is_inside = false;
        self.lines[end.line - 1].code_end = end.column;
        self.all.push(Token { text, line: start.line, inside, opened });
    }

    /// The text of token `number`; empty behind the last.
    pub(super) fn text(&self, number: usize) -> &str {
        self.all.get(number).map_or("", |token| &token.text)
    }

    /// The text of the token that stands `back` before token `number`.
    pub(super) fn before(&self, number: usize, back: usize) -> &str {
        number.checked_sub(back).map_or("", |number| self.text(number))
    }

    /// The comments about token `number`: those on the lines of its statement up to its own line, and those
    /// directly above. A statement ends at a semicolon, at a comma between arms or fields, and at a block
    /// after which it does not continue.
    pub(super) fn comment(&self, number: usize) -> String {
        let last = self.all[number].line;
        let first = self.all[self.start(number, &[";", ",", "{"])].line;
        let is_comment = |line: &&Line| line.code_end == 0 && !line.is_inside && !line.comment.is_empty();
        let above = self.lines[..first - 1].iter().rev().take_while(is_comment).count();
        let comments = self.lines[first - 1 - above..last].iter().map(|line| line.comment.as_str());
        comments.filter(|comment| !comment.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The first token of the statement that holds token `number`. Statements end at `ends`.
    fn start(&self, number: usize, ends: &[&str]) -> usize {
        let mut at = number;
        // Leaves parentheses and brackets, because their contents belong to the statement around them.
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

    /// The tokens before the block that holds token `number`, up to the start of the block's statement: the
    /// `impl`, `trait` or `mod`. Empty at the top of the file.
    pub(super) fn header(&self, number: usize) -> &[Token] {
        let Some(block) = self.all[number].inside else { return &[] };
        // A comma does not end the statement, because it may have several parameters.
        &self.all[self.start(block, &[";", "{"])..block]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comment about the last token `mark`.
    fn about(text: &str) -> String {
        let tokens = Tokens::new(text).unwrap();
        let mark = tokens.all.iter().rposition(|token| token.text == "mark").expect("a mark");
        tokens.comment(mark)
    }

    #[test]
    fn a_comment_is_about_the_whole_statement_below_it() {
        for text in [
            "// yes\nmark;",
            "mark; // yes",
            "/// yes\nmark",
            "x;\n// yes\nlet y =\n    f(a, b)\n        .g(\n            1,\n            mark,\n        );",
            "x;\n// yes\n#[inline]\n#[must_use]\nmark",
            "// yes\nlet z = f(|a| { a; b }).mark;",
            "// yes\nlet z = S { a, b }.c(mark);",
            "match x {\n  // yes\n  A => mark,\n}",
            "let x = // yes\n  mark;",
            "/* yes */\nmark",
            "// yes\nlet x = (\"// no \\\n  no\n no\", mark);",
        ] {
            assert_eq!(about(text), "yes", "{text}");
        }
        assert_eq!(about("// one\n// two\n\nmark"), "", "an empty line ends it");
        assert_eq!(about("// one\n/* two\nthree */\nmark"), "one\ntwo\nthree");
    }

    #[test]
    fn a_comment_of_another_statement_is_not() {
        for text in [
            "// no\nx;\nmark;",
            "match x {\n  // no\n  A => f(),\n  B => mark,\n}",
            "// no\nif x { y }\nmark",
            "// no\nfn f() {\n  mark\n}",
            "// no\nS { a: 1,\n  b: mark }",
            "let x = \"\n// no\n\";\nmark",
        ] {
            assert_eq!(about(text), "", "{text}");
        }
    }
}
