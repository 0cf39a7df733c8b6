//! `bench-numa report DIR…`: which folders are read, and where the page goes.

use std::fs;
use std::io;
use std::path::Path;

use super::args::Report;
use super::cells::Sweep;
use super::file::File;
use super::page::{MARK, page};
use crate::bench_numa::schema::{JSON, TUNED};
use crate::stop::{Stop, print};

/// The page of one sweep, in its folder.
pub(crate) const REPORT: &str = "report.html";
/// Where a page of several sweeps goes: in the folder of the first.
const COMPARED: &str = "compare.html";

/// Runs the command.
pub(crate) fn command(args: &Report) -> Result<(), Stop> {
    let sweeps = args.dirs.iter().map(|dir| read(dir)).collect::<Result<Vec<_>, _>>()?;
    let name = if sweeps.len() > 1 { COMPARED } else { REPORT };
    let path = args.out.clone().unwrap_or_else(|| args.dirs[0].join(name));
    write(&path, &page(&sweeps))?;
    print(&format!("{}\n", path.display()))
}

/// Writes the report of the sweep whose other results are in `dir`.
pub(crate) fn write_in(dir: &Path) -> Result<(), Stop> {
    write(&dir.join(REPORT), &page(&[read(dir)?]))
}

/// Reads a folder.
fn read(dir: &Path) -> Result<Sweep, Stop> {
    let path = dir.join(JSON);
    let text = fs::read_to_string(&path).map_err(|error| {
        Stop::usage(format!("{}: {error}; name a folder that bench-numa --out has written", path.display()))
    })?;
    let file = File::parse(&text).map_err(|why| Stop::usage(format!("{}: {why}", path.display())))?;
    let tuned = match fs::read_to_string(dir.join(TUNED)) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Stop::usage(format!("{}: {error}", dir.join(TUNED).display()))),
    };
    Ok(Sweep { tuned, ..Sweep::new(dir.display().to_string(), file) })
}

/// Writes a page, in place of nothing but another report.
fn write(path: &Path, page: &str) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::failure(format!("cannot write {}: {error}", path.display()));
    match fs::read(path) {
        Ok(old) if is_report(&old) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(_) => {
            let line = format!(
                "{} is there and is no report of bench-numa: name another file with --out",
                path.display()
            );
            return Err(Stop::usage(line));
        }
        Err(error) => return Err(Stop::usage(format!("{}: {error}", path.display()))),
    }
    // A kill leaves the old page or the new one, never a part of it.
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, page).and_then(|()| fs::rename(&part, path)).map_err(failed)
}

fn is_report(old: &[u8]) -> bool {
    old.windows(MARK.len()).take(1000).any(|bytes| bytes == MARK.as_bytes())
}
