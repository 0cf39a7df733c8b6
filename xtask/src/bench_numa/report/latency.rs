//! Pictures of single operations and single threads: latencies of the usual run and at given rates, and the slowest and
//! the fastest thread.

use bench::units::three_digits;

use super::cells::Panel;
use super::dots::{Dots, Row};
use super::numbers::Numbers;
use super::percentiles::{PERCENTILES, in_words};
use super::svg::{Picture, tick_label};
use super::words;

/// The latency of a panel's cells; `None` if no operation was timed.
pub(super) fn picture(panel: &Panel) -> Option<Picture> {
    let row = |name: &str, of: &Numbers| Some(Row { name: name.to_owned(), numbers: of.latency?.to_vec() });
    latencies(panel, "latency of one operation (logarithmic), with 95 % intervals")
        .draw(&rows(panel, |name, of| row(name, of).into_iter().collect()))
}

/// The latency of operations that arrive by a schedule; `None` without `--open-loop`.
pub(super) fn open_loop(panel: &Panel) -> Option<Picture> {
    let rows = rows(panel, |name, of| {
        let levels = of.open_loop.iter();
        let row = levels.map(|level| Row {
            name: format!("{name}, {} % of its peak", level.percent),
            numbers: level.latency.to_vec(),
        });
        row.collect()
    });
    latencies(panel, "latency from the time of arrival (logarithmic), with 95 % intervals").draw(&rows)
}

/// The throughput of the slowest and of the fastest thread; `None` if there is one thread, or it is not known.
pub(super) fn threads(panel: &Panel) -> Option<Picture> {
    let rows = rows(panel, |name, of| {
        let numbers = of.threads.map(|ends| ends.map(Some).to_vec());
        numbers.into_iter().map(|numbers| Row { name: name.to_owned(), numbers }).collect()
    });
    let dots = Dots {
        title: title(panel),
        unit: "million operations a second of one thread, with 95 % intervals",
        marks: &["slowest thread", "fastest thread"],
        is_logarithmic: false,
        words: three_digits,
        tick: tick_label,
    };
    if panel.threads > 1 { dots.draw(&rows) } else { None }
}

fn latencies<'a>(panel: &Panel, unit: &'a str) -> Dots<'a> {
    let tick = |ns: f64| in_words(ns).replace(".00", "").replace(".0", "");
    Dots { title: title(panel), unit, marks: &PERCENTILES, is_logarithmic: true, words: in_words, tick }
}

fn rows(panel: &Panel, of: impl Fn(&str, &Numbers) -> Vec<Row>) -> Vec<Row> {
    panel.cells.iter().filter_map(|cell| Some(of(&cell.name, cell.numbers()?))).flatten().collect()
}

fn title(panel: &Panel) -> String {
    format!("{}, {}", words::workload(&panel.workload), words::threads(panel.threads))
}
