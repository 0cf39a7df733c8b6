//! The latency of single operations: p50, p99, p99.9 and the slowest, on a logarithmic axis.

use bench::units::nanoseconds;
use maud::Markup;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Numbers, PERCENTILES, Panel};
use super::interval::Estimate;
use super::palette::{GREY, GRID, INK, WHISKER, series};
use super::svg::{Area, Drawn, WIDTH, figure, label, name_style, text, unit};
use super::tables::ends_in_words;
use crate::plot::words;

const MARGIN: i32 = 26;
const ROW: i32 = 36;
const AXIS: i32 = 62;

/// The picture of a panel; `None` if no operation was timed.
pub(super) fn picture(panel: &Panel) -> Option<Markup> {
    let rows: Vec<(&str, &[Estimate; 4])> =
        panel.cells.iter().filter_map(|cell| Some((cell.name.as_str(), timed(cell.numbers()?)?))).collect();
    let all = || rows.iter().flat_map(|(_, percentiles)| percentiles.iter());
    let least = all().map(|of| of.low().max(of.middle / 3.0)).fold(f64::INFINITY, f64::min);
    let most = all().map(|of| of.high().min(of.middle * 3.0)).fold(1.0, f64::max);
    if rows.is_empty() {
        return None;
    }
    let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
    let last = last.max(first + 1);
    let x = move |ns: f64| {
        let part = (ns.log10() - f64::from(first)) / f64::from(last - first);
        MARGIN + (part.clamp(0.0, 1.0) * f64::from(WIDTH - 2 * MARGIN)) as i32
    };
    let about: Vec<String> = rows
        .iter()
        .map(|(name, percentiles)| {
            let each = PERCENTILES.iter().zip(*percentiles).map(|(percentile, of)| {
                let ns = |number: f64| nanoseconds(number.round() as u64);
                format!("{percentile} {} ({})", ns(of.middle), ends_in_words(of.interval, ns))
            });
            format!("{name}: {}", each.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let about = format!("Latency of single operations. {}.", about.join("; "));
    let title = format!("{}, {}", words::workload(&panel.workload), words::threads(panel.threads));
    let bottom = rows.len() as i32 * ROW;
    Some(figure(&title, &about, bottom + AXIS, |area| {
        for power in first..=last {
            let at = x(10_f64.powi(power));
            area.draw(&PathElement::new([(at, 0), (at, bottom + 4)], GRID))?;
            let words = nanoseconds(10_f64.powi(power).round() as u64).replace(".00", "").replace(".0", "");
            text(area, &words, (at, bottom + 13), 60, &label(11, GREY, HPos::Center))?;
        }
        for (row, (name, percentiles)) in rows.iter().enumerate() {
            let top = row as i32 * ROW;
            text(area, name, (MARGIN - 20, top + 9), WIDTH - MARGIN, &name_style())?;
            for (index, of) in percentiles.iter().enumerate() {
                if let Some((low, high)) = of.interval {
                    let ends = [(x(low), top + 25), (x(high), top + 25)];
                    area.draw(&PathElement::new(ends, WHISKER))?;
                    for (end, _) in ends {
                        area.draw(&PathElement::new([(end, top + 21), (end, top + 30)], WHISKER))?;
                    }
                }
                mark(area, index, (x(of.middle), top + 25))?;
            }
        }
        for (index, percentile) in PERCENTILES.iter().enumerate() {
            let left = MARGIN - 12 + index as i32 * 100;
            mark(area, index, (left, bottom + 32))?;
            text(area, percentile, (left + 10, bottom + 32), 90, &label(12, INK, HPos::Left))?;
        }
        unit(area, "latency of one operation (logarithmic), with 95 % intervals", bottom + 52)
    }))
}

fn timed(numbers: &Numbers) -> Option<&[Estimate; 4]> {
    numbers.latency.as_ref()
}

/// Each percentile has a shape and a colour of its own.
fn mark(area: &Area<'_>, index: usize, at: (i32, i32)) -> Drawn {
    let colour = series(index);
    match index {
        0 => area.draw(&Circle::new(at, 5, colour.filled())),
        1 => area.draw(&TriangleMarker::new(at, 7, colour.filled())),
        2 => area.draw(&Rectangle::new([(at.0 - 4, at.1 - 4), (at.0 + 5, at.1 + 5)], colour.filled())),
        _ => area.draw(&Cross::new(at, 4, colour.stroke_width(2))),
    }
}
