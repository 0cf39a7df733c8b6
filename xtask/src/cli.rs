//! What the command lines share: one line for an error, and the values that several flags take.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::stop::{Stop, print};

/// Reads a command line. Returns `None` after `--help`, which it prints.
pub(crate) fn read<T: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<Option<T>, Stop> {
    match T::try_parse_from(words) {
        Ok(args) => Ok(Some(args)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => print(&error.to_string()).map(|()| None),
        Err(error) => Err(Stop::usage(one_line(&error))),
    }
}

/// The flags in `line`, or the error that the user would see.
#[cfg(test)]
pub(crate) fn parse<T: Parser>(line: &str) -> Result<T, String> {
    let words = std::iter::once("xtask").chain(line.split_whitespace()).map(OsString::from);
    T::try_parse_from(words).map_err(|error| one_line(&error))
}

/// The error without the usage: the flag, its value, and the values that it may have.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.split("\n\nUsage:").next().unwrap_or(&text);
    let said = said.split("\n\nFor more information").next().unwrap_or(said);
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}; see --help", words.trim_start_matches("error: "))
}

/// `name` if it is one of `names`.
///
/// # Errors
///
/// One line with all of them.
pub(crate) fn known<'a>(
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<String, String> {
    let names: Vec<&str> = names.into_iter().collect();
    match names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("no {what} {name:?}; there are {}", names.join(", "))),
    }
}

/// A list of some of `names`, or `all` of them.
pub(crate) fn known_list(what: &str, list: &str, names: &[&str]) -> Result<Vec<String>, String> {
    match list {
        "all" => Ok(names.iter().map(ToString::to_string).collect()),
        _ => distinct(list.split(','))
            .into_iter()
            .map(|name| known(what, name, names.iter().copied()))
            .collect(),
    }
}

/// The items in their order, each only once.
pub(crate) fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// A list as lines of help, each no longer than `width`.
pub(crate) fn wrapped(names: &[&str], width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (index, name) in names.iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if column + name.len() > width => ",\n",
            _ => ", ",
        };
        column = if separator == ",\n" { 0 } else { column } + name.len() + 2;
        text.push_str(separator);
        text.push_str(name);
    }
    text
}
