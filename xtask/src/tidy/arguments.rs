//! Finds what needs a written argument: every `unsafe`, and every atomic ordering other than Relaxed. Each
//! one without an argument is a breach. The others are counted.

use std::fmt;
use std::ops::AddAssign;

use super::text::Finding;
use super::tokens::{Token, Tokens};

/// The orderings that need an argument.
const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// The kinds of `unsafe`.
const KINDS: [&str; 6] = ["blocks", "impls", "functions", "traits", "attributes", "extern blocks"];

/// How many of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// As in [`KINDS`].
    kinds: [usize; KINDS.len()],
    /// As in [`ORDERINGS`].
    orderings: [usize; ORDERINGS.len()],
    /// How many of those are of fences.
    fences: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.fences += other.fences;
        self.kinds.iter_mut().zip(other.kinds).for_each(|(sum, more)| *sum += more);
        self.orderings.iter_mut().zip(other.orderings).for_each(|(sum, more)| *sum += more);
    }
}

impl Counts {
    /// The places counted.
    pub(super) fn total(&self) -> usize {
        self.kinds.iter().chain(&self.orderings).sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |numbers: &[usize], names: &[&str]| {
            let parts = numbers.iter().zip(names).map(|(number, name)| format!("{number} {name}"));
            parts.collect::<Vec<_>>().join(", ")
        };
        write!(
            f,
            "{} unsafe: {}\n{} orderings other than Relaxed: {}; {} of them fences",
            self.kinds.iter().sum::<usize>(),
            listed(&self.kinds, &KINDS),
            self.orderings.iter().sum::<usize>(),
            listed(&self.orderings, &ORDERINGS),
            self.fences,
        )
    }
}

/// Counts in one file, and finds what has no argument.
pub(super) fn check(tokens: &Tokens) -> (Counts, Vec<Finding>) {
    let mut counts = Counts::default();
    let mut findings = Vec::new();
    for (number, token) in tokens.all.iter().enumerate() {
        let breach = if token.text == "unsafe" {
            check_unsafe(tokens, number, &mut counts)
        } else {
            check_ordering(tokens, number, &mut counts)
        };
        findings.extend(breach.map(|message| Finding::new(token.line, message)));
    }
    (counts, findings)
}

/// Checks one `unsafe`. A block, an implementation, an attribute and a block of foreign functions must say
/// why they are sound. A function and a trait must say what they demand of others, unless a trait that they
/// implement says it.
fn check_unsafe(tokens: &Tokens, number: usize, counts: &mut Counts) -> Option<String> {
    let mut next = number + 1;
    if tokens.text(next) == "extern" {
        // The name of the calling convention is a string.
        next += 1 + usize::from(tokens.text(next + 1) == "\"");
    }
    let is_extern = next > number + 1;
    let (kind, asks) = match tokens.text(next) {
        // A type, which promises nothing.
        "fn" if tokens.text(next + 1) == "(" => return None,
        "fn" => (2, true),
        "trait" => (3, true),
        "{" if is_extern => (5, false),
        "{" => (0, false),
        "impl" => (1, false),
        "(" if tokens.before(number, 1) == "[" => (4, false),
        _ => return Some("`unsafe` in a form that tidy does not know: teach it".into()),
    };
    counts.kinds[kind] += 1;
    let comment = tokens.comment(number);
    if !asks {
        return (!says(&comment, "SAFETY:")).then(|| "unsafe without a `SAFETY:` argument just above".into());
    }
    if tokens.text(next) == "fn" && is_trait_impl(tokens.header(number)) {
        return None;
    }
    (!says(&comment, "# Safety")).then(|| "unsafe without a `# Safety` section that says what it asks".into())
}

/// Whether the block after these tokens implements a trait.
fn is_trait_impl(header: &[Token]) -> bool {
    let text = |at: usize| header.get(at).map_or("", |token| &token.text);
    // `for<'a>` is of a bound.
    (0..header.len()).any(|at| text(at) == "impl")
        && (0..header.len()).any(|at| text(at) == "for" && text(at + 1) != "<")
}

/// Whether `comment` has `mark` and words after it.
fn says(comment: &str, mark: &str) -> bool {
    comment.split_once(mark).is_some_and(|(_, words)| words.contains(char::is_alphabetic))
}

