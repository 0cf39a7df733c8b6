//! The command line of `numa-vm`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use super::machines;
use super::suite::PROGRAMS;
use crate::known::known;

/// What the flags said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Args {
    pub(super) help: bool,
    pub(super) list: bool,
    pub(super) kvm: bool,
    pub(super) kernel: Option<PathBuf>,
    /// Names of machines; all if there are none.
    pub(super) machines: Vec<String>,
    /// Names of test programs; all if there are none.
    pub(super) tests: Vec<String>,
}

impl Args {
    /// Reads the flags after `numa-vm`.
    ///
    /// # Errors
    ///
    /// One line that says which flag is wrong and what it may be.
    pub(super) fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        Self::read(flags).map_err(|error| error.to_string())
    }

    fn read(flags: Vec<OsString>) -> Result<Self, lexopt::Error> {
        let mut args = Self::default();
        let mut quick = false;
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next()? {
            match flag {
                Short('h') | Long("help") => args.help = true,
                Long("list") => args.list = true,
                Long("kvm") => args.kvm = true,
                Long("quick") => quick = true,
                Long("kernel") => args.kernel = Some(parser.value()?.into()),
                Long("tests") => {
                    for name in parser.value()?.string()?.split(',') {
                        args.tests.push(known(
                            "test program",
                            name,
                            PROGRAMS.iter().map(|program| program.name),
                        )?);
                    }
                }
                Value(name) => {
                    let machines = machines::all();
                    let names = machines.iter().map(|machine| machine.name.as_str());
                    args.machines.push(known("machine", &name.string()?, names)?);
                }
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        if quick && !args.machines.is_empty() {
            return Err("--quick names the machines: give it, or names, not both".into());
        }
        if quick {
            args.machines = machines::QUICK.iter().map(ToString::to_string).collect();
        }
        Ok(args)
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
        assert_eq!(parse(""), Ok(Args::default()));
        let args = parse("2x2 tiered --tests policies,kernel --kernel some/vmlinux --kvm").unwrap();
        assert_eq!((args.machines, args.tests.len()), (vec!["2x2".to_owned(), "tiered".to_owned()], 2));
        assert_eq!((args.kernel, args.kvm), (Some("some/vmlinux".into()), true));
        assert_eq!(parse("--quick").unwrap().machines, machines::QUICK);
        assert!(parse("--list").unwrap().list && parse("-h").unwrap().help);
    }

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("3x3", "no machine \"3x3\"; there are 2x2, "),
            ("--tests nothing", "no test program \"nothing\"; there are "),
            ("--tests", "missing argument"),
            ("--kernel", "missing argument"),
            ("--quick 2x2", "not both"),
            ("--fast", "--help"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }
}
