//! Builds the kernel, and looks for symbols in it that a program without std does not have.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::cargo;
use crate::stop::Stop;

/// The kernel's folder, and its package.
const FOLDER: &str = "tests/bare-metal";
const NAME: &str = "bare-metal";

/// A kernel that QEMU can boot.
pub(super) struct Kernel {
    pub(super) path: PathBuf,
    /// What it takes in memory.
    pub(super) bytes: usize,
}

/// Builds the kernel in the target folder `target`.
///
/// # Errors
///
/// Cargo fails, `nm` is not there, or the kernel has a symbol of std or an undefined one.
pub(super) fn kernel(target: &Path) -> Result<Kernel, Stop> {
    let mut cargo = cargo::own_workspace(FOLDER, target);
    cargo.args(["--release", "--quiet"]);
    let built = cargo::build(&mut cargo)?.into_iter().rfind(|built| built.name == NAME);
    let path = built.ok_or_else(|| Stop::failure("cargo did not say where the kernel is"))?.path;
    let sh = Shell::new()?;
    let symbols = cmd!(sh, "nm --demangle {path}").quiet().read().map_err(|error| {
        Stop::failure(format!("cannot list the kernel's symbols: {error}; install binutils"))
    })?;
    let bytes = judge(&symbols)?;
    Ok(Kernel { path, bytes })
}

/// The kernel's bytes in memory, by what `nm` says.
fn judge(symbols: &str) -> Result<usize, Stop> {
    let wrong = |what: String| Err(Stop::failure(format!("the kernel {what}")));
    if !symbols.contains("bskip_core::") {
        return wrong("has no symbol of bskip-core; does nm read it?".into());
    }
    // `U` is a symbol that the kernel needs and does not have.
    let is_foreign = |line: &&str| line.contains(" U ") || line.contains(" std::") || line.contains("<std::");
    if let Some(line) = symbols.lines().find(is_foreign) {
        return wrong(format!("links what no kernel has: {}", line.trim()));
    }
    let address = |name: &str| {
        let line = symbols.lines().find(|line| line.ends_with(name))?;
        usize::from_str_radix(line.split(' ').next()?, 16).ok()
    };
    match (address(" pvh_start"), address(" kernel_end")) {
        (Some(start), Some(end)) if start < end => Ok(end - start),
        _ => wrong("does not say where it begins and ends (pvh_start, kernel_end)".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0000000000100000 T pvh_start\n\
                        0000000000100100 t bskip_core::BSkipMap::get\n\
                        0000000000105000 B kernel_end\n";

    #[test]
    fn only_a_kernel_without_std_is_good() {
        assert_eq!(judge(GOOD), Ok(0x5000));
        for (symbols, hint) in [
            (GOOD.replace("bskip_core::", "core::"), "no symbol of bskip-core"),
            (format!("{GOOD}0000000000100200 t <std::io::Error as core::fmt::Debug>::fmt\n"), "std::io"),
            (format!("{GOOD}                 U malloc\n"), "links what no kernel has: U malloc"),
            (GOOD.replace(" kernel_end", " _end"), "where it begins"),
        ] {
            let why = judge(&symbols).unwrap_err().line;
            assert!(why.contains(hint), "{hint}: {why}");
        }
    }
}
