//! Reads the rows of a `results.csv`, and gathers them for the charts.

use std::fmt;

use crate::bench_numa::csv_line::CsvLine;
use crate::bench_numa::schema;
use crate::bench_numa::stats::Spread;
use crate::cli::distinct;

/// All that one sweep measured.
#[derive(Debug, PartialEq)]
pub(super) struct Sweep {
    /// In the order of the file. The rows differ in workload and threads.
    pub(super) settings: Vec<Setting>,
}

/// Cells that may stand in one chart.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    /// How keys are chosen, and their shape if they are byte strings.
    pub(super) dist: String,
    pub(super) pin: String,
    pub(super) panels: Vec<Panel>,
}

/// Cells that are compared with each other. The first is compared with itself.
#[derive(Debug, PartialEq)]
pub(super) struct Panel {
    pub(super) workload: String,
    pub(super) threads: usize,
    pub(super) cells: Vec<Cell>,
}

/// One cell over all its rounds.
#[derive(Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) map: String,
    /// The map, and where its memory is if the sweep tried several placements.
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Measured {
        /// Million operations a second.
        mops: Spread,
        bytes: Option<Bytes>,
    },
    Failed(String),
    Skipped(String),
}

/// Bytes a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bytes {
    pub(super) spread: Spread,
    /// Whether the map's arena counted the bytes. If not, they are the growth of the process.
    pub(super) counted: bool,
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:.1}", if self.counted { "" } else { "~" }, self.spread.median)
    }
}

/// Whether the numbers of a line can be drawn.
fn check(line: &CsvLine) -> Result<(), String> {
    schema::check(line.schema)?;
    if line.threads == 0 {
        return Err("column threads: 0 threads measured nothing".into());
    }
    let is_measured = line.status == "measured" && line.round.is_some();
    if is_measured && line.mops.is_none() {
        return Err("column mops: it is empty, though the cell was measured".into());
    }
    let columns = [("mops", line.mops, f64::MIN_POSITIVE), ("bytes_per_key", line.bytes_per_key, 0.0)];
    let bad = |&(_, number, least): &(&str, Option<f64>, f64)| {
        number.is_some_and(|number| !(number.is_finite() && number >= least))
    };
    match columns.into_iter().find(bad) {
        Some((column, Some(number), _)) => {
            Err(format!("column {column}: {number} cannot be drawn; measure the cell again"))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a line that cannot be read, with the column's name.
fn told(error: &csv::Error, line: u64, headings: &csv::StringRecord) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| headings.get(usize::try_from(field).ok()?));
            let column = column.map_or_else(String::new, |column| format!(", column {column}"));
            format!("line {line}{column}: {}", err.kind())
        }
        _ => error.to_string(),
    }
}

