//! Throughput against threads, with the fit of the Universal Scalability Law.

use bench::units::three_digits;
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::cells::{Cell, Numbers, Setting};
use super::interval::{Estimate, linear};
use super::palette::{GREY, GRID, INK, series};
use super::svg::{Area, Drawn, WIDTH, figure, label, text, tick_label, ticks, unit};
use super::tables::{ends, with_interval};
use super::usl::{POINTS, Usl};
use crate::cli::distinct;
use crate::plot::words;

const LEFT: i32 = 44;
const RIGHT: i32 = 14;
const TOP: i32 = 10;
const PLOT: i32 = 210;
const AXIS: i32 = 42;
/// A name below the plot.
const ROW: i32 = 18;

/// A row of cells with growing numbers of threads.
struct Curve<'a> {
    name: &'a str,
    points: Vec<(usize, &'a Numbers)>,
}

impl<'a> Curve<'a> {
    /// The curves of a workload in a setting, with at least two points each.
    fn of(setting: &'a Setting, workload: &str) -> Vec<Self> {
        let panels = || setting.panels.iter().filter(|panel| panel.workload == workload);
        let names = distinct(panels().flat_map(|panel| &panel.cells).map(|cell| cell.name.as_str()));
        let curve = |name| {
            let cells = panels().flat_map(|panel| &panel.cells).filter(|cell: &&Cell| cell.name == name);
            let mut points: Vec<_> =
                cells.filter_map(|cell| Some((cell.id.threads, cell.numbers()?))).collect();
            points.sort_by_key(|(threads, _)| *threads);
            Self { name, points }
        };
        names.into_iter().map(curve).filter(|curve| curve.points.len() > 1).collect()
    }

    /// The law of the medians.
    fn law(&self) -> Option<Usl> {
        Usl::fit(&self.points.iter().map(|(threads, of)| (*threads, of.mops.middle)).collect::<Vec<_>>())
    }

    /// The law of each round that has all thread counts.
    fn laws_by_round(&self) -> Vec<Usl> {
        let rounds =
            self.points.first().map_or_else(Vec::new, |(_, of)| of.by_round.keys().copied().collect());
        let law = |round: usize| {
            let points = self.points.iter().map(|(threads, of)| Some((*threads, *of.by_round.get(&round)?)));
            Usl::fit(&points.collect::<Option<Vec<_>>>()?)
        };
        rounds.into_iter().filter_map(law).collect()
    }
}

/// Whether a setting has several numbers of threads.
pub(super) fn has_any(setting: &Setting) -> bool {
    setting.panels.iter().any(|panel| panel.threads != setting.panels[0].threads)
}

/// All pictures of a setting, and the table of its fits; nothing if it has one number of threads.
pub(super) fn section(setting: &Setting) -> Markup {
    let counts = distinct(setting.panels.iter().map(|panel| panel.threads));
    let workloads = distinct(setting.panels.iter().map(|panel| panel.workload.as_str()));
    let all: Vec<_> = workloads.iter().map(|workload| (*workload, Curve::of(setting, workload))).collect();
    html! {
        @if counts.len() > 1 {
            h3 { (setting.title) }
            div.pictures {
                @for (workload, curves) in all.iter().filter(|(_, curves)| !curves.is_empty()) {
                    (picture(workload, curves))
                }
            }
            @if counts.len() < POINTS {
                p {
                    "No fit of the Universal Scalability Law: it needs at least " (POINTS) " thread counts, and this \
                     sweep has " (counts.len()) "."
                }
            } @else { (fits(&all)) }
        }
    }
}

