//! Points against numbers of threads, each with its interval, and a line along them.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::interval::Estimate;
use super::palette::{GREY, GRID, INK, series};
use super::svg::{Area, Drawn, Picture, WIDTH, label, picture, pixel, text, tick_label, ticks, unit};
use super::tables::with_interval;
use super::usl::Usl;
use super::words;
use crate::cli::distinct;

const LEFT: i32 = 44;
const RIGHT: i32 = 14;
const TOP: i32 = 10;
const PLOT: i32 = 210;
const AXIS: i32 = 42;
/// A name below the plot.
const ROW: i32 = 18;

/// What has one colour.
pub(super) struct Line {
    pub(super) name: String,
    /// By ascending numbers of threads.
    pub(super) points: Vec<(usize, Estimate)>,
    /// The line is drawn along it; without it, from point to point.
    pub(super) law: Option<Usl>,
}

/// The picture of some lines. `of` is what they show, with its unit.
pub(super) fn lines(title: &str, of: &str, lines: &[Line]) -> Picture {
    let points = || lines.iter().flat_map(|line| &line.points);
    let highest = |of: &Estimate| of.high().min(of.middle * 1.5);
    let most = points().map(|(_, of)| highest(of)).fold(f64::MIN_POSITIVE, f64::max);
    let mut counts = distinct(points().map(|(threads, _)| *threads));
    counts.sort_unstable();
    let last = counts.last().copied().unwrap_or(1) as f64;
    let first = counts.first().copied().unwrap_or(1) as f64;
    // Thread counts usually double, so each doubling is as wide as the next.
    let x = move |threads: f64| {
        let part = if last > first { (threads / first).log2() / (last / first).log2() } else { 0.5 };
        LEFT + 12 + (part * f64::from(WIDTH - LEFT - RIGHT - 24)) as i32
    };
    let y = move |rate: f64| TOP + PLOT - pixel(rate / most * f64::from(PLOT - 4));
    let height = TOP + PLOT + AXIS + ROW * lines.len() as i32;
    picture(title, in_words(of, lines), height, |area| {
        for tick in ticks(most) {
            area.draw(&PathElement::new([(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID))?;
            text(area, &tick_label(tick), (LEFT - 6, y(tick)), LEFT, &label(11, GREY, HPos::Right))?;
        }
        let mut free = 0;
        for count in &counts {
            let (at, words) = (x(*count as f64), count.to_string());
            if at > free {
                text(area, &words, (at, TOP + PLOT + 11), 60, &label(11, GREY, HPos::Center))?;
                free = at + 22;
            }
        }
        unit(area, &format!("threads; upwards: {of}"), TOP + PLOT + 28)?;
        for (index, line) in lines.iter().enumerate() {
            draw(area, index, line, (first, last), &x, &y)?;
            let at = TOP + PLOT + AXIS + ROW * index as i32 + 4;
            mark(area, index, (14, at))?;
            let fitted = if line.law.is_some() { ", and its fit" } else { "" };
            let name = format!("{}{fitted}", line.name);
            text(area, &name, (28, at), WIDTH - 36, &label(12, INK, HPos::Left))?;
        }
        Ok(())
    })
}

fn in_words(of: &str, lines: &[Line]) -> String {
    let line = |line: &Line| {
        let points =
            line.points.iter().map(|(n, of)| format!("{} {}", words::threads(*n), with_interval(of)));
        format!("{}: {}", line.name, points.collect::<Vec<_>>().join(", "))
    };
    format!("By threads, {of}. {}.", lines.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// Points with their intervals; a line along the law if there is one, or else from point to point.
fn draw(
    area: &Area<'_>,
    index: usize,
    line: &Line,
    (first, last): (f64, f64),
    x: &impl Fn(f64) -> i32,
    y: &impl Fn(f64) -> i32,
) -> Drawn {
    let colour = series(index);
    let path: Vec<(i32, i32)> = match line.law {
        Some(law) => {
            let at = |step: u32| first * (last / first).powf(f64::from(step) / 24.0);
            (0..=24).map(|step| (x(at(step)), y(law.rate(at(step))).max(2))).collect()
        }
        None => line.points.iter().map(|(n, of)| (x(*n as f64), y(of.middle))).collect(),
    };
    area.draw(&PathElement::new(path, colour.stroke_width(2)))?;
    for (threads, of) in &line.points {
        // Intervals at the same number of threads stand side by side.
        let at = x(*threads as f64) + (index as i32 % 5 - 2) * 3;
        if let Some((low, high)) = of.interval {
            let (low, high) = (y(low).min(TOP + PLOT), y(high).max(0));
            area.draw(&PathElement::new([(at, low), (at, high)], colour))?;
            // An interval that leaves the picture has no end there.
            for end in [low, high].into_iter().filter(|end| *end > 0) {
                area.draw(&PathElement::new([(at - 3, end), (at + 4, end)], colour))?;
            }
        }
        mark(area, index, (at, y(of.middle)))?;
    }
    Ok(())
}

/// The mark of a series: its shape tells series apart that have the same colour.
fn mark(area: &Area<'_>, index: usize, at: (i32, i32)) -> Drawn {
    let colour = series(index);
    match index / 7 % 3 {
        0 => area.draw(&Circle::new(at, 4, colour.filled())),
        1 => area.draw(&TriangleMarker::new(at, 6, colour.filled())),
        _ => area.draw(&Cross::new(at, 4, colour.stroke_width(2))),
    }
}
