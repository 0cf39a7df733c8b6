//! `--plan FILE`: flags from a TOML file. Its keys are the names of flags, and its values are read as those of
//! flags are. A flag of the command line wins.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, CommandFactory as _, Parser as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args::Args;
use crate::cli::one_line;
use crate::stop::Stop;

/// Headings of `--help` whose flags say what a sweep does.
const HEADINGS: [&str; 3] = ["What is measured", "Where it runs", "How it runs"];
/// Flags under these headings that do not.
const NOT_IN_FILES: [&str; 4] = ["plan", "topology", "dry-run", "cell-bin"];
/// Flags that name a preset, of which one counts.
const PRESETS: [&str; 3] = ["preset", "quick", "strings"];

/// A flag that a file gives.
struct Flag {
    name: String,
    /// The line of the file, from 1.
    line: usize,
    /// The flag as words of a command line; empty for a switch that is off.
    words: Vec<OsString>,
}

/// The flags of the file and those of `words`, which win.
///
/// # Errors
///
/// One line that names the file, and the line in it if there is one.
pub(crate) fn read(path: &Path, words: impl Iterator<Item = OsString>) -> Result<Args, Stop> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| Stop::usage(format!("--plan {name}: {error}")))?;
    merged(&text, &words.collect::<Vec<_>>()).map_err(|why| Stop::usage(format!("--plan {name}{why}")))
}

/// See [`read`]. An error begins with the line's number, if there is one.
fn merged(text: &str, words: &[OsString]) -> Result<Args, String> {
    let command = words.iter().filter_map(|word| word.to_str()?.strip_prefix("--"));
    let given: Vec<&str> = command.map(|flag| flag.split('=').next().unwrap_or(flag)).collect();
    let has_preset = given.iter().any(|flag| PRESETS.contains(flag));
    let mut flags = flags(text)?;
    // Of flags with one name the last counts. These have three names.
    flags.retain(|flag| !(has_preset && PRESETS.contains(&&*flag.name)));
    let parse = |flags: &[Flag]| {
        let of_file = flags.iter().flat_map(|flag| flag.words.clone());
        let all = ["bench-numa".into()].into_iter().chain(of_file).chain(words.iter().cloned());
        Args::try_parse_from(all)
    };
    parse(&flags).map_err(|error| {
        let wrong = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(text)) => text.clone(),
            Some(ContextValue::Strings(texts)) => texts.join(" "),
            _ => String::new(),
        };
        let is_it = |flag: &&Flag| wrong.split_whitespace().any(|word| word == format!("--{}", flag.name));
        match flags.iter().find(is_it) {
            Some(flag) => format!(":{}: {}", flag.line, one_line(&error)),
            None => format!(": {}", one_line(&error)),
        }
    })
}

/// The flags in the text, in their order.
fn flags(text: &str) -> Result<Vec<Flag>, String> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        format!(":{}: {}", line(at), error.message().lines().collect::<Vec<_>>().join(", "))
    })?;
    let command = Args::command();
    let may_be_given = |arg: &&clap::Arg| {
        let is_named = arg.get_long().is_some_and(|name| !NOT_IN_FILES.contains(&name));
        is_named && arg.get_help_heading().is_some_and(|heading| HEADINGS.contains(&heading))
    };
    let known: Vec<&clap::Arg> = command.get_arguments().filter(may_be_given).collect();
    let mut flags = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, line) = (key.get_ref().to_string(), line(key.span().start));
        let wrong = |why: String| format!(":{line}: {why}");
        let Some(arg) = known.iter().find(|arg| arg.get_long() == Some(&name)) else {
            let names: Vec<&str> = known.iter().filter_map(|arg| arg.get_long()).collect();
            return Err(wrong(format!("no key {name:?}; there are {}", names.join(", "))));
        };
        let words = words(arg, value).map_err(|why| wrong(format!("{name}: {why}")))?;
        flags.push(Flag { name, line, words });
    }
    flags.sort_by_key(|flag| flag.line);
    Ok(flags)
}