fn picture(workload: &str, curves: &[Curve<'_>]) -> Markup {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let highest = |of: &Numbers| of.mops.high().min(of.mops.middle * 1.5);
    let most = points().map(|(_, of)| highest(of)).fold(f64::MIN_POSITIVE, f64::max);
    let mut counts = distinct(points().map(|(threads, _)| *threads));
    counts.sort_unstable();
    let last = counts.last().copied().unwrap_or(1) as f64;
    let first = counts.first().copied().unwrap_or(1) as f64;
    // Thread counts usually double, so each doubling is as wide as the next.
    let x = move |threads: f64| {
        let part = (threads / first).log2() / (last / first).log2();
        LEFT + 12 + (part * f64::from(WIDTH - LEFT - RIGHT - 24)) as i32
    };
    let y = move |rate: f64| TOP + PLOT - (rate / most * f64::from(PLOT - 4)) as i32;
    let about: Vec<String> = curves
        .iter()
        .map(|curve| {
            let points =
                curve.points.iter().map(|(n, of)| format!("{n} threads {}", with_interval(&of.mops)));
            format!("{}: {}", curve.name, points.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let about = format!("Million operations a second by threads. {}.", about.join("; "));
    let height = TOP + PLOT + AXIS + ROW * curves.len() as i32;
    figure(&words::workload(workload), &about, height, |area| {
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
        unit(area, "threads; upwards: million operations a second", TOP + PLOT + 28)?;
        for (index, curve) in curves.iter().enumerate() {
            draw(area, index, curve, (first, last), &x, &y)?;
            let at = TOP + PLOT + AXIS + ROW * index as i32 + 4;
            mark(area, index, (14, at))?;
            let fitted = if curve.law().is_some() { ", and its fit" } else { "" };
            let name = format!("{}{fitted}", curve.name);
            text(area, &name, (28, at), WIDTH - 36, &label(12, INK, HPos::Left))?;
        }
        Ok(())
    })
}

/// Points with their intervals; a line along the law if there is one, or else from point to point.
fn draw(
    area: &Area<'_>,
    index: usize,
    curve: &Curve<'_>,
    (first, last): (f64, f64),
    x: &impl Fn(f64) -> i32,
    y: &impl Fn(f64) -> i32,
) -> Drawn {
    let colour = series(index);
    let line: Vec<(i32, i32)> = match curve.law() {
        Some(law) => {
            let at = |step: u32| first * (last / first).powf(f64::from(step) / 24.0);
            (0..=24).map(|step| (x(at(step)), y(law.rate(at(step))).max(2))).collect()
        }
        None => curve.points.iter().map(|(n, of)| (x(*n as f64), y(of.mops.middle))).collect(),
    };
    area.draw(&PathElement::new(line, colour.stroke_width(2)))?;
    for (threads, of) in &curve.points {
        // Intervals at the same number of threads stand side by side.
        let at = x(*threads as f64) + (index as i32 % 5 - 2) * 3;
        if let Some((low, high)) = of.mops.interval {
            let (low, high) = (y(low).min(TOP + PLOT), y(high).max(2));
            area.draw(&PathElement::new([(at, low), (at, high)], colour))?;
            for end in [low, high] {
                area.draw(&PathElement::new([(at - 3, end), (at + 4, end)], colour))?;
            }
        }
        mark(area, index, (at, y(of.mops.middle)))?;
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

/// The numbers of the law for every curve.
fn fits(all: &[(&str, Vec<Curve<'_>>)]) -> Markup {
    html! {
        p {
            "The lines are fits of the Universal Scalability Law, X(N) = λN / (1 + σ(N−1) + κN(N−1)), with the smallest \
             relative errors. λ: million operations a second of one thread. σ: the part of the work that threads do \
             one after the other. κ: what each pair of threads pays to agree. Knee: the number of threads with the \
             highest throughput. Each interval comes from the fits of the single rounds."
        }
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "map" }
                        th.words scope="col" { "workload" }
                        @for heading in ["λ, Mops/s", "σ", "κ", "knee, threads", "largest error"] {
                            th scope="col" { (heading) }
                        }
                    }
                }
                tbody {
                    @for (workload, curve) in all.iter().flat_map(|(workload, of)| of.iter().map(move |of| (workload, of))) {
                        tr {
                            th scope="row" { (curve.name) }
                            td.words { (workload) }
                            (fit(curve))
                        }
                    }
                }
            }
        }
    }
}

/// σ or κ, which may be tiny and are never negative.
fn small(number: f64) -> String {
    match number {
        number if number < 1e-9 => "0".into(),
        number if number < 1e-3 => format!("{number:.1e}"),
        number => format!("{number:.4}"),
    }
}

fn fit(curve: &Curve<'_>) -> Markup {
    let Some(law) = curve.law() else {
        return html! { td.words colspan="5" { "fewer than " (POINTS) " thread counts have numbers" } };
    };
    let rounds = curve.laws_by_round();
    let coefficient = |of: fn(&Usl) -> f64| {
        let interval =
            linear(rounds.iter().map(of)).map(|(low, high)| (low.min(of(&law)), high.max(of(&law))));
        ends(of(&law), interval, small)
    };
    let knees: Vec<f64> = rounds.iter().filter_map(Usl::knee).collect();
    let last = curve.points.last().map_or(0.0, |(threads, _)| *threads as f64);
    let error = curve.points.iter().map(|(n, of)| (law.rate(*n as f64) / of.mops.middle - 1.0).abs());
    html! {
        (ends(law.lambda, Estimate::around(law.lambda, rounds.iter().map(|law| law.lambda)).interval, three_digits))
        (coefficient(|law| law.sigma))
        (coefficient(|law| law.kappa))
        @match law.knee() {
            None => td { "none: more threads always help" },
            Some(knee) if knees.len() < rounds.len() => {
                td { (format!("{knee:.1}")) small { "none in " (rounds.len() - knees.len()) " of " (rounds.len()) " rounds" } }
            }
            Some(knee) if knee > last => {
                td { (format!("{knee:.1}")) small { "beyond the " (last) " threads that were measured" } }
            }
            Some(knee) => {
                @let interval = Estimate::around(knee, knees.iter().copied()).interval;
                (ends(knee, interval, |number| format!("{number:.1}")))
            }
        }
        td { (format!("{:.0} %", error.fold(0.0, f64::max) * 100.0)) }
    }
}
