//! Heat maps: throughput of each placement and page size against threads.

use bench::units::three_digits;
use maud::{Markup, html};

use super::cells::{Cell, Outcome, Setting};
use super::grid::{COLUMNS, Grid, Square};
use super::interval::Estimate;
use super::svg::Picture;
use super::tables::ends_in_words;
use super::words;
use crate::cli::distinct;

/// The heat maps of a setting.
pub(super) fn section(setting: &Setting) -> Markup {
    let pictures = pictures(setting);
    html! {
        @if !pictures.is_empty() {
            h3 { (setting.title) }
            div.pictures { @for picture in &pictures { (picture) } }
        }
    }
}

/// Whether a sweep has a heat map.
pub(super) fn has_any(settings: &[Setting]) -> bool {
    settings.iter().any(|setting| !pictures(setting).is_empty())
}

/// One for each workload and each map that was measured in several places.
fn pictures(setting: &Setting) -> Vec<Picture> {
    let cells = || setting.panels.iter().flat_map(|panel| &panel.cells);
    let maps = distinct(cells().map(|cell| (cell.id.map.as_str(), cell.id.workload.as_str())));
    let of_map = |(map, workload): (&str, &str)| {
        let here: Vec<&Cell> =
            cells().filter(|cell| cell.id.map == map && cell.id.workload == workload).collect();
        let measured = here.iter().filter(|cell| cell.numbers().is_some());
        if distinct(measured.map(|cell| place(cell))).len() < 2 {
            return Vec::new();
        }
        let mut threads = distinct(here.iter().map(|cell| cell.id.threads));
        threads.sort_unstable();
        threads.chunks(COLUMNS).map(|threads| drawn(map, workload, &here, threads)).collect()
    };
    maps.into_iter().flat_map(of_map).collect()
}

fn place(cell: &Cell) -> String {
    format!("{}, {} pages", cell.id.placement, cell.id.pages)
}

fn drawn(map: &str, workload: &str, cells: &[&Cell], threads: &[usize]) -> Picture {
    let places = distinct(cells.iter().map(|cell| place(cell)));
    let columns: Vec<String> = threads.iter().map(|count| words::threads(*count)).collect();
    let rates = cells.iter().filter_map(|cell| cell.numbers()).map(|numbers| numbers.mops.middle);
    let grid = Grid {
        title: &format!("{map}, {}", words::workload(workload)),
        unit: "million operations a second, with 95 % intervals",
        rows: &places,
        columns: &columns,
        most: rates.fold(f64::MIN_POSITIVE, f64::max),
    };
    grid.draw(|row, column| {
        let here = |cell: &&&Cell| place(cell) == places[row] && cell.id.threads == threads[column];
        cells.iter().find(here).map(|cell| square(cell))
    })
}

/// The number of a cell and its interval, or why it has none.
fn square(cell: &Cell) -> Square {
    match &cell.outcome {
        Outcome::Measured(numbers) => {
            let Estimate { middle, interval } = numbers.mops;
            let words = vec![three_digits(middle), ends_in_words(interval, three_digits)];
            Square { number: Some(middle), words }
        }
        Outcome::Without { status, .. } => Square { number: None, words: vec![status.replace('_', " ")] },
    }
}
