//! Where the repository is, and which files belong to it.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::stop::Stop;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the workspace")
}

/// The target folder in use.
pub(crate) fn target() -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(base.unwrap_or_else(|| "target".into()))
}

/// The files that git tracks or would track, relative to the root, in git's order.
///
/// Files that are deleted but whose deletion is not committed yet are left out.
pub(crate) fn files() -> Result<Vec<PathBuf>, Stop> {
    let sh = Shell::new()?;
    sh.change_dir(root());
    let names = cmd!(sh, "git ls-files --cached --others --exclude-standard -z").read()?;
    let present = names.split('\0').filter(|name| !name.is_empty() && root().join(name).is_file());
    Ok(present.map(PathBuf::from).collect())
}

/// The commit of the sources; ` with changes` behind it says that tracked files differ from it. `None` outside
/// of a git repository.
pub(crate) fn commit() -> Option<String> {
    let sh = Shell::new().ok()?;
    sh.change_dir(root());
    let read = |command: xshell::Cmd<'_>| command.quiet().ignore_stderr().read().ok();
    let head = read(cmd!(sh, "git rev-parse HEAD"))?;
    let changed = read(cmd!(sh, "git status --porcelain --untracked-files=no"))?;
    Some(if changed.is_empty() { head } else { format!("{head} with changes") })
}
