//! `cargo xtask plot`: pictures of a sweep's results.
//!
//! `rows` reads `results.csv`, `charts` draws, and `document` puts everything into a Markdown file.

mod charts;
mod document;
mod rows;
pub(crate) mod words;

use std::path::{Path, PathBuf};

use xshell::Shell;

use crate::bench_numa::out_dir::{CSV, TABLE};
use crate::stop::{Stop, print};
use crate::tree;
use document::{Part, Picture};
use rows::Sweep;

/// What stands below the flags.
const BELOW: &str = "\
Pictures, in place of older ones:
  throughput-DIST-N-threads.svg  relative to the sweep's first map, with the spread of the rounds; cells that
                                 failed say why
  bytes-per-key-DIST.svg         memory after the load
  threads-DIST.svg               throughput against threads, if the sweep had several

Exit code: 0; 1 if DIR has no results or a file cannot be written; 2 for a bad flag.

Example:
  cargo xtask bench-numa --quick --threads 1,2 --out results/quick && cargo xtask plot results/quick";

/// Draw the results of a sweep: what bench-numa --out DIR has written
#[derive(Clone, Debug, PartialEq, clap::Parser)]
#[command(after_help = BELOW)]
pub(crate) struct Args {
    /// A folder with results.csv; the pictures go there
    dir: PathBuf,
    /// Also write tables, pictures and where another map is better into this Markdown file,
    /// between its marks; BENCHMARKS.md has them
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    doc: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    let sh = Shell::new()?;
    let path = args.dir.join(CSV);
    let sweep = Sweep::parse(&sh.read_file(&path)?);
    let sweep = sweep.map_err(|why| format!("{} is no result of a sweep: {why}", path.display()))?;
    let mut pictures = Vec::new();
    for (file, about, svg) in drawn(&sweep) {
        let path = args.dir.join(&file);
        sh.write_file(&path, svg)?;
        print(&format!("{}\n", path.display()))?;
        pictures.push(Picture { file, about });
    }
    let Some(doc) = &args.doc else { return Ok(()) };
    let part = Part {
        sweep: &sweep,
        dir: &seen_from(doc, &args.dir)?,
        report: &sh.read_file(args.dir.join(TABLE))?,
        lock: &sh.read_file(tree::root().join("Cargo.lock"))?,
        pictures: &pictures,
    };
    let text = document::replaced(&sh.read_file(doc)?, &part.render());
    sh.write_file(doc, text.map_err(|why| format!("{}: {why}", doc.display()))?)?;
    print(&format!("{}\n", doc.display()))
}

/// All pictures: for each the name of its file, what it shows, and its text.
fn drawn(sweep: &Sweep) -> Vec<(String, String, String)> {
    let mut pictures = Vec::new();
    let has_pins = sweep.settings.iter().any(|setting| setting.pin != sweep.settings[0].pin);
    for setting in &sweep.settings {
        let dist = &setting.dist;
        let key = if has_pins { format!("{dist}-{}", setting.pin) } else { dist.clone() };
        // Not every file system takes `cpus:0,2` in a name.
        let key = key.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        for threads in setting.threads() {
            let number = words::threads(threads);
            pictures.push((
                format!("throughput-{key}-{}.svg", number.replace(' ', "-")),
                format!("Throughput of each map, {dist} keys, {number}"),
                charts::throughput(setting, threads),
            ));
        }
        if let Some(svg) = charts::bytes(setting) {
            pictures.push((format!("bytes-per-key-{key}.svg"), format!("Bytes a key, {dist} keys"), svg));
        }
        if let Some(svg) = charts::lines(setting) {
            pictures.push((format!("threads-{key}.svg"), format!("Throughput by threads, {dist} keys"), svg));
        }
    }
    pictures
}

/// The path of the folder `dir` in the links of `doc`. `doc` must lie above it.
fn seen_from(doc: &Path, dir: &Path) -> Result<String, Stop> {
    let absolute = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
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

#[cfg(test)]
mod tests {
    use super::*;

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
