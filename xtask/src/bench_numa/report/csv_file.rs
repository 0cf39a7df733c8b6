//! Reads `results.csv` and `results.txt` of a folder that keeps no `results.json`.

use bench::protocol::{CellOutcome, Latency, Measurement};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::{File, Id, Planned, Run};
use crate::bench_numa::schema;
use crate::bench_numa::tails::SAMPLES;
use crate::cli::distinct;

/// The columns that the report shows. An older file may lack some.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    schema: Option<u32>,
    status: String,
    round: Option<usize>,
    map: String,
    workload: String,
    dist: String,
    keys_like: String,
    threads: usize,
    placement: String,
    pin: String,
    pages: String,
    keys: u64,
    ops: u64,
    mops: Option<f64>,
    p50_ns: Option<u64>,
    p99_ns: Option<u64>,
    p999_ns: Option<u64>,
    p9999_ns: Option<u64>,
    max_ns: Option<u64>,
    slowest_mops: Option<f64>,
    fastest_mops: Option<f64>,
    bytes_per_key: Option<f64>,
    bytes_source: String,
    key_bytes: Option<f64>,
    local_blocks: Option<u64>,
    remote_blocks: Option<u64>,
    checked: Option<u64>,
    reason: String,
}

/// Reads the text of a `results.csv`. `table` is that of `results.txt`, or empty.
///
/// # Errors
///
/// One line that says what is wrong with it.
pub(super) fn parse(csv: &str, table: &str) -> Result<File, String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headings = reader.headers().map_err(|error| error.to_string())?.clone();
    if !headings.iter().any(|heading| heading == "threads") {
        return Err("it has no column threads: name a folder that bench-numa --out has written".into());
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let at = record.position().map_or(0, csv::Position::line);
        let line: Line = record.deserialize(Some(&headings)).map_err(|error| told(&error, at, &headings))?;
        check(&line).map_err(|why| format!("line {at}, {why}"))?;
        lines.push(line);
    }
    if lines.is_empty() {
        return Err("it has no rounds: name the folder of a sweep that measured something".into());
    }
    let (ran, skipped): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.round.is_some());
    let planned = |id: Id| Planned { id, status: "not_run".into(), ..Planned::default() };
    let mut head = table.lines().take_while(|line| !line.is_empty()).map(str::to_owned);
    let command = head.next().unwrap_or_default();
    let summary = |name: &str, words: Option<String>| words.map(|words| (name.to_owned(), words.into()));
    Ok(File {
        schema: lines[0].schema,
        command,
        machine: summary("summary", head.next()).into_iter().collect(),
        build: summary("description", head.next()).into_iter().collect(),
        cells: distinct(ran.iter().map(|line| line.id())).into_iter().map(planned).collect(),
        skipped: skipped
            .iter()
            .map(|line| Planned { reason: line.reason.clone(), ..planned(line.id()) })
            .collect(),
        notes: caveats(table),
        runs: ran.iter().map(|line| line.run()).collect(),
        ..File::default()
    })
}

