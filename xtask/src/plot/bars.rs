//! Bar charts: throughput relative to ours, a panel for each workload; bytes a key.

use super::rows::{Cell, Outcome, Panel, Setting};
use super::style;
use super::svg::{Anchor, CHARACTER, Style, Svg, tick_label, ticks};
use crate::bench_numa::summary::Spread;
use crate::bench_numa::units::three_digits;

/// Pixels.
const PANEL_WIDTH: f64 = 480.0;
const MARGIN: f64 = 20.0;
const ROW: f64 = 19.0;
const BAR: f64 = 13.0;
/// Above the bars of a panel, for its heading; and below, for the axis.
const ABOVE: f64 = 24.0;
const BELOW: f64 = 30.0;
/// Right of the axis, for the number behind the longest bar.
const NUMBER: f64 = 46.0;
const COLUMNS: usize = 2;
/// On bars of every colour.
const WHISKER: &str = "#444444";

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
    None(Style, String),
}

/// A panel, ready to be drawn.
struct Chart<'a> {
    head: String,
    bars: Vec<Bar<'a>>,
}

impl Chart<'_> {
    /// Pixels above the bars.
    fn above(&self) -> f64 {
        if self.head.is_empty() { 0.0 } else { ABOVE }
    }

    fn height(&self) -> f64 {
        self.above() + self.bars.len() as f64 * ROW + BELOW
    }
}

/// What all panels of a picture have in common.
struct Frame {
    /// Pixels for the names.
    names: f64,
    /// What the ticks stand for.
    ticks: Vec<f64>,
    /// Where a line goes through all bars: what is compared with.
    mark: f64,
}

/// Throughput of every map relative to the first one, at one number of threads.
pub(super) fn throughput(setting: &Setting, threads: usize) -> String {
    let panels = setting.with_threads(threads);
    let charts: Vec<Chart<'_>> = panels
        .into_iter()
        .map(|panel| Chart {
            head: style::workload(&panel.workload),
            bars: panel.cells.iter().map(|cell| throughput_bar(panel, cell)).collect(),
        })
        .collect();
    let first = setting.names().first().map_or("", |(_, name)| *name).to_owned();
    let title = format!("Throughput relative to {first}: {} keys, {}", setting.dist, style::threads(threads));
    draw(
        &title,
        "Bars: medians of the rounds. Whiskers: from the slowest round to the fastest.",
        &charts,
        1.0,
    )
}

fn throughput_bar<'a>(panel: &Panel, cell: &'a Cell) -> Bar<'a> {
    let length = match (&cell.outcome, panel.relative(cell)) {
        (Outcome::Measured { .. }, Some(spread)) => Length::Of(spread, three_digits(spread.median)),
        (Outcome::Measured { mops, .. }, None) => Length::None(
            Style::Small,
            format!("{} Mops/s, nothing to compare with", three_digits(mops.median)),
        ),
        (Outcome::Failed(reason), _) => Length::None(Style::Alarm, format!("FAILED: {reason}")),
        (Outcome::Skipped(reason), _) => Length::None(Style::Small, reason.clone()),
    };
    Bar { map: &cell.map, name: &cell.name, length }
}

/// Bytes a key of every map; `None` where no map's are known.
pub(super) fn bytes(setting: &Setting) -> Option<String> {
    let bar = |(map, name)| {
        let length = match setting.bytes(name) {
            Some(bytes) => {
                let estimated = if bytes.counted { "" } else { "~" };
                Length::Of(bytes.spread, format!("{estimated}{:.1}", bytes.spread.median))
            }
            None => Length::None(Style::Small, "not known".into()),
        };
        Bar { map, name, length }
    };
    let bars: Vec<Bar<'_>> = setting.names().into_iter().map(bar).collect();
    if !bars.iter().any(|bar| matches!(bar.length, Length::Of(..))) {
        return None;
    }
    let title = format!("Bytes a key after the load: {} keys", setting.dist);
    let about = "Counted by the map's arena, or ~ the growth of the process. Key and value alone take 16.";
    Some(draw(&title, about, &[Chart { head: String::new(), bars }], 16.0))
}

