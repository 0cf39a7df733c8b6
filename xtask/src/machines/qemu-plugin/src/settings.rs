//! The settings on QEMU's command line: `cpus=0:0:1:1,mem=256:256,cache=262144,ways=8,out=FILE`.

use std::path::PathBuf;

use crate::cache::Size;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `cpus`: the node of each processor.
    pub(crate) cpus: Vec<u8>,
    /// `mem`: the size of each node's memory backend, given in MiB and kept in bytes.
    pub(crate) backends: Vec<u64>,
    /// `cache` in bytes, and `ways`.
    pub(crate) size: Size,
    /// `out`: the file for the report.
    pub(crate) out: PathBuf,
}

impl Settings {
    /// Reads `name=value` pairs.
    ///
    /// # Errors
    /// A message that says what is missing or makes no sense.
    pub(crate) fn parse<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let (mut cpus, mut mem, mut cache, mut ways, mut out) = (None, None, None, None, None);
        for pair in pairs {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not name=value"))?;
            let numbers = || -> Result<Vec<u64>, String> {
                let number =
                    |number: &str| number.parse().map_err(|_| format!("{pair}: {number:?} is no number"));
                value.split(':').map(number).collect()
            };
            match name {
                "cpus" => cpus = Some(numbers()?.into_iter().map(|node| node as u8).collect()),
                "mem" => mem = Some(numbers()?.into_iter().map(|mib| mib << 20).collect()),
                "cache" => cache = Some(numbers()?[0] as usize),
                "ways" => ways = Some(numbers()?[0] as usize),
                "out" => out = Some(PathBuf::from(value)),
                _ => return Err(format!("unknown argument {pair:?}")),
            }
        }
        let missing = |name: &str| format!("the argument {name}= is missing");
        Ok(Self {
            cpus: cpus.ok_or_else(|| missing("cpus"))?,
            backends: mem.ok_or_else(|| missing("mem"))?,
            size: Size {
                bytes: cache.ok_or_else(|| missing("cache"))?,
                ways: ways.ok_or_else(|| missing("ways"))?,
            },
            out: out.ok_or_else(|| missing("out"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_errors_name_them() {
        let parse = |line: &str| Settings::parse(line.split(','));
        let good = "cpus=0:0:1,mem=256:512,cache=65536,ways=8,out=x/y";
        let settings = Settings {
            cpus: vec![0, 0, 1],
            backends: vec![256 << 20, 512 << 20],
            size: Size { bytes: 65536, ways: 8 },
            out: "x/y".into(),
        };
        assert_eq!(parse(good), Ok(settings));
        for name in ["cpus", "mem", "cache", "ways", "out"] {
            let without: Vec<&str> = good.split(',').filter(|pair| !pair.starts_with(name)).collect();
            assert!(parse(&without.join(",")).unwrap_err().contains(name), "{name}");
        }
        assert!(parse("cpus=0:x").unwrap_err().contains("\"x\" is no number"));
        assert!(parse("fast=on").unwrap_err().contains("fast=on"));
        assert!(parse("fast").unwrap_err().contains("name=value"));
    }
}
