//! The pictures: bars of throughput relative to the first map, bars of bytes a key, and lines of throughput
//! against threads. Each picture has a panel for each workload, two panels in a row.

use std::io;

use bench::maps::NAMES;
use bench::units::three_digits;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::rows::{Cell, Outcome, Panel, Setting};
use super::words;
use crate::bench_numa::stats::Spread;
use crate::cli::distinct;
use crate::table::shortened;

/// Pixels around a picture, and for its title and the line below the title.
const MARGIN: u32 = 20;
const TOP: u32 = 62;
const PANEL_WIDTH: u32 = 480;
/// A bar with its distance to the next.
const ROW: u32 = 19;
/// Pixels above a panel for its heading, and below it for the axis.
const ABOVE: u32 = 26;
const BELOW: u32 = 26;
/// Pixels right of a panel of bars, for the number behind the longest one.
const NUMBER: u32 = 46;
/// The size of a plot of lines, and of the names of the maps above all plots.
const LINES_HEIGHT: u32 = 190;
const LEGEND_ROW: u32 = 20;
/// About the greatest width of a character, because the viewer chooses the font.
const CHARACTER: f64 = 6.7;
const COLUMNS: usize = 2;

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const GREY: RGBColor = RGBColor(0x66, 0x66, 0x66);
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);
const ALARM: RGBColor = RGBColor(0xb0, 0x00, 0x20);
/// On bars of every colour.
const WHISKER: RGBColor = RGBColor(0x44, 0x44, 0x44);

/// Colours in the order of [`NAMES`]. A map has the same colour in every picture of every sweep. Our maps are
/// blue.
const COLOURS: [u32; 20] = [
    0x1f5fbf, 0x6fa8dc, 0x9fc5e8, 0x3d85c6, 0x0b3d91, 0x7d9ec0, 0xa4b8d8, 0xe07b00, 0xd98cb3, 0xf2b134,
    0xb8860b, 0x3a9a3a, 0x8a5fb5, 0xc94f8a, 0x9a7b4f, 0x2aa5a5, 0x6b8e23, 0xc0392b, 0x4b3621, 0x7f7f7f,
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A panel of bars.
struct Chart<'a> {
    head: String,
    bars: Vec<Bar<'a>>,
}

/// A row of a panel.
struct Bar<'a> {
    map: &'a str,
    name: &'a str,
    length: Length,
}

/// What stands in a row.
enum Length {
    /// A bar with its number.
    Of(Spread, String),
    /// Words in its place.
    None(RGBColor, String),
}

/// Throughput of every map relative to the first one, at one number of threads.
pub(super) fn throughput(setting: &Setting, threads: usize) -> String {
    let panels = setting.with_threads(threads);
    let charts: Vec<Chart<'_>> = (panels.into_iter())
        .map(|panel| Chart {
            head: words::workload(&panel.workload),
            bars: panel.cells.iter().map(|cell| throughput_bar(panel, cell)).collect(),
        })
        .collect();
    let first = setting.names().first().map_or("", |(_, name)| *name).to_owned();
    let title = format!("Throughput relative to {first}: {} keys, {}", setting.dist, words::threads(threads));
    let about = "Bars: medians of the rounds. Whiskers: from the slowest round to the fastest.";
    bars(&title, about, &charts, 1.0)
}

fn throughput_bar<'a>(panel: &Panel, cell: &'a Cell) -> Bar<'a> {
    let length = match (&cell.outcome, panel.relative(cell)) {
        (Outcome::Measured { .. }, Some(spread)) => Length::Of(spread, three_digits(spread.median)),
        (Outcome::Measured { mops, .. }, None) => {
            Length::None(GREY, format!("{} Mops/s, nothing to compare with", three_digits(mops.median)))
        }
        (Outcome::Failed(reason), _) => Length::None(ALARM, format!("FAILED: {reason}")),
        (Outcome::Skipped(reason), _) => Length::None(GREY, reason.clone()),
    };
    Bar { map: &cell.map, name: &cell.name, length }
}

/// Bytes a key of every map. `None` if they are known for no map.
pub(super) fn bytes(setting: &Setting) -> Option<String> {
    let bar = |(map, name)| {
        let length = match setting.bytes(name) {
            Some(bytes) => Length::Of(bytes.spread, bytes.to_string()),
            None => Length::None(GREY, "not known".into()),
        };
        Bar { map, name, length }
    };
    let of_maps: Vec<Bar<'_>> = setting.names().into_iter().map(bar).collect();
    if !of_maps.iter().any(|bar| matches!(bar.length, Length::Of(..))) {
        return None;
    }
    let title = format!("Bytes a key after the load: {} keys", setting.dist);
    let about = "Counted by the map's arena, or ~ the growth of the process. Key and value alone take 16.";
    Some(bars(&title, about, &[Chart { head: String::new(), bars: of_maps }], 16.0))
}

