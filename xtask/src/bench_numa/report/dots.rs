//! Rows of marks on one axis, each mark with its interval: percentiles of latencies, slowest and fastest threads.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::interval::Estimate;
use super::palette::{GREY, GRID, INK, WHISKER, series};
use super::svg::{Area, Drawn, Picture, WIDTH, label, name_style, picture, text, ticks, unit};
use super::tables::ends_in_words;

const MARGIN: i32 = 26;
const ROW: i32 = 36;
const AXIS: i32 = 62;

/// A name, and a number for each mark that it has.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) numbers: Vec<Option<Estimate>>,
}

/// What a picture of rows shows.
pub(super) struct Dots<'a> {
    pub(super) title: String,
    /// What stands below the axis: the number and its unit.
    pub(super) unit: &'a str,
    /// What the marks are called.
    pub(super) marks: &'a [&'a str],
    /// Whether the axis has a step for each power of ten. If not, it begins at zero.
    pub(super) is_logarithmic: bool,
    pub(super) words: fn(f64) -> String,
    /// The numbers of the axis.
    pub(super) tick: fn(f64) -> String,
}

impl Dots<'_> {
    /// The picture; `None` if there is no number.
    pub(super) fn draw(&self, rows: &[Row]) -> Option<Picture> {
        let all = || rows.iter().flat_map(|row| &row.numbers).flatten();
        let least = all().map(|of| of.low().max(of.middle / 3.0)).fold(f64::INFINITY, f64::min);
        let most = all().map(|of| of.high().min(of.middle * 3.0)).fold(f64::MIN_POSITIVE, f64::max);
        all().next()?;
        let axis = Axis::new(self.is_logarithmic, least, most);
        let about = format!("{}: {}.", self.unit, self.in_words(rows));
        let bottom = rows.len() as i32 * ROW;
        Some(picture(&self.title, about, bottom + AXIS, |area| {
            for tick in &axis.ticks {
                let at = axis.x(*tick);
                area.draw(&PathElement::new([(at, 0), (at, bottom + 4)], GRID))?;
                text(area, &(self.tick)(*tick), (at, bottom + 13), 60, &label(11, GREY, HPos::Center))?;
            }
            for (index, row) in rows.iter().enumerate() {
                draw(area, row, index as i32 * ROW, &axis)?;
            }
            let step = (WIDTH - MARGIN) / self.marks.len() as i32;
            for (index, name) in self.marks.iter().enumerate() {
                let left = MARGIN - 12 + index as i32 * step;
                mark(area, index, (left, bottom + 32))?;
                text(area, name, (left + 10, bottom + 32), step - 14, &label(12, INK, HPos::Left))?;
            }
            unit(area, self.unit, bottom + 52)
        }))
    }

    fn in_words(&self, rows: &[Row]) -> String {
        let row = |row: &Row| {
            let each = self.marks.iter().zip(&row.numbers).filter_map(|(name, of)| {
                let of = (*of)?;
                Some(format!(
                    "{name} {} ({})",
                    (self.words)(of.middle),
                    ends_in_words(of.interval, self.words)
                ))
            });
            format!("{}: {}", row.name, each.collect::<Vec<_>>().join(", "))
        };
        rows.iter().map(row).collect::<Vec<_>>().join("; ")
    }
}

/// The axis below the rows.
struct Axis {
    is_logarithmic: bool,
    first: f64,
    last: f64,
    ticks: Vec<f64>,
}

impl Axis {
    fn new(is_logarithmic: bool, least: f64, most: f64) -> Self {
        if !is_logarithmic {
            return Self { is_logarithmic, first: 0.0, last: most, ticks: ticks(most) };
        }
        let first = least.log10().floor();
        let last = most.log10().ceil().max(first + 1.0);
        let ticks = (first as i32..=last as i32).map(|power| 10_f64.powi(power)).collect();
        Self { is_logarithmic, first, last, ticks }
    }

    fn x(&self, number: f64) -> i32 {
        let at = if self.is_logarithmic { number.log10() } else { number };
        let part = (at - self.first) / (self.last - self.first);
        (f64::from(MARGIN) + part * f64::from(WIDTH - 2 * MARGIN)).clamp(0.0, f64::from(WIDTH)) as i32
    }
}

fn draw(area: &Area<'_>, row: &Row, top: i32, axis: &Axis) -> Drawn {
    text(area, &row.name, (MARGIN - 20, top + 9), WIDTH - MARGIN, &name_style())?;
    let numbers = || row.numbers.iter().enumerate().filter_map(|(index, of)| Some((index, (*of)?)));
    for (low, high) in numbers().filter_map(|(_, of)| of.interval) {
        let ends = [(axis.x(low), top + 25), (axis.x(high), top + 25)];
        area.draw(&PathElement::new(ends, WHISKER))?;
        // An interval that leaves the picture has no end there.
        for (end, _) in ends.into_iter().filter(|(end, _)| (1..WIDTH).contains(end)) {
            area.draw(&PathElement::new([(end, top + 21), (end, top + 30)], WHISKER))?;
        }
    }
    numbers().try_for_each(|(index, of)| mark(area, index, (axis.x(of.middle), top + 25)))
}

/// Each mark has a shape and a colour of its own.
fn mark(area: &Area<'_>, index: usize, at: (i32, i32)) -> Drawn {
    let colour = series(index);
    match index % 5 {
        0 => area.draw(&Circle::new(at, 5, colour.filled())),
        1 => area.draw(&TriangleMarker::new(at, 7, colour.filled())),
        2 => area.draw(&Rectangle::new([(at.0 - 4, at.1 - 4), (at.0 + 5, at.1 + 5)], colour.filled())),
        3 => area.draw(&Circle::new(at, 4, colour.stroke_width(2))),
        _ => area.draw(&Cross::new(at, 4, colour.stroke_width(2))),
    }
}
