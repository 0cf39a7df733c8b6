//! Throughput of the cells of a panel as bars, each under its name and its number, with its interval.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Cell, Outcome};
use super::interval::Estimate;
use super::palette::{ALARM, GREY, GRID, INK, WHISKER, series};
use super::svg::{
    Area, Drawn, Picture, WIDTH, label, name_style, picture, pixel, text, tick_label, ticks, two_lines, unit,
    width_of,
};
use super::tables::with_interval;

/// A name, and below it a bar.
const ROW: i32 = 34;
/// A line of a reason beyond the first.
const LINE: i32 = 14;
/// Below the bars: the numbers of the axis, and its unit.
const AXIS: i32 = 40;
const MARGIN: i32 = 8;

/// A row of a picture.
pub(super) struct Bar {
    pub(super) name: String,
    /// What has one colour.
    pub(super) series: usize,
    /// How long it is; or why there is none, and whether that is a failure.
    pub(super) length: Result<Estimate, (String, bool)>,
}

impl Bar {
    /// Throughput of a cell. Our maps have one colour, the others another.
    pub(super) fn of(cell: &Cell) -> Self {
        let series = usize::from(!bench::maps::is_ours(&cell.id.map));
        Self { name: cell.name.clone(), series, length: length(cell) }
    }

    /// A long reason has a second line.
    fn height(&self) -> i32 {
        let lines = self.length.as_ref().err().map(|(why, _)| two_lines(why, WIDTH - 2 * MARGIN, 11).len());
        if lines == Some(2) { ROW + LINE } else { ROW }
    }
}

/// A picture of bars that all begin at zero.
pub(super) fn bars(title: &str, of: &str, bars: &[Bar]) -> Picture {
    let lengths = || bars.iter().filter_map(|bar| bar.length.as_ref().ok());
    let most = lengths().map(|length| length.high().min(length.middle * 2.0)).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    let in_words: Vec<String> = bars.iter().map(|bar| format!("{}: {}", bar.name, number(bar))).collect();
    let about = format!("Bars of {of}. {}.", in_words.join("; "));
    let bottom: i32 = bars.iter().map(Bar::height).sum();
    picture(title, about, bottom + AXIS, |area| {
        let x = |value: f64| MARGIN + pixel(value / most * f64::from(WIDTH - 2 * MARGIN - 16));
        for tick in ticks(most) {
            area.draw(&PathElement::new([(x(tick), 0), (x(tick), bottom + 4)], GRID))?;
            text(area, &tick_label(tick), (x(tick), bottom + 12), 60, &label(11, GREY, HPos::Center))?;
        }
        let mut top = 0;
        for bar in bars {
            draw(area, bar, top, &x)?;
            top += bar.height();
        }
        unit(area, of, bottom + 29)
    })
}

fn draw(area: &Area<'_>, bar: &Bar, top: i32, x: &impl Fn(f64) -> i32) -> Drawn {
    let number = number(bar);
    let room = WIDTH - 2 * MARGIN;
    match &bar.length {
        Err((_, is_failure)) => {
            text(area, &bar.name, (MARGIN, top + 9), room, &name_style())?;
            let colour = if *is_failure { ALARM } else { GREY };
            two_lines(&number, room, 11).iter().enumerate().try_for_each(|(index, line)| {
                let at = (MARGIN, top + 24 + LINE * index as i32);
                text(area, line, at, WIDTH, &label(11, colour, HPos::Left))
            })
        }
        Ok(length) => {
            let beside = width_of(&number, 12) + 12;
            text(area, &bar.name, (MARGIN, top + 9), room - beside, &name_style())?;
            text(area, &number, (WIDTH - MARGIN, top + 9), room, &label(12, INK, HPos::Right))?;
            let corners = [(x(0.0), top + 18), (x(length.middle), top + 31)];
            area.draw(&Rectangle::new(corners, series(bar.series).filled()))?;
            let Some((low, high)) = length.interval else { return Ok(()) };
            // After two rounds an interval can be many times as long as the bar. One that leaves the picture has no end.
            let (low, high) = (x(low), x(high));
            let middle = top + 24;
            area.draw(&PathElement::new(
                [(low, middle), (high.min(WIDTH), middle)],
                WHISKER.stroke_width(2),
            ))?;
            [low, high].into_iter().filter(|end| *end < WIDTH).try_for_each(|end| {
                area.draw(&PathElement::new([(end, middle - 5), (end, middle + 6)], WHISKER.stroke_width(2)))
            })
        }
    }
}

fn number(bar: &Bar) -> String {
    match &bar.length {
        Ok(length) => with_interval(length),
        Err((why, _)) => why.clone(),
    }
}

/// Throughput of a cell; or why there is none, and whether that is a failure.
pub(super) fn length(cell: &Cell) -> Result<Estimate, (String, bool)> {
    match &cell.outcome {
        Outcome::Measured(numbers) => Ok(numbers.mops),
        Outcome::Without { status, reason } => {
            let words = status.replace('_', " ");
            let why = if reason.is_empty() { words } else { format!("{words}: {reason}") };
            Err((why, status == "failed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::{Line, lines};
    use super::*;

    #[test]
    fn a_long_reason_has_two_lines_and_is_not_cut() {
        let why = "skipped: this machine has one NUMA node (0): it would be the same as local";
        let bar = Bar { name: "a map".into(), series: 0, length: Err((why.into(), false)) };
        let drawing = bars("bars", "units", &[bar]).drawing;
        let lines = two_lines(why, WIDTH - 2 * MARGIN, 11);
        assert_eq!((lines.len(), lines.join(" ")), (2, why.to_owned()));
        assert!(lines.iter().all(|line| drawing.contains(line)), "{drawing}");
    }

    #[test]
    fn an_interval_without_bounds_is_said_and_leaves_the_picture() {
        let unbounded = Estimate { middle: 2.0, interval: Some((0.0, f64::INFINITY)) };
        let bar = |length| Bar { name: "a map".into(), series: 0, length: Ok(length) };
        let narrow = Estimate { middle: 1.0, interval: Some((0.9, 1.1)) };
        let picture = bars("bars", "units", &[bar(unbounded), bar(narrow)]);
        assert!(picture.drawing.contains("2.00 (not bounded)"), "{}", picture.drawing);
        let line = Line { name: "a map".into(), points: vec![(1, unbounded), (2, narrow)], law: None };
        assert!(lines("lines", "units", &[line]).about.contains("1 thread 2.00 (not bounded)"));
    }
}