/// The picture of all panels, with one scale, and a line through all bars at `mark`.
fn bars(title: &str, about: &str, charts: &[Chart<'_>], mark: f64) -> String {
    let all = || charts.iter().flat_map(|chart| &chart.bars);
    let longest = all().map(|bar| bar.name.chars().count()).max().unwrap_or(0);
    let most = all().map(|bar| if let Length::Of(spread, _) = &bar.length { spread.max } else { 0.0 });
    let most = most.fold(mark, f64::max);
    let columns = COLUMNS.min(charts.len()).max(1);
    let rows = charts.len().div_ceil(columns).max(1);
    let longest_panel = charts.iter().map(|chart| chart.bars.len()).max().unwrap_or(0) as u32;
    let height = rows as u32 * (ABOVE + BELOW + longest_panel * ROW);
    let width = (columns as u32 * PANEL_WIDTH).max(title.chars().count() as u32 * 10);
    picture(title, about, (width, height), |body| {
        let areas = body.split_evenly((rows, columns));
        charts.iter().zip(&areas).try_for_each(|(chart, area)| {
            // If a panel has fewer bars than another, it is not stretched.
            let spare = (longest_panel - chart.bars.len() as u32) * ROW;
            panel_of_bars(
                &area.margin(0, spare, 0, 0),
                chart,
                (longest as f64 * CHARACTER) as u32 + 10,
                most,
                mark,
            )
        })
    })
}

fn panel_of_bars(area: &Area<'_>, chart: &Chart<'_>, names: u32, most: f64, mark: f64) -> Drawn {
    let count = chart.bars.len() as f64;
    let middle = |row: usize| row as f64 + 0.5;
    let mut plot = ChartBuilder::on(area)
        .caption(&chart.head, font(13).color(&INK))
        .margin_right(NUMBER)
        .x_label_area_size(BELOW)
        .y_label_area_size(names)
        // The first bar is at the top.
        .build_cartesian_2d(0.0..most, count..0.0)?;
    plot.configure_mesh()
        .disable_y_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(GREY)
        .x_labels(6)
        .x_label_style(font(11).color(&GREY))
        .x_label_formatter(&|number| tick_label(*number))
        .y_labels(0)
        .draw()?;
    let rows = || chart.bars.iter().enumerate().map(|(row, bar)| (middle(row), bar));
    plot.draw_series(rows().filter_map(|(row, bar)| match &bar.length {
        Length::Of(spread, _) => {
            Some(Rectangle::new([(0.0, row - 0.34), (spread.median, row + 0.34)], colour(bar.map).filled()))
        }
        Length::None(..) => None,
    }))?;
    let area = plot.plotting_area();
    // Over the bars, but under the numbers.
    area.draw(&PathElement::new([(mark, 0.0), (mark, count)], INK))?;
    for (row, bar) in rows() {
        let name = Text::new(bar.name.to_owned(), (-6, 0), label(12, INK, HPos::Right));
        area.draw(&(EmptyElement::at((0.0, row)) + name))?;
        match &bar.length {
            Length::Of(spread, words) => {
                if spread.max > spread.min {
                    area.draw(&PathElement::new([(spread.min, row), (spread.max, row)], WHISKER))?;
                    for end in [spread.min, spread.max] {
                        let stroke = PathElement::new([(0, -3), (0, 4)], WHISKER);
                        area.draw(&(EmptyElement::at((end, row)) + stroke))?;
                    }
                }
                let width = (words.chars().count() as f64 * CHARACTER) as i32;
                let ground = Rectangle::new([(4, -7), (6 + width, 7)], WHITE.filled());
                let words = Text::new(words.clone(), (6, 0), label(12, INK, HPos::Left));
                area.draw(&(EmptyElement::at((spread.max.max(spread.median), row)) + ground + words))?;
            }
            Length::None(colour, words) => {
                let room = (PANEL_WIDTH - names) as usize / 6;
                let words = Text::new(shortened(words, room - 3), (4, 0), label(11, *colour, HPos::Left));
                area.draw(&(EmptyElement::at((0.0, row)) + words))?;
            }
        }
    }
    Ok(())
}

/// Throughput against threads. `None` if the sweep has only one number of threads.
pub(super) fn lines(setting: &Setting) -> Option<String> {
    let threads = setting.threads();
    if threads.len() < 2 {
        return None;
    }
    let workloads = distinct(setting.panels.iter().map(|panel| panel.workload.as_str()));
    let columns = COLUMNS.min(workloads.len());
    let rows = workloads.len().div_ceil(columns);
    let width = columns as u32 * PANEL_WIDTH;
    let names = setting.names();
    let (legend, legend_height) = legend(&names, width);
    let height = legend_height + rows as u32 * (ABOVE + LINES_HEIGHT + BELOW);
    let title = format!("Throughput by threads, million operations a second: {} keys", setting.dist);
    let about = "Points: medians of the rounds. Whiskers: from the slowest round to the fastest.";
    Some(picture(&title, about, (width, height), |body| {
        for ((map, name), (x, y)) in names.iter().zip(legend) {
            body.draw(&Rectangle::new([(x, y), (x + 11, y + 11)], colour(map).filled()))?;
            body.draw(&Text::new((*name).to_owned(), (x + 16, y + 6), label(12, INK, HPos::Left)))?;
        }
        let (_, body) = body.split_vertically(legend_height);
        let areas = body.split_evenly((rows, columns));
        workloads
            .iter()
            .zip(&areas)
            .try_for_each(|(workload, area)| panel_of_lines(area, setting, workload, &threads))
    }))
}

/// Where each name stands, in rows of at most `width`. Returns also the height of all rows.
fn legend(names: &[(&str, &str)], width: u32) -> (Vec<(i32, i32)>, u32) {
    let (mut x, mut y) = (0, 0);
    let mut placed = Vec::new();
    for (_, name) in names {
        let needs = (name.chars().count() as f64 * CHARACTER) as u32 + 36;
        if x > 0 && x + needs > width {
            (x, y) = (0, y + LEGEND_ROW);
        }
        placed.push((x as i32, y as i32));
        x += needs;
    }
    (placed, y + LEGEND_ROW)
}

fn panel_of_lines(area: &Area<'_>, setting: &Setting, workload: &str, threads: &[usize]) -> Drawn {
    let panels = setting.panels.iter().filter(|panel| panel.workload == workload);
    let cells: Vec<(usize, &Cell)> =
        panels.flat_map(|panel| panel.cells.iter().map(|cell| (panel.threads, cell))).collect();
    let most = cells.iter().filter_map(|(_, cell)| cell.mops()).map(|mops| mops.max).fold(0.0, f64::max);
    // Thread counts usually double from one to the next, so they stand equally far apart.
    let middle = |number: usize| number as f64 + 0.5;
    let mut plot = ChartBuilder::on(area)
        .caption(words::workload(workload), font(13).color(&INK))
        .margin_right(MARGIN)
        .x_label_area_size(BELOW)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..threads.len() as f64, 0.0..most.max(f64::MIN_POSITIVE))?;
    plot.configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(GREY)
        .label_style(font(11).color(&GREY))
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|number| tick_label(*number))
        .draw()?;
    for (number, count) in threads.iter().enumerate() {
        let count = Text::new(words::threads(*count), (0, 12), label(11, GREY, HPos::Center));
        plot.plotting_area().draw(&(EmptyElement::at((middle(number), 0.0)) + count))?;
    }
    let names = setting.names();
    for (series, (map, name)) in names.iter().enumerate() {
        // The whiskers of two maps at the same number of threads stand side by side.
        let aside = (series as f64 - (names.len() as f64 - 1.0) / 2.0) * 0.02;
        let points: Vec<(f64, Spread)> = (0..threads.len())
            .filter_map(|number| {
                let of = |(at, cell): &&(usize, &Cell)| *at == threads[number] && cell.name == *name;
                Some((middle(number) + aside, cells.iter().find(of)?.1.mops()?))
            })
            .collect();
        let colour = colour(map);
        let medians = points.iter().map(|(x, spread)| (*x, spread.median));
        plot.draw_series(LineSeries::new(medians, colour.stroke_width(2)))?;
        plot.draw_series(points.iter().map(|(x, Spread { median, min, max })| {
            ErrorBar::new_vertical(*x, *min, *median, *max, colour.filled(), 6)
        }))?;
    }
    Ok(())
}

