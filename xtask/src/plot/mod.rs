//! `cargo xtask plot`: pictures of a sweep's results.
//!
//! `rows` reads `results.csv`, `bars` and `lines` draw on an `svg` in the colours of `style`, `document` puts it all
//! into a Markdown file.

mod bars;
mod document;
mod lines;
mod rows;
mod style;
mod svg;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::bench_numa::out_dir::{CSV, TABLE};
use crate::bench_numa::print;
use crate::stop::Stop;
use crate::tree;
use document::{Part, Picture};
use rows::Sweep;

/// What the flags said.
#[derive(Debug, Default, PartialEq)]
struct Args {
    help: bool,
    dir: PathBuf,
    doc: Option<PathBuf>,
}

impl Args {
    fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut dir = None;
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next().map_err(|error| error.to_string())? {
            match flag {
                Short('h') | Long("help") => return Ok(Self { help: true, ..Self::default() }),
                Long("doc") => args.doc = Some(parser.value().map_err(|error| error.to_string())?.into()),
                Value(path) if dir.is_none() => dir = Some(path.into()),
                other => return Err(format!("{}; see --help", other.unexpected())),
            }
        }
        args.dir = dir.ok_or("which results? cargo xtask plot DIR; see --help")?;
        Ok(args)
    }
}

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        return print(include_str!("help.txt"));
    }
    let path = args.dir.join(CSV);
    let sweep = Sweep::parse(&read(&path)?)
        .map_err(|why| Stop::failure(format!("{} is no result of a sweep: {why}", path.display())))?;
    let mut pictures = Vec::new();
    for (file, about, svg) in drawn(&sweep) {
        let path = args.dir.join(&file);
        write(&path, &svg)?;
        print(&format!("{}\n", path.display()))?;
        pictures.push(Picture { file, about });
    }
    let Some(doc) = &args.doc else { return Ok(()) };
    let part = Part {
        sweep: &sweep,
        dir: &seen_from(doc, &args.dir)?,
        report: &read(&args.dir.join(TABLE))?,
        lock: &read(&tree::root().join("Cargo.lock"))?,
        pictures: &pictures,
    };
    let text = document::replaced(&read(doc)?, &part.render())
        .map_err(|why| Stop::failure(format!("{}: {why}", doc.display())))?;
    write(doc, &text)?;
    print(&format!("{}\n", doc.display()))
}

/// Every picture: its file's name, what it shows, its text.
fn drawn(sweep: &Sweep) -> Vec<(String, String, String)> {
    let mut pictures = Vec::new();
    let has_pins = sweep.settings.iter().any(|setting| setting.pin != sweep.settings[0].pin);
    for setting in &sweep.settings {
        let dist = &setting.dist;
        let key = if has_pins { format!("{dist}-{}", setting.pin) } else { dist.clone() };
        // `cpus:0,2` is no name for every file system.
        let key = key.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        for threads in setting.threads() {
            let number = style::threads(threads);
            pictures.push((
                format!("throughput-{key}-{}.svg", number.replace(' ', "-")),
                format!("Throughput of each map, {dist} keys, {number}"),
                bars::throughput(setting, threads),
            ));
        }
        if let Some(svg) = bars::bytes(setting) {
            pictures.push((format!("bytes-per-key-{key}.svg"), format!("Bytes a key, {dist} keys"), svg));
        }
        if let Some(svg) = lines::threads(setting) {
            pictures.push((format!("threads-{key}.svg"), format!("Throughput by threads, {dist} keys"), svg));
        }
    }
    pictures
}

/// The folder `dir` in the links of `doc`, which lies above it.
fn seen_from(doc: &Path, dir: &Path) -> Result<String, Stop> {
    let absolute = |path: &Path| {
        path.canonicalize().map_err(|error| Stop::failure(format!("{}: {error}", path.display())))
    };
    let (doc, dir) = (absolute(doc)?, absolute(dir)?);
    let above = doc.parent().unwrap_or(Path::new(""));
    match dir.strip_prefix(above).ok().and_then(Path::to_str) {
        Some(path) => Ok(path.to_owned()),
        None => Err(Stop::usage(format!(
            "{} does not lie below {}: its pictures cannot be shown there",
            dir.display(),
            above.display()
        ))),
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path)
        .map_err(|error| Stop::failure(format!("cannot read {}: {error}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    fs::write(path, text).map_err(|error| Stop::failure(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read() {
        let args = parse("results --doc BENCHMARKS.md").unwrap();
        assert_eq!((args.dir, args.doc), ("results".into(), Some("BENCHMARKS.md".into())));
        assert!(parse("--help").unwrap().help);
        for (bad, hint) in
            [("", "which results"), ("a b", "--help"), ("a --doc", "missing"), ("--fast a", "--help")]
        {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(hint), "{bad}: {error}");
        }
    }

    #[test]
    fn the_help_fits_a_terminal() {
        assert!(include_str!("help.txt").lines().all(|line| line.len() <= 110));
    }

    #[test]
    fn pictures_have_names_of_their_own() {
        let csv = rows::tests::csv(&[("bskip", "c", 1, Ok(4.0)), ("bskip", "c", 2, Ok(4.0))]);
        let names = |csv: &str| -> Vec<String> {
            drawn(&Sweep::parse(csv).unwrap()).into_iter().map(|(file, ..)| file).collect()
        };
        let expected = [
            "throughput-uniform-1-thread.svg",
            "throughput-uniform-2-threads.svg",
            "bytes-per-key-uniform.svg",
            "threads-uniform.svg",
        ];
        assert_eq!(names(&csv), expected);
        let pinned = format!("{csv}{}\n", csv.lines().nth(1).unwrap().replace("compact", "\"cpus:0,2\""));
        assert!(names(&pinned).contains(&"throughput-uniform-cpus-0-2-1-thread.svg".to_owned()));
    }
}
