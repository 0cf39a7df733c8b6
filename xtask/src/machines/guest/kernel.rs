//! The guests' kernel: Debian's for virtual machines.

use std::fs;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::stop::Stop;
use crate::tree;

/// The package that depends on the newest kernel's package.
const NEWEST: &str = "linux-image-cloud-amd64";

/// A kernel that QEMU can start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    /// The file: a bzImage or an ELF `vmlinux`.
    pub(crate) path: PathBuf,
    /// The kernel's package, or the path that the user gave.
    pub(crate) name: String,
}

impl Kernel {
    /// The kernel at `given`. If none is given: the one fetched before, or else one fetched now.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Stop> {
        if let Some(path) = given {
            return match path.is_file() {
                true => Ok(Self { path: path.to_owned(), name: path.display().to_string() }),
                false => Err(Stop::usage(format!("--kernel {}: there is no such file", path.display()))),
            };
        }
        let sh = Shell::new()?;
        let folder = sh.create_dir(tree::target().join("guest/kernel"))?;
        // Older versions of this command kept a vmlinux.
        let is_kernel =
            |path: &PathBuf| path.extension().is_some_and(|end| end == "vmlinuz" || end == "vmlinux");
        let path = match sh.read_dir(&folder)?.into_iter().rfind(is_kernel) {
            Some(path) => path,
            None => fetch(&sh, &folder).map_err(|stop| {
                format!(
                    "{}; run sh .ci/setup --guests on Debian, or give a kernel by --kernel PATH",
                    stop.line
                )
            })?,
        };
        Ok(Self { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path })
    }
}

/// Downloads the package with apt and extracts the kernel. Installs nothing.
fn fetch(sh: &Shell, folder: &Path) -> Result<PathBuf, Stop> {
    let listing = cmd!(sh, "apt-cache depends {NEWEST}").env("LC_ALL", "C").read()?;
    let package = depends_on(&listing).ok_or_else(|| format!("apt knows no {NEWEST} (apt-get update?)"))?;
    eprintln!("guest: fetching {package}");
    let scratch = folder.join("unpacked");
    sh.remove_path(&scratch)?;
    sh.create_dir(&scratch)?;
    let _inside = sh.push_dir(&scratch);
    cmd!(sh, "apt-get download -q {package}").quiet().run()?;
    let first = |folder: &Path, start: &str| {
        let is_it =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start));
        let found = sh.read_dir(folder)?.into_iter().find(is_it);
        found.ok_or_else(|| Stop::failure(format!("{package} has no {start}")))
    };
    let deb = first(&scratch, package)?;
    cmd!(sh, "dpkg-deb -x {deb} .").quiet().run()?;
    // A rename is atomic, so an interrupted run leaves no part of a kernel.
    let path = folder.join(format!("{package}.vmlinuz"));
    let renamed = fs::rename(first(&scratch.join("boot"), "vmlinuz")?, &path);
    renamed.map_err(|error| format!("{}: {error}", path.display()))?;
    sh.remove_path(&scratch)?;
    Ok(path)
}

/// The kernel's package, from the output of `apt-cache depends`.
fn depends_on(listing: &str) -> Option<&str> {
    let named = listing.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    named.into_iter().find(|name| name.starts_with("linux-image-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_found_in_apts_words() {
        let listing = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-1-cloud-amd64\n";
        assert_eq!(depends_on(listing), Some("linux-image-6.1.0-1-cloud-amd64"));
        assert_eq!(depends_on("N: Unable to locate package\n"), None);
    }

    #[test]
    fn a_kernel_that_is_given_must_be_there() {
        let stop = Kernel::find(Some(Path::new("no/such/kernel"))).unwrap_err();
        assert_eq!(stop.code, Stop::USAGE);
        assert!(stop.line.contains("no such file"), "{}", stop.line);
    }
}