/// A picture with a title, a line about it, and below them a body of this size.
fn picture(
    title: &str,
    about: &str,
    (width, height): (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> String {
    let mut text = String::new();
    let backend = SVGBackend::with_string(&mut text, (width + 2 * MARGIN, height + TOP + 4));
    let drawn = (|| {
        let root = backend.into_drawing_area();
        root.fill(&WHITE)?;
        let at = |y| (MARGIN as i32, y);
        root.draw(&Text::new(title.to_owned(), at(22), label(17, INK, HPos::Left)))?;
        root.draw(&Text::new(about.to_owned(), at(43), label(11, GREY, HPos::Left)))?;
        draw(&root.margin(TOP, 4, MARGIN, MARGIN))?;
        root.present()
    })();
    drawn.expect("a String takes everything");
    text
}

fn font(size: u32) -> FontDesc<'static> {
    ("Helvetica, Arial, DejaVu Sans, sans-serif", size).into_font()
}

/// A text whose middle is at the height of its point.
fn label(size: u32, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    font(size).color(&colour).pos(Pos::new(anchor, VPos::Center))
}

/// The colour of a map.
fn colour(map: &str) -> RGBColor {
    let at = NAMES.iter().position(|name| *name == map);
    let [_, red, green, blue] = at.and_then(|at| COLOURS.get(at)).unwrap_or(&0).to_be_bytes();
    RGBColor(red, green, blue)
}

/// A number of an axis, without superfluous digits.
fn tick_label(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Sweep;
    use super::super::rows::tests::csv;
    use super::*;

    fn setting(rounds: &[(&str, &str, usize, Result<f64, &str>)]) -> Setting {
        Sweep::parse(&csv(rounds)).unwrap().settings.remove(0)
    }

    fn svg(RGBColor(red, green, blue): RGBColor) -> String {
        format!("#{red:02X}{green:02X}{blue:02X}")
    }

    #[test]
    fn every_map_and_workload_is_named_with_its_number_or_reason() {
        let setting = setting(&[
            ("bskip", "load", 2, Ok(4.0)),
            ("congee", "load", 2, Ok(1.0)),
            ("congee", "load", 2, Ok(3.0)),
            ("bskip", "e", 2, Ok(4.0)),
            ("congee", "e", 2, Err("no scan")),
            ("masstree", "e", 2, Err("key 7 < key 8")),
        ]);
        let picture = throughput(&setting, 2);
        for words in [
            "bskip",
            "congee",
            "masstree",
            "0.50",
            "no scan",
            "FAILED: key 7 &lt; key 8",
            "load: inserts",
            "E: 95",
            "uniform keys, 2 threads",
        ] {
            assert!(picture.contains(words), "{words} in {picture}");
        }
        // Only one bar has a spread. Its whisker has three lines.
        assert_eq!(picture.matches(&svg(WHISKER)).count(), 3);
        assert_eq!(picture.matches(&svg(colour("congee"))).count(), 1);
        assert_eq!(throughput(&setting, 2), picture, "the same each time");
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let setting = setting(&[("bskip", "c", 1, Ok(4.0)), ("congee", "c", 1, Ok(2.0))]);
        let picture = throughput(&setting, 1);
        let width = |map: &str| -> f64 {
            let line = picture.lines().find(|line| line.contains(&svg(colour(map)))).unwrap();
            line.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        assert!((width("bskip") / width("congee") - 2.0).abs() < 0.02, "{picture}");
    }

    #[test]
    fn without_the_first_map_there_is_nothing_to_compare_with() {
        let setting = setting(&[("bskip", "c", 1, Err("key 7 lost")), ("congee", "c", 1, Ok(2.0))]);
        let picture = throughput(&setting, 1);
        assert!(picture.contains("2.00 Mops/s, nothing to compare with"));
        assert!(!picture.contains(&svg(colour("congee"))));
    }

    #[test]
    fn bytes_say_whether_they_were_counted() {
        let setting = setting(&[
            ("bskip", "c", 1, Ok(4.0)),
            ("congee", "c", 1, Ok(2.0)),
            ("masstree", "c", 1, Err("lost")),
        ]);
        let picture = bytes(&setting).unwrap();
        assert!(
            picture.contains("\n26.5\n") && picture.contains("\n~26.5\n") && picture.contains("not known")
        );
    }

    #[test]
    fn every_map_has_a_line_in_every_panel_where_it_has_numbers() {
        let picture = lines(&setting(&[
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
        for words in ["bskip", "congee", "1 thread", "2 threads", "C: reads", "E: 95"] {
            assert!(picture.contains(words), "{words} in {picture}");
        }
        assert_eq!(picture.matches("<circle").count(), 5);
        assert_eq!(lines(&setting(&[("bskip", "c", 2, Ok(4.0))])), None);
    }

    #[test]
    fn the_legend_breaks_into_rows() {
        let (placed, height) = legend(&[("a", "a long name of a map"), ("b", "another long name")], 200);
        assert_eq!((placed[1], height), ((0, LEGEND_ROW as i32), 2 * LEGEND_ROW));
    }

    #[test]
    fn every_map_has_a_colour_of_its_own() {
        assert_eq!(COLOURS.len(), NAMES.len());
        let colours = distinct(NAMES.iter().map(|name| svg(colour(name))));
        assert_eq!(colours.len(), NAMES.len());
    }
}