/// What a `results.txt` says that it cannot show.
fn caveats(table: &str) -> Vec<String> {
    let lines = table.lines().skip_while(|line| *line != "What these numbers cannot show:").skip(1);
    lines.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

impl Line {
    /// The operations are left out: a line has those that were done, which differ from round to round.
    fn id(&self) -> Id {
        let line = self.clone();
        Id {
            map: line.map,
            workload: line.workload,
            dist: line.dist,
            keys_like: line.keys_like,
            threads: line.threads,
            keys: line.keys,
            ops: 0,
            placement: line.placement,
            pin: line.pin,
            pages: line.pages,
        }
    }

    fn run(&self) -> Run {
        let reason = self.reason.clone();
        let result = match self.mops.filter(|_| self.status == "measured") {
            Some(mops) => CellOutcome::Measured(Box::new(self.measurement(mops))),
            None if self.status == "skipped" => CellOutcome::Skipped { reason },
            None => CellOutcome::Failed { reason },
        };
        let written = match serde_json::to_value(&result) {
            Ok(Value::Object(written)) => written,
            _ => Map::new(),
        };
        Run { round: self.round.unwrap_or(0), id: self.id(), result, written }
    }

    fn measurement(&self, mops: f64) -> Measurement {
        let ops = self.ops.max(1);
        let or_zero = |ns: Option<u64>| ns.unwrap_or(0);
        let latency = Latency {
            // A file does not say how many operations were timed, but cells without any have no slowest one.
            samples: if or_zero(self.max_ns) > 0 { SAMPLES } else { 0 },
            p50: or_zero(self.p50_ns),
            p99: or_zero(self.p99_ns),
            p999: or_zero(self.p999_ns),
            p9999: or_zero(self.p9999_ns),
            max: or_zero(self.max_ns),
        };
        Measurement {
            ops,
            seconds: ops as f64 / mops / 1e6,
            latency,
            reads: Latency::default(),
            writes: Latency::default(),
            slowest_mops: self.slowest_mops,
            fastest_mops: self.fastest_mops,
            open_loop: Vec::new(),
            interference: None,
            counters: None,
            locks: None,
            bytes_per_key: self.bytes_per_key,
            bytes_source: self.bytes_source.clone(),
            key_bytes: self.key_bytes,
            reserved_per_key: None,
            local_blocks: self.local_blocks,
            remote_blocks: self.remote_blocks,
            blocks_by_node: Vec::new(),
            checked: self.checked.unwrap_or(0),
            notes: Vec::new(),
        }
    }
}

/// Whether the numbers of a line can be drawn.
fn check(line: &Line) -> Result<(), String> {
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::cells::{Outcome, Sweep};
    use super::*;

    const HEADINGS: &str = "status,round,map,workload,dist,threads,placement,pin,pages,keys,mops,bytes_per_key,\
                            bytes_source,reason";

    /// A round: its number, map, workload, threads, and million operations a second or a reason.
    pub(in super::super) type Round<'a> = (usize, &'a str, &'a str, usize, Result<f64, &'a str>);

    /// A file with a line for each round.
    pub(in super::super) fn csv(rounds: &[Round<'_>]) -> String {
        let line = |&(round, map, workload, threads, result): &Round<'_>| {
            let at = format!("{round},{map},{workload},uniform,{threads},local,compact,thp,1000");
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
    fn rounds_become_cells_with_their_reasons() {
        let csv = csv(&[
            (1, "bskip", "c", 2, Ok(8.0)),
            (1, "congee", "c", 2, Ok(2.0)),
            (2, "bskip", "c", 2, Ok(12.0)),
            (2, "congee", "c", 2, Ok(6.0)),
            (1, "congee", "e", 2, Err("no scan")),
            (1, "congee", "a", 2, Err("key 7 lost")),
        ]);
        let table =
            "the command\nthe CPU\nrustc\n\nc\n\nWhat these numbers cannot show:\n  2 CPUs.\n\nNotes:\n  x\n";
        let file = parse(&csv, table).unwrap();
        assert_eq!((file.command.as_str(), &file.notes[..]), ("the command", &["2 CPUs.".to_owned()][..]));
        assert_eq!(
            (&file.machine["summary"], &file.build["description"]),
            (&"the CPU".into(), &"rustc".into())
        );
        let sweep = Sweep::new("x".into(), file);
        let [setting] = &sweep.settings[..] else { panic!("{}", sweep.settings.len()) };
        assert_eq!(setting.title, "1k uniform keys, pin compact");
        let numbers = setting.panels[0].cells[1].numbers().unwrap();
        assert!((numbers.mops.middle - 4.0).abs() < 1e-9 && numbers.rounds == 2 && !numbers.is_counted);
        assert!((numbers.ratio.unwrap().middle - 0.375).abs() < 1e-9);
        let without: Vec<(&str, &str)> = sweep
            .cells()
            .filter_map(|cell| match &cell.outcome {
                Outcome::Without { status, reason } => Some((status.as_str(), reason.as_str())),
                Outcome::Measured(_) => None,
            })
            .collect();
        assert_eq!(without, [("skipped", "no scan"), ("failed", "round 1: key 7 lost")]);
    }

    #[test]
    fn numbers_that_cannot_be_drawn_are_named_by_line_and_column() {
        let good = csv(&[(1, "bskip", "c", 1, Ok(4.0)), (1, "congee", "c", 1, Ok(4.5))]);
        for (from, to, hint) in [
            (",4.5,", ",NaN,", "line 3, column mops: NaN"),
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
            let error = parse(&bad, "").expect_err(to);
            assert!(error.starts_with(hint), "{to}: {error}");
        }
        assert!(parse(&good.replace("uniform,1,", "uniform,18446744073709551615,"), "").is_ok());
    }

    #[test]
    fn a_newer_schema_and_what_is_no_result_are_refused() {
        let with = |schema: &str| {
            let lines = csv(&[(1, "bskip", "c", 1, Ok(1.0))]);
            let lines =
                lines.lines().zip(["schema", schema]).map(|(line, column)| format!("{line},{column}\n"));
            parse(&lines.collect::<String>(), "")
        };
        assert!(with("").is_ok() && with(&schema::SCHEMA.to_string()).is_ok());
        assert!(with("999").unwrap_err().contains("schema 999"));
        assert!(parse("a,b\n1,2\n", "").unwrap_err().contains("threads"));
        assert!(parse(HEADINGS, "").unwrap_err().contains("no rounds"));
    }
}