impl Cell {
    pub(super) fn mops(&self) -> Option<Spread> {
        match self.outcome {
            Outcome::Measured { mops, .. } => Some(mops),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<Bytes> {
        match self.outcome {
            Outcome::Measured { bytes, .. } => bytes,
            _ => None,
        }
    }
}

impl Panel {
    /// Throughput of a cell relative to the median of the first one; `None` if either has none.
    pub(super) fn relative(&self, cell: &Cell) -> Option<Spread> {
        let ours = self.cells.first()?.mops()?.median;
        let Spread { median, min, max } = cell.mops()?;
        Some(Spread { median: median / ours, min: min / ours, max: max / ours })
    }
}

impl Setting {
    /// The thread counts, ascending.
    pub(super) fn threads(&self) -> Vec<usize> {
        let mut threads: Vec<usize> = self.panels.iter().map(|panel| panel.threads).collect();
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// The panels of one thread count.
    pub(super) fn with_threads(&self, threads: usize) -> Vec<&Panel> {
        self.panels.iter().filter(|panel| panel.threads == threads).collect()
    }

    /// Every row's map and name, once, in their order.
    pub(super) fn names(&self) -> Vec<(&str, &str)> {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for cell in self.panels.iter().flat_map(|panel| &panel.cells) {
            if !names.contains(&(&cell.map, &cell.name)) {
                names.push((&cell.map, &cell.name));
            }
        }
        names
    }

    /// Bytes a key of the row called `name`: the median over all workloads and thread counts, because all of
    /// them have the same load.
    pub(super) fn bytes(&self, name: &str) -> Option<Bytes> {
        let cells = self.panels.iter().flat_map(|panel| &panel.cells).filter(|cell| cell.name == name);
        let all: Vec<Bytes> = cells.filter_map(Cell::bytes).collect();
        let spread = Spread::of(all.iter().map(|bytes| bytes.spread.median))?;
        Some(Bytes { spread, counted: all.iter().all(|bytes| bytes.counted) })
    }
}

impl Sweep {
    /// Reads the text of a `results.csv`.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headings = reader.headers().map_err(|error| error.to_string())?.clone();
        let mut lines = Vec::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| error.to_string())? {
            let at = record.position().map_or(0, csv::Position::line);
            let line: CsvLine =
                record.deserialize(Some(&headings)).map_err(|error| told(&error, at, &headings))?;
            check(&line).map_err(|why| format!("line {at}, {why}"))?;
            lines.push(line);
        }
        // A cell that the plan left out has no round, so there is nothing to draw.
        lines.retain(|line| line.round.is_some());
        if lines.is_empty() {
            return Err("it has no rounds".into());
        }
        let places = distinct(lines.iter().map(row));
        let is_spelt_out = |line: &CsvLine| {
            let of_this_map = places.iter().filter(|place| place.split(' ').next() == Some(&line.map));
            of_this_map.count() > 1
        };
        let name = |line: &CsvLine| if is_spelt_out(line) { row(line) } else { line.map.clone() };
        let settings = distinct(lines.iter().map(|line| (line.keys(), line.pin.clone())));
        let settings = settings.into_iter().map(|(dist, pin)| {
            let lines: Vec<&CsvLine> =
                lines.iter().filter(|line| (&line.keys(), &line.pin) == (&dist, &pin)).collect();
            Setting { dist, pin, panels: panels(&lines, &name) }
        });
        Ok(Self { settings: settings.collect() })
    }
}

/// The panels of one setting.
fn panels(lines: &[&CsvLine], name: &impl Fn(&CsvLine) -> String) -> Vec<Panel> {
    let panels = distinct(lines.iter().map(|line| (line.workload.clone(), line.threads)));
    let panel = |(workload, threads): (String, usize)| {
        let here = lines.iter().filter(|line| (&line.workload, line.threads) == (&workload, threads));
        let here: Vec<&CsvLine> = here.copied().collect();
        let names = distinct(here.iter().map(|line| (line.map.clone(), name(line))));
        let cells = names.into_iter().map(|(map, of)| {
            let rounds: Vec<&CsvLine> = here.iter().filter(|line| name(line) == of).copied().collect();
            Cell { map, name: of, outcome: outcome(&rounds) }
        });
        Panel { cells: cells.collect(), workload, threads }
    };
    panels.into_iter().map(panel).collect()
}

/// All rounds of one cell. If one round failed, the cell has no numbers.
fn outcome(rounds: &[&CsvLine]) -> Outcome {
    if let Some(bad) = rounds.iter().find(|line| line.status != "measured") {
        return match bad.status.as_str() {
            "skipped" => Outcome::Skipped(bad.reason.clone()),
            _ => Outcome::Failed(bad.reason.clone()),
        };
    }
    let Some(mops) = Spread::of(rounds.iter().filter_map(|line| line.mops)) else {
        return Outcome::Failed("no number".into());
    };
    let counted = rounds.iter().all(|line| line.bytes_source == "arena");
    let bytes = Spread::of(rounds.iter().filter_map(|line| line.bytes_per_key));
    Outcome::Measured { mops, bytes: bytes.map(|spread| Bytes { spread, counted }) }
}

/// The map, and where its memory is. Any map of a file may have several placements: in older files `bskip`
/// has.
fn row(line: &CsvLine) -> String {
    format!("{} {} {}", line.map, line.placement, line.pages)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HEADINGS: &str = "status,round,map,workload,dist,threads,placement,pin,pages,keys,mops,bytes_per_key,\
                            bytes_source,reason";

    /// A file with a line for each of `rounds`: map, workload, threads, and its number or a reason.
    pub(crate) fn csv(rounds: &[(&str, &str, usize, Result<f64, &str>)]) -> String {
        let line = |&(map, workload, threads, result): &(&str, &str, usize, Result<f64, &str>)| {
            let at = format!("1,{map},{workload},uniform,{threads},local,compact,thp,1000");
            let source = if map == "bskip" { "arena" } else { "rss" };
            match result {
                Ok(mops) => format!("measured,{at},{mops},26.5,{source},"),
                Err("no scan") => format!("skipped,{at},,,,no scan"),
                Err(reason) => format!("failed,{at},,,,{reason}"),
            }
        };
        let lines: Vec<String> = rounds.iter().map(line).collect();
        format!("{HEADINGS}\n{}\n", lines.join("\n"))
    }

    #[test]
    fn rounds_become_cells_relative_to_the_first() {
        let rounds = [
            ("bskip", "c", 2, Ok(8.0)),
            ("congee", "c", 2, Ok(2.0)),
            ("bskip", "c", 2, Ok(12.0)),
            ("congee", "c", 2, Ok(4.0)),
            ("congee", "e", 1, Err("no scan")),
            ("congee", "a", 1, Err("key 7 lost")),
            ("congee", "a", 1, Ok(2.0)),
        ];
        let sweep = Sweep::parse(&csv(&rounds)).unwrap();
        let [setting] = &sweep.settings[..] else { panic!("{sweep:?}") };
        assert_eq!(setting.threads(), [1, 2]);
        assert_eq!(setting.names(), [("bskip", "bskip"), ("congee", "congee")]);
        let panel = setting.with_threads(2)[0];
        let relative = panel.relative(&panel.cells[1]).unwrap();
        assert_eq!(relative, Spread { median: 0.3, min: 0.2, max: 0.4 });
        let alone = setting.with_threads(1);
        assert_eq!(alone[0].cells[0].outcome, Outcome::Skipped("no scan".into()));
        assert_eq!(alone[1].cells[0].outcome, Outcome::Failed("key 7 lost".into()));
        assert_eq!(alone[1].relative(&alone[1].cells[0]), None);
        assert!(setting.bytes("bskip").unwrap().counted && !setting.bytes("congee").unwrap().counted);
    }

    #[test]
    fn places_are_named_only_where_there_are_several() {
        let one = csv(&[("bskip", "c", 1, Ok(1.0))]);
        let two = format!("{one}{}\n", one.lines().nth(1).unwrap().replace("local", "interleave"));
        assert_eq!(Sweep::parse(&one).unwrap().settings[0].names(), [("bskip", "bskip")]);
        let names = [("bskip", "bskip local thp"), ("bskip", "bskip interleave thp")];
        assert_eq!(Sweep::parse(&two).unwrap().settings[0].names(), names);
        // The default map has only one placement beside them, so it needs no name for it.
        let line = |map, place| one.lines().nth(1).unwrap().replace("bskip", map).replace("local", place);
        let lines = [line("bskip", "default"), line("bskip-numa", "local"), line("bskip-numa", "interleave")];
        let three = Sweep::parse(&format!("{HEADINGS}\n{}\n", lines.join("\n"))).unwrap();
        let [_, numa, _] = &three.settings[0].names()[..] else { panic!("{three:?}") };
        assert_eq!(three.settings[0].names()[0], ("bskip", "bskip"));
        assert_eq!(*numa, ("bskip-numa", "bskip-numa local thp"));
    }

    #[test]
    fn numbers_that_cannot_be_drawn_are_named_by_line_and_column() {
        let good = csv(&[("bskip", "c", 1, Ok(4.0)), ("congee", "c", 1, Ok(4.5))]);
        for (from, to, hint) in [
            (",4.5,", ",NaN,", "line 3, column mops: NaN"),
            (",4.5,", ",nan,", "line 3, column mops: NaN"),
            (",4.5,", ",inf,", "line 3, column mops: inf"),
            (",4.5,", ",1e999,", "line 3, column mops: inf"),
            (",4.5,", ",0.0,", "line 3, column mops: 0"),
            (",4.5,", ",-1.0,", "line 3, column mops: -1"),
            (",4.5,", ",,", "line 3, column mops: it is empty"),
            (",4.5,", ",fast,", "line 3, column mops: "),
            (",4.5,26.5", ",4.5,NaN", "line 3, column bytes_per_key: NaN"),
            ("congee,c,uniform,1,", "congee,c,uniform,0,", "line 3, column threads: 0"),
            ("congee,c,uniform,1,", "congee,c,uniform,18446744073709551616,", "line 3, column threads: "),
            ("congee,c,uniform,1,", "congee,c,uniform,-1,", "line 3, column threads: "),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            let error = Sweep::parse(&bad).expect_err(to);
            assert!(error.starts_with(hint), "{to}: {error}");
        }
        assert!(Sweep::parse(&good.replace("uniform,1,", "uniform,18446744073709551615,")).is_ok());
    }

    #[test]
    fn shapes_of_keys_are_settings_and_older_files_have_numbers() {
        let old = csv(&[("bskip", "c", 1, Ok(1.0))]);
        let with = |like: &str| {
            let lines =
                old.lines().zip(["keys_like", like]).map(|(line, column)| format!("{line},{column}\n"));
            let sweep = Sweep::parse(&lines.collect::<String>()).unwrap();
            sweep.settings[0].dist.clone()
        };
        let dist = &Sweep::parse(&old).unwrap().settings[0].dist;
        assert_eq!((with("u64"), with("url")), (dist.clone(), format!("{dist} url")));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let with = |schema: &str| {
            let lines = csv(&[("bskip", "c", 1, Ok(1.0))]);
            let lines =
                lines.lines().zip(["schema", schema]).map(|(line, column)| format!("{line},{column}\n"));
            Sweep::parse(&lines.collect::<String>())
        };
        assert!(with("").is_ok() && with(&schema::SCHEMA.to_string()).is_ok());
        assert!(with("999").unwrap_err().contains("schema 999"));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        assert!(Sweep::parse("a,b\n1,2\n").unwrap_err().contains("threads"));
        assert!(Sweep::parse(HEADINGS).unwrap_err().contains("no rounds"));
    }
}
