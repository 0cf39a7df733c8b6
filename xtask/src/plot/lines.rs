//! Line charts: throughput against threads, a panel for each workload.

use super::rows::{Cell, Panel, Setting};
use super::style;
use super::svg::{Anchor, CHARACTER, Style, Svg, tick_label, ticks};
use crate::bench_numa::summary::Spread;

/// Pixels.
const PANEL: (f64, f64) = (470.0, 250.0);
const MARGIN: f64 = 20.0;
/// Around the lines of a panel: numbers to the left and below, the heading above.
const LEFT: f64 = 44.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 46.0;
const LEGEND_ROW: f64 = 20.0;
const COLUMNS: usize = 2;
/// Between the whiskers of two maps at the same number of threads.
const APART: f64 = 5.0;

/// Throughput against threads; `None` where there is one number of threads.
pub(super) fn threads(setting: &Setting) -> Option<String> {
    let threads = setting.threads();
    if threads.len() < 2 {
        return None;
    }
    let mut workloads: Vec<&str> = Vec::new();
    for panel in &setting.panels {
        if !workloads.contains(&panel.workload.as_str()) {
            workloads.push(&panel.workload);
        }
    }
    let columns = COLUMNS.min(workloads.len());
    let width = columns as f64 * PANEL.0 + 2.0 * MARGIN;
    let (legend, legend_height) = legend(&setting.names(), width - 2.0 * MARGIN);
    let top = 58.0 + legend_height;
    let rows = workloads.len().div_ceil(columns);
    let mut svg = Svg::new(width, top + rows as f64 * PANEL.1);
    let title = format!("Throughput by threads, million operations a second: {} keys", setting.dist);
    svg.text((MARGIN, 28.0), Anchor::Start, Style::Title, &title);
    let about = "Points: medians of the rounds. Whiskers: from the slowest round to the fastest.";
    svg.text((MARGIN, 47.0), Anchor::Start, Style::Small, about);
    for (map, name, x, y) in legend {
        let (x, y) = (MARGIN + x, 68.0 + y);
        svg.rect((x, y - 9.0), 11.0, 11.0, style::colour(map));
        svg.text((x + 16.0, y + 1.0), Anchor::Start, Style::Label, name);
    }
    for (number, workload) in workloads.iter().enumerate() {
        let x = MARGIN + (number % columns) as f64 * PANEL.0;
        let y = top + (number / columns) as f64 * PANEL.1;
        panel(&mut svg, (x, y), setting, workload, &threads);
    }
    Some(svg.finish(&title))
}

/// Where each name stands, in rows of at most `width`; and how high they are together.
fn legend<'a>(names: &[(&'a str, &'a str)], width: f64) -> (Vec<(&'a str, &'a str, f64, f64)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut placed = Vec::new();
    for &(map, name) in names {
        let needs = name.chars().count() as f64 * CHARACTER + 36.0;
        if x > 0.0 && x + needs > width {
            (x, y) = (0.0, y + LEGEND_ROW);
        }
        placed.push((map, name, x, y));
        x += needs;
    }
    (placed, y + LEGEND_ROW)
}

/// The lines of one workload.
fn panel(svg: &mut Svg, (x, y): (f64, f64), setting: &Setting, workload: &str, threads: &[usize]) {
    let panels: Vec<&Panel> = setting.panels.iter().filter(|panel| panel.workload == workload).collect();
    let spread = |name: &str, threads: usize| -> Option<Spread> {
        let panel = panels.iter().find(|panel| panel.threads == threads)?;
        panel.cells.iter().find(|cell| cell.name == name).and_then(Cell::mops)
    };
    let names = setting.names();
    let all = names.iter().flat_map(|(_, name)| threads.iter().filter_map(|number| spread(name, *number)));
    let ticks = ticks(all.map(|spread| spread.max).fold(0.0, f64::max));
    let end = ticks.last().copied().unwrap_or(1.0);
    let (left, right) = (x + LEFT, x + PANEL.0 - MARGIN);
    let (top, bottom) = (y + ABOVE, y + PANEL.1 - BELOW);
    let level = |value: f64| bottom - value / end * (bottom - top);
    // Thread counts usually double from one to the next: as far apart as they come, whatever they are.
    let step = (right - left) / threads.len() as f64;
    let place = |number: usize| left + (number as f64 + 0.5) * step;
    svg.text((left, y + 18.0), Anchor::Start, Style::Head, &style::workload(workload));
    for tick in ticks {
        svg.line((left, level(tick)), (right, level(tick)), "#e4e4e4", 1.0);
        svg.text((left - 6.0, level(tick) + 4.0), Anchor::End, Style::Small, &tick_label(tick));
    }
    for (number, count) in threads.iter().enumerate() {
        svg.text((place(number), bottom + 16.0), Anchor::Middle, Style::Small, &style::threads(*count));
    }
    for (series, (map, name)) in names.iter().enumerate() {
        let aside = (series as f64 - (names.len() as f64 - 1.0) / 2.0) * APART;
        let mut points = Vec::new();
        for (number, count) in threads.iter().enumerate() {
            let Some(Spread { median, min, max }) = spread(name, *count) else { continue };
            let x = place(number) + aside;
            if max > min {
                svg.whisker((x, level(min)), (x, level(max)), style::colour(map));
            }
            points.push((x, level(median)));
        }
        if !points.is_empty() {
            svg.path(&points, style::colour(map));
        }
    }
    svg.line((left, bottom), (right, bottom), "#888888", 1.0);
}

#[cfg(test)]
mod tests {
    use super::super::rows::Sweep;
    use super::super::rows::tests::csv;
    use super::super::svg::tests::assert_well_formed;
    use super::*;

    fn setting(rounds: &[(&str, &str, usize, Result<f64, &str>)]) -> Setting {
        Sweep::parse(&csv(rounds)).unwrap().settings.remove(0)
    }

    #[test]
    fn every_map_has_a_line_in_every_panel_where_it_has_numbers() {
        let picture = threads(&setting(&[
            ("bskip", "c", 1, Ok(4.0)),
            ("bskip", "c", 2, Ok(7.0)),
            ("bskip", "c", 2, Ok(8.0)),
            ("congee", "c", 1, Ok(1.0)),
            ("congee", "c", 2, Err("lost")),
            ("bskip", "e", 1, Ok(4.0)),
            ("bskip", "e", 2, Ok(4.0)),
            ("congee", "e", 1, Err("no scan")),
        ]))
        .unwrap();
        assert_well_formed(&picture);
        for words in ["bskip", "congee", "1 thread", "2 threads", "C: reads", "E: 95"] {
            assert!(picture.contains(words), "{words} in {picture}");
        }
        assert_eq!(picture.matches("<polyline").count(), 3);
        assert_eq!(picture.matches("<circle").count(), 5);
        let ours = style::colour("bskip");
        let whisker = picture.lines().filter(|line| line.starts_with("<line") && line.contains(ours));
        assert_eq!(whisker.count(), 3);
    }

    #[test]
    fn one_number_of_threads_is_no_line() {
        assert_eq!(threads(&setting(&[("bskip", "c", 2, Ok(4.0))])), None);
    }

    #[test]
    fn the_legend_breaks_into_rows() {
        let (placed, height) = legend(&[("a", "a long name of a map"), ("b", "another long name")], 200.0);
        assert_eq!((placed[1].2, placed[1].3, height), (0.0, LEGEND_ROW, 2.0 * LEGEND_ROW));
    }
}