/// The picture of all panels, with one scale.
fn draw(title: &str, about: &str, charts: &[Chart<'_>], mark: f64) -> String {
    let bars = || charts.iter().flat_map(|chart| &chart.bars);
    let longest = bars().map(|bar| bar.name.chars().count()).max().unwrap_or(0);
    let most = bars().map(|bar| if let Length::Of(spread, _) = &bar.length { spread.max } else { 0.0 });
    let most = most.fold(mark, f64::max);
    let frame = Frame { names: longest as f64 * CHARACTER + 8.0, ticks: ticks(most), mark };
    let columns = COLUMNS.min(charts.len()).max(1);
    let row_heights: Vec<f64> =
        charts.chunks(columns).map(|row| row.iter().map(Chart::height).fold(0.0, f64::max)).collect();
    let least = title.chars().count() as f64 * 9.5;
    let width = (columns as f64 * PANEL_WIDTH).max(least).max(about.len() as f64 * 6.0) + 2.0 * MARGIN;
    let top = 62.0;
    let mut svg = Svg::new(width, top + row_heights.iter().sum::<f64>() + 4.0);
    svg.text((MARGIN, 28.0), Anchor::Start, Style::Title, title);
    svg.text((MARGIN, 47.0), Anchor::Start, Style::Small, about);
    let mut y = top;
    for (row, height) in charts.chunks(columns).zip(&row_heights) {
        for (column, chart) in row.iter().enumerate() {
            panel(&mut svg, (MARGIN + column as f64 * PANEL_WIDTH, y), chart, &frame);
        }
        y += height;
    }
    svg.finish(title)
}

/// One panel with its upper left corner at `(x, y)`.
fn panel(svg: &mut Svg, (x, y): (f64, f64), chart: &Chart<'_>, frame: &Frame) {
    let left = x + frame.names;
    let end = frame.ticks.last().copied().unwrap_or(1.0);
    let at = |value: f64| left + value / end * (PANEL_WIDTH - frame.names - NUMBER - MARGIN);
    let first = y + chart.above();
    let last = first + chart.bars.len() as f64 * ROW;
    svg.text((left, y + 14.0), Anchor::Start, Style::Head, &chart.head);
    for &tick in &frame.ticks {
        svg.line((at(tick), first), (at(tick), last), "#e4e4e4", 1.0);
        svg.text((at(tick), last + 14.0), Anchor::Middle, Style::Small, &tick_label(tick));
    }
    let rows = || (0..).map(|number| first + (f64::from(number) + 0.5) * ROW).zip(&chart.bars);
    for (middle, bar) in rows() {
        svg.text((left - 6.0, middle + 4.0), Anchor::End, Style::Label, bar.name);
        if let Length::Of(spread, _) = &bar.length {
            svg.rect((left, middle - BAR / 2.0), at(spread.median) - left, BAR, style::colour(bar.map));
        }
    }
    // Over the bars, but under the numbers.
    svg.line((at(frame.mark), first), (at(frame.mark), last), "#222222", 1.0);
    svg.line((left, first), (left, last), "#888888", 1.0);
    for (middle, bar) in rows() {
        match &bar.length {
            Length::Of(Spread { min, max, .. }, words) => {
                if max > min {
                    svg.whisker((at(*min), middle), (at(*max), middle), WHISKER);
                }
                svg.text((at(*max) + 6.0, middle + 4.0), Anchor::Start, Style::Number, words);
            }
            Length::None(kind, words) => {
                let room = ((PANEL_WIDTH - frame.names - MARGIN) / 6.2) as usize;
                svg.text((left + 4.0, middle + 4.0), Anchor::Start, *kind, &shortened(words, room));
            }
        }
    }
}

/// At most `room` characters of `words`.
fn shortened(words: &str, room: usize) -> String {
    if words.chars().count() <= room {
        return words.to_owned();
    }
    let kept: String = words.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
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
        assert_well_formed(&picture);
        for words in [
            "bskip",
            "congee",
            "masstree",
            "0.50",
            "no scan",
            "FAILED: key 7 &lt; key 8",
            "load: inserts",
            "E: 95",
        ] {
            assert!(picture.contains(words), "{words} in {picture}");
        }
        assert!(picture.contains("uniform keys, 2 threads"));
        // The one bar with a spread has a whisker, of three lines.
        assert_eq!(picture.matches(WHISKER).count(), 3);
        assert_eq!(picture.matches(style::colour("congee")).count(), 1);
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let setting = setting(&[("bskip", "c", 1, Ok(4.0)), ("congee", "c", 1, Ok(2.0))]);
        let picture = throughput(&setting, 1);
        let width = |map: &str| -> f64 {
            let line = picture.lines().find(|line| line.contains(style::colour(map))).unwrap();
            line.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        assert!((width("bskip") / width("congee") - 2.0).abs() < 0.01, "{picture}");
    }

    #[test]
    fn without_the_first_map_there_is_nothing_to_compare_with() {
        let setting = setting(&[("bskip", "c", 1, Err("key 7 lost")), ("congee", "c", 1, Ok(2.0))]);
        let picture = throughput(&setting, 1);
        assert_well_formed(&picture);
        assert!(picture.contains("2.00 Mops/s, nothing to compare with"));
        assert!(!picture.contains(style::colour("congee")));
    }

    #[test]
    fn bytes_say_whether_they_were_counted() {
        let setting = setting(&[
            ("bskip", "c", 1, Ok(4.0)),
            ("congee", "c", 1, Ok(2.0)),
            ("masstree", "c", 1, Err("lost")),
        ]);
        let picture = bytes(&setting).unwrap();
        assert_well_formed(&picture);
        assert!(picture.contains(">26.5<") && picture.contains(">~26.5<") && picture.contains("not known"));
    }

    #[test]
    fn long_reasons_are_cut() {
        assert_eq!(shortened("short", 10), "short");
        assert_eq!(shortened("a reason that is long", 10), "a reason…");
    }
}
