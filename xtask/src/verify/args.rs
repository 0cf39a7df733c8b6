//! The command line of `verify`.

use std::ffi::OsString;

use lexopt::prelude::*;

use super::checks::CHECKS;
use super::mutants;
use crate::known::known;

/// Minutes that a soak may take.
const LONGEST: u64 = 7 * 24 * 60;

/// What the flags said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Args {
    pub(super) help: bool,
    pub(super) list: bool,
    /// Names of checks; all if there are none.
    pub(super) only: Vec<String>,
    /// Minutes.
    pub(super) soak: Option<u64>,
    /// Names of mutants; all if there are none.
    pub(super) mutants: Option<Vec<String>>,
    /// Ask about mutants until a second tool catches each.
    pub(super) every_tool: bool,
}

impl Args {
    /// Reads the flags after `verify`.
    ///
    /// # Errors
    ///
    /// One line that says which flag is wrong and what it may be.
    pub(super) fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        Self::read(flags).map_err(|error| error.to_string())
    }

    fn read(flags: Vec<OsString>) -> Result<Self, lexopt::Error> {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next()? {
            match flag {
                Short('h') | Long("help") => args.help = true,
                Long("list") => args.list = true,
                Long("only") => {
                    let names = CHECKS.iter().map(|check| check.name);
                    for name in parser.value()?.string()?.split(',') {
                        args.only.push(known("check", name, names.clone())?);
                    }
                }
                Long("soak") => {
                    let minutes = parser.value()?.string()?;
                    let number = minutes.parse().ok().filter(|number| (1..=LONGEST).contains(number));
                    args.soak =
                        Some(number.ok_or_else(|| {
                            format!("--soak takes minutes, 1 to {LONGEST}, not {minutes:?}")
                        })?);
                }
                Long("mutants") => args.mutants = Some(args.mutants.take().unwrap_or_default()),
                Long("every-tool") => args.every_tool = true,
                Value(name) => match &mut args.mutants {
                    Some(names) => {
                        let known =
                            known("mutant", &name.string()?, mutants::all().map(|mutant| mutant.name))?;
                        names.push(known);
                    }
                    None => return Err(format!("unexpected argument {name:?}; see --help").into()),
                },
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        args.check_together()?;
        Ok(args)
    }

    /// Refuses flags that contradict each other.
    fn check_together(&self) -> Result<(), String> {
        let given = [
            (!self.only.is_empty(), "--only"),
            (self.soak.is_some(), "--soak"),
            (self.mutants.is_some(), "--mutants"),
        ];
        let given: Vec<&str> = given.iter().filter(|(given, _)| *given).map(|(_, flag)| *flag).collect();
        match given[..] {
            _ if self.every_tool && self.mutants.is_none() => Err("--every-tool goes with --mutants".into()),
            [first, second, ..] => Err(format!("{first} and {second} do not go together: give one of them")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read() {
        assert_eq!(parse("").unwrap(), Args::default());
        let (first, second) = (CHECKS[0].name, CHECKS[1].name);
        assert_eq!(parse(&format!("--only {first},{second}")).unwrap().only, [first, second]);
        assert_eq!(parse("--soak 30").unwrap().soak, Some(30));
        assert_eq!(parse("--mutants").unwrap().mutants, Some(vec![]));
        assert!(parse("--mutants --every-tool").unwrap().every_tool);
        let name = mutants::all().next().unwrap().name;
        let args = parse(&format!("--list --mutants {name}")).unwrap();
        assert_eq!((args.mutants, args.list), (Some(vec![name.to_owned()]), true));
    }

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("--only loon", "there are "),
            ("--only", "missing argument"),
            ("--soak 0", "takes minutes"),
            ("--soak long", "takes minutes"),
            ("--soak 99999999", "takes minutes"),
            ("--mutants nothing", "no mutant \"nothing\"; there are "),
            ("nothing", "--help"),
            ("--every-tool", "goes with --mutants"),
            ("--fast", "--help"),
            ("--soak 1 --mutants", "do not go together"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }
}