/// The flag as words of a command line.
fn words(arg: &clap::Arg, value: &Spanned<DeValue<'_>>) -> Result<Vec<OsString>, String> {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let values = match value.get_ref() {
        DeValue::Boolean(is_on) if is_switch => {
            return Ok(if *is_on { vec![flag.into()] } else { Vec::new() });
        }
        _ if is_switch => return Err("write true or false".into()),
        DeValue::Array(items) => items.iter().map(word).collect::<Result<Vec<_>, _>>()?,
        _ => vec![word(value)?],
    };
    // Two values of a flag are two words, and a list is one word.
    let values = match arg.get_num_args().is_some_and(|range| range.max_values() > 1) {
        true => values,
        false => vec![values.join(",")],
    };
    Ok(std::iter::once(flag).chain(values).map(OsString::from).collect())
}

/// A single value.
fn word(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        _ => Err("write a string, a number, or a list of these in brackets".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::tests::parse;
    use super::super::machine::tests::sample;
    use super::super::plan::Plan;
    use super::*;
    use crate::tree;

    fn with(text: &str, line: &str) -> Result<Args, String> {
        merged(text, &line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_file_is_a_command_line_and_flags_win() {
        let text = "maps = [\"bskip\", \"bskip-numa\"]\nworkloads = \"c\"\nkeys = \"10M\"\nops = 1_000_000\n\
                    threads = [1, 2]\nplacement = [\"preferred:0,1\", \"local\"]\nno-native = true\nseed = 7\n";
        let same = "--maps bskip,bskip-numa --workloads c --keys 10M --ops 1000000 --threads 1,2 \
                    --placement preferred:0,1,local --no-native --seed 7";
        assert_eq!(with(text, "").unwrap(), parse(same).unwrap());
        let over = with(text, "--keys 5 --threads=3").unwrap();
        assert_eq!(over, parse(&format!("{same} --keys 5 --threads 3")).unwrap());
        // The three names of presets are one flag.
        assert_eq!(
            with("preset = \"paper\"\nquick = false", "--strings").unwrap(),
            parse("--strings").unwrap()
        );
        assert_eq!(
            with("preset = \"paper\"", "--repeat 2").unwrap(),
            parse("--preset paper --repeat 2").unwrap()
        );
        assert_eq!(with("trace = [\"a\", \"b\"]", "").unwrap(), parse("--trace a b").unwrap());
    }

    #[test]
    fn errors_name_the_line_and_what_may_stand_there() {
        for (text, hint) in [
            (
                "maps = [\"bskip\"]\nthread = 2\n",
                ":2: no key \"thread\"; there are preset, quick, strings, maps, ",
            ),
            ("keys = \"many\"", ":1: "),
            ("\n\nmaps = [\"bskp\"]", ":3: invalid value 'bskp' for '--maps"),
            ("threads = [0]", ":1: "),
            ("maps = [\"bskip\"", ":1: "),
            ("maps = bskip", ":1: "),
            ("keys = 0x10", ":1: keys: write a string, a number"),
            ("quick = \"yes\"", ":1: quick: write true or false"),
            ("quick = true\nrepeat = 2\nquick = true", ":3: duplicate key"),
            ("[maps]\nbskip = true", ":1: maps: write a string"),
            ("trace = [\"a\"]", ":1: "),
            ("quick = true\npreset = \"paper\"", "cannot be used with"),
            ("dry-run = true", "no key \"dry-run\""),
            ("topology = \"package:2 pu:2\"", "no key \"topology\""),
            ("out = \"x\"", "no key \"out\""),
        ] {
            let error = with(text, "").expect_err(text);
            assert!(error.contains(hint) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn the_example_files_are_plans() {
        let folder = tree::root().join("bench/plans");
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty());
        for path in files {
            let args = read(&path, std::iter::empty()).unwrap_or_else(|stop| panic!("{}", stop.line));
            args.check().unwrap();
            let plan = Plan::new(&args, None, &sample(8, 2)).unwrap();
            assert!(plan.skipped.is_empty(), "{}", path.display());
        }
    }
}