/// One ordering other than Relaxed: a comment names it and says what it pairs with.
fn check_ordering(tokens: &Tokens, number: usize, counts: &mut Counts) -> Option<String> {
    let name = tokens.text(number);
    let kind = ORDERINGS.iter().position(|&ordering| ordering == name)?;
    counts.orderings[kind] += 1;
    let path_start = if tokens.before(number, 3) == "Ordering" { number - 3 } else { number };
    if tokens.before(path_start, 1) == "(" && tokens.before(path_start, 2).ends_with("fence") {
        counts.fences += 1;
    }
    let comment = tokens.comment(number);
    // A comment goes on over line ends.
    let argued = comment.contains(name) && says(&comment.replace('\n', " "), "pairs with");
    (!argued).then(|| format!("{name} without a comment just above that names it and what it pairs with"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> Counts {
        check(&Tokens::new(text).unwrap()).0
    }

    fn found(text: &str) -> Vec<usize> {
        check(&Tokens::new(text).unwrap()).1.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unsafe_is_justified_just_above() {
        for good in [
            "// SAFETY: fact.\nunsafe { f() }",
            "// SAFETY: fact,\n// and more.\nlet x =\n    unsafe { f() };",
            "/* SAFETY: fact,\n   over lines. */\nunsafe { f() }",
            "unsafe { f() } // SAFETY: fact.",
            "// SAFETY: fact.\n#[inline]\nunsafe impl Send for X {}",
            "// SAFETY: fact.\n#[unsafe(no_mangle)]\nfn f() {}",
            "// SAFETY: fact.\nunsafe extern \"C\" { fn f(); }",
            "// SAFETY: fact.\nlet x = unsafe\n// odd\n{ f() };",
            "// SAFETY: fact.\nlet x = f(\n    1,\n    unsafe { g() },\n);",
            "/// # Safety\n/// Be kind.\n#[inline]\npub unsafe fn f() {}",
            "/// # Safety\n/// Be kind.\nunsafe trait T {}",
            "/// # Safety\n/// Be kind.\npub const unsafe extern \"C\" fn f() {}",
            "impl<T, U> T for X {\n    /// Of the trait.\n    unsafe fn f() {}\n}",
            "type F = unsafe extern \"C\" fn();",
            "type F = unsafe fn(u8);",
            "// It is unsafe { here }.",
            "/* unsafe { f() }\n unsafe { f() } */",
            "let s = \"unsafe { f() }\";",
            "let s = \"\n unsafe { f() }\n\";",
            "let s = cr#\"a\" unsafe { f() }\"#;",
            "deny(unsafe_code);",
        ] {
            assert_eq!(found(good), [0; 0], "{good}");
        }
        for bad in [
            "unsafe { f() }",
            "// Because.\nunsafe { f() }",
            "// SAFETY:\nunsafe { f() }",
            "// SAFETY: of the other.\nlet y = 1;\nunsafe { f() }",
            "// SAFETY: of the other.\nunsafe { g() };\nunsafe { f() }",
            "match x {\n // SAFETY: of the other.\n A => unsafe { g() },\n B => unsafe { f() },\n}",
            "unsafe impl Send for X {}",
            "#[unsafe(no_mangle)]\nfn f() {}",
            "unsafe extern \"C\" { fn f(); }",
            "let x = unsafe\n{ f() };",
            "let x = unsafe /* odd */ { f() };",
            "/// Nothing asked.\nunsafe fn f() {}",
            "impl X {\n    unsafe fn f() {}\n}",
            "impl<F> X<F> where for<'a> F: G<'a> {\n    unsafe fn f() {}\n}",
            "unsafe extern \"C\" fn f() {}",
            "/// Nothing asked.\npub unsafe trait T {}",
            "/// SAFETY: no section.\npub unsafe trait T {}",
            "// SAFETY: odd.\nunsafe what",
        ] {
            assert_eq!(found(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn orderings_name_their_partner() {
        for good in [
            "// Acquire pairs with the Release in `unlock`.\nx.load(Ordering::Acquire);",
            "x.load(Ordering::Acquire); // Acquire pairs with `unlock`.",
            "// Release of all\n// that; pairs\n// with the Acquire there.\nx.store(\n 1,\n Ordering::Release,\n);",
            "x.load(Ordering::Relaxed);",
            "let s = \"Ordering::Acquire\";",
        ] {
            assert_eq!(found(good), [0; 0], "{good}");
        }
        for bad in [
            "x.load(Ordering::Acquire);",
            "x.load(Acquire);",
            "// Acquire, as one does.\nx.load(Ordering::Acquire);",
            "// Acquire pairs with.\nx.load(Ordering::Acquire);",
            "// Release pairs with the other.\nx.load(Ordering::Acquire);",
            "// Acquire pairs with `a`.\nx.load(Ordering::Acquire);\ny.load(Ordering::Acquire);",
            "mod tests { fn f() { x.load(Ordering::SeqCst); } }",
        ] {
            assert_eq!(found(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn every_kind_is_counted() {
        let counts = counted(
            "unsafe { a() }; unsafe impl A for B {} unsafe fn c() {} unsafe trait D {}\n\
             #[unsafe(e)] fn e() {} unsafe extern \"C\" {} type F = unsafe fn();\n\
             fence(Ordering::Release); core::sync::atomic::compiler_fence(SeqCst);\n\
             x.swap(1, Ordering::AcqRel); x.cas(0, 1, Ordering::Acquire, Ordering::Relaxed);",
        );
        let expected = Counts { kinds: [1; 6], orderings: [1; 4], fences: 2 };
        assert_eq!(counts, expected);
        assert_eq!(counts.total(), 10);
        let mut twice = counts;
        twice += counts;
        assert_eq!(twice.total(), 20);
        assert!(counts.to_string().starts_with("6 unsafe: 1 blocks"), "{counts}");
    }
}
