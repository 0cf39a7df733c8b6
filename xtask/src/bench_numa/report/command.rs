//! `bench-numa report DIR…`: which folders are read, and where the page goes.

use std::fs;
use std::io;
use std::path::Path;

use super::args::Report;
use super::cells::Sweep;
use super::csv_file;
use super::document::{self, Part};
use super::file::File;
use super::files::files;
use super::page::{MARK, page};
use crate::bench_numa::durable;
use crate::bench_numa::schema::{CSV, JSON, TABLE, TUNED};
use crate::stop::{Stop, print};
use crate::tree;

/// The page of one sweep, in its folder.
pub(crate) const REPORT: &str = "report.html";
/// Where a page of several sweeps goes: in the folder of the first.
const COMPARED: &str = "compare.html";

/// Runs the command.
pub(crate) fn command(args: &Report) -> Result<(), Stop> {
    let sweeps = args.dirs.iter().map(|dir| read(dir)).collect::<Result<Vec<_>, _>>()?;
    if let Some(doc) = &args.doc {
        return match (&sweeps[..], &args.dirs[..]) {
            ([sweep], [dir]) => into_document(sweep, dir, doc),
            _ => Err(Stop::usage("--doc takes one folder: run it once for each")),
        };
    }
    let name = if sweeps.len() > 1 { COMPARED } else { REPORT };
    let path = args.out.clone().unwrap_or_else(|| args.dirs[0].join(name));
    write(&path, &page(&sweeps))?;
    print(&format!("{}\n", path.display()))
}

/// Writes the report of the sweep whose other results are in `dir`.
pub(crate) fn write_in(dir: &Path) -> Result<(), Stop> {
    write(&dir.join(REPORT), &page(&[read(dir)?]))
}

/// Reads a folder: its `results.json`, or else its `results.csv`.
fn read(dir: &Path) -> Result<Sweep, Stop> {
    let path = dir.join(JSON);
    let text = text_of(&path)?;
    let file = match (text, text_of(&dir.join(CSV))?) {
        (Some(text), _) => File::parse(&text).map_err(|why| (path, why)),
        (None, Some(csv)) => {
            let table = text_of(&dir.join(TABLE))?.unwrap_or_default();
            csv_file::parse(&csv, &table).map_err(|why| (dir.join(CSV), why))
        }
        (None, None) => {
            Err((path, "it is not there; name a folder that bench-numa --out has written".into()))
        }
    };
    let file = file.map_err(|(path, why)| Stop::usage(format!("{}: {why}", path.display())))?;
    Ok(Sweep { tuned: text_of(&dir.join(TUNED))?, ..Sweep::new(dir.display().to_string(), file) })
}

/// The text of a file; `None` if it is not there.
fn text_of(path: &Path) -> Result<Option<String>, Stop> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::usage(format!(
            "{}: {error}; name a folder that bench-numa --out has written",
            path.display()
        ))),
    }
}

/// Writes the pictures into the folder, and the part about them into a document.
fn into_document(sweep: &Sweep, dir: &Path, doc: &Path) -> Result<(), Stop> {
    let old =
        text_of(doc)?.ok_or_else(|| Stop::usage(format!("{}: there is no such file", doc.display())))?;
    let pictures = files(sweep);
    let part = Part {
        sweep,
        dir: &seen_from(doc, dir)?,
        table: &text_of(&dir.join(TABLE))?.unwrap_or_default(),
        lock: &text_of(&tree::root().join("Cargo.lock"))?.unwrap_or_default(),
        pictures: &pictures,
    };
    let new = document::replaced(&old, &part.render());
    let new = new.map_err(|why| Stop::usage(format!("{}: {why}", doc.display())))?;
    let texts = pictures.iter().map(|file| (dir.join(&file.name), &file.svg)).chain([(doc.to_owned(), &new)]);
    for (path, text) in texts {
        replace(&path, text)?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

/// The path of the folder `dir` in the links of `doc`. `doc` must lie above it.
fn seen_from(doc: &Path, dir: &Path) -> Result<String, Stop> {
    let absolute = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (doc, dir) = (absolute(doc)?, absolute(dir)?);
    let above = doc.parent().unwrap_or(Path::new(""));
    match dir.strip_prefix(above).ok().and_then(Path::to_str) {
        Some("") => Ok(".".into()),
        Some(path) => Ok(path.to_owned()),
        None => Err(Stop::usage(format!(
            "{} does not lie below {}: its pictures cannot be shown there; copy the folder there",
            dir.display(),
            above.display()
        ))),
    }
}

/// Writes a page, in place of nothing but another report.
fn write(path: &Path, page: &str) -> Result<(), Stop> {
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
    replace(path, page)
}

/// Writes a file; of a link, the file that it names.
fn replace(path: &Path, text: &str) -> Result<(), Stop> {
    let named = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let written = durable::replace(&named, text);
    written.map_err(|error| Stop::failure(format!("cannot write {}: {error}", path.display())))
}

fn is_report(old: &[u8]) -> bool {
    old.windows(MARK.len()).take(1000).any(|bytes| bytes == MARK.as_bytes())
}
