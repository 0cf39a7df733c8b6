//! Measures one cell of a sweep, or compares maps in turns; see `--help`.

use bench::protocol::{CellSpec, DISTRIBUTIONS, WORKLOADS};
use bench::versus::Comparison;
use bench::{cell, maps, program};
use std::process::ExitCode;

fn help() -> String {
    format!(
        "\
bench-cell SPEC
    Measures one cell. SPEC is JSON; what it leaves out is as here:
    {}
    Prints the outcome as a line of JSON. Exits with 0, with 2 if the spec makes no sense.

bench-cell --versus SPECS [--rounds N] [--json]
    Compares maps with the first one. SPECS is a JSON array of cells that differ in map, placement, pages
    and workload only; what a cell leaves out it has from the first; a workload may be a list. All maps are loaded with the same keys and given the same
    slices of operations in turns, N rounds of them (default 21), and the median ratios are printed.
    Exits with 1 if a map gave a wrong answer. For example:
    bench-cell --versus '[{{\"map\":\"bskip\",\"workload\":\"load,a,c,e\",\"threads\":2}},{{\"map\":\"arctic-map\"}}]'

maps: {}
workloads: {}
distributions: {}",
        serde_json::to_string(&CellSpec::default()).unwrap_or_default(),
        maps::NAMES.join(", "),
        WORKLOADS.join(", "),
        DISTRIBUTIONS.join(", "),
    )
}

fn main() -> ExitCode {
    let args: Vec<String> = program::arguments().collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("bench-cell: {why}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(args: &[String]) -> Result<ExitCode, String> {
    match args {
        [flag] if flag == "--help" || flag == "-h" => Ok(print(&help())),
        [flag, specs, options @ ..] if flag == "--versus" => versus(specs, options),
        [spec] if !spec.starts_with('-') => {
            let spec: CellSpec = serde_json::from_str(spec).map_err(|e| format!("not a cell: {e}"))?;
            let outcome = cell::run(&spec)?;
            Ok(print(&serde_json::to_string(&outcome).map_err(|e| e.to_string())?))
        }
        _ => Err("one cell as JSON is expected, or --versus, or --help".into()),
    }
}

fn versus(specs: &str, options: &[String]) -> Result<ExitCode, String> {
    let (mut rounds, mut json) = (21, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--json" => json = true,
            "--rounds" => {
                let number = options.next().ok_or("--rounds needs a number")?;
                rounds = program::count("--rounds", number, program::MOST_ROUNDS)? as usize;
            }
            other => return Err(format!("unknown option {other}")),
        }
    }
    let specs = cells(specs).map_err(|e| format!("not cells: {e}"))?;
    let comparison = Comparison::of(&specs, rounds)?;
    let report = match comparison.run() {
        Ok(report) => report,
        Err(why) => {
            eprintln!("bench-cell: {why}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let text = match json {
        true => serde_json::to_string(&report).map_err(|e| e.to_string())?,
        false => report.to_string(),
    };
    let printed = print(&text);
    Ok(if report.failed.is_empty() { printed } else { ExitCode::FAILURE })
}

/// Prints a text and the end of its line.
fn print(text: &str) -> ExitCode {
    match program::print(&format!("{text}\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-cell: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Cells from a JSON array; what one leaves out it has from the first.
fn cells(json: &str) -> serde_json::Result<Vec<CellSpec>> {
    let mut objects: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(json)?;
    let first = objects.first().cloned().unwrap_or_default();
    for object in &mut objects {
        for (field, value) in &first {
            object.entry(field).or_insert_with(|| value.clone());
        }
    }
    objects.into_iter().map(|object| serde_json::from_value(object.into())).collect()
}
