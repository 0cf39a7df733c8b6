//! Heat maps: throughput of each placement and page size against threads.

use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Cell, Outcome, Setting};
use super::palette::{GREY, HEAT, heat_ink};
use super::svg::{Area, Drawn, WIDTH, figure, label, name_style, text, unit};
use super::tables::ends_in_words;
use crate::cli::distinct;
use crate::plot::words;
use bench::units::three_digits;

const MARGIN: i32 = 8;
const NAME: i32 = 18;
const BOX: i32 = 38;
const AXIS: i32 = 40;
/// Numbers of threads beside each other; more would have no room for their numbers.
const COLUMNS: usize = 5;

/// The heat maps of a setting: one for each workload and each map with several places.
pub(super) fn section(setting: &Setting) -> Markup {
    let cells = || setting.panels.iter().flat_map(|panel| &panel.cells);
    let maps = distinct(cells().map(|cell| (cell.id.map.as_str(), cell.id.workload.as_str())));
    let pictures: Vec<Markup> = maps
        .into_iter()
        .flat_map(|(map, workload)| {
            let here: Vec<&Cell> =
                cells().filter(|cell| cell.id.map == map && cell.id.workload == workload).collect();
            let places = distinct(here.iter().map(|cell| place(cell)));
            let mut threads = distinct(here.iter().map(|cell| cell.id.threads));
            threads.sort_unstable();
            let pieces: Vec<Vec<usize>> = match places.len() {
                0 | 1 => Vec::new(),
                _ => threads.chunks(COLUMNS).map(<[usize]>::to_vec).collect(),
            };
            pieces.into_iter().map(move |threads| picture(map, workload, &here, &threads)).collect::<Vec<_>>()
        })
        .collect();
    html! {
        @if !pictures.is_empty() {
            h3 { (setting.title) }
            div.pictures { @for picture in &pictures { (picture) } }
        }
    }
}

/// Whether a sweep has a heat map.
pub(super) fn has_any(settings: &[Setting]) -> bool {
    settings.iter().flat_map(|setting| &setting.panels).any(|panel| {
        let maps = distinct(panel.cells.iter().map(|cell| cell.id.map.as_str()));
        maps.into_iter().any(|map| panel.cells.iter().filter(|cell| cell.id.map == map).count() > 1)
    })
}

fn place(cell: &Cell) -> String {
    format!("{}, {} pages", cell.id.placement, cell.id.pages)
}

fn picture(map: &str, workload: &str, cells: &[&Cell], threads: &[usize]) -> Markup {
    let places = distinct(cells.iter().map(|cell| place(cell)));
    let at = |place_here: &str, count: usize| {
        cells.iter().copied().find(|cell| place(cell) == place_here && cell.id.threads == count)
    };
    let rates = cells.iter().filter_map(|cell| cell.numbers()).map(|numbers| numbers.mops.middle);
    let most = rates.fold(f64::MIN_POSITIVE, f64::max);
    let title = format!("{map}, {}", words::workload(workload));
    let about: Vec<String> = cells
        .iter()
        .map(|cell| {
            format!("{}, {}: {}", place(cell), words::threads(cell.id.threads), in_words(cell).join(" "))
        })
        .collect();
    let about = format!("Million operations a second. {}.", about.join("; "));
    let height = places.len() as i32 * (NAME + BOX) + AXIS;
    let step = (WIDTH - 2 * MARGIN) / threads.len() as i32;
    figure(&title, &about, height, |area| {
        for (row, place) in places.iter().enumerate() {
            let top = row as i32 * (NAME + BOX);
            text(area, place, (MARGIN, top + 9), WIDTH - 2 * MARGIN, &name_style())?;
            for (column, count) in threads.iter().enumerate() {
                let left = MARGIN + column as i32 * step;
                if let Some(cell) = at(place, *count) {
                    draw(area, cell, (left, top + NAME), step - 3, most)?;
                }
            }
        }
        let bottom = places.len() as i32 * (NAME + BOX);
        for (column, count) in threads.iter().enumerate() {
            let middle = MARGIN + column as i32 * step + (step - 3) / 2;
            text(area, &words::threads(*count), (middle, bottom + 9), step, &label(11, GREY, HPos::Center))?;
        }
        unit(area, "million operations a second; darker is more", bottom + 28)
    })
}

fn draw(area: &Area<'_>, cell: &Cell, (left, top): (i32, i32), width: i32, most: f64) -> Drawn {
    let step = cell.numbers().map(|numbers| {
        let part = numbers.mops.middle / most * (HEAT.len() - 1) as f64;
        (part.round() as usize).min(HEAT.len() - 1)
    });
    let corners = [(left, top), (left + width, top + BOX - 4)];
    let ink = match step {
        Some(step) => {
            area.draw(&Rectangle::new(corners, HEAT[step].filled()))?;
            heat_ink(step)
        }
        None => {
            area.draw(&Rectangle::new(corners, GREY))?;
            GREY
        }
    };
    for (line, words) in in_words(cell).iter().enumerate() {
        let size = if line == 0 { 12 } else { 10 };
        let at = (left + width / 2, top + 10 + line as i32 * 15);
        text(area, words, at, width + 12, &label(size, ink, HPos::Center))?;
    }
    Ok(())
}

/// The number of a cell and its interval, or why it has none.
fn in_words(cell: &Cell) -> Vec<String> {
    match &cell.outcome {
        Outcome::Measured(numbers) => {
            vec![three_digits(numbers.mops.middle), ends_in_words(numbers.mops.interval, three_digits)]
        }
        Outcome::Without { status, .. } => vec![status.replace('_', " ")],
    }
}
