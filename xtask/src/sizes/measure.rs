//! Builds the programs in `tests/sizes` and measures them.

use std::path::Path;
use std::process::Command;

use super::table::Figure;
use crate::cargo;
use crate::stop::Stop;
use crate::tree;

/// The programs of calls, and what their code is called.
const CALLS: [(&str, &str); 5] = [
    ("get", "code of `get`"),
    ("insert", "code of `try_insert`"),
    ("remove", "code of `remove`"),
    ("range", "code of `range`"),
    ("all", "code of all four"),
];

/// No call has less code.
const LEAST: u64 = 200;

/// Measures everything.
pub(super) fn all() -> Result<Vec<Figure>, Stop> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(Stop::failure(
            "the sizes are of programs for x86-64 Linux: there is nothing to compare with here",
        ));
    }
    let mut build = cargo::own_workspace("tests/sizes", &tree::target().join("sizes"));
    build.arg("--release");
    let built = cargo::build(&mut build)?;
    let program = |name: &str| {
        let built = built.iter().find(|built| built.name == name);
        built.ok_or_else(|| Stop::failure(format!("cargo did not say where {name} is")))
    };
    let empty = code(&program("empty")?.path)?;
    let mut figures = Vec::new();
    for (name, what) in CALLS {
        let whole = code(&program(name)?.path)?;
        // Less than this is no call of a map: the linker has left it out.
        let bytes = whole.checked_sub(empty).filter(|bytes| *bytes > LEAST);
        let bytes =
            bytes.ok_or_else(|| Stop::failure(format!("{what}: {whole} bytes, and {empty} without it")))?;
        figures.push(Figure { what: what.into(), bytes });
    }
    figures.extend(said(&output(&mut Command::new(&program("stack")?.path))?)?);
    Ok(figures)
}

/// The bytes of a program's machine code.
fn code(program: &Path) -> Result<u64, Stop> {
    let text = output(Command::new("size").arg("-A").arg(program))?;
    text_section(&text)
        .ok_or_else(|| Stop::failure(format!("size names no section .text of {}", program.display())))
}

/// What `size -A` says of the section of machine code.
fn text_section(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(".text ")?.split_whitespace().next()?.parse().ok())
}

/// What the program `stack` printed: `stack get 312`, `map 208`.
fn said(text: &str) -> Result<Vec<Figure>, Stop> {
    let figure = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["stack", call, bytes] => {
                Some(Figure { what: format!("stack of `{call}`"), bytes: bytes.parse().ok()? })
            }
            ["map", bytes] => Some(Figure { what: "an empty map".into(), bytes: bytes.parse().ok()? }),
            _ => None,
        }
    };
    let figures: Option<Vec<Figure>> = text.lines().map(figure).collect();
    figures.filter(|figures| figures.len() == 5).ok_or_else(|| Stop::failure(format!("no sizes: {text:?}")))
}

/// What a program that succeeded printed.
fn output(command: &mut Command) -> Result<String, Stop> {
    let program = command.get_program().to_os_string();
    let output = command.output().map_err(|error| {
        let what_to_do = if program == "size" { "; run sh .ci/setup, which installs binutils" } else { "" };
        Stop::failure(format!("{}: {error}{what_to_do}", program.display()))
    })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Stop::failure(format!("{}: {}", program.display(), output.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_programs_say_is_read() {
        let text = "a:\nsection   size   addr\n.rodata  7  1\n.text           17918   4198400\nTotal  9\n";
        assert_eq!(text_section(text), Some(17918));
        let figures = said("stack get 312\nstack a 1\nstack b 1\nstack c 1\nmap 208\n").unwrap();
        assert_eq!(figures[0], Figure { what: "stack of `get`".into(), bytes: 312 });
        assert_eq!(figures[4], Figure { what: "an empty map".into(), bytes: 208 });
        assert!(said("stack get much\n").is_err() && said("").is_err());
    }
}
